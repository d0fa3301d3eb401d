"""The file store down, hanging, full, read-only; bytes lost and found again."""

from __future__ import annotations

import resource
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.documents.envelope import refused, succeeded
from tests.documents.resumable import begin
from tests.servers.crib import BASE, Crib, Person
from tests.servers.s3 import S3Server
from tests.servers.s3 import s3 as run_s3
from toolcrib.documents.service.lookup import documents_of
from toolcrib.documents.service.verifying import Report, verify
from toolcrib.kernel.blobs.problems import StorageUnavailable

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def own_crib(tmp_path: Path) -> Iterator[Crib]:
    """A server whose files may be broken."""
    one = Crib.start(tmp_path)
    yield one
    one.close()


def _nothing_is_left(person: Person) -> None:
    assert person.get("/list", bucket="users", id=person.uuid).json()["pagination"]["total_items"] == 0
    assert person.get("/list", bucket="users", id=person.uuid, status="archived").json()["files"] == []


def _unhealthy(crib: Crib) -> None:
    answer = crib.client().get(BASE + "/health")
    assert answer.status_code == 503
    body = answer.json()
    assert body["status"] == "unhealthy"
    assert body["checks"]["storage"]["healthy"] is False
    assert body["checks"]["database"]["healthy"] is True


def test_a_store_that_takes_nothing(own_crib: Crib) -> None:
    person = own_crib.person()
    files = own_crib.folder / "files"
    shutil.rmtree(files)
    files.write_text("a file where the folder should be")
    refused(person.put("a.txt"), 503, "minio_unreachable")
    _nothing_is_left(person)
    _unhealthy(own_crib)
    files.unlink()
    (files / "drafts").mkdir(parents=True)
    succeeded(person.put("a.txt"), 201)
    assert own_crib.client().get(BASE + "/health").status_code == 200


def test_a_store_that_was_unplugged_has_lost_nothing(own_crib: Crib) -> None:
    person = own_crib.person()
    data = person.stored("a.txt", b"kept")
    files = own_crib.folder / "files"
    aside = own_crib.folder / "unplugged"
    for mount_point in (False, True):  # the folder is gone, or what was mounted on it
        files.rename(aside)
        if mount_point:
            files.mkdir()
        refused(person.fetch("a.txt"), 503, "minio_unreachable")
        refused(person.put("b.txt"), 503, "minio_unreachable")
        refused(_copy(person, "a.txt", "c.txt"), 503, "minio_unreachable")
        refused(
            person.post("/versions/commit", file_id=data["file_id"], object_key=data["object_key"]),
            503,
            "minio_unreachable",
        )
        _unhealthy(own_crib)
        with pytest.raises(StorageUnavailable):
            _verify(own_crib)
        # What needs no bytes goes on.
        assert person.metadata("a.txt")["current_version"]["status"] == "draft"
        succeeded(person.post("/lock", file_id=data["file_id"]))
        succeeded(person.post("/unlock", file_id=data["file_id"]))
        if mount_point:
            files.rmdir()
        aside.rename(files)
        assert person.fetch("a.txt").content == b"kept"
        assert _verify(own_crib, hashes=True).is_sound
    found = person.get("/list", bucket="users", id=person.uuid).json()["files"]
    assert [file["logical_path"] for file in found] == ["a.txt"]


def _copy(person: Person, source: str, target: str) -> httpx.Response:
    sides = {"source_bucket": "users", "source_id": person.uuid, "source_path": source}
    sides |= {"target_bucket": "users", "target_id": person.uuid, "target_path": target}
    return person.post("/copy", **sides)


def test_a_full_store(own_crib: Crib) -> None:
    person = own_crib.person()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * 2**20, before[1]))
    try:
        answer = person.put("big.bin", b"x" * 5 * 2**20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    refused(answer, 503, "minio_unreachable")
    _nothing_is_left(person)
    assert list((own_crib.folder / "files" / "drafts").iterdir()) == []
    succeeded(person.put("big.bin", b"x" * 5 * 2**20), 201)


@pytest.fixture
def own_s3(tmp_path: Path) -> Iterator[tuple[Crib, S3Server]]:
    with run_s3() as store:
        crib = Crib.start(tmp_path, **store.settings())
        yield crib, store
        crib.close()


@pytest.mark.timeout(300)
def test_s3_that_hangs_or_is_down(own_s3: tuple[Crib, S3Server]) -> None:
    crib, store = own_s3
    person = crib.person()
    data = person.stored("kept.txt", b"kept")
    process = store._process
    assert process is not None
    process.signal(signal.SIGSTOP)
    try:
        refused(person.put("b.txt"), 503, "minio_unreachable")
    finally:
        process.signal(signal.SIGCONT)
    assert person.fetch("kept.txt").content == b"kept"
    store.stop()
    refused(person.put("b.txt"), 503, "minio_unreachable")
    refused(person.fetch("kept.txt"), 503, "minio_unreachable")
    # Down is not lost: nothing is marked.
    _unhealthy(crib)
    assert person.metadata("kept.txt")["current_version"]["status"] == "draft"
    assert person.get("/list", bucket="users", id=person.uuid).json()["pagination"]["total_items"] == 1
    assert data["version_id"]


def _verify(crib: Crib, **options: Any) -> Report:
    kernel = crib.app.kernel
    return crib.run(verify(documents_of(kernel), now=crib.clock(), **options))


def test_lost_bytes_are_told_marked_and_mended(own_crib: Crib) -> None:
    person = own_crib.person()
    data = person.stored("a.txt", b"precious")
    path = own_crib.folder / "files" / data["object_key"]
    aside = own_crib.folder / "aside"
    path.rename(aside)
    refused(person.fetch("a.txt"), 404, "file_not_found_in_storage")
    assert person.metadata("a.txt")["current_version"]["status"] == "corrupted"
    report = _verify(own_crib)
    assert report.missing == [data["version_id"]]
    assert not report.is_sound
    aside.rename(path)
    assert _verify(own_crib).recovered == [data["version_id"]]
    assert person.metadata("a.txt")["current_version"]["status"] == "draft"
    assert person.fetch("a.txt").content == b"precious"
    events = person.client.get(
        "/api/events", params={"kind": "document", "key": data["file_id"], "order": "asc"}
    )
    assert [event["verb"] for event in events.json()["events"]] == ["uploaded", "corrupted", "recovered"]


def test_the_same_bytes_uploaded_again_mend_what_was_lost(own_crib: Crib) -> None:
    person = own_crib.person()
    data = person.stored("a.txt", b"precious")
    (own_crib.folder / "files" / data["object_key"]).unlink()
    refused(person.fetch("a.txt"), 404, "file_not_found_in_storage")
    person.stored("b.txt", b"precious")
    assert person.fetch("a.txt").content == b"precious"
    assert person.metadata("a.txt")["current_version"]["status"] == "draft"
    assert _verify(own_crib, hashes=True).is_sound


@pytest.mark.parametrize("way", ["form", "signed", "resumable", "commit", "copy", "damaged"])
def test_bytes_nobody_missed_yet_are_replaced_by_the_same_that_come(own_crib: Crib, way: str) -> None:
    """Once more the same content in one bucket is kept once, but only if it is there."""
    person = own_crib.person()
    data = person.stored("a.txt", b"precious")
    target = person.stored("b.txt", b"other")
    project = own_crib.project(person)
    person.stored("p.txt", b"precious", bucket="projects", owner=project)
    stored = own_crib.folder / "files" / data["object_key"]
    stored.write_bytes(b"cut") if way == "damaged" else stored.unlink()
    if way in {"form", "damaged"}:
        person.stored("c.txt", b"precious")
    elif way == "signed":
        succeeded(person.post("/upload/confirm", object_key=person.sent(b"precious", "c.txt")), 201)
    elif way == "commit":
        person.committed(target["file_id"], b"precious")
    elif way == "resumable":
        answer = begin(person, 8, "c.txt", content=b"precious")
        assert answer.status_code == 201, answer.text
    else:
        sides = {"source_bucket": "projects", "source_id": project, "source_path": "p.txt"}
        sides |= {"target_bucket": "users", "target_id": person.uuid, "target_path": "c.txt"}
        succeeded(person.post("/copy", **sides), 201)
    assert _verify(own_crib, hashes=True).is_sound
    assert person.fetch("a.txt").content == b"precious"


def test_changed_bytes_are_found_by_reading_them(own_crib: Crib) -> None:
    person = own_crib.person()
    data = person.stored("a.txt", b"precious")
    person.stored("b.txt", b"other")
    path = own_crib.folder / "files" / data["object_key"]
    path.write_bytes(b"PRECIOUS")
    assert _verify(own_crib).is_sound
    report = _verify(own_crib, hashes=True)
    assert report.damaged == [data["version_id"]]
    assert report.versions == 2
    assert person.metadata("a.txt")["current_version"]["status"] == "corrupted"
    path.write_bytes(b"short")
    assert _verify(own_crib).damaged == [data["version_id"]]
    path.write_bytes(b"precious")
    assert _verify(own_crib).recovered == [data["version_id"]]
    orphan = own_crib.folder / "files" / "blobs" / "00" / ("0" * 32)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"garbage")
    report = _verify(own_crib, hashes=True)
    assert (report.orphans, report.orphan_bytes) == (1, 7)
