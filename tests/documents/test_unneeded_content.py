"""Content that is refused after it has arrived, or that is there already, takes no room in the store."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from tests.documents.envelope import refused
from tests.documents.resumable import begun, send
from tests.documents.webdav import Dav
from tests.servers.crib import Crib, Person

pytestmark = pytest.mark.databases("sqlite")


# What the content of these tests begins with: the server also stores files of its own, such as old events.
MARK = b"unneeded content "


def objects(crib: Crib) -> set[str]:
    files = crib.folder / "files"
    return {
        str(each.relative_to(files))
        for kept in ("blobs", "uploads")
        for each in (files / kept).rglob("*")
        if each.is_file() and _begins_with_mark(each)
    }


def _begins_with_mark(file: Path) -> bool:
    with file.open("rb") as content:  # not all of it: other tests of this server have stored much
        return content.read(len(MARK)) == MARK


def allow(crib: Crib, family: str, owner: str, allowed: int) -> None:
    answer = crib.admin().client.put(f"/api/admin/quotas/{family}/{owner}", json={"allowed_bytes": allowed})
    assert answer.status_code == 200, answer.text


def bytes_of(size: int) -> bytes:
    """Never the same twice."""
    return (MARK + uuid4().bytes).ljust(size, b"\0")


@pytest.mark.parametrize("way", ["form", "resumable", "webdav", "direct", "lfs"])
def test_the_same_content_again_leaves_no_copy(crib: Crib, ann: Person, way: str) -> None:
    content = bytes_of(500)
    oid = sha256(content).hexdigest()
    name = f"lfs-{uuid4().hex}"

    def upload() -> None:
        if way == "form":
            ann.stored("a.bin", content)
        elif way == "resumable":
            assert send(ann, begun(ann, len(content)), 0, content).status_code == 204
        elif way == "webdav":
            assert Dav(crib, ann).put("a.bin", content).is_success
        elif way == "direct":
            key = ann.sent(content, "a.bin")
            assert ann.post("/upload/confirm", object_key=key).status_code == 201
        else:
            answer = ann.client.put(f"/{name}.git/info/lfs/objects/{oid}", content=content)
            assert answer.status_code == 200, answer.text

    upload()
    before = objects(crib)
    assert before
    for _ in range(3):
        upload()
    assert objects(crib) == before
    if way != "lfs":
        assert ann.fetch("a.bin").content == content


def test_a_submission_over_the_quota_leaves_no_copy(crib: Crib, ann: Person) -> None:
    project = crib.project(ann)
    target = ann.stored("a.bin", bytes_of(100), bucket="projects", owner=project)
    allow(crib, "projects", project, 300)
    key = ann.sent(bytes_of(400), "scratch.bin")
    mine = ann.stored("b.bin", bytes_of(400))
    before = objects(crib)
    for each in (key, mine["object_key"]):
        for _ in range(2):
            answer = ann.post(
                "/versions/commit", file_id=target["file_id"], object_key=each, created_by=ann.uuid
            )
            refused(answer, 507, "quota_exceeded")
    assert objects(crib) == before


def test_a_form_whose_tags_are_refused_leaves_no_copy(crib: Crib, ann: Person) -> None:
    ann.stored("a.bin", metadata=orjson.dumps({"first": "a" * 10_000}).decode())
    before = objects(crib)
    for _ in range(2):
        answer = ann.put("a.bin", bytes_of(500), metadata=orjson.dumps({"second": "b" * 10_000}).decode())
        refused(answer, 400, "validation_error")
    assert objects(crib) == before


def test_a_form_of_other_content_than_announced_leaves_no_copy(crib: Crib, ann: Person) -> None:
    before = objects(crib)
    file = ("file", ("a.bin", bytes_of(500), "text/plain"))
    fields = [(name, (None, value)) for name, value in {**ann.at("a.bin"), "checksum": "0" * 64}.items()]
    answer = ann.client.post("/api/storage/upload/proxy", files=[file, *fields])
    assert answer.status_code == 400, answer.text
    assert objects(crib) == before


def test_an_upload_of_somebody_who_is_removed_meanwhile_leaves_no_copy(crib: Crib, ann: Person) -> None:
    ben = crib.person()
    project = crib.project(ann, member=ben)
    member = f"/api/projects/{project}/members/{ben.username}"
    before = objects(crib)

    def content() -> Iterator[bytes]:
        yield bytes_of(500)
        assert ann.client.delete(member).is_success
        yield bytes(500)

    path = f"/projects/{project}/a.bin"
    assert Dav(crib, ben).put(path, content()).status_code == 403
    assert objects(crib) == before


def test_a_refused_copy_leaves_no_copy_and_its_source_stays(crib: Crib, ann: Person) -> None:
    """Within one bucket the copy is to share its content with its source."""
    carla = crib.person(company=ann.company)
    dav = Dav(crib, carla, "companies")
    assert dav("MKCOL", "locked").status_code == 201
    dav.token("locked", depth="infinity")
    content = bytes_of(500)
    target = {"target_bucket": "companies", "target_id": ann.company, "target_path": "locked/a.bin"}
    for bucket, owner in (("companies", ann.company), ("users", ann.uuid)):
        ann.stored("a.bin", content, bucket=bucket)
        before = objects(crib)
        source = {"source_bucket": bucket, "source_id": owner, "source_path": "a.bin"}
        refused(ann.post("/copy", **source, **target), 409, "file_locked")
        assert objects(crib) == before
        assert ann.fetch("a.bin", bucket=bucket).content == content
