"""Direct uploads whose clients confirm nothing (document contract, section 17)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import unquote

import httpx
import pytest

from tests.documents.envelope import refused, succeeded
from tests.documents.webdav import Dav
from tests.servers.crib import Crib, Person
from tests.servers.environment import PLAIN
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ObjectNotFound
from toolcrib.documents.service import arrivals
from toolcrib.documents.service.direct_uploads import confirm
from toolcrib.documents.service.lookup import documents_of
from toolcrib.kernel.database import take_write_lock

pytestmark = pytest.mark.moves_bytes


def test_a_direct_upload_to_a_new_path_appears_by_itself(ann: Person, ben: Person) -> None:
    """The clients of the earlier service confirm nothing; what they sent is looked for in each of these ways."""
    for name in ("list", "metadata", "download", "lock"):
        path = f"{name}/new.txt"
        key = ann.sent(b"hello", path)
        match name:
            case "list":
                seen = ann.get("/list", bucket="users", id=ann.uuid, path=name)
            case "metadata":
                seen = ann.get("/metadata", **ann.read_at(path))
            case "download":
                seen = ann.fetch(path)
            case _:
                seen = ann.post("/lock", **ann.at(path))
        assert seen.is_success, name
        file = ann.metadata(path)["file"]
        assert (file["size"], file["version"], file["owner_id"]) == (5, 1, ann.uuid)
        assert [
            each["id"] for each in ann.get("/list", bucket="users", id=ann.uuid, path=name).json()["files"]
        ] == [file["id"]]
        # Our own clients confirm, and a client of the earlier service may commit: both answer with that version.
        confirmed = succeeded(ann.post("/upload/confirm", object_key=key, size=5, changelog="why"), 201)
        assert (confirmed["file_id"], confirmed["version_number"], confirmed["created"]) == (
            file["id"],
            1,
            True,
        )
        committed = succeeded(ann.post("/versions/commit", **ann.at(path), object_key=key), 201)
        assert (committed["file_id"], committed["version_number"]) == (file["id"], 1)
        (version,) = ann.get("/versions", file_id=file["id"]).json()["versions"]
        assert version["changelog"] == "why"
        refused(ben.post("/upload/confirm", object_key=key), 404, "object_not_found")


@pytest.mark.databases("sqlite")
def test_a_confirmation_is_the_first_also_while_the_file_appears(crib: Crib, ann: Person) -> None:
    docs = documents_of(crib.app.kernel)
    key = ann.post("/upload/presign", **ann.at("race/new.txt")).json()["object_key"]

    async def content() -> AsyncIterator[bytes]:
        yield b"hello"

    async def kept() -> int:
        return sum([len(page) async for page in docs.blobs.store.pages("blobs")])

    async def race() -> int:
        # Not to its address: as S3 has it, nobody hears of it.
        await docs.blobs.store.write(key, content(), size=5)
        before = await kept()
        async with docs.kernel.database.write() as session:
            await take_write_lock(session)
            # Each reads that nobody has used the upload, copies its content, and waits for the lock, in this order.
            appearing = asyncio.create_task(arrivals.sweep(docs, crib.clock()))
            await until(kept, before + 1)
            confirming = asyncio.create_task(asyncio.to_thread(ask))
            await until(kept, before + 2)
        await appearing
        return await confirming

    def ask() -> int:
        return ann.post("/upload/confirm", object_key=key).status_code

    assert crib.run(race()) == 201
    file = ann.metadata("race/new.txt")["file"]["id"]
    assert len(ann.get("/versions", file_id=file).json()["versions"]) == 1


@pytest.mark.databases("sqlite")  # S3 itself receives what is sent to its addresses
def test_what_does_not_appear_tells_its_sender_no_name(crib: Crib, ann: Person, carla: Person) -> None:
    """Whoever has the address need not be the person it was made for."""
    folder = "ö" * 80
    made = ann.post("/upload/presign", **ann.at(f"{folder}/new.txt", "companies")).json()
    dav = Dav(crib, carla, "companies")
    dav("MKCOL", folder)
    token = dav.token(folder, depth="infinity")
    answer = httpx.put(made["url"], content=b"x", verify=PLAIN)
    told = answer.headers["Toolcrib-Warning"]
    assert answer.status_code == 200, answer.text
    assert "file_locked" in unquote(told)
    assert carla.username not in unquote(told)
    assert len(told) < 300
    assert dav.unlock(folder, token).status_code == 204


def test_two_who_let_a_file_appear_do_not_confirm_it(crib: Crib, ann: Person) -> None:
    docs = documents_of(crib.app.kernel)
    key = ann.sent(b"hello", "twice/new.txt")
    owner = crib.run(crib.app.kernel.auth.principal_with_uuid(ann.uuid))
    ann.fetch("twice/new.txt")
    late = confirm(docs, Caller(owner), key, appears=True, now=crib.clock())
    with pytest.raises(ObjectNotFound):
        crib.run(late)
    succeeded(ann.post("/upload/confirm", object_key=key), 201)
    succeeded(ann.post("/upload/confirm", object_key=key), 200)


async def until(kept: Callable[[], Awaitable[int]], count: int) -> None:
    async with asyncio.timeout(20):
        while await kept() != count:
            await asyncio.sleep(0.01)  # the store is looked at: it tells nobody


def test_a_new_file_can_be_committed_by_its_path(ann: Person) -> None:
    for place in (ann.at("b/new.txt"), {"bucket": "users", "path": f"/users/{ann.uuid}/a/new.txt"}):
        path = "b/new.txt" if "logical_path" in place else "a/new.txt"
        key = ann.sent(b"hello", path)
        committed = succeeded(ann.post("/versions/commit", **place, object_key=key), 201)
        assert ann.fetch(path).content == b"hello"
        assert committed["file_id"] == ann.metadata(path)["file"]["id"]


def test_content_for_a_file_that_exists_waits_for_its_confirmation(ann: Person) -> None:
    ann.stored("a.txt", b"old")
    key = ann.sent(b"new", "a.txt")
    assert ann.fetch("a.txt").content == b"old"
    succeeded(ann.post("/upload/confirm", object_key=key), 201)
    assert ann.fetch("a.txt").content == b"new"


def test_what_arrived_unheard_is_found_by_a_job(crib: Crib, ann: Person) -> None:
    """As S3 has it, or a server that was killed between the two."""
    key = ann.sent(b"hello", "c/new.txt")
    crib.run(arrivals.sweep(documents_of(crib.app.kernel), crib.clock()))
    events = ann.client.get("/api/events", params={"kind": "document", "verb": "uploaded"}).json()["events"]
    assert f"/users/{ann.uuid}/c/new.txt" in [event["data"]["label"] for event in events]
    assert ann.metadata("c/new.txt")["file"]["size"] == 5
    assert key
