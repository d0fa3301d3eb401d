"""What a resumable upload may ask for: checksums, a lock that still holds, a version that is still current."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import pytest

from tests.documents.envelope import refused, succeeded
from tests.documents.resumable import OCTETS, TUS, begin, begun, end, look, offset_of, send, uploaded
from tests.servers.crib import Crib, Person

pytestmark = pytest.mark.moves_bytes

MIB = 2**20


def _checksum(content: bytes, algorithm: str = "sha1") -> dict[str, str]:
    digest = hashlib.new(algorithm, content).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


def _objects(crib: Crib) -> set[str]:
    """What lies in the store for uploads on their way. Those of other tests may go at any time: their hour comes
    when a test moves the clock."""

    async def read() -> set[str]:
        return {info.key async for page in crib.app.kernel.blobs.store.pages("uploads") for info in page}

    return crib.run(read())


# The checksum of one body


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_a_right_checksum(ann: Person, algorithm: str) -> None:
    upload = begun(ann, 10)
    first = send(ann, upload, 0, b"hello", _checksum(b"hello", algorithm))
    assert first.status_code == 204, first.text
    last = send(ann, upload, 5, b"world", _checksum(b"world", algorithm))
    assert last.headers["X-Version-Number"] == "1"
    assert ann.fetch("a.bin").content == b"helloworld"


def test_nothing_of_a_body_with_a_wrong_checksum_counts(crib: Crib, ann: Person) -> None:
    before = _objects(crib)
    upload = begun(ann, 10)
    refused(send(ann, upload, 0, b"hellO", _checksum(b"hello")), 460, "checksum_mismatch")
    assert offset_of(ann, upload) == 0
    assert _objects(crib) <= before
    assert send(ann, upload, 0, b"hello", _checksum(b"hello")).status_code == 204
    refused(send(ann, upload, 5, b"worlD", _checksum(b"world")), 460, "checksum_mismatch")
    assert offset_of(ann, upload) == 5
    assert ann.fetch("a.bin").status_code == 404
    assert send(ann, upload, 5, b"world", _checksum(b"world")).headers["X-Version-Number"] == "1"


def test_a_checksum_holds_for_all_parts_of_a_body(crib: Crib, ann: Person) -> None:
    """40 MiB are stored in several parts, of which none counts before the last is checked."""
    before = _objects(crib)
    content = b"".join(bytes([number]) * MIB for number in range(40))
    upload = begun(ann, len(content) + 1)
    refused(send(ann, upload, 0, content, _checksum(b"other")), 460, "checksum_mismatch")
    assert offset_of(ann, upload) == 0
    assert _objects(crib) <= before
    assert send(ann, upload, 0, content, _checksum(content)).headers["Upload-Offset"] == str(len(content))
    assert send(ann, upload, len(content), b"!").headers["X-Version-Number"] == "1"
    assert ann.fetch("a.bin").content == content + b"!"


@pytest.mark.parametrize("header", ["md17 AAAA", "sha1", "sha1 ???", "sha1 \xff", "", "AAAA"])
def test_a_checksum_nobody_can_check(ann: Person, header: str) -> None:
    upload = begun(ann, 5)
    given = {**TUS, "Upload-Offset": "0", "Content-Type": OCTETS, "Upload-Checksum": header}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
    answer = ann.client.patch(upload, content=b"hello", headers=raw)
    refused(answer, 400, "validation_error")
    assert offset_of(ann, upload) == 0


def test_a_wrong_checksum_of_the_first_request(crib: Crib, ann: Person) -> None:
    before = _objects(crib)
    refused(begin(ann, 5, content=b"hello", headers=_checksum(b"other")), 460, "checksum_mismatch")
    assert _objects(crib) <= before
    assert ann.fetch("a.bin").status_code == 404


# The hash of the whole


def test_the_whole_has_the_announced_hash(ann: Person) -> None:
    right = hashlib.sha256(b"helloworld").hexdigest()
    assert uploaded(ann, b"helloworld", piece=4, sha256=right.upper()).headers["X-Checksum-SHA256"] == right
    assert begin(ann, 10, content=b"helloworld", sha256=right).headers["X-Version-Number"] == "2"
    assert begin(ann, 0, "none", sha256=hashlib.sha256().hexdigest()).status_code == 201


@pytest.mark.parametrize("piece", [4, 10])
def test_a_whole_with_another_hash_is_refused_and_gone(crib: Crib, ann: Person, piece: int) -> None:
    before = _objects(crib)
    upload = begun(ann, 10, sha256="0" * 64)
    if piece == 4:
        assert send(ann, upload, 0, b"hell").status_code == 204
    rest = b"helloworld"[offset_of(ann, upload) :]
    refused(send(ann, upload, 10 - len(rest), rest), 400, "hash_mismatch")
    assert look(ann, upload).status_code == 404
    assert ann.fetch("a.bin").status_code == 404
    assert _objects(crib) <= before
    refused(begin(ann, 0, sha256="0" * 64), 400, "hash_mismatch")
    refused(begin(ann, 5, sha256="0" * 64, content=b"hello"), 400, "hash_mismatch")
    assert _objects(crib) <= before


# Locks and versions


def _fence(person: Person, file_id: str) -> int:
    fence: int = succeeded(person.post("/lock", file_id=file_id))["fence"]
    return fence


def _held(person: Person, file_id: str) -> bool:
    return bool(person.get("/locks", file_id=file_id).json()["data"]["locks"])


def test_a_lock_that_still_holds_is_given_back_with_the_version(ann: Person) -> None:
    file_id = ann.stored("a.bin", b"one")["file_id"]
    fence = _fence(ann, file_id)
    upload = begun(ann, 6, fence=str(fence), base_version="1", release="true")
    send(ann, upload, 0, b"two")
    assert _held(ann, file_id)
    assert send(ann, upload, 3, b"two").headers["X-Version-Number"] == "2"
    assert not _held(ann, file_id)
    page = ann.client.get("/api/events", params={"kind": "document", "key": file_id, "order": "asc"}).json()
    assert [event["verb"] for event in page["events"]] == ["uploaded", "acquired", "uploaded", "released"]
    assert "unlock" in [entry["action"] for entry in ann.metadata("a.bin", include_audit="1")["audit_logs"]]


def test_a_lock_is_kept_unless_it_is_to_be_given_back(ann: Person) -> None:
    file_id = ann.stored("a.bin", b"one")["file_id"]
    fence = _fence(ann, file_id)
    assert uploaded(ann, b"two", fence=str(fence)).headers["X-Version-Number"] == "2"
    assert _held(ann, file_id)
    assert uploaded(ann, b"three", release="true").headers["X-Version-Number"] == "3"
    assert not _held(ann, file_id)
    # There is nothing to give back, and nothing wrong with that.
    assert uploaded(ann, b"four", release="true").headers["X-Version-Number"] == "4"


def test_what_no_longer_holds_is_refused_before_any_bytes(ann: Person, carla: Person) -> None:
    at: dict[str, Any] = {"bucket": "companies"}
    file_id = ann.stored("a.bin", b"one", **at)["file_id"]
    refused(begin(ann, 3, fence="1", **at), 409, "version_conflict")
    for number in ("0", "2"):
        refused(begin(ann, 3, base_version=number, **at), 409, "version_conflict")
    refused(begin(ann, 3, "new.bin", base_version="1", **at), 409, "version_conflict")
    assert begin(ann, 3, "new.bin", base_version="0", **at).status_code == 201
    _fence(carla, file_id)
    details = refused(begin(ann, 3, **at), 409, "file_locked")
    assert details["locked_by"] == carla.uuid
    refused(begin(ann, 0, **at), 409, "file_locked")
    succeeded(ann.post("/folders", **ann.at("f", **at)), 201)
    refused(begin(ann, 3, "f", **at), 409, "file_exists")


@pytest.mark.every_database
def test_a_lock_taken_meanwhile_refuses_the_version_and_not_the_upload(ann: Person, carla: Person) -> None:
    file_id = ann.stored("a.bin", b"one", bucket="companies")["file_id"]
    upload = begun(ann, 10, bucket="companies")
    _fence(carla, file_id)
    assert send(ann, upload, 0, b"hello").status_code == 204
    for _ in range(2):
        details = refused(send(ann, upload, 5, b"world"), 409, "file_locked")
        assert details["locked_by"] == carla.uuid
        assert offset_of(ann, upload) == 5
    assert ann.metadata("a.bin", bucket="companies")["file"]["version"] == 1
    succeeded(carla.post("/unlock", file_id=file_id))
    assert send(ann, upload, 5, b"world").headers["X-Version-Number"] == "2"
    assert ann.fetch("a.bin", "companies").content == b"helloworld"


def test_the_same_for_a_body_that_is_the_whole(ann: Person, carla: Person) -> None:
    file_id = ann.stored("a.bin", b"one", bucket="companies")["file_id"]
    upload = begun(ann, 5, bucket="companies")
    _fence(carla, file_id)
    refused(send(ann, upload, 0, b"hello"), 409, "file_locked")
    assert offset_of(ann, upload) == 0
    succeeded(carla.post("/unlock", file_id=file_id))
    assert send(ann, upload, 0, b"hello").headers["X-Version-Number"] == "2"


@pytest.mark.every_database
def test_a_version_made_meanwhile_and_a_lock_lost_meanwhile(ann: Person) -> None:
    file_id = ann.stored("a.bin", b"one")["file_id"]
    fence = _fence(ann, file_id)
    by_version = begun(ann, 5, base_version="1")
    by_fence = begun(ann, 5, fence=str(fence), release="true")
    ann.stored("a.bin", b"two")
    assert refused(send(ann, by_version, 0, b"hello"), 409, "version_conflict")["version"] == 2
    succeeded(ann.post("/unlock", file_id=file_id))
    assert _fence(ann, file_id) > fence
    refused(send(ann, by_fence, 0, b"hello"), 409, "version_conflict")
    assert _held(ann, file_id)
    assert offset_of(ann, by_version) == offset_of(ann, by_fence) == 0
    assert ann.metadata("a.bin")["file"]["version"] == 2
    assert end(ann, by_version).status_code == 204


def test_a_right_lost_meanwhile(crib: Crib, ann: Person, ben: Person) -> None:
    project = crib.project(ann, member=ben)
    at: dict[str, Any] = {"bucket": "projects", "owner": project}
    upload = begun(ben, 10, **at)
    assert send(ben, upload, 0, b"hello").status_code == 204
    member = f"/api/projects/{project}/members/{ben.username}"
    assert ann.client.put(member, json={"role": "viewer"}).is_success
    refused(send(ben, upload, 5, b"world"), 403, "access_denied")
    assert ann.client.put(member, json={"role": "member"}).is_success
    assert send(ben, upload, 5, b"world").headers["X-Version-Number"] == "1"


# The same for forms


def test_a_form_may_ask_for_the_same(ann: Person) -> None:
    data = ann.stored("a.bin", b"one")
    fence = _fence(ann, data["file_id"])
    refused(ann.put("a.bin", b"x", fence=str(fence + 1)), 409, "version_conflict")
    refused(ann.put("a.bin", b"x", base_version="0"), 409, "version_conflict")
    assert _held(ann, data["file_id"])
    asked = {"fence": str(fence), "base_version": "1", "release": "true"}
    assert succeeded(ann.put("a.bin", b"two", **asked), 201)["version_number"] == 2
    assert not _held(ann, data["file_id"])
    assert succeeded(ann.put("a.bin", b"three", fence="", base_version="", release=""), 201)


@pytest.mark.parametrize(("name", "value"), [("fence", "x"), ("base_version", "-1"), ("release", "perhaps")])
def test_a_form_may_not_ask_for_nonsense(ann: Person, name: str, value: str) -> None:
    answer: httpx.Response = ann.put("a.bin", b"x", **{name: value})
    assert name in refused(answer, 400, "validation_error")
    assert ann.fetch("a.bin").status_code == 404
