"""Verifying over HTTP: administrators only. What it finds is proved in `tests/cli/test_storage.py`."""

from __future__ import annotations

import pytest

from tests.documents.envelope import refused
from tests.servers.crib import BASE, Crib, Person

pytestmark = pytest.mark.moves_bytes


def test_an_administrator_gets_a_report_and_hashes_are_read_only_where_asked(own_crib: Crib) -> None:
    stored = own_crib.person().stored("a.txt", b"bytes that are there")
    admin = own_crib.admin()
    for body in ({}, {"hashes": False}):
        answer = admin.post("/verify", **body)
        assert answer.status_code == 200, answer.text
        report = answer.json()
        assert (report["versions"], report["bytes_read"], report["is_sound"]) == (1, 0, True)
        assert report["findings"] == []
    assert admin.call("POST", "/verify").json()["bytes_read"] == 0
    read = admin.post("/verify", hashes=True).json()
    assert (read["versions"], read["bytes_read"], read["is_sound"]) == (1, 20, True)
    file = own_crib.folder / "files" / stored["object_key"]
    if file.exists():  # not on S3
        file.write_bytes(b"bytes that are wrong")
        damaged = admin.post("/verify", hashes=True).json()
        assert not damaged["is_sound"]
        assert damaged["damaged"] == [one["version_id"] for one in damaged["findings"]] != []


def test_nobody_else_may(crib: Crib, ann: Person) -> None:
    answer = ann.post("/verify")
    assert answer.status_code == 403, answer.text
    assert answer.json()["status"] == "error"
    refused(crib.client().post(f"{BASE}/verify"), 401, "missing_jwt_token")


@pytest.mark.parametrize("body", ['{"hashes": "perhaps"}', '{"hashes": 1}', "[]", "{"])
def test_a_body_that_makes_no_sense_is_400(crib: Crib, body: str) -> None:
    answer = crib.admin().call("POST", "/verify", content=body)
    refused(answer, 400, "validation_error")
