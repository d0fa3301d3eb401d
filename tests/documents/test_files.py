"""Listing and metadata (document contract, section 6)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import Person


def _paths(person: Person, **params: Any) -> list[str]:
    answer = person.get("/list", bucket="users", id=person.uuid, **params)
    assert answer.status_code == 200, answer.text
    return [file["logical_path"] for file in answer.json()["files"]]


def test_a_list_holds_all_below_a_folder_by_path(ann: Person) -> None:
    for path in ("b/2.txt", "b/1.txt", "b/c/3.txt", "bb/4.txt", "a.txt", "b.txt"):
        ann.stored(path)
    assert _paths(ann) == ["a.txt", "b.txt", "b/1.txt", "b/2.txt", "b/c/3.txt", "bb/4.txt"]
    assert _paths(ann, path="b") == _paths(ann, path="b/") == ["b/1.txt", "b/2.txt", "b/c/3.txt"]
    assert _paths(ann, path=f"/users/{ann.uuid}/b")[:0] == []
    assert _paths(ann, path="a.txt") == []
    assert _paths(ann, path="nothing/here") == []


def test_the_absolute_form_lists_too(ann: Person) -> None:
    ann.stored("b/1.txt")
    for path in (f"/users/{ann.uuid}", f"/users/{ann.uuid}/", f"/users/{ann.uuid}/b"):
        answer = ann.get("/list", bucket="users", path=path)
        assert [file["logical_path"] for file in answer.json()["files"]] == ["b/1.txt"], path


@pytest.mark.every_database
def test_signs_that_mean_something_to_sql_mean_nothing_here(ann: Person) -> None:
    for path in ("a_b/1.txt", "axb/2.txt", "a%b/3.txt", "A_B/4.txt"):
        ann.stored(path)
    assert _paths(ann, path="a_b") == ["a_b/1.txt"]
    assert _paths(ann, path="a%b") == ["a%b/3.txt"]
    assert _paths(ann, path="%") == []


@pytest.mark.every_database
def test_names_in_any_script_sort_and_list(ann: Person) -> None:
    for path in ("ü/1", "z/1", "日本/1", "🙂/1", "Ü/1"):
        ann.stored(path)
    assert _paths(ann) == sorted(["ü/1", "z/1", "日本/1", "🙂/1", "Ü/1"])
    assert _paths(ann, path="日本") == ["日本/1"]
    assert _paths(ann, path="u\u0308") == ["ü/1"]


@pytest.mark.every_database
def test_pages_meet_without_overlap(ann: Person) -> None:
    names = [f"f{number:02}.txt" for number in range(10)]
    for name in reversed(names):
        ann.stored(name)
    first = ann.get("/list", bucket="users", id=ann.uuid, page=1, limit=5).json()
    second = ann.get("/list", bucket="users", id=ann.uuid, page=2, limit=5).json()
    assert [file["filename"] for file in first["files"] + second["files"]] == names
    assert first["pagination"] == {"page": 1, "limit": 5, "total_items": 10, "total_pages": 2}
    assert ann.get("/list", bucket="users", id=ann.uuid, page=3, limit=5).json()["files"] == []


def test_an_empty_bucket_lists_empty(ann: Person) -> None:
    body: Any = ann.get("/list", bucket="users", id=ann.uuid).json()
    assert body["files"] == []
    assert body["pagination"] == {"page": 1, "limit": 50, "total_items": 0, "total_pages": 0}


def test_a_listed_file_says_all_the_contract_names(ann: Person) -> None:
    data = ann.stored("d/a.txt", b"hello")
    ann.post("/lock", file_id=data["file_id"])
    (file,) = ann.get("/list", bucket="users", id=ann.uuid).json()["files"]
    expected = {
        "id": data["file_id"],
        "file_id": data["file_id"],
        "bucket_type": "users",
        "bucket_id": ann.uuid,
        "bucket": "users",
        "logical_path": "d/a.txt",
        "path": f"/users/{ann.uuid}/d/a.txt",
        "filename": "a.txt",
        "owner_id": ann.uuid,
        "owner_name": ann.username,
        "status": "validated",
        "current_version_id": data["version_id"],
        "version": 1,
        "source_file_id": None,
        "tags": {},
        "mime_type": "text/plain",
        "size": 5,
        "is_deleted": False,
        "locked": True,
        "locked_by": ann.uuid,
    }
    assert {name: file[name] for name in expected} == expected
    assert file["created_at"].endswith("+00:00")
    assert file["updated_at"].endswith("+00:00")


def test_archived_files_are_listed_where_asked_for(ann: Person) -> None:
    data = ann.stored("old.txt")
    ann.stored("new.txt")
    ann.call("DELETE", "/delete", json={"file_id": data["file_id"]})
    assert _paths(ann) == ["new.txt"]
    assert _paths(ann, status="archived") == ["old.txt"]
    assert _paths(ann, status="approved") == _paths(ann, status="validated") == ["new.txt"]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"bucket": "users"},
        {"bucket": "users", "id": "not-a-uuid"},
        {"bucket": "users", "id": "{me}", "page": "0"},
        {"bucket": "users", "id": "{me}", "page": "-1"},
        {"bucket": "users", "id": "{me}", "page": "x"},
        {"bucket": "users", "id": "{me}", "limit": "0"},
        {"bucket": "users", "id": "{me}", "limit": "1001"},
        {"bucket": "users", "id": "{me}", "limit": "9" * 30},
        {"bucket": "users", "id": "{me}", "path": "../x"},
        {"bucket": "users", "id": "{me}", "status": "lost"},
    ],
)
def test_malformed_lists_are_refused(ann: Person, params: dict[str, str]) -> None:
    asked = {name: value.replace("{me}", ann.uuid) for name, value in params.items()}
    refused(ann.get("/list", **asked), 400, "validation_error")


def test_lists_of_others_are_closed(ann: Person, ben: Person) -> None:
    ben.stored("secret.txt")
    refused(ann.get("/list", bucket="users", id=ben.uuid), 403, "access_denied")
    refused(ann.get("/list", bucket="companies", id=ben.company), 403, "access_denied")
    refused(ann.get("/list", bucket="cellars", id=ann.uuid), 403, "bucket_not_found")


def test_metadata_tells_of_a_file_and_what_belongs_to_it(ann: Person) -> None:
    first = ann.stored("a.txt", b"one")
    second = ann.stored("a.txt", b"three")
    ann.post("/lock", file_id=first["file_id"], reason="mine", lock_type="review", expires_in=60)
    bare = ann.metadata("a.txt")
    assert set(bare) == {"file", "current_version", "status", "data"}
    assert bare["file"]["version"] == 2
    assert bare["current_version"]["id"] == second["version_id"]
    assert bare["current_version"]["version_number"] == 2
    assert bare["current_version"]["size"] == 5
    assert bare["current_version"]["mime_type"] == "text/plain"
    full = ann.metadata("a.txt", include_versions="true", include_locks="1", include_audit="yes")
    assert [version["version_number"] for version in full["versions"]] == [2, 1]
    (lock,) = full["locks"]
    assert lock["locked_by"] == ann.uuid
    assert lock["lock_type"] == "review"
    assert lock["reason"] == "mine"
    assert lock["expires_at"]
    assert lock["is_active"] is True
    assert [entry["action"] for entry in full["audit_logs"]] == ["lock", "upload", "upload"]
    entry = full["audit_logs"][0]
    assert entry["file_id"] == first["file_id"]
    assert entry["user_id"] == ann.uuid
    assert entry["ip_address"]
    assert entry["user_agent"]
    assert isinstance(entry["details"], dict)


def test_metadata_refusals(ann: Person, ben: Person) -> None:
    place = ann.read_at("missing.txt")
    refused(ann.get("/metadata", **place), 404, "file_not_found")
    refused(ann.get("/metadata"), 400, "validation_error")
    refused(ann.get("/metadata", **{**place, "id": "x"}), 400, "validation_error")
    refused(ann.get("/metadata", **{**place, "logical_path": "a/../b"}), 400, "validation_error")
    refused(ann.get("/metadata", **place, include_audit="maybe"), 400, "validation_error")
    refused(ben.get("/metadata", **place), 403, "access_denied")
    refused(ann.get("/metadata", **{**place, "bucket": "x"}), 403, "bucket_not_found")


def test_tags_are_replaced_and_a_description_is_one_of_them(ann: Person) -> None:
    data = ann.stored("a.txt")
    params = ann.read_at("a.txt")

    def patch(**body: Any) -> Any:
        return succeeded(ann.call("PATCH", "/metadata", params=params, json=body))

    tags = {"n": 1, "f": 1.5, "list": [1, "two", None], "deep": {"yes": True}, "ü": "日本"}
    changed = patch(tags=tags)
    assert changed == {"file_id": data["file_id"], "updated_fields": {"tags": tags}}
    assert ann.metadata("a.txt")["file"]["tags"] == tags
    patch(description="about it")
    assert ann.metadata("a.txt")["file"]["tags"] == {**tags, "description": "about it"}
    patch(tags={"only": "this"})
    assert ann.metadata("a.txt")["file"]["tags"] == {"only": "this"}
    patch(tags={"x": 1}, description="both")
    assert ann.metadata("a.txt")["file"]["tags"] == {"x": 1, "description": "both"}
    patch(description=None)
    patch(tags=None)
    assert ann.metadata("a.txt")["file"]["tags"] == {}


def test_metadata_changes_that_are_refused(ann: Person, ben: Person) -> None:
    ann.stored("a.txt")
    params = ann.read_at("a.txt")
    bodies: list[dict[str, Any]] = [{}, {"colour": "red"}, {"tags": []}, {"tags": "x"}, {"description": 7}]
    for body in bodies:
        refused(ann.call("PATCH", "/metadata", params=params, json=body), 400, "validation_error")
    refused(ben.call("PATCH", "/metadata", params=params, json={"tags": {}}), 403, "access_denied")
    gone = ann.read_at(uuid4().hex)
    refused(ann.call("PATCH", "/metadata", params=gone, json={"tags": {}}), 404, "file_not_found")


def test_folders_are_browsed_one_level_at_a_time(ann: Person, ben: Person) -> None:
    for path in ("a.txt", "d/b.txt", "d/e/c.txt"):
        ann.stored(path)
    succeeded(ann.post("/folders", **ann.at("empty/inner")), 201)
    root = ann.get("/folders", bucket="users", id=ann.uuid).json()
    assert [folder["name"] for folder in root["folders"]] == ["d", "empty"]
    assert [file["name"] for file in root["files"]] == ["a.txt"]
    assert "write" in root["can"]
    below = ann.get("/folders", bucket="users", id=ann.uuid, path="d").json()
    assert [folder["path"] for folder in below["folders"]] == ["d/e"]
    assert [file["logical_path"] for file in below["files"]] == ["d/b.txt"]
    refused(ann.get("/folders", bucket="users", id=ann.uuid, path="nope"), 404, "folder_not_found")
    refused(ben.get("/folders", bucket="users", id=ann.uuid), 403, "access_denied")
    refused(ann.call("DELETE", "/folders", json=ann.at("d")), 409, "file_exists")
    succeeded(ann.call("DELETE", "/folders", json=ann.at("empty/inner")))
    succeeded(ann.call("DELETE", "/folders", json=ann.at("empty")))
    refused(ann.call("DELETE", "/folders", json=ann.at("empty")), 404, "folder_not_found")
    refused(ann.post("/folders", **ann.at("a.txt")), 409, "file_exists")


def test_a_file_moves_with_its_history(ann: Person, carla: Person) -> None:
    data = ann.stored("d/a.txt", bucket="companies")
    ann.stored("taken.txt", bucket="companies")
    moved = succeeded(ann.post("/move", **ann.at("d/a.txt", "companies"), target_path="e/f/b.txt"))
    assert moved["file_id"] == data["file_id"]
    assert ann.fetch("e/f/b.txt", bucket="companies").content == b"hello"
    assert ann.fetch("d/a.txt", bucket="companies").status_code == 404
    place = ann.at("e/f/b.txt", "companies")
    refused(ann.post("/move", **place, target_path="taken.txt"), 409, "file_exists")
    refused(ann.post("/move", **place, target_path="../x"), 400, "validation_error")
    carla.post("/lock", file_id=data["file_id"])
    refused(ann.post("/move", **place, target_path="g.txt"), 409, "file_locked")
