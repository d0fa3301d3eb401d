"""What two recordings of answers are compared by. The script itself is run by `make answers`."""

from __future__ import annotations

from typing import Any

from tests.answers.compare import differences
from tests.answers.coverage import gaps
from tests.answers.masks import Masks

FIRST = {
    "claims": [{"fence": 7, "holder_uuid": "7d6a0f5e-6a1c-4b39-9f0e-0f1f6c6a0001", "holder": "ann"}],
    "timestamp": "2026-01-02T03:04:05.678901+00:00",
    "message": "x is held by ann since 2026-01-02 03:04 UTC",
}
SECOND = {
    "claims": [{"fence": 9, "holder_uuid": "0e2b1a34-93a1-4d7e-8d2b-0f1f6c6a0002", "holder": "ann"}],
    "timestamp": "2027-02-03T04:05:06.789012+00:00",
    "message": "x is held by ann since 2027-02-03 04:05 UTC",
}


def recorded(*bodies: Any) -> dict[str, Any]:
    masks = Masks()
    masks.at("http://127.0.0.1:5000")
    return {f"step {n}": {"status": 200, "body": masks.value(body)} for n, body in enumerate(bodies)}


def test_what_differs_from_run_to_run_is_no_difference() -> None:
    assert list(differences(recorded(FIRST, FIRST), recorded(SECOND, SECOND))) == []


def test_a_changed_word_status_or_type_is_shown() -> None:
    for change in ({"message": "x is free"}, {"timestamp": None}, {"claims": [{"fence": "9"}]}):
        (text,) = differences(recorded(FIRST), recorded({**SECOND, **change}))
        assert text.startswith("! step 0\n")
    old, new = recorded(FIRST), recorded(SECOND)
    new["step 0"]["status"] = 201
    (text,) = differences(old, new)
    assert '- "status": 200' in text
    assert '+ "status": 201' in text


def test_another_id_where_the_same_one_stood_is_shown() -> None:
    same, other = {"id": 3, "fence": 3}, {"id": 3, "fence": 4}
    (text,) = differences(recorded(same), recorded(other))
    assert "which is which" in text
    (text,) = differences(recorded(FIRST, FIRST), recorded(FIRST, {**FIRST, "claims": SECOND["claims"]}))
    assert text.startswith("! step 1\n")


def test_an_id_more_in_one_answer_leaves_the_later_ones_alone() -> None:
    old = recorded({"seq": 1}, [{"seq": 1}], [{"seq": 2}, {"seq": 1}])
    new = recorded({"seq": 1}, [{"seq": 8}, {"seq": 1}], [{"seq": 9}, {"seq": 1}])
    (text,) = differences(old, new)
    assert text.startswith("! step 1\n")


def test_a_step_of_one_recording_alone_is_shown() -> None:
    assert len(list(differences(recorded(1, 2), recorded(1)))) == 1
    assert len(list(differences(recorded(1), recorded(1, 2)))) == 1


def test_gaps_are_operations_without_a_success_or_a_refusal() -> None:
    document: dict[str, Any] = {
        "paths": {"/api/locks": {"get": {}}, "/api/locks/{asset_path}": {"get": {}, "delete": {}}}
    }
    asked = [("GET", "/api/locks", 200), ("GET", "/api/locks/a/b", 200), ("GET", "/api/locks/a/b", 404)]
    assert list(gaps(document, asked)) == [
        ("GET", "/api/locks", "refusal"),
        ("DELETE", "/api/locks/{asset_path}", "refusal"),
        ("DELETE", "/api/locks/{asset_path}", "success"),
    ]
