"""Lists of parts, as the earlier pages ask for them."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.parts.bench import Bench
    from tests.parts.workshop import Workshop


@pytest.mark.every_database
def test_a_list_says_of_each_part_what_the_part_says(shop: Workshop, fay: Bench) -> None:
    names = [shop.part(name=uuid4().hex, type=kind)["name"] for kind in ("hand", None)]
    held, over = (shop.old.get("/api/parts/", params={"search": name}).json()["parts"][0] for name in names)
    for part in (held, over):
        shop.do(part, "approve", {"reviewer": "Rae", "miscInfo": {"storage": "Fach 7 \u2193"}})
    shop.do(held, "assign", {"assigned": "Zoë"})
    fay.do(over, "take", ttl_seconds=60)

    def listed(part: dict[str, Any]) -> dict[str, Any]:
        answer = shop.old.get("/api/parts/", params={"search": part["name"]}).json()
        (found,) = answer["parts"]
        return dict(found)

    for odd in ({"search": "\0"}, {"category": "\0"}):
        assert shop.old.get("/api/parts/", params=odd).json() == {
            "parts": [],
            "total": 0,
            "limit": None,
            "offset": 0,
        }
    assert shop.old.get("/api/parts/categories/%00").json()["total"] == 0
    assert listed(over)["assigned"] == fay.name
    shop.crib.clock.advance(minutes=2)
    assert (listed(over)["assigned"], listed(over)["status"]) == (None, "Already Started")
    assert listed(held) == shop.read(held)
    swept = {"updatedAt": ""}  # the sweep may come between the two
    assert {**listed(over), **swept} == {**shop.read(over), **swept}
    assert listed(held)["miscInfo"]["handWorkers"][0]["name"] == "Zoë"
    assert datetime.fromisoformat(listed(held)["claimedDate"]).utcoffset() == timedelta(0)


@pytest.mark.every_database
def test_long_lists_are_sent_in_pieces_and_are_complete(shop: Workshop, fay: Bench) -> None:
    count = 601
    name, note = uuid4().hex, "long " * 200
    table = "Name,Material,Subsystem,Notes,Amount\n" + f"{name},Steel,Arm,{note},2\n" * count
    before = shop.old.get("/api/parts/stats/detailed").json()["total_parts"]
    csv_type = {"Content-Type": "text/csv"}
    ids = fay.ask("POST", "/import", content=table, headers=csv_type).raise_for_status().json()["ids"]
    assert len(ids) == count
    asked = {"search": name, "sort_by": "id"}
    whole = shop.old.get("/api/parts/", params={**asked, "sort_order": "asc"})
    assert "content-length" not in whole.headers
    assert [part["id"] for part in whole.json()["parts"]] == ids
    assert (whole.json()["total"], whole.json()["limit"], whole.json()["offset"]) == (count, None, 0)
    assert whole.json()["parts"][-1] == shop.read({"id": ids[-1]})
    page = shop.old.get("/api/parts/categories/review", params={**asked, "limit": 300, "offset": 1}).json()
    assert [part["id"] for part in page["parts"]] == ids[::-1][1:301]
    assert page["total"] == count
    exported = fay.ask("GET", "/export", params={"category": "review"})
    assert "content-length" not in exported.headers
    lines = list(csv.DictReader(io.StringIO(exported.text)))
    assert [int(line["id"]) for line in lines if line["name"] == name] == ids
    assert shop.old.get("/api/parts/stats/detailed").json()["total_parts"] == before + 2 * count


@pytest.mark.every_database
def test_much_material_is_sent_in_pieces(fay: Bench, ben: Bench) -> None:
    fay.project = f"p{uuid4().hex[:8]}"
    made = fay.person.client.post("/api/projects", json={"name": fay.project})
    assert made.status_code == 201, made.text
    names = [f"{number:03}" for number in range(251)]
    notes = {"note": "long " * 400, "project": fay.project}
    for name in names:
        fay.ok("POST", "/materials", {"name": name, **notes})
    few = fay.ok("POST", "/resources", {"kind": "machine", "name": "Mill", "project": fay.project})
    query = {"project": fay.project}
    listed = fay.ask("GET", "/materials", params=query)
    assert "content-length" not in listed.headers
    assert [material["name"] for material in listed.json()["materials"]] == names
    assert listed.json()["materials"][-1]["free"] == 0
    assert fay.ok("GET", "/resources", params=query) == {"resources": [few]}
    refused = ben.ask("GET", "/materials", params=query)
    assert refused.status_code == 404
