"""Rows that were added to the document contract for clients of earlier services (section 17)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import Crib, Person

pytestmark = pytest.mark.databases("sqlite")


@pytest.mark.parametrize("form", ["B", "C"])
@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_forced_unlock_needs_no_reason(
    crib: Crib, ann: Person, carla: Person, form: str, reason: str | None
) -> None:
    file_id = ann.stored("a.txt", bucket="companies", owner=ann.company)["file_id"]
    lock = succeeded(ann.post("/lock", file_id=file_id))
    place = {"file_id": file_id} if form == "C" else ann.at("a.txt", "companies", ann.company)
    said = {} if reason is None else {"reason": reason}
    refused(carla.post("/unlock", **place, force=True, **said), 403, "access_denied")
    owner = crib.admin()
    data = succeeded(owner.post("/unlock", **place, force=True, **said))
    assert data == {"lock_id": lock["lock_id"], "locked_by": ann.uuid, "file_id": file_id}
    events = owner.client.get("/api/events", params={"verb": "force_released", "key": file_id}).json()[
        "events"
    ]
    assert events[-1]["data"]["reason"] == f"forced by {owner.username}"


def test_releasing_ones_own_lock_says_which(ann: Person) -> None:
    file_id = ann.stored("a.txt")["file_id"]
    lock = succeeded(ann.post("/lock", file_id=file_id))
    data = succeeded(ann.post("/unlock", file_id=file_id))
    assert data == {"lock_id": lock["lock_id"], "locked_by": ann.uuid, "file_id": file_id}


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "missing_fields"),
        ({"bucket_type": "users", "logical_path": "a.txt"}, "missing_fields"),
        ({"bucket_type": "users", "bucket_id": "{id}"}, "missing_fields"),
        ({"bucket_type": "users", "bucket_id": "{id}", "logical_path": "a.txt"}, "no_file"),
        ({"bucket": "users", "path": "/users/{id}/a.txt"}, "no_file"),
        ({"bucket_type": "users", "bucket_id": "1", "logical_path": "/a.txt"}, "no_file"),
    ],
)
def test_a_form_without_a_file_says_what_is_missing(ann: Person, fields: dict[str, str], word: str) -> None:
    told = {name: value.replace("{id}", ann.uuid) for name, value in fields.items()}
    address = "/api/storage/upload/proxy"
    refused(ann.client.post(address, data=told), 400, word)
    parts = {name: (None, value) for name, value in told.items()}
    refused(ann.client.post(address, files=parts or None), 400, word)


@pytest.mark.parametrize("body", [b"x" * 100_000, b"&".join([b"a=b"] * 200), b"bucket=%ff", b"\xff"])
def test_a_form_without_a_file_is_bounded(ann: Person, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    answer = ann.client.post("/api/storage/upload/proxy", content=body, headers=headers)
    refused(answer, 400, "validation_error")


def test_an_unknown_action_spoils_no_other_answer(crib: Crib, ann: Person) -> None:
    project = crib.project(ann)
    known = {"project_id": project, "action": "read"}
    unknown: list[dict[str, Any]] = [{"project_id": project, "action": "fly"}, {"project_id": project}]
    asked = [known, *unknown, known]
    for address in ("/check-file-access/batch", "/api/check-file-access/batch"):
        answer = ann.client.post(address, json={"checks": asked})
        assert answer.status_code == 200, answer.text
        first, second, third, last = answer.json()["results"]
        assert first == last == {**known, "allowed": True, "role": "owner"}
        assert second == {**unknown[0], "allowed": False, "reason": "unknown_action"}
        assert third == {**unknown[1], "action": None, "allowed": False, "reason": "unknown_action"}
    assert ann.client.post("/check-file-access", json=unknown[0]).status_code == 400


def test_details_and_history_are_read_at_the_top_or_in_data(ann: Person) -> None:
    file_id = ann.stored("a.txt")["file_id"]
    for answer in (
        ann.get("/metadata", file_id=file_id, include_versions=True),
        ann.get("/versions", file_id=file_id),
    ):
        body = answer.json()
        data, status = body.pop("data"), body.pop("status")
        assert (status, data) == ("success", body)
        (version,) = body["versions"]
        assert version["version_id"] == version["id"]


@pytest.mark.parametrize(
    ("asked", "lasting"), [(-5, 300), (0, 300), (299, 300), (7200, 7200), (90_000, 86_400)]
)
def test_signed_addresses_last_within_bounds(ann: Person, asked: int, lasting: int) -> None:
    ann.stored("a.txt")
    place = ann.at("a.txt")
    for answer in (
        ann.post("/upload/presign", **place, expires_in=asked),
        ann.post("/download/presign", **place, expires_in=asked),
        ann.get("/download/presign", **place, expires_in=asked),
    ):
        assert answer.json()["expires_in"] == lasting


@pytest.mark.parametrize("owner", ["5678", "not-a-uuid", "{id}0"])
def test_a_short_id_is_refused_alike_on_every_route(ann: Person, owner: str) -> None:
    owner = owner.replace("{id}", ann.uuid)
    place = {"bucket_type": "users", "bucket_id": owner, "logical_path": "a.txt"}
    copy = {"source_bucket": "users", "source_id": owner, "source_path": "a.txt"}
    onto = {"target_bucket": "users", "target_id": ann.uuid, "target_path": "b.txt"}
    for answer in (
        ann.get("/list", bucket="users", id=owner),
        ann.get("/folders", bucket="users", id=owner),
        ann.get("/locks", bucket="users", id=owner),
        ann.get("/metadata", **place),
        ann.get("/versions", **place),
        ann.get("/download/proxy", **place),
        ann.get("/download/presign", **place),
        ann.post("/upload/presign", **place),
        ann.put("a.txt", owner=owner),
        ann.post("/lock", **place),
        ann.post("/unlock", **place),
        ann.post("/copy", **copy, **onto),
        ann.call("DELETE", "/delete", json=place),
    ):
        refused(answer, 400, "validation_error")


def test_a_bucket_and_a_path_that_disagree_are_both_named(ann: Person) -> None:
    other = f"/projects/{ann.uuid}/a.txt"
    place = {"bucket": "users", "path": other}
    copy = {"source_bucket": "users", "source_path": other, "target_bucket": "users"}
    copy |= {"target_id": ann.uuid, "target_path": "b.txt"}
    for answer in (
        ann.get("/list", **place),
        ann.get("/locks", **place),
        ann.get("/metadata", **place),
        ann.post("/upload/presign", **place),
        ann.client.post("/api/storage/upload/proxy", data=place, files={"file": ("a.txt", b"x")}),
        ann.post("/lock", **place),
        ann.post("/copy", **copy),
    ):
        told = refused(answer, 400, "validation_error")["text"]
        assert "users" in told
        assert "projects" in told
