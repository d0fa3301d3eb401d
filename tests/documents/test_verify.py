"""Verifying over HTTP: administrators only. What it finds is proved in `tests/cli/test_storage.py`."""

from __future__ import annotations

import pytest

from tests.documents.envelope import refused
from tests.servers.crib import BASE, Crib, Person

pytestmark = pytest.mark.moves_bytes


def test_an_administrator_gets_a_report(crib: Crib, ann: Person) -> None:
    ann.stored("verified.txt", b"bytes that are there")
    answer = crib.admin().post("/verify", hashes=True)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert report["versions"] >= 1
    assert report["bytes_read"] >= 20
    assert isinstance(report["is_sound"], bool)
    known = set(report["missing"]) | set(report["damaged"]) | set(report["recovered"])
    assert {one["version_id"] for one in report["findings"]} == known


def test_hashes_are_read_only_where_asked(crib: Crib, ann: Person) -> None:
    ann.stored("unread.txt", b"x" * 5000)
    admin = crib.admin()
    admin.post("/verify")  # whatever other tests left behind is read once
    by_size = admin.call("POST", "/verify").json()
    read = admin.post("/verify", hashes=True).json()
    assert read["bytes_read"] >= by_size["bytes_read"] + 5000


def test_nobody_else_may(crib: Crib, ann: Person) -> None:
    answer = ann.post("/verify")
    assert answer.status_code == 403, answer.text
    assert answer.json()["status"] == "error"
    refused(crib.client().post(f"{BASE}/verify"), 401, "missing_jwt_token")


@pytest.mark.parametrize("body", ['{"hashes": "perhaps"}', '{"hashes": 1}', "[]", "{"])
def test_a_body_that_makes_no_sense_is_400(crib: Crib, body: str) -> None:
    answer = crib.admin().call("POST", "/verify", content=body)
    refused(answer, 400, "validation_error")
