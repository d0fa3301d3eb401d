"""Locks (document contract, section 9)."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import Crib, Person


@pytest.fixture
def file_id(ann: Person) -> str:
    """A file that Ann and Carla share."""
    return str(ann.stored(f"{uuid4().hex}.txt", bucket="companies")["file_id"])


def _locks(person: Person, **params: Any) -> list[dict[str, Any]]:
    body = person.get("/locks", **params).json()
    assert body["status"] == "success"
    locks: list[dict[str, Any]] = body["data"]["locks"]
    assert body["data"]["total"] == len(locks)
    return locks


def test_a_lock_is_for_one(ann: Person, carla: Person, file_id: str) -> None:
    data = succeeded(ann.post("/lock", file_id=file_id, reason="editing"))
    assert UUID(data["lock_id"])
    assert data["expires_at"] is None
    for person in (carla, ann):
        details = refused(person.post("/lock", file_id=file_id), 409, "file_locked")
        assert details["lock_id"] == data["lock_id"]
        assert details["locked_by"] == ann.uuid
        assert details["lock_type"] == "edit"
        assert details["created_at"]
        assert details["holder"] == ann.username
        assert details["comment"] == "editing"


def test_a_file_can_be_locked_again_after_it_was_unlocked(ann: Person, carla: Person, file_id: str) -> None:
    for person in (ann, carla, ann):
        first = succeeded(person.post("/lock", file_id=file_id))
        assert _locks(person, file_id=file_id)[0]["lock_id"] == first["lock_id"]
        succeeded(person.post("/unlock", file_id=file_id))
        assert _locks(person, file_id=file_id) == []


def test_every_address_form_locks(ann: Person) -> None:
    ann.stored("d/a.txt")
    for form in (
        ann.at("d/a.txt"),
        ann.read_at("d/a.txt"),
        {"bucket": "users", "path": f"/users/{ann.uuid}/d/a.txt"},
    ):
        succeeded(ann.post("/lock", **form))
        succeeded(ann.post("/unlock", **form))


def test_only_the_holder_unlocks(ann: Person, carla: Person, ben: Person, file_id: str) -> None:
    refused(ann.post("/unlock", file_id=file_id), 404, "file_not_locked")
    succeeded(ann.post("/lock", file_id=file_id))
    refused(carla.post("/unlock", file_id=file_id), 403, "access_denied")
    refused(ben.post("/unlock", file_id=file_id), 403, "access_denied")
    refused(carla.post("/unlock", file_id=file_id, force=True, reason="mine now"), 403, "access_denied")
    assert len(_locks(ann, file_id=file_id)) == 1
    succeeded(ann.post("/unlock", file_id=file_id, force=True))
    refused(ann.post("/unlock", file_id=file_id), 404, "file_not_locked")


def test_a_lock_ends_when_it_said_it_would(crib: Crib, ann: Person, carla: Person, file_id: str) -> None:
    data = succeeded(ann.post("/lock", file_id=file_id, expires_in=60))
    assert data["expires_at"]
    assert _locks(carla, file_id=file_id)[0]["expires_at"] == data["expires_at"]
    crib.clock.advance(seconds=30)
    renewed = succeeded(ann.post("/lock/renew", file_id=file_id, expires_in=60))
    assert renewed["expires_at"] > data["expires_at"]
    crib.clock.advance(seconds=59)
    refused(carla.post("/lock", file_id=file_id), 409, "file_locked")
    crib.clock.advance(seconds=2)
    assert _locks(carla, file_id=file_id) == []
    refused(ann.post("/unlock", file_id=file_id), 404, "file_not_locked")
    refused(ann.post("/lock/renew", file_id=file_id), 404, "file_not_locked")
    succeeded(carla.post("/lock", file_id=file_id))
    refused(ann.post("/lock/renew", file_id=file_id), 409, "file_locked")


def test_authority_ends_a_lock_for_a_reason(crib: Crib, ann: Person, ben: Person, carla: Person) -> None:
    project = crib.project(ann, member=ben, admin=carla)
    other_member = crib.person()
    added = ann.client.put(
        f"/api/projects/{project}/members/{other_member.username}", json={"role": "member"}
    )
    assert added.is_success
    file_id = ben.stored("p.txt", bucket="projects", owner=project)["file_id"]
    for boss in (ann, carla, crib.admin()):
        succeeded(ben.post("/lock", file_id=file_id))
        answer = other_member.post("/unlock", file_id=file_id, force=True, reason="x")
        refused(answer, 403, "access_denied")
        refused(boss.post("/unlock", file_id=file_id), 403, "access_denied")
        succeeded(boss.post("/unlock", file_id=file_id, force=True, reason="holiday"))
        assert _locks(ben, file_id=file_id) == []
    events = ben.client.get("/api/events", params={"kind": "document", "verb": "force_released"}).json()
    assert events["events"][0]["data"]["reason"] == "holiday"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"file_id": "x"},
        {"file_id": 7},
        {"file_id": "{id}", "lock_type": "whole"},
        {"file_id": "{id}", "expires_in": 0},
        {"file_id": "{id}", "expires_in": -5},
        {"file_id": "{id}", "expires_in": "soon"},
        {"file_id": "{id}", "expires_in": 10**12},
        {"file_id": "{id}", "reason": 7},
        {"file_id": "{id}", "reason": "nul\u0000"},
    ],
)
def test_malformed_locks_are_refused(ann: Person, file_id: str, body: dict[str, Any]) -> None:
    asked = {name: file_id if value == "{id}" else value for name, value in body.items()}
    refused(ann.post("/lock", **asked), 400, "validation_error")


def test_only_what_is_there_and_ones_own_can_be_locked(ann: Person, ben: Person, file_id: str) -> None:
    refused(ann.post("/lock", file_id=str(uuid4())), 404, "file_not_found")
    refused(ann.post("/lock", **ann.at("missing.txt")), 404, "file_not_found")
    refused(ben.post("/lock", file_id=file_id), 403, "access_denied")
    ann.call("DELETE", "/delete", json={"file_id": file_id})
    refused(ann.post("/lock", file_id=file_id), 404, "file_not_found")


def test_locks_are_listed_to_those_who_may_read_there(ann: Person, carla: Person, ben: Person) -> None:
    mine = ann.stored("d/a.txt")["file_id"]
    shared = ann.stored("d/b.txt", bucket="companies")["file_id"]
    for file_id in (mine, shared):
        ann.post("/lock", file_id=file_id, lock_type="review", reason="why")
    assert {lock["file_id"] for lock in _locks(ann)} == {mine, shared}
    assert {lock["file_id"] for lock in _locks(carla)} == {shared}
    assert _locks(ben) == []
    (lock,) = _locks(ann, file_id=mine)
    assert lock["locked_by"] == ann.uuid
    assert lock["lock_type"] == "review"
    assert lock["reason"] == "why"
    assert lock["locked_at"]
    assert lock["lock_id"]
    for form in (
        {"bucket_type": "users", "bucket_id": ann.uuid},
        {"bucket": "users", "id": ann.uuid},
        {"bucket": "users", "path": f"/users/{ann.uuid}/d"},
        {"bucket": "users", "path": f"/users/{ann.uuid}/d/a.txt"},
        {"bucket_type": "users"},
    ):
        assert [lock["file_id"] for lock in _locks(ann, **form)] == [mine], form
    assert _locks(ann, bucket="users", path=f"/users/{ann.uuid}/other") == []
    assert _locks(ann, file_id=str(uuid4())) == []
    refused(ann.get("/locks", file_id="x"), 400, "validation_error")
    for named in ("bucket", "bucket_type"):
        refused(ann.get("/locks", **{named: "nobodys"}), 403, "bucket_not_found")


def test_a_lock_is_a_claim_like_any_other(ann: Person, carla: Person, file_id: str) -> None:
    succeeded(ann.post("/lock", file_id=file_id, reason="editing"))
    (claim,) = ann.client.get("/api/claims", params={"kind": "document", "mine": 1}).json()["claims"]
    assert claim["key"] == file_id
    assert claim["label"].startswith(f"/companies/{ann.company}/")
    assert claim["comment"] == "editing"
    assert claim["data"]["lock_type"] == "edit"
    assert "/documents?" in claim["url"]
    given = ann.client.post(f"/api/claims/{claim['fence']}/transfer", json={"to": carla.username})
    assert given.status_code == 200, given.text
    assert _locks(ann, file_id=file_id)[0]["locked_by"] == carla.uuid
    succeeded(carla.put("x", b""), 201)
    succeeded(carla.post("/unlock", file_id=file_id))


def test_locking_and_unlocking_are_remembered(ann: Person) -> None:
    data = ann.stored("a.txt")
    ann.post("/lock", file_id=data["file_id"])
    ann.post("/unlock", file_id=data["file_id"])
    actions = [entry["action"] for entry in ann.metadata("a.txt", include_audit="true")["audit_logs"]]
    assert actions == ["unlock", "lock", "upload"]


def test_what_another_holds_is_not_described_by_others(ann: Person, carla: Person, file_id: str) -> None:
    def describe(person: Person, text: str) -> httpx.Response:
        return person.call("PATCH", "/metadata", params={"file_id": file_id}, json={"description": text})

    succeeded(describe(carla, "one"))
    ann.post("/lock", file_id=file_id)
    refused(describe(carla, "two"), 409, "file_locked")
    succeeded(describe(ann, "three"))
