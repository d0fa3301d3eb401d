"""Uploads that are sent again with an Idempotency-Key, at every door that takes content."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.documents.envelope import refused, succeeded
from tests.documents.resumable import begin
from tests.documents.webdav import Dav, body_of, numbers
from tests.servers.crib import Crib, Person

pytestmark = pytest.mark.moves_bytes

DOORS = ("form", "signed", "dav", "tus")


def sent(crib: Crib, ann: Person, door: str, content: bytes, key: str | None, **more: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    match door:
        case "form":
            files = {"file": ("a.bin", content, "text/plain")}
            data = {**ann.at("a.bin"), **more}
            return ann.call("POST", "/upload/proxy", data=data, files=files, headers=headers)
        case "signed":
            asked = {"object_key": ann.sent(content, "a.bin")}
            return ann.call("POST", "/upload/confirm", json=asked, headers=headers)
        case "dav":
            return Dav(crib, ann).put("a.bin", content, **headers, **more)
    return begin(ann, len(content), content=content, headers=headers, **more)


@pytest.mark.parametrize("door", DOORS)
def test_a_repeat_makes_no_version(crib: Crib, ann: Person, door: str) -> None:
    assert sent(crib, ann, door, b"one", "k1").status_code in {200, 201}
    for key in ("k1", "another"):  # the content is current already
        again = sent(crib, ann, door, b"one", key)
        assert again.status_code == (204 if door == "dav" else 201 if door == "tus" else 200), again.text
    assert numbers(ann, "a.bin") == [1]
    sent(crib, ann, door, b"one", None)  # who does not ask for it gets a version
    assert numbers(ann, "a.bin") == [2, 1]
    # Whatever has happened since.
    sent(crib, ann, door, b"two", "k2")
    sent(crib, ann, door, b"three", "k3")
    again = sent(crib, ann, door, b"two", "k2")
    assert again.is_success, again.text
    assert numbers(ann, "a.bin") == [4, 3, 2, 1]
    assert ann.fetch("a.bin").content == b"three"
    if door in {"form", "signed"}:
        assert (succeeded(again)["version_number"], succeeded(again)["unchanged"]) == (3, True)
    elif door == "tus":
        assert again.headers["X-Version-Number"] == "3"
    # Other content with a key that was used is a mistake.
    other = sent(crib, ann, door, b"other", "k3")
    assert other.status_code == 422, other.text
    if door == "dav":
        assert body_of(other).findtext("{urn:toolcrib}code") == "idempotency_key_reused"
    assert numbers(ann, "a.bin") == [4, 3, 2, 1]


def test_a_repeat_meets_no_condition_that_the_first_has_used_up(
    crib: Crib, ann: Person, carla: Person
) -> None:
    first = sent(crib, ann, "form", b"one", "k1", base_version="0")
    assert first.status_code == 201
    assert succeeded(sent(crib, ann, "form", b"one", "k1", base_version="0"))["version_number"] == 1
    fence = succeeded(ann.post("/lock", **ann.at("a.bin")))["fence"]
    options = {"fence": str(fence), "base_version": "1", "release": "true"}
    assert sent(crib, ann, "form", b"two", "k2", **options).status_code == 201
    assert succeeded(sent(crib, ann, "form", b"two", "k2", **options))["version_number"] == 2
    tag = sent(crib, ann, "dav", b"three", "k3").headers["ETag"]
    assert sent(crib, ann, "dav", b"four", "k4", If_Match=tag).status_code == 204
    assert sent(crib, ann, "dav", b"four", "k4", If_Match=tag).status_code == 204
    assert sent(crib, ann, "dav", b"four", "k5", If_Match=tag).status_code == 412
    assert sent(crib, ann, "tus", b"five", "k6", base_version="4").status_code == 201
    assert sent(crib, ann, "tus", b"five", "k6", base_version="4").headers["X-Version-Number"] == "5"
    refused(sent(crib, ann, "form", b"six", "k7", base_version="4"), 409, "version_conflict")


def test_content_that_is_submitted_again_makes_one_version(crib: Crib, ann: Person, carla: Person) -> None:
    headers = {"Idempotency-Key": "k1"}
    file_id = ann.stored("a.bin", b"one", bucket="companies")["file_id"]
    work = {"source_bucket": "companies", "source_id": ann.company, "source_path": "a.bin"}
    copied = ann.post("/copy", **work, target_bucket="users", target_id=ann.uuid, target_path="w.bin")
    assert copied.status_code == 201, copied.text
    ann.stored("w.bin", b"two")
    forms: list[dict[str, str]] = [
        {"file_id": file_id, "object_key": ann.sent(b"two", "x.bin")},
        {"file_id": file_id, "object_key": ann.sent(b"two", "y.bin")},
        {
            "source_bucket": "users",
            "source_path": f"/users/{ann.uuid}/w.bin",
            "target_bucket": "companies",
            "target_path": f"/companies/{ann.company}/a.bin",
        },
    ]
    for form in forms:
        answer = ann.call("POST", "/versions/commit", json=form, headers=headers)
        assert succeeded(answer, 201)["version_number"] == 2
    other = {"file_id": file_id, "object_key": ann.sent(b"three", "z.bin")}
    answer = ann.call("POST", "/versions/commit", json=other, headers=headers)
    refused(answer, 422, "idempotency_key_reused")
    assert succeeded(ann.post("/versions/commit", **forms[1]), 201)["version_number"] == 2


def test_a_key_is_of_one_person_and_one_file(crib: Crib, ann: Person, carla: Person) -> None:
    for person, content in ((ann, b"ann"), (carla, b"carla"), (ann, b"ann")):
        files = {"file": ("c.bin", content, "text/plain")}
        answer = person.call(
            "POST",
            "/upload/proxy",
            data=person.at("c.bin", "companies"),
            files=files,
            headers={"Idempotency-Key": "same"},
        )
        assert answer.is_success, answer.text
    assert numbers(ann, "c.bin", "companies") == [2, 1]
    assert ann.fetch("c.bin", "companies").content == b"carla"
    assert sent(crib, ann, "form", b"elsewhere", "same").status_code == 201


@pytest.mark.parametrize("door", DOORS)
def test_a_key_must_be_one(crib: Crib, ann: Person, door: str) -> None:
    for key in ("", "x" * 256):
        assert sent(crib, ann, door, b"one", key).status_code == 400
    if door == "signed":  # what was sent has appeared, and is only not confirmed
        assert numbers(ann, "a.bin") == [1]
    else:
        assert ann.fetch("a.bin").status_code == 404


@pytest.mark.every_database
@pytest.mark.databases("sqlite", "postgresql", "mariadb")
def test_the_same_upload_at_once_makes_one_version(crib: Crib, ann: Person) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: sent(crib, ann, "form", b"one", "k1"), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert numbers(ann, "a.bin") == [1]


def test_a_repeat_takes_no_room(crib: Crib, ann: Person) -> None:
    content = b"x" * 1_000
    sent(crib, ann, "form", content, "k1")
    before = ann.client.get("/api/quotas").json()
    for door in DOORS:
        assert sent(crib, ann, door, content, "k1").is_success
    assert ann.client.get("/api/quotas").json() == before
