"""Pictures of parts that browsers have drawn count in a quota."""

from __future__ import annotations

import httpx
import pytest

from tests.documents.test_quotas import allow, used
from tests.parts.pictures import drawn
from tests.servers.crib import Crib


@pytest.mark.every_database
def test_pictures_of_a_part_count_until_they_are_drawn_anew_or_the_part_goes(crib: Crib) -> None:
    ann = crib.person()
    allow(crib, "users", ann.uuid)
    wanted = {"name": "arm", "material": "steel", "subsystem": "arm"}
    part = ann.client.post("/api/shop/parts", json=wanted).raise_for_status().json()["id"]

    def draw(**pictures: bytes) -> httpx.Response:
        files = {name: (f"{name}.png", content) for name, content in pictures.items()}
        return ann.client.post(f"/api/shop/parts/{part}/views", files=files)

    assert draw(view_0=drawn(0, 300), view_1=drawn(1, 400)).status_code == 200
    assert used(ann) == 700
    assert draw(view_1=drawn(2, 500)).status_code == 200
    assert used(ann) == 800
    assert draw(view_0=drawn(3, 400), view_2=drawn(4, 400)).status_code == 507
    assert draw(view_2=drawn(0, 300)).status_code == 200, "the same content is stored once"
    assert used(ann) == 800
    for position, content in enumerate((drawn(0, 300), drawn(2, 500), drawn(0, 300))):
        assert ann.client.get(f"/api/shop/parts/{part}/views/{position}").content == content
    assert ann.client.delete(f"/api/shop/parts/{part}").status_code in (200, 204)
    assert used(ann) == 0
