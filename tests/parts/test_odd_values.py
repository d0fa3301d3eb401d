"""What people and programs send by mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.parts.bench import PART, Bench, approved

if TYPE_CHECKING:
    from tests.parts.workshop import Workshop


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_moments_that_cannot_be_kept_are_refused(shop: Workshop, fay: Bench, moment: str) -> None:
    part = shop.part()
    for answer in (
        fay.ask("POST", "/parts", json={**PART, "due_at": moment}),
        fay.ask("PATCH", f"/parts/{part['id']}", json={"notes": "a", "expected_updated_at": moment}),
        fay.ask("POST", "/import", json={"csv": f"material,subsystem,due_at\na,b,{moment}\n"}),
        shop.old.put(f"/api/parts/{part['id']}", json={"notes": "a", "expected_updated_at": moment}),
    ):
        assert answer.status_code == 400, answer.text
        assert "years 1 to 9999" in answer.text
    assert shop.read(part)["notes"] is None


@pytest.mark.parametrize("known", [[], 0, False])
def test_what_is_known_of_a_part_is_a_moment(shop: Workshop, known: object) -> None:
    part = shop.part()
    answer = shop.old.put(f"/api/parts/{part['id']}", json={"notes": "a", "expected_updated_at": known})
    assert (answer.status_code, shop.read(part)["notes"]) == (400, None)


def test_a_count_counts_something_and_names_known_reasons(fay: Bench) -> None:
    part = approved(fay, amount=9)
    fay.do(part, "take")
    for body in ({}, {"made": 0, "scrapped": 0}):
        assert fay.refused(part, "count", **body) == (400, "invalid_request")
    assert fay.refused(part, "count", made=1, reason="no such code") == (400, "unknown_reason")
    assert fay.read(part)["quantities"]["made"] == 0
    assert "counted" not in fay.verbs(part)


def test_material_named_twice_is_needed_twice(shop: Workshop, fay: Bench) -> None:
    boss = Bench(shop, shop.admin)
    sheet = boss.ok("POST", "/materials", {"name": uuid4().hex, "on_hand": 5})
    need = {"material_id": sheet["id"], "quantity": 2}
    part = fay.add(materials=[need, need])
    assert fay.read(part)["materials"][0]["quantity"] == 4
    more = fay.ask("PUT", f"/parts/{part['id']}/materials", json={"materials": [need] * 3})
    assert (more.status_code, more.json()["details"]["free"]) == (409, 5)
    fewer = boss.ask("PATCH", f"/materials/{sheet['id']}", json={"on_hand": 3})
    assert (fewer.status_code, "reserved 4" in fewer.json()["error"]) == (409, True)


def test_a_completed_part_gets_no_steps_and_no_material(shop: Workshop, fay: Bench) -> None:
    sheet = Bench(shop, shop.admin).ok("POST", "/materials", {"name": uuid4().hex, "on_hand": 5})
    part = approved(fay)
    fay.do(part, "take")
    fay.do(part, "done")
    asked = (
        ("steps", {"steps": [{"process": "cut", "board": "cnc"}]}),
        ("materials", {"materials": [{"material_id": sheet["id"], "quantity": 1}]}),
    )
    for path, body in asked:
        answer = fay.ask("PUT", f"/parts/{part['id']}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "part_completed")
