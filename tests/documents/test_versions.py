"""Copies, commits, decisions and history (document contract, sections 10 and 11)."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import Crib, Person

pytestmark = pytest.mark.moves_bytes


def _copy(person: Person, source: dict[str, str], target: dict[str, str], **more: Any) -> Any:
    return person.post(
        "/copy",
        source_bucket=source["bucket_type"],
        source_id=source["bucket_id"],
        source_path=source["logical_path"],
        target_bucket=target["bucket_type"],
        target_id=target["bucket_id"],
        target_path=target["logical_path"],
        **more,
    )


def _commit(person: Person, source: dict[str, str], target: dict[str, str], message: str = "m") -> Any:
    def absolute(place: dict[str, str]) -> str:
        return f"/{place['bucket_type']}/{place['bucket_id']}/{place['logical_path']}"

    return person.post(
        "/versions/commit",
        source_bucket=source["bucket_type"],
        source_path=absolute(source),
        target_bucket=target["bucket_type"],
        target_path=absolute(target),
        message=message,
    )


class Team:
    """A project with a file; Ann owns it, Ben is a member."""

    def __init__(self, crib: Crib, ann: Person, ben: Person) -> None:
        self.ann, self.ben = ann, ben
        self.id = crib.project(ann, member=ben)
        self.place = ann.at("designs/part.bin", "projects", self.id)
        self.file_id = ann.stored("designs/part.bin", b"v1", bucket="projects", owner=self.id)["file_id"]
        self.work = ben.at("work/part.bin")

    def fetch(self) -> bytes:
        return self.ann.fetch("designs/part.bin", bucket="projects", owner=self.id).content

    def file(self) -> Any:
        return self.ann.metadata("designs/part.bin", bucket="projects", owner=self.id)["file"]

    def locks(self) -> Any:
        return self.ann.get("/locks", file_id=self.file_id).json()["data"]["locks"]


@pytest.fixture
def team(crib: Crib, ann: Person, ben: Person) -> Team:
    return Team(crib, ann, ben)


# Copy


def test_a_copy_is_a_file_of_its_own(ann: Person) -> None:
    source = ann.stored("d/a.txt", b"hello")
    ann.call("PATCH", "/metadata", params=ann.read_at("d/a.txt"), json={"tags": {"k": "v"}})
    answer = _copy(ann, ann.at("d/a.txt"), ann.at("e/b.txt"))
    data = succeeded(answer, 201)
    assert data["destination_path"] == "e/b.txt"
    assert data["source_file_id"] == source["file_id"]
    assert data["copy_file_id"] == data["file_id"] != source["file_id"]
    assert data["lock_id"] is None
    assert ann.fetch("e/b.txt").content == b"hello"
    found = ann.metadata("e/b.txt")
    assert found["file"]["status"] == "draft"
    assert found["file"]["owner_id"] == ann.uuid
    assert found["file"]["source_file_id"] == source["file_id"]
    assert found["file"]["tags"] == {"k": "v"}
    assert found["current_version"]["version_number"] == 1
    assert "d/a.txt" in found["current_version"]["changelog"]
    ann.stored("d/a.txt", b"changed")
    assert ann.fetch("e/b.txt").content == b"hello"


def test_copies_cross_buckets(ann: Person, carla: Person) -> None:
    ann.stored("a.txt", b"shared", bucket="companies")
    succeeded(_copy(carla, carla.at("a.txt", "companies"), carla.at("mine.txt")), 201)
    assert carla.fetch("mine.txt").content == b"shared"


def test_the_absolute_form_copies_too(ann: Person) -> None:
    ann.stored("a.txt")
    answer = ann.post(
        "/copy",
        source_bucket="users",
        source_path=f"/users/{ann.uuid}/a.txt",
        target_bucket="users",
        target_path=f"/users/{ann.uuid}/deep/er/",
        new_filename="b.txt",
    )
    assert succeeded(answer, 201)["destination_path"] == "deep/er/b.txt"


def test_all_versions_are_copied_where_asked_for(ann: Person) -> None:
    for content in (b"1", b"22", b"333"):
        ann.stored("a.txt", content)
    succeeded(_copy(ann, ann.at("a.txt"), ann.at("one.txt")), 201)
    succeeded(_copy(ann, ann.at("a.txt"), ann.at("all.txt"), copy_versions=True), 201)
    assert len(ann.metadata("one.txt", include_versions="true")["versions"]) == 1
    versions = ann.metadata("all.txt", include_versions="true")["versions"]
    assert [(version["version_number"], version["size"]) for version in versions] == [(3, 3), (2, 2), (1, 1)]
    assert ann.fetch("all.txt").content == b"333"


def test_copies_that_are_refused(ann: Person, ben: Person, carla: Person) -> None:
    data = ann.stored("a.txt", bucket="companies")
    ann.stored("taken.txt")
    place = ann.at("a.txt", "companies")
    refused(_copy(ann, ann.at("missing.txt"), ann.at("x")), 404, "file_not_found")
    refused(_copy(ann, place, ann.at("taken.txt")), 409, "file_exists")
    refused(_copy(ben, place, ben.at("x")), 403, "access_denied")
    refused(_copy(ann, place, ann.at("x", owner=ben.uuid)), 403, "access_denied")
    refused(_copy(ann, {**place, "bucket_type": "cellars"}, ann.at("x")), 403, "bucket_not_found")
    refused(_copy(ann, place, ann.at("../x")), 400, "validation_error")
    for name in ("a/b", "a\\b", "a:b", "a*b", "a?b", 'a"b', "a<b", "a>b", "a|b", "a\u0000b", ""):
        refused(_copy(ann, place, ann.at("x"), new_filename=name), 400, "validation_error")
    refused(ann.post("/copy", file_id=data["file_id"]), 400, "validation_error")
    succeeded(carla.post("/lock", file_id=data["file_id"]))
    refused(_copy(ann, place, ann.at("x")), 409, "file_locked")
    succeeded(_copy(carla, place, carla.at("x")), 201)


def test_an_archived_target_is_free(ann: Person) -> None:
    ann.stored("a.txt", b"new")
    old = ann.stored("b.txt", b"old")
    ann.call("DELETE", "/delete", json={"file_id": old["file_id"]})
    succeeded(_copy(ann, ann.at("a.txt"), ann.at("b.txt")), 201)
    assert ann.fetch("b.txt").content == b"new"


def test_a_work_copy_locks_its_source(team: Team) -> None:
    data = succeeded(_copy(team.ben, team.place, team.work), 201)
    (lock,) = team.locks()
    assert lock["lock_id"] == data["lock_id"]
    assert lock["locked_by"] == team.ben.uuid
    assert data["locked_at"]
    refused(_copy(team.ann, team.place, team.ann.at("w")), 409, "file_locked")
    # A person who holds it already keeps that lock.
    again = succeeded(_copy(team.ben, team.place, team.ben.at("again.bin")), 201)
    assert again["lock_id"] == data["lock_id"]


# Commit


def test_a_work_copy_is_committed_approved_and_then_current(team: Team) -> None:
    _copy(team.ben, team.place, team.work)
    team.ben.stored("work/part.bin", b"v2 by ben")
    data = succeeded(_commit(team.ben, team.work, team.place, "better"), 201)
    assert data["status"] == "pending_validation"
    assert data["version_number"] == 2
    assert data["file_id"] == team.file_id
    assert team.fetch() == b"v1"
    assert team.file()["status"] == "pending_validation"
    assert team.locks() == []
    decided = succeeded(team.ann.post(f"/versions/{data['version_id']}/approve", comment="good"))
    assert decided == {
        "version_id": data["version_id"],
        "status": "validated",
        "file_id": team.file_id,
        "is_current": True,
    }
    assert team.fetch() == b"v2 by ben"
    file = team.file()
    assert (file["status"], file["version"], file["size"]) == ("validated", 2, 9)
    version = team.ann.get("/versions", file_id=team.file_id).json()["versions"][0]
    assert version["changelog"] == "better"
    assert version["checksum"] == sha256(b"v2 by ben").hexdigest()
    assert version["validated_by"] == team.ann.uuid
    assert version["validation_comment"] == "good"
    assert version["validated_at"]
    # The work copy is kept, and up to date.
    team.ben.stored("work/part.bin", b"v3 by ben")
    succeeded(_commit(team.ben, team.work, team.place), 201)


def test_a_commit_that_missed_a_change_is_refused(team: Team) -> None:
    _copy(team.ben, team.place, team.work)
    team.ben.post("/unlock", file_id=team.file_id)
    team.ann.stored("designs/part.bin", b"meanwhile", bucket="projects", owner=team.id)
    refused(_commit(team.ben, team.work, team.place), 409, "version_conflict")


def test_commits_from_work_copies_that_are_refused(crib: Crib, team: Team) -> None:
    refused(_commit(team.ben, team.work, team.place), 404, "file_not_found")
    team.ben.stored("work/part.bin")
    refused(_commit(team.ben, team.work, team.place), 404, "file_not_found")
    _copy(team.ben, team.place, team.ben.at("real.bin"))
    missing = team.ann.at("gone.bin", "projects", team.id)
    refused(_commit(team.ben, team.ben.at("real.bin"), missing), 404, "file_not_found")
    stranger = crib.person()
    refused(_commit(stranger, team.work, team.place), 403, "access_denied")
    team.ben.post("/unlock", file_id=team.file_id)
    team.ann.post("/lock", file_id=team.file_id)
    refused(_commit(team.ben, team.ben.at("real.bin"), team.place), 409, "file_locked")


def test_uploaded_bytes_are_committed_by_key(ann: Person, carla: Person) -> None:
    file_id = ann.stored("a.txt", b"one", bucket="companies")["file_id"]
    key = carla.sent(b"two", "elsewhere.txt")
    body = {"file_id": file_id, "object_key": key, "changelog": "by key"}
    refused(carla.post("/versions/commit", **body, created_by=ann.uuid), 403, "access_denied")
    data = succeeded(carla.post("/versions/commit", **body, created_by=carla.uuid), 201)
    assert data["version_number"] == 2
    again = succeeded(carla.post("/versions/commit", **body, created_by=carla.uuid), 201)
    assert again["version_id"] == data["version_id"]  # as for a client that has lost the answer
    assert succeeded(carla.post("/upload/confirm", object_key=key))["version_id"] == data["version_id"]
    succeeded(ann.post(f"/versions/{data['version_id']}/approve"))
    assert ann.fetch("a.txt", bucket="companies").content == b"two"


def test_a_version_of_ones_own_can_be_committed_by_its_key(ann: Person, carla: Person) -> None:
    target = ann.stored("a.txt", b"one", bucket="companies")["file_id"]
    own = carla.stored("mine.txt", b"carla's")["object_key"]
    data = succeeded(carla.post("/versions/commit", file_id=target, object_key=own), 201)
    succeeded(ann.post(f"/versions/{data['version_id']}/approve"))
    assert ann.fetch("a.txt", bucket="companies").content == b"carla's"


def test_nobody_commits_what_is_not_theirs(ann: Person, ben: Person) -> None:
    mine = ann.stored("a.txt")["file_id"]
    theirs = ben.stored("secret.txt", b"ben's secret")["object_key"]
    reserved = ben.sent(b"ben's upload", "b.txt")
    for key in (
        theirs,
        reserved,
        "uploads/" + "0" * 32,
        "nothing",
        "../../etc/passwd",
        "blobs/00/" + "0" * 32,
    ):
        answer = ann.post("/versions/commit", file_id=mine, object_key=key, created_by=ann.uuid)
        refused(answer, 404, "object_not_found")
    empty = ann.post("/upload/presign", **ann.at("c.txt")).json()["object_key"]
    refused(ann.post("/versions/commit", file_id=mine, object_key=empty), 404, "object_not_found")
    assert len(ann.get("/versions", file_id=mine).json()["versions"]) == 1


def test_commits_that_are_malformed(ann: Person) -> None:
    file_id = ann.stored("a.txt")["file_id"]
    for body in ({}, {"file_id": file_id}, {"object_key": "x"}, {"file_id": "x", "object_key": "x"}):
        refused(ann.post("/versions/commit", **body), 400, "validation_error")
    bad = {"file_id": file_id, "object_key": "x", "created_by": "me"}
    refused(ann.post("/versions/commit", **bad), 400, "validation_error")
    refused(ann.post("/versions/commit", file_id=str(uuid4()), object_key="x"), 404, "file_not_found")


# Decisions


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_a_version_is_decided_once_and_by_another(
    ann: Person, carla: Person, ben: Person, verdict: str
) -> None:
    file_id = ann.stored("a.txt", b"one", bucket="companies")["file_id"]
    version = ann.committed(file_id)
    refused(ann.post(f"/versions/{version}/{verdict}"), 403, "access_denied")
    refused(ben.post(f"/versions/{version}/{verdict}"), 403, "access_denied")
    succeeded(carla.post(f"/versions/{version}/{verdict}"))
    for again in ("approve", "reject"):
        refused(carla.post(f"/versions/{version}/{again}"), 409, "version_conflict")


def test_a_rejected_version_leaves_the_file_as_it_was(ann: Person, carla: Person) -> None:
    file_id = ann.stored("a.txt", b"one", bucket="companies")["file_id"]
    version = ann.committed(file_id, b"two")
    data = succeeded(carla.post(f"/versions/{version}/reject", comment="no"))
    expected = {"version_id": version, "status": "rejected", "file_id": file_id, "rejection_reason": "no"}
    assert data == expected
    file = ann.metadata("a.txt", bucket="companies")["file"]
    assert (file["status"], file["version"]) == ("validated", 1)
    assert ann.fetch("a.txt", bucket="companies").content == b"one"
    # Its number is not used again.
    assert ann.stored("a.txt", b"three", bucket="companies")["version_number"] == 3


def test_decisions_take_an_empty_body_and_refuse_a_broken_one(ann: Person, carla: Person) -> None:
    file_id = ann.stored("a.txt", bucket="companies")["file_id"]
    version = ann.committed(file_id)
    refused(carla.call("POST", f"/versions/{version}/approve", content=b"{"), 400, "validation_error")
    refused(carla.post(f"/versions/{version}/approve", comment=7), 400, "validation_error")
    succeeded(carla.call("POST", f"/versions/{version}/approve"))
    refused(carla.post(f"/versions/{uuid4()}/approve"), 404, "version_not_found")
    refused(carla.post("/versions/first/approve"), 400, "validation_error")
    draft = ann.metadata("a.txt", bucket="companies", include_versions="1")["versions"][-1]["id"]
    refused(carla.post(f"/versions/{draft}/approve"), 409, "version_conflict")


def test_only_admins_of_a_project_decide_there(crib: Crib, team: Team) -> None:
    other = crib.person()
    team.ann.client.put(f"/api/projects/{team.id}/members/{other.username}", json={"role": "member"})
    version = team.ben.committed(team.file_id)
    refused(other.post(f"/versions/{version}/approve"), 403, "access_denied")
    waiting = team.ann.get("/versions/waiting").json()
    assert [each["version"]["id"] for each in waiting["waiting"]] == [version]
    assert waiting["waiting"][0]["file"]["id"] == team.file_id
    for person in (other, team.ben):
        assert person.get("/versions/waiting").json()["waiting"] == []
    succeeded(team.ann.post(f"/versions/{version}/approve"))
    assert team.ann.get("/versions/waiting").json()["total"] == 0


# History


def test_history_is_told_newest_first_in_pages(ann: Person, ben: Person) -> None:
    file_id = ""
    for content in (b"1", b"2", b"3"):
        file_id = ann.stored("a.txt", content)["file_id"]
    body = ann.get("/versions", file_id=file_id).json()
    assert body["file_id"] == file_id
    assert body["total_count"] == 3
    assert [version["version_number"] for version in body["versions"]] == [3, 2, 1]
    second = ann.get("/versions", file_id=file_id, limit=1, offset=1).json()
    assert [version["version_number"] for version in second["versions"]] == [2]
    assert second["total_count"] == 3
    assert ann.get("/versions", **ann.at("a.txt")).json()["total_count"] == 3
    ann.committed(file_id)
    waiting = ann.get("/versions", file_id=file_id, status="pending_validation").json()
    assert [version["version_number"] for version in waiting["versions"]] == [4]
    for bad in ({"limit": 0}, {"limit": 201}, {"offset": -1}, {"status": "odd"}, {"limit": "x"}):
        refused(ann.get("/versions", file_id=file_id, **bad), 400, "validation_error")
    refused(ann.get("/versions"), 400, "validation_error")
    refused(ann.get("/versions", file_id="x"), 400, "validation_error")
    refused(ann.get("/versions", file_id=str(uuid4())), 404, "file_not_found")
    refused(ben.get("/versions", file_id=file_id), 403, "access_denied")
