"""Delete and what is remembered after it (document contract, section 12)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import Crib, Person

pytestmark = pytest.mark.moves_bytes


def _delete(person: Person, **body: Any) -> Any:
    return person.call("DELETE", "/delete", json=body)


def test_deleting_archives(ann: Person) -> None:
    data = ann.stored("a.txt")
    for _ in range(2):
        gone = succeeded(_delete(ann, file_id=data["file_id"]))
        assert gone == {"file_id": data["file_id"], "logical_delete": True, "physical_delete": False}
    file = ann.metadata("a.txt")["file"]
    assert file["status"] == "archived"
    assert file["is_deleted"] is True
    refused(ann.fetch("a.txt"), 404, "file_not_found")
    refused(ann.get("/download/presign", **ann.at("a.txt")), 404, "file_not_found")
    succeeded(ann.post("/restore", file_id=data["file_id"]))
    assert ann.fetch("a.txt").content == b"hello"
    assert ann.metadata("a.txt")["file"]["status"] == "validated"
    refused(ann.post("/restore", file_id=data["file_id"]), 404, "file_not_found")


def test_destroying_leaves_nothing_but_the_audit(crib: Crib, ann: Person) -> None:
    from toolcrib.documents.audit import entries  # noqa: PLC0415 - no route shows it once the file is gone

    data = ann.stored("a.txt")
    ann.stored("a.txt", b"again")
    gone = succeeded(_delete(ann, file_id=data["file_id"], physical=True))
    assert gone == {"file_id": data["file_id"], "logical_delete": True, "physical_delete": True}
    refused(ann.get("/metadata", **ann.read_at("a.txt")), 404, "file_not_found")
    refused(ann.get("/versions", file_id=data["file_id"]), 404, "file_not_found")
    refused(_delete(ann, file_id=data["file_id"]), 404, "file_not_found")
    assert ann.stored("a.txt")["version_number"] == 1

    async def remembered() -> list[str]:
        async with crib.app.kernel.database.read() as session:
            return [entry.action for entry in await entries(session, data["file_id"])]

    assert crib.run(remembered()) == ["delete", "upload", "upload"]


def test_destroyed_bytes_are_gone_after_the_grace_period(crib: Crib, ann: Person) -> None:
    from toolcrib.kernel.blobs.sweep import sweep  # noqa: PLC0415

    only = ann.stored("a.txt", uuid4().bytes)
    kept_bytes = uuid4().bytes
    twice = ann.stored("b.txt", kept_bytes)
    ann.stored("c.txt", kept_bytes)
    for data in (only, twice):
        succeeded(_delete(ann, file_id=data["file_id"], physical=True))
    blobs = crib.app.kernel.blobs
    crib.run(sweep(crib.app.kernel, crib.clock()))
    assert crib.run(blobs.head(only["object_key"])).size == 16
    crib.clock.advance(hours=25)
    crib.run(sweep(crib.app.kernel, crib.clock()))
    signed = ann.get("/download/presign", **ann.at("c.txt")).json()
    assert signed["object_key"] == twice["object_key"]
    assert ann.fetch("c.txt").content == kept_bytes
    import pytest  # noqa: PLC0415

    from toolcrib.kernel.blobs.problems import BlobMissing  # noqa: PLC0415

    with pytest.raises(BlobMissing):
        crib.run(blobs.head(only["object_key"]))


def test_deletes_that_are_refused(ann: Person, ben: Person, carla: Person) -> None:
    data = ann.stored("a.txt", bucket="companies")
    refused(_delete(ann, file_id=str(uuid4())), 404, "file_not_found")
    refused(_delete(ann), 400, "validation_error")
    refused(_delete(ann, file_id="x"), 400, "validation_error")
    refused(_delete(ann, file_id=data["file_id"], physical="perhaps"), 400, "validation_error")
    refused(_delete(ben, file_id=data["file_id"]), 403, "access_denied")
    succeeded(ann.post("/lock", file_id=data["file_id"]))
    for physical in (False, True):
        details = refused(_delete(carla, file_id=data["file_id"], physical=physical), 409, "file_locked")
        assert details["locked_by"] == ann.uuid
    refused(_delete(carla, file_id=data["file_id"], force=True), 403, "access_denied")
    assert ann.fetch("a.txt", bucket="companies").status_code == 200


def test_ones_own_lock_is_no_obstacle_and_ends(ann: Person) -> None:
    data = ann.stored("a.txt")
    ann.post("/lock", file_id=data["file_id"])
    succeeded(_delete(ann, file_id=data["file_id"]))
    assert ann.get("/locks").json()["data"]["total"] == 0


def test_authority_deletes_what_somebody_else_locked(crib: Crib, ann: Person, ben: Person) -> None:
    project = crib.project(ann, member=ben)
    data = ben.stored("a.txt", bucket="projects", owner=project)
    ben.post("/lock", file_id=data["file_id"])
    succeeded(_delete(ann, file_id=data["file_id"], physical=True, force=True, reason="cleaning up"))
    assert ben.get("/locks").json()["data"]["total"] == 0


def test_the_source_of_a_copy_can_be_destroyed(ann: Person) -> None:
    data = ann.stored("a.txt", b"kept in the copy")
    succeeded(
        ann.post(
            "/copy",
            source_bucket="users",
            source_id=ann.uuid,
            source_path="a.txt",
            target_bucket="users",
            target_id=ann.uuid,
            target_path="b.txt",
        ),
        201,
    )
    succeeded(_delete(ann, file_id=data["file_id"], physical=True))
    assert ann.fetch("b.txt").content == b"kept in the copy"


def test_every_address_form_deletes(ann: Person) -> None:
    for path, form in (
        ("a.txt", ann.at("a.txt")),
        ("b.txt", {"bucket": "users", "path": f"/users/{ann.uuid}/b.txt"}),
        ("c.txt", ann.read_at("c.txt")),
    ):
        ann.stored(path)
        succeeded(_delete(ann, **form))
        assert ann.fetch(path).status_code == 404


def _displaced(ann: Person, name: str, folder: str) -> str:
    """An archived file, whose name another file has taken since. Its id."""
    file_id: str = ann.stored(f"{folder}/{name}", b"mine")["file_id"]
    succeeded(ann.call("DELETE", "/delete", json={"file_id": file_id}))
    ann.stored(f"{folder}/other", b"other")
    source = ann.at(f"{folder}/other")
    succeeded(ann.post("/move", **source, target_path=f"{folder}/{name}"))
    return file_id


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("r.txt", "r (restored).txt", "r (restored 2).txt"),
        ("r", "r (restored)", "r (restored 2)"),
        ("a.tar.gz", "a (restored).tar.gz", "a (restored 2).tar.gz"),
        ("v1.2 a.step", "v1.2 a (restored).step", "v1.2 a (restored 2).step"),
        (".profile", ".profile (restored)", ".profile (restored 2)"),
        ("Dr. Who", "Dr. Who (restored)", "Dr. Who (restored 2)"),
        ("ä.öü", "ä (restored).öü", "ä (restored 2).öü"),
    ],
)
def test_a_file_whose_name_is_taken_is_restored_beside_it(
    ann: Person, name: str, first: str, second: str
) -> None:
    folder = "d/e"
    for expected in (first, second):
        file_id = _displaced(ann, name, folder)
        restored = succeeded(ann.post("/restore", file_id=file_id))
        assert restored["logical_path"] == f"{folder}/{expected}"
        assert restored["path"] == f"/users/{ann.uuid}/{folder}/{expected}"
        assert restored["renamed"] is True
        assert ann.fetch(f"{folder}/{expected}").content == b"mine"
        assert ann.fetch(f"{folder}/{name}").content == b"other"
        succeeded(ann.call("DELETE", "/delete", json={**ann.at(f"{folder}/{name}"), "physical": True}))


def test_a_file_whose_name_was_taken_gets_it_back_once_it_is_free(ann: Person) -> None:
    file_id = _displaced(ann, "r.txt", "d")
    succeeded(ann.call("DELETE", "/delete", json={**ann.at("d/r.txt"), "physical": True}))
    restored = succeeded(ann.post("/restore", file_id=file_id))
    assert (restored["logical_path"], restored["renamed"]) == ("d/r.txt", False)


def test_a_long_name_stays_within_its_limit(ann: Person) -> None:
    name = "ä" * 120 + ".tar.gz"
    restored = succeeded(ann.post("/restore", file_id=_displaced(ann, name, "d")))
    assert restored["name"].endswith("ä.tar.gz") or restored["name"].endswith(" (restored).tar.gz")
    assert ann.fetch(restored["logical_path"]).content == b"mine"
    assert len(restored["name"].encode()) <= 255
