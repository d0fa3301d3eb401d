"""What the page needs beside the contract: buckets, search, folders as wholes, versions brought back."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import Crib, Person


def _buckets(person: Person) -> list[dict[str, Any]]:
    answer = person.get("/buckets")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["buckets"]
    return found


def _found(person: Person, q: str, **more: Any) -> list[str]:
    answer = person.get("/search", q=q, **more)
    assert answer.status_code == 200, answer.text
    return [file["logical_path"] for file in answer.json()["files"]]


def _remove(person: Person, place: dict[str, str], **more: Any) -> Any:
    return person.call("DELETE", "/folders", json={**place, **more})


def _names(person: Person, path: str = "", bucket: str = "users") -> tuple[list[str], list[str]]:
    place = person.at(path, bucket)
    found = person.get("/folders", bucket=bucket, id=place["bucket_id"], path=path).json()
    return [folder["name"] for folder in found["folders"]], [file["name"] for file in found["files"]]


def test_buckets_are_ones_own_the_companys_and_ones_projects(crib: Crib, ann: Person, ben: Person) -> None:
    project = crib.project(ann, viewer=ben)
    hidden = crib.project(ann)
    mine = _buckets(ben)
    assert [(one["bucket"], one["id"]) for one in mine[:2]] == [
        ("users", ben.uuid),
        ("companies", ben.company),
    ]
    projects = {one["id"]: one for one in mine if one["bucket"] == "projects"}
    assert projects[project]["scope"] == f"project:{projects[project]['name']}"
    assert hidden not in projects
    assert {one["id"] for one in mine if one["bucket"] == "users"} == {ben.uuid}


def test_ones_own_bucket_is_found_by_its_name(ann: Person) -> None:
    for text, is_found in ((ann.username.upper(), True), (f"{ann.username} ", False)):
        found = ann.get("/buckets", q=text).json()["buckets"]
        assert (ann.uuid in {one["id"] for one in found}) is is_found


@pytest.mark.every_database
def test_a_project_nobody_registered_is_found_by_its_files(ann: Person, ben: Person) -> None:
    project = str(uuid4())
    assert project not in {one["id"] for one in _buckets(ben)}
    ann.stored("a.txt", bucket="projects", owner=project)
    assert {"bucket": "projects", "id": project, "name": None, "scope": f"project:{project}"} in _buckets(ben)


def test_nobody_lists_buckets_or_searches_without_signing_in(crib: Crib) -> None:
    for route in ("/buckets", "/search?q=a"):
        assert crib.client().get(f"/api/storage{route}").status_code == 401


@pytest.mark.every_database
def test_a_search_goes_through_every_bucket_one_may_read_and_no_other(
    crib: Crib, ann: Person, ben: Person
) -> None:
    word = uuid4().hex[:10]
    project = crib.project(ann, viewer=ben)
    ann.stored(f"plans/Quay {word}.pdf", bucket="projects", owner=project)
    ann.stored(f"{word}/secret.txt")
    ben.stored(f"{word}/Notes.txt")
    assert _found(ben, f"{word.upper()} QUAY") == [f"plans/Quay {word}.pdf"]
    assert sorted(_found(ben, word)) == [f"{word}/Notes.txt", f"plans/Quay {word}.pdf"]
    assert _found(ben, f"{word} %") == []
    assert _found(ben, word, limit=1) == [f"plans/Quay {word}.pdf"], "a word in the name counts more"
    succeeded(ben.call("DELETE", "/delete", json=ben.at(f"{word}/Notes.txt")))
    assert _found(ben, word) == [f"plans/Quay {word}.pdf"]
    refused(ben.get("/search", q="  "), 400, "validation_error")
    refused(ben.get("/search", q="a " * 9), 400, "validation_error")
    refused(ben.get("/search", q="a", limit=51), 400, "validation_error")


@pytest.mark.every_database
def test_whoever_follows_a_searchs_cursors_gets_every_match_once(ann: Person, ben: Person) -> None:
    word = uuid4().hex[:10]
    named = {f"{number}/{word}.txt" for number in range(3)}
    others = {f"{word}/{number}.txt" for number in range(4)}
    for path in named | others:
        ann.stored(path)
    ann.stored(f"{word}/5.txt", bucket="companies")
    answers = [ann.get("/search", q=word, limit=2).json()]
    while answers[-1]["next_cursor"]:
        assert answers[-1]["warnings"] == ["partial_answer"]
        answers.append(ann.get("/search", q=word, limit=2, cursor=answers[-1]["next_cursor"]).json())
    paths = [file["logical_path"] for answer in answers for file in answer["files"]]
    assert [len(answer["files"]) for answer in answers] == [2, 2, 2, 2]
    assert set(paths[:3]) == named
    assert sorted(paths[3:]) == sorted(others | {f"{word}/5.txt"})
    assert answers[-1]["warnings"] == []
    cursor = answers[0]["next_cursor"]
    for person, q, wrong in (
        (ben, word, cursor),
        (ann, f"{word} txt", cursor),
        (ann, word, cursor[:-8]),
        (ann, word, str(uuid4())),
        (ann, word, "é"),
        (ann, word, "a" * 5_000),
    ):
        refused(person.get("/search", q=q, cursor=wrong), 400, "validation_error")
    refused(ann.get("/search", q=word, cursor=cursor, **ann.at("")), 400, "validation_error")


@pytest.mark.every_database
def test_a_folder_moves_with_all_below_it(ann: Person, ben: Person, carla: Person) -> None:
    data = ann.stored("old/in/a.txt", bucket="companies")
    ann.stored("other.txt", bucket="companies")
    place = ann.at("old", "companies")
    refused(ben.post("/folders/move", **place, target_path="stolen"), 403, "access_denied")
    refused(ann.post("/folders/move", **place, target_path="old/in/old"), 400, "validation_error")
    refused(ann.post("/folders/move", **place, target_path="other.txt"), 409, "file_exists")
    refused(ann.post("/folders/move", **ann.at("no", "companies"), target_path="x"), 404, "folder_not_found")
    carla.post("/lock", file_id=data["file_id"])
    refused(ann.post("/folders/move", **place, target_path="new/home"), 409, "file_locked")
    carla.post("/unlock", file_id=data["file_id"])
    moved = succeeded(ann.post("/folders/move", **place, target_path="new/home"))
    assert moved == {"path": f"/companies/{ann.company}/new/home", "files": 1}
    assert ann.fetch("new/home/in/a.txt", bucket="companies").content == b"hello"
    assert "old" not in _names(ann, bucket="companies")[0]


def test_a_folder_goes_with_all_in_it_and_its_files_come_back(ann: Person, ben: Person) -> None:
    ids = {ann.stored(f"set/{name}")["file_id"] for name in ("a.txt", "deep/b.txt")}
    ann.stored("settle.txt")
    refused(_remove(ann, ann.at("set")), 409, "file_exists")
    refused(_remove(ben, ann.at("set"), recursive=True), 403, "access_denied")
    gone = succeeded(_remove(ann, ann.at("set"), recursive=True))
    assert set(gone["archived"]) == ids
    assert _names(ann) == ([], ["settle.txt"])
    refused(_remove(ann, ann.at("set"), recursive=True), 404, "folder_not_found")
    for file_id in ids:
        succeeded(ann.post("/restore", file_id=file_id))
    assert _names(ann, "set") == (["deep"], ["a.txt"])
    assert _names(ann, "set/deep") == ([], ["b.txt"])


def test_a_folder_with_a_file_that_another_holds_stays_whole(ann: Person, carla: Person) -> None:
    ann.stored("set/a.txt", bucket="companies")
    held = ann.stored("set/b.txt", bucket="companies")["file_id"]
    succeeded(carla.post("/lock", file_id=held))
    details = refused(_remove(ann, ann.at("set", "companies"), recursive=True), 409, "file_locked")
    assert details["holder"] == carla.username
    assert _names(ann, "set", "companies") == ([], ["a.txt", "b.txt"])


def test_a_file_whose_name_a_folder_took_is_not_restored_over_it(ann: Person) -> None:
    file_id = ann.stored("name")["file_id"]
    succeeded(ann.call("DELETE", "/delete", json={"file_id": file_id}))
    ann.stored("name/inner.txt")
    refused(ann.post("/restore", file_id=file_id), 409, "file_exists")


def test_an_earlier_version_is_brought_back_as_the_newest(ann: Person, ben: Person, carla: Person) -> None:
    first = ann.stored("a.txt", b"one", bucket="companies")
    second = ann.stored("a.txt", b"two", bucket="companies")
    back = f"/versions/{first['version_id']}/restore"
    refused(ben.post(back), 403, "access_denied")
    refused(ann.post(f"/versions/{second['version_id']}/restore"), 409, "version_conflict")
    refused(ann.post(f"/versions/{uuid4()}/restore"), 404, "version_not_found")
    succeeded(carla.post("/lock", file_id=first["file_id"]))
    refused(ann.post(back), 409, "file_locked")
    saved = succeeded(carla.post(back), 201)
    assert saved["version_number"] == 3
    assert ann.fetch("a.txt", bucket="companies").content == b"one"
    newest = ann.get("/versions", file_id=first["file_id"]).json()["versions"][0]
    assert newest["changelog"] == "Version 1 again"
    assert newest["created_by"] == carla.uuid


def test_what_was_never_current_is_not_brought_back(ann: Person, carla: Person) -> None:
    file_id = ann.stored("a.txt", bucket="companies")["file_id"]
    version = ann.committed(file_id)
    refused(carla.post(f"/versions/{version}/restore"), 409, "version_conflict")
    succeeded(carla.post(f"/versions/{version}/reject"))
    refused(ann.post(f"/versions/{version}/restore"), 409, "version_conflict")


def test_only_our_own_page_frames_a_pdf(ann: Person) -> None:
    ann.stored("a.pdf", b"%PDF-1.4", mime="application/pdf")
    shown = ann.fetch("a.pdf", inline="true")
    assert shown.headers["content-security-policy"] == "frame-ancestors 'self'"
    assert shown.headers["content-disposition"].startswith("inline")
    assert ann.fetch("a.pdf").headers["content-security-policy"].startswith("sandbox;")


def test_nobody_hides_projects_by_making_many(tmp_path: Path) -> None:
    """Only so many that nobody registered are listed: one's own are, and those last written to."""
    crib = Crib.start(tmp_path, STORAGE_LISTED_PROJECTS=5)
    try:
        ann, ben = crib.person(), crib.person()
        mine, busy = f"ffffffff{str(uuid4())[8:]}", f"fffffffe{str(uuid4())[8:]}"
        ann.stored("mine.txt", bucket="projects", owner=mine)
        for number in range(5):
            crib.clock.advance(seconds=1)
            ben.stored("a.txt", bucket="projects", owner=f"{number:08}{str(uuid4())[8:]}")
        crib.clock.advance(seconds=1)
        ben.stored("busy.txt", bucket="projects", owner=busy)
        listed = {one["id"] for one in _buckets(ann)}
        assert {mine, busy} < listed
        assert len(listed) == 2 + 5
        assert _found(ann, "mine") == ["mine.txt"]
        assert _found(ann, "busy") == ["busy.txt"]
    finally:
        crib.close()


def test_a_listed_file_tells_the_status_of_its_current_version(ann: Person) -> None:
    """The file's own word is `validated` from the first upload on, whether or not anybody approved it."""
    ann.stored("told/a.txt")
    place = {"bucket": "users", "id": ann.uuid, "path": "told"}
    for route in ("/folders", "/list"):
        (file,) = ann.get(route, **place).json()["files"]
        assert (file["status"], file["version_status"]) == ("validated", "draft"), route
