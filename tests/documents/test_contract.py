"""Rules of the document contract that hold across routes: addresses, the order of refusals, locks, statuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import BASE, Crib, Person
from tests.servers.postgresql import PostgreSQL

# Section 3: addresses

Form = Callable[[Person, str], dict[str, str]]
FORMS: dict[str, Form] = {
    "A": lambda me, path: {"bucket": "users", "path": f"/users/{me.uuid}/{path}"},
    "B": lambda me, path: me.at(path),
    "B'": lambda me, path: me.read_at(path),
    "B' of lists": lambda me, path: {"bucket": "users", "id": me.uuid, "path": path},
    "C": lambda me, path: {"file_id": me.metadata(path)["file"]["id"]},
}


@pytest.mark.parametrize("form", [*FORMS])
def test_every_route_that_takes_a_file_takes_it_in_every_form(ann: Person, form: str) -> None:
    ann.stored("d/a.txt")
    place = FORMS[form](ann, "d/a.txt")
    assert ann.get("/metadata", **place).json()["file"]["logical_path"] == "d/a.txt"
    succeeded(ann.call("PATCH", "/metadata", params=place, json={"tags": {"k": 1}}))
    assert ann.get("/download/proxy", **place).content == b"hello"
    assert ann.get("/download/presign", **place).json()["filename"] == "a.txt"
    assert ann.post("/download/presign", **place).json()["filename"] == "a.txt"
    succeeded(ann.post("/lock", **place))
    succeeded(ann.post("/lock/renew", **place))
    succeeded(ann.post("/unlock", **place))
    assert ann.get("/versions", **place).json()["total_count"] == 1
    key = ann.sent(b"next", "x")
    succeeded(ann.post("/versions/commit", **place, object_key=key), 201)
    succeeded(ann.call("DELETE", "/delete", json=place))
    succeeded(ann.post("/restore", **place))
    if form != "C":
        assert ann.post("/upload/presign", **place).json()["expires_in"] > 0
        succeeded(ann.post("/move", **place, target_path="d/b.txt"))


@pytest.mark.parametrize(
    "broken",
    [
        {"bucket": "users", "path": "/companies/{id}/a.txt"},
        {"bucket": "users", "path": "/users"},
        {"bucket": "users", "path": "/users/"},
        {"bucket": "users", "path": "/users/{id}"},
        {"bucket": "users", "path": "/users/{id}/"},
        {"bucket": "users", "path": "/users/5678/a.txt"},
        {"bucket": "users", "path": "/USERS/{id}/a.txt"},
        {"bucket": "users"},
        {"path": "/users/{id}/a.txt"},
        {"bucket_type": "users", "logical_path": "a.txt"},
        {"bucket_type": "users", "bucket_id": "{id}"},
        {"bucket_type": "users", "bucket_id": "{id}x", "logical_path": "a.txt"},
        {"bucket_type": "users", "bucket_id": "{{{id}}}", "logical_path": "a.txt"},
        {"file_id": "{id}0"},
    ],
)
def test_an_address_with_something_missing_or_wrong_is_400(ann: Person, broken: dict[str, str]) -> None:
    ann.stored("a.txt")
    place = {name: value.replace("{id}", ann.uuid) for name, value in broken.items()}
    for answer in (
        ann.get("/metadata", **place),
        ann.get("/download/proxy", **place),
        ann.get("/download/presign", **place),
        ann.post("/lock", **place),
        ann.get("/versions", **place),
        ann.call("DELETE", "/delete", json=place),
    ):
        refused(answer, 400, "validation_error")


def test_ids_that_look_like_nothing_are_ids(ann: Person) -> None:
    nil = "00000000-0000-0000-0000-000000000001"
    refused(ann.get("/versions", file_id=nil), 404, "file_not_found")
    refused(ann.post("/lock", file_id=nil), 404, "file_not_found")
    refused(ann.call("DELETE", "/delete", json={"file_id": nil}), 404, "file_not_found")
    refused(ann.post(f"/versions/{nil}/approve"), 404, "version_not_found")


# Section 1: authentication, then shape, then access, then existence, then state


@pytest.mark.every_database
def test_refusals_come_in_the_contracts_order(crib: Crib, ann: Person, ben: Person) -> None:
    data = ann.stored("held.txt")
    succeeded(ann.post("/lock", file_id=data["file_id"]))
    bad_shape = {**ben.at("../x", owner=ann.uuid), "lock_type": "odd"}
    anonymous = crib.client()
    refused(anonymous.post(BASE + "/lock", json=bad_shape), 401, "missing_jwt_token")
    refused(ben.post("/lock", **bad_shape), 400, "validation_error")
    refused(ben.post("/lock", **ben.at("missing.txt", owner=ann.uuid)), 403, "access_denied")
    refused(ben.post("/lock", **ben.at("held.txt", owner=ann.uuid)), 403, "access_denied")
    refused(ann.post("/lock", **ann.at("missing.txt")), 404, "file_not_found")
    refused(ann.post("/lock", **ann.at("held.txt")), 409, "file_locked")
    # By id the file is looked up first: it says whose it is.
    refused(ben.post("/lock", file_id=str(uuid4())), 404, "file_not_found")
    refused(ben.post("/lock", file_id=data["file_id"]), 403, "access_denied")


# Section 9: what somebody's lock keeps others from


@pytest.mark.every_database
def test_a_lock_keeps_all_others_from_changing_the_file(crib: Crib, ann: Person, carla: Person) -> None:
    data = ann.stored("d/held.txt", b"held", bucket="companies")
    file_id, place = data["file_id"], carla.at("d/held.txt", "companies")
    own = carla.stored("own.txt", b"mine")["object_key"]
    reserved = carla.sent(b"direct", "d/held.txt", "companies")
    carla_copies = {"source_bucket": "users", "source_id": carla.uuid, "source_path": "own.txt"}
    held = {"target_bucket": "companies", "target_id": ann.company, "target_path": "d/held.txt"}
    out = {"source_bucket": "companies", "source_id": ann.company, "source_path": "d/held.txt"}
    mine = {"target_bucket": "users", "target_id": carla.uuid, "target_path": "copy.txt"}
    succeeded(ann.post("/lock", file_id=file_id, reason="editing"))
    attempts = {
        "lock": carla.post("/lock", file_id=file_id),
        "renew": carla.post("/lock/renew", file_id=file_id),
        "upload": carla.put("d/held.txt", b"x", bucket="companies"),
        "presign": carla.post("/upload/presign", **place),
        "confirm": carla.post("/upload/confirm", object_key=reserved),
        "commit by key": carla.post("/versions/commit", file_id=file_id, object_key=own),
        "copy out": carla.post("/copy", **out, **mine),
        "move": carla.post("/move", **place, target_path="d/moved.txt"),
        "archive": carla.call("DELETE", "/delete", json=place),
        "destroy": carla.call("DELETE", "/delete", json={**place, "physical": True}),
    }
    for what, answer in attempts.items():
        details = refused(answer, 409, "file_locked")
        assert details["locked_by"] == ann.uuid, what
        assert details["holder"] == ann.username, what
        assert details["comment"] == "editing", what
        assert details["lock_id"], what
    # A copy replaces nothing, locked or not.
    refused(carla.post("/copy", **carla_copies, **held), 409, "file_exists")
    found = ann.metadata("d/held.txt", "companies", include_versions="1")
    assert [version["id"] for version in found["versions"]] == [data["version_id"]]
    assert found["file"]["status"] == "validated"
    # Reading is not changing.
    assert carla.fetch("d/held.txt", "companies").content == b"held"
    # The holder may, and what was sent before is still good once the lock is given back.
    succeeded(ann.put("d/held.txt", b"next", bucket="companies"), 201)
    succeeded(ann.post("/unlock", file_id=file_id))
    succeeded(carla.post("/upload/confirm", object_key=reserved), 201)
    assert ann.fetch("d/held.txt", "companies").content == b"direct"


def test_deleting_over_a_lock_takes_authority(crib: Crib, ann: Person, ben: Person) -> None:
    project = crib.project(ann, member=ben)
    other = crib.person()
    ann.client.put(f"/api/projects/{project}/members/{other.username}", json={"role": "member"})
    file_id = ben.stored("a.txt", bucket="projects", owner=project)["file_id"]
    succeeded(ben.post("/lock", file_id=file_id))

    def delete(person: Person, **more: Any) -> httpx.Response:
        return person.call("DELETE", "/delete", json={"file_id": file_id, **more})

    refused(delete(other, force=True, reason="x"), 403, "access_denied")
    refused(delete(ann), 409, "file_locked")
    refused(delete(ann, reason="x"), 409, "file_locked")
    assert ben.get("/locks", file_id=file_id).json()["data"]["total"] == 1
    # The contract's clients send no reason: the deletion is one.
    succeeded(delete(ann, force=True, reason="  "))
    (event,) = ann.client.get(
        "/api/events", params={"kind": "document", "key": file_id, "verb": "force_released"}
    ).json()["events"]
    assert event["data"]["reason"] == "the file was deleted"
    assert event["actor"] == ann.username


# Section 11: statuses


def test_an_upload_leaves_a_waiting_file_waiting(ann: Person, carla: Person) -> None:
    file_id = ann.stored("a.txt", b"one", bucket="companies")["file_id"]
    waiting = ann.committed(file_id, b"two")
    assert ann.stored("a.txt", b"three", bucket="companies")["version_number"] == 3
    found = ann.metadata("a.txt", "companies")
    assert (found["file"]["status"], found["file"]["version"]) == ("pending_validation", 3)
    assert ann.fetch("a.txt", "companies").content == b"three"
    succeeded(carla.post(f"/versions/{waiting}/approve"))
    assert ann.metadata("a.txt", "companies")["file"]["status"] == "validated"
    assert ann.fetch("a.txt", "companies").content == b"two"


def test_a_rejected_draft_is_a_draft_again(ann: Person, carla: Person) -> None:
    ann.stored("a.txt", bucket="companies")
    copied = ann.post(
        "/copy",
        source_bucket="companies",
        source_id=ann.company,
        source_path="a.txt",
        target_bucket="companies",
        target_id=ann.company,
        target_path="b.txt",
    )
    file_id = succeeded(copied, 201)["file_id"]
    first, second = ann.committed(file_id, b"1"), ann.committed(file_id, b"2")
    succeeded(carla.post(f"/versions/{first}/reject"))
    assert ann.metadata("b.txt", "companies")["file"]["status"] == "pending_validation"
    succeeded(carla.post(f"/versions/{second}/reject"))
    assert ann.metadata("b.txt", "companies")["file"]["status"] == "draft"


def test_an_archived_file_takes_part_in_nothing(ann: Person, carla: Person) -> None:
    data = ann.stored("a.txt", bucket="companies")
    waiting = ann.committed(data["file_id"])
    place = ann.at("a.txt", "companies")
    succeeded(ann.call("DELETE", "/delete", json=place))
    source = {"source_bucket": "companies", "source_id": ann.company, "source_path": "a.txt"}
    target = {"target_bucket": "users", "target_id": ann.uuid, "target_path": "b.txt"}
    refused(ann.post("/copy", **source, **target), 404, "file_not_found")
    refused(ann.post("/lock", **place), 404, "file_not_found")
    refused(ann.post("/download/presign", **place), 404, "file_not_found")
    refused(
        ann.post("/versions/commit", file_id=data["file_id"], object_key=data["object_key"]),
        404,
        "file_not_found",
    )
    refused(carla.post(f"/versions/{waiting}/approve"), 409, "version_conflict")
    assert ann.get("/versions", file_id=data["file_id"]).json()["total_count"] == 2


@pytest.mark.parametrize("word", ["approved", "validated"])
def test_both_spellings_of_approved_are_understood(ann: Person, carla: Person, word: str) -> None:
    file_id = ann.stored("a.txt", bucket="companies")["file_id"]
    version = ann.committed(file_id)
    succeeded(carla.post(f"/versions/{version}/approve"))
    listed = ann.get("/list", bucket="companies", id=ann.company, status=word).json()["files"]
    assert [file["status"] for file in listed] == ["validated"]
    history = ann.get("/versions", file_id=file_id, status=word).json()
    assert [found["id"] for found in history["versions"]] == [version]
    assert history["total_count"] == 1


# Sections 2 and 7: content


@pytest.mark.moves_bytes
@pytest.mark.every_database
def test_the_same_content_is_kept_once_for_each_bucket(ann: Person, ben: Person) -> None:
    content = uuid4().bytes
    first, again = ann.stored("a.txt", content), ann.stored("b.txt", content)
    assert first["object_key"] == again["object_key"]
    assert first["version_id"] != again["version_id"]
    # Nobody learns from it what others have.
    assert ben.stored("a.txt", content)["object_key"] != first["object_key"]
    assert ann.stored("a.txt", content, bucket="companies")["object_key"] != first["object_key"]


@pytest.mark.databases("sqlite", "postgresql", "mariadb")
@pytest.mark.parametrize("mime", ["text/html", "image/svg+xml"])
def test_a_signed_address_shows_nothing_that_can_run(ann: Person, mime: str) -> None:
    ann.stored("evil.html", b"<script>alert(1)</script>", mime=mime)
    url = ann.get("/download/presign", **ann.at("evil.html")).json()["url"]
    answer = httpx.get(url)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "application/octet-stream"


# Section 12: the audit


def test_the_audit_shows_the_newest_fifty(ann: Person) -> None:
    ann.stored("a.txt")
    for number in range(52):
        succeeded(
            ann.call("PATCH", "/metadata", params=ann.read_at("a.txt"), json={"description": f"{number}"})
        )
    audit = ann.metadata("a.txt", include_audit="1")["audit_logs"]
    assert len(audit) == 50
    assert {entry["action"] for entry in audit} == {"metadata"}
    assert [int(entry["id"]) for entry in audit] == sorted((int(each["id"]) for each in audit), reverse=True)


# Section 4: 503 while the database is away


@pytest.mark.timeout(180)
def test_a_database_that_is_away_is_503(tmp_path: Path, start_postgresql: Callable[..., PostgreSQL]) -> None:
    source = start_postgresql(durable=True)
    crib = Crib.start(tmp_path, database_url=source.fresh().url)
    try:
        person = crib.person()
        person.stored("a.txt", b"kept")
        source.stop()
        for answer in (
            person.get("/list", bucket="users", id=person.uuid),
            person.fetch("a.txt"),
            person.put("b.txt"),
            person.post("/lock", **person.at("a.txt")),
        ):
            refused(answer, 503, "database_unavailable")
        health = crib.client().get(BASE + "/health")
        assert health.status_code == 503
        assert health.json()["status"] == "unhealthy"
        assert health.json()["checks"]["database"]["healthy"] is False
        source.start()
        assert person.fetch("a.txt").content == b"kept"
        assert person.fetch("b.txt").status_code == 404
        succeeded(person.put("b.txt"), 201)
        assert crib.client().get(BASE + "/health").json()["status"] == "healthy"
    finally:
        crib.close()
