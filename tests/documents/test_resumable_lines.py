"""Resumable uploads with failures of the connection, the store and the clock; and many at once."""

from __future__ import annotations

import asyncio
import resource
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http.client import HTTPResponse
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from tests.clock import FakeClock
from tests.conftest import is_full
from tests.documents.envelope import refused
from tests.documents.resumable import OCTETS, begin, begun, end, look, offset_of, send, uploaded
from tests.documents.test_races import at_once
from tests.servers.crib import Crib, Person
from tests.servers.process import wait_until
from tests.servers.sqlite import Sqlite
from toolcrib.documents.jobs import sweep_uploads
from toolcrib.documents.models import ResumableUpload
from toolcrib.documents.service.lookup import documents_of
from toolcrib.documents.service.verifying import verify
from toolcrib.kernel.blobs.store import Store
from toolcrib.kernel.blobs.sweep import sweep

pytestmark = pytest.mark.moves_bytes

MIB = 2**20
# What a server may have received but not processed when the connection breaks.
UNREAD = 512 * 1024


class Line:
    """A PATCH over a bare socket, to be cut."""

    def __init__(
        self, crib: Crib, person: Person, upload: str, offset: int, length: int, **headers: str
    ) -> None:
        where = urlsplit(crib.url)
        self.socket = socket.create_connection((where.hostname, where.port), timeout=20)
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        # Sent with the first bytes: a server that has the one has the other.
        self._head = (
            f"PATCH {upload} HTTP/1.1\r\nHost: {where.netloc}\r\nTus-Resumable: 1.0.0\r\n"
            f"Content-Type: {OCTETS}\r\nUpload-Offset: {offset}\r\nContent-Length: {length}\r\n{more}"
            f"Cookie: access_token={person.client.cookies['access_token']}\r\n\r\n".encode()
        )

    def send(self, content: bytes) -> None:
        self.socket.sendall(self._head + content)
        self._head = b""

    def answer(self) -> bytes:
        """Head and body, which may come apart."""
        answer = HTTPResponse(self.socket)
        answer.begin()
        head = "".join(f"{name}: {value}\r\n" for name, value in answer.getheaders())
        return f"HTTP/1.1 {answer.status} \r\n{head}\r\n".encode() + answer.read()

    def cut(self) -> None:
        self.socket.close()


def _objects(crib: Crib, prefix: str = "uploads") -> set[str]:
    async def read() -> set[str]:
        return {info.key async for page in crib.app.kernel.blobs.store.pages(prefix) for info in page}

    return crib.run(read())


def _uploads_of(crib: Crib, person: Person) -> int:
    """What the database knows: nobody else has the address of some of them."""

    async def count() -> int:
        async with crib.app.kernel.database.read() as session:
            query = select(func.count()).where(ResumableUpload.owner_id == person.uuid)
            return (await session.execute(query)).scalar_one()

    return crib.run(count())


@pytest.fixture
def own_crib(tmp_path: Path) -> Iterator[Crib]:
    """A server whose files may be broken, and whose time may fly."""
    one = Crib.start(tmp_path, FILES_GRACE_HOURS=1)
    yield one
    one.close()


# The line


@pytest.mark.parametrize("whole", [True, False])
def test_what_had_come_when_the_line_was_cut_is_there(crib: Crib, ann: Person, whole: bool) -> None:
    content = b"".join(bytes([number]) * MIB for number in range(8))
    upload = begun(ann, len(content) + (not whole))
    line = Line(crib, ann, upload, 0, len(content))
    line.send(content[: 5 * MIB])
    line.cut()
    wait_until(lambda: offset_of(ann, upload) > 0, "the tail to be kept", 30)
    there = offset_of(ann, upload)
    assert 5 * MIB - UNREAD <= there <= 5 * MIB
    assert ann.fetch("a.bin").status_code == 404
    last = send(ann, upload, there, content[there:] + b"!" * (not whole))
    assert last.headers["X-Version-Number"] == "1"
    assert ann.fetch("a.bin").content == content + b"!" * (not whole)


def test_nothing_of_a_cut_body_with_a_checksum_counts(crib: Crib, ann: Person) -> None:
    upload = begun(ann, 3 * MIB)
    line = Line(crib, ann, upload, 0, 3 * MIB, Upload_Checksum="sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
    line.send(b"x" * 2 * MIB)
    line.cut()
    assert send(ann, upload, 0, b"y" * 3 * MIB).headers["X-Version-Number"] == "1"
    assert ann.fetch("a.bin").content == b"y" * 3 * MIB
    assert offset_of(ann, upload) == 3 * MIB


def test_a_first_request_that_breaks_leaves_nothing(crib: Crib, ann: Person) -> None:
    """Nobody was told the address: nobody can go on with it."""
    before = _objects(crib) | _objects(crib, "blobs")
    at = begin(ann, 3 * MIB).request.headers["Upload-Metadata"]
    where = urlsplit(crib.url)
    with socket.create_connection((where.hostname, where.port), timeout=20) as line:
        line.sendall(
            f"POST /api/storage/uploads HTTP/1.1\r\nHost: {where.netloc}\r\nTus-Resumable: 1.0.0\r\n"
            f"Content-Type: {OCTETS}\r\nUpload-Length: {3 * MIB}\r\nUpload-Metadata: {at}\r\n"
            f"Cookie: access_token={ann.client.cookies['access_token']}\r\n"
            f"Content-Length: {3 * MIB}\r\n\r\n".encode()
            + b"x" * 2 * MIB
        )
        wait_until(lambda: _uploads_of(crib, ann) == 2, "the upload to begin", 20)
    wait_until(lambda: _uploads_of(crib, ann) == 1, "the upload to be gone", 20)
    wait_until(lambda: _objects(crib) | _objects(crib, "blobs") <= before, "what came to be gone", 20)


@pytest.fixture
def hasty(crib: Crib, sqlite: Sqlite, tmp_path: Path) -> Iterator[Crib]:
    """A server that does not wait long for bodies."""
    database = sqlite.fresh()
    one = Crib.start(tmp_path, database_url=database.url, body_stall_seconds=0.5)
    yield one
    one.close()
    sqlite.drop(database)


def test_a_sender_that_falls_silent_is_given_up(hasty: Crib) -> None:
    crib, ann = hasty, hasty.person()
    upload = begun(ann, 10)
    line = Line(crib, ann, upload, 0, 10)
    line.send(b"hello")
    answer = line.answer()
    line.cut()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"UPLOAD_STALLED" in answer
    assert offset_of(ann, upload) == 5
    assert send(ann, upload, 5, b"world").headers["X-Version-Number"] == "1"
    assert ann.fetch("a.bin").content == b"helloworld"


def test_a_line_nobody_knows_is_dead_does_not_stand_in_the_way(crib: Crib, ann: Person) -> None:
    upload = begun(ann, 10)
    dead = Line(crib, ann, upload, 0, 10)
    dead.send(b"hell")
    assert send(ann, upload, 0, b"hello").status_code == 204
    dead.send(b"OWORLD")
    answer = dead.answer()
    dead.cut()
    assert answer.startswith(b"HTTP/1.1 409 ")
    assert offset_of(ann, upload) == 5
    assert send(ann, upload, 5, b"world").headers["X-Version-Number"] == "1"
    assert ann.fetch("a.bin").content == b"helloworld"


def test_an_upload_ended_while_its_bytes_come(crib: Crib, ann: Person) -> None:
    before = _objects(crib) | _objects(crib, "blobs")
    upload = begun(ann, 11)
    line = Line(crib, ann, upload, 0, 10)
    line.send(b"hell")
    assert end(ann, upload).status_code == 204
    line.send(b"oworld")
    answer = line.answer()
    line.cut()
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert _objects(crib) | _objects(crib, "blobs") <= before


# Many at once


@pytest.mark.every_database
@pytest.mark.databases("sqlite", "postgresql", "mariadb")
@pytest.mark.parametrize("ways", ["whole", "half", "checked"])
def test_of_many_at_once_one_goes_on(pytestconfig: pytest.Config, ann: Person, ways: str) -> None:
    for round_ in range(10 if is_full(pytestconfig) else 3):
        path = f"{ways}{round_}.bin"
        contents = [bytes([65 + number]) * 5000 for number in range(8)]
        upload = begun(ann, 5000 if ways == "whole" else 10_000, path)

        def one(content: bytes, upload: str = upload) -> httpx.Response:
            digest = sha256(content).digest()
            told = {"Upload-Checksum": f"sha256 {b64encode(digest).decode()}"} if ways == "checked" else {}
            return send(ann, upload, 0, content, told)

        answers = at_once(one, contents)
        statuses = [answer.status_code for answer in answers]
        assert sorted(statuses) == [204] + [409] * 7, [answer.text for answer in answers]
        winner = contents[statuses.index(204)]
        for answer in answers:
            if answer.status_code == 409:
                assert refused(answer, 409, "offset_mismatch")["offset"] == 5000
        if ways != "whole":
            answers = at_once(lambda end, upload=upload: send(ann, upload, 5000, end), contents)  # type: ignore[misc]
            statuses = [answer.status_code for answer in answers]
            assert sorted(statuses) == [204] + [409] * 7, [answer.text for answer in answers]
            winner += contents[statuses.index(204)]
        assert ann.fetch(path).content == winner
        assert ann.metadata(path)["file"]["version"] == 1


@pytest.mark.databases("sqlite", "postgresql", "mariadb")
def test_two_bodies_of_many_parts_are_not_mixed(ann: Person) -> None:
    """Each stores 16 MiB before it learns that the other was faster."""
    contents = [bytes([65 + number]) * 36 * MIB for number in range(3)]
    upload = begun(ann, 36 * MIB)

    def one(content: bytes) -> httpx.Response:
        try:
            return send(ann, upload, 0, content)
        except httpx.TransportError:  # the connection of a refused client that sends so much is closed
            return httpx.Response(409)

    statuses = [answer.status_code for answer in at_once(one, contents)]
    assert sorted(statuses) == [204, 409, 409]
    assert ann.fetch("a.bin").content == contents[statuses.index(204)]


@pytest.mark.every_database
@pytest.mark.databases("sqlite", "postgresql", "mariadb")
def test_a_retry_while_the_version_is_being_made_is_no_conflict_of_versions(ann: Person) -> None:
    """The same last bytes twice, from a sender who thought the first were lost."""
    for round_ in range(10):
        path = f"{round_}.bin"
        upload = begun(ann, 10, path, base_version="0")
        send(ann, upload, 0, b"hello")
        answers = at_once(lambda _, upload=upload: send(ann, upload, 5, b"world"), range(4))  # type: ignore[misc]
        assert sorted(answer.status_code for answer in answers) == [204, 409, 409, 409]
        for answer in answers:
            if answer.status_code == 409:
                refused(answer, 409, "offset_mismatch")
        assert offset_of(ann, upload) == 10
        assert look(ann, upload).headers["X-Version-Number"] == "1"


@pytest.mark.every_database
def test_the_last_byte_of_somebody_slower_is_no_conflict_of_versions(crib: Crib, ann: Person) -> None:
    upload = begun(ann, 10, base_version="0")
    slow = Line(crib, ann, upload, 0, 10)
    slow.send(b"hellowor")
    assert send(ann, upload, 0, b"helloworld").headers["X-Version-Number"] == "1"
    slow.send(b"ld")
    answer = slow.answer()
    slow.cut()
    assert answer.startswith(b"HTTP/1.1 409 ")
    assert b"upload-offset: 10" in answer.lower()
    assert look(ann, upload).headers["X-Version-Number"] == "1"


# Time


def test_what_expired_is_gone(crib: Crib, ann: Person, flying_clock: FakeClock) -> None:
    before = _objects(crib)
    upload = begun(ann, 10)
    send(ann, upload, 0, b"hello")
    done = begin(ann, 5, "done.txt", content=b"hello").headers["Location"]
    assert _objects(crib) > before
    flying_clock.advance(hours=23, minutes=59)
    crib.run(sweep_uploads(crib.app.kernel, crib.clock()))
    assert offset_of(ann, upload) == 5
    assert offset_of(ann, done) == 5
    flying_clock.advance(minutes=1)
    assert look(ann, upload).status_code == 410
    refused(send(ann, upload, 5, b"world"), 410, "upload_expired")
    refused(end(ann, upload), 410, "upload_expired")
    crib.run(sweep_uploads(crib.app.kernel, crib.clock()))
    assert look(ann, upload).status_code == 404
    assert look(ann, done).status_code == 404
    assert _objects(crib) <= before
    assert ann.fetch("done.txt").content == b"hello"


def test_the_stores_sweep_lets_be_what_is_on_its_way(own_crib: Crib) -> None:
    """Bytes without a blob are doomed after an hour here; an upload may take a day between two pieces, and a
    signed address a week."""
    person = own_crib.person()
    upload = begun(person, 10)
    send(person, upload, 0, b"hello")
    reserved = person.post("/upload/presign", **person.at("direct.txt"), expires_in=604_800).json()
    assert httpx.put(reserved["url"], content=b"direct").is_success
    garbage = own_crib.folder / "files" / "uploads" / ("0" * 32)
    garbage.write_bytes(b"garbage")
    for _ in range(11):
        own_crib.clock.advance(hours=2)
        own_crib.run(sweep(own_crib.app.kernel, own_crib.clock()))
    assert not garbage.exists()
    # The store's own clock did not fly: what comes now must not look as old as that to a sweep of the schedule's.
    own_crib.clock.advance(hours=-22)
    assert send(person, upload, 5, b"world").headers["X-Version-Number"] == "1"
    assert person.fetch("a.bin").content == b"helloworld"
    assert person.post("/upload/confirm", object_key=reserved["object_key"]).status_code == 201
    assert person.fetch("direct.txt").content == b"direct"
    assert _objects(own_crib) == set()


def test_no_piece_outlives_its_upload(own_crib: Crib) -> None:
    person = own_crib.person()
    uploaded(person, b"0123456789" * 10, piece=7)
    for content in (b"first", b"first", b"second"):
        begin(person, len(content), content=content)
    upload = begun(person, 10)
    send(person, upload, 0, b"hello")
    end(person, upload)
    assert _objects(own_crib) == set()
    for _ in range(3):
        own_crib.clock.advance(hours=2)
        own_crib.run(sweep(own_crib.app.kernel, own_crib.clock()))
    report = own_crib.run(verify(documents_of(own_crib.app.kernel), hashes=True, now=own_crib.clock()))
    assert report.is_sound
    assert (report.versions, report.objects, report.orphans) == (4, 3, 0)


def test_a_piece_that_waits_is_no_orphan(own_crib: Crib) -> None:
    person = own_crib.person()
    upload = begun(person, 3 * MIB)
    line = Line(own_crib, person, upload, 0, 3 * MIB)
    line.send(b"x" * 2 * MIB)
    line.cut()
    wait_until(lambda: offset_of(person, upload) > 0, "the tail to be kept", 30)
    report = own_crib.run(verify(documents_of(own_crib.app.kernel), now=own_crib.clock()))
    assert report.orphans == 0
    assert len(_objects(own_crib) | _objects(own_crib, "blobs")) == 1


# The store


def test_a_store_that_goes_away_in_the_middle(own_crib: Crib) -> None:
    person = own_crib.person()
    content = b"".join(bytes([number]) * MIB for number in range(20))
    upload = begun(person, len(content))
    assert send(person, upload, 0, content[:MIB]).status_code == 204
    files, aside = own_crib.folder / "files", own_crib.folder / "aside"
    files.rename(aside)
    files.write_text("a file where the folder should be")
    answer = send(person, upload, MIB, content[MIB : 2 * MIB])
    refused(answer, 503, "minio_unreachable")
    assert answer.headers["Retry-After"]
    assert offset_of(person, upload) == MIB
    files.unlink()
    aside.rename(files)
    assert send(person, upload, MIB, content[MIB:]).headers["X-Version-Number"] == "1"
    assert person.fetch("a.bin").content == content


def test_a_store_that_fills_up_keeps_the_parts_it_had_taken(own_crib: Crib) -> None:
    """The parts fit, the whole does not; with more room the last part is sent again, no more."""
    person = own_crib.person()
    content = b"".join(bytes([number]) * MIB for number in range(6))
    upload = begun(person, len(content))
    for start in range(0, 5 * MIB, MIB):
        assert send(person, upload, start, content[start : start + MIB]).status_code == 204
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * MIB, before[1]))
    try:
        answer = send(person, upload, 5 * MIB, content[5 * MIB :])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    refused(answer, 503, "minio_unreachable")
    assert offset_of(person, upload) == 5 * MIB
    assert send(person, upload, 5 * MIB, content[5 * MIB :]).headers["X-Version-Number"] == "1"
    assert person.fetch("a.bin").content == content
    assert list((own_crib.folder / "files" / "drafts").iterdir()) == []


def test_a_store_that_lost_a_part(own_crib: Crib) -> None:
    person = own_crib.person()
    upload = begun(person, 10)
    send(person, upload, 0, b"hello")
    for key in _objects(own_crib):
        (own_crib.folder / "files" / key).unlink()
    refused(send(person, upload, 5, b"world"), 410, "upload_expired")
    assert look(person, upload).status_code == 404
    assert person.fetch("a.bin").status_code == 404
    assert uploaded(person, b"helloworld", piece=5).headers["X-Version-Number"] == "1"


class SlowStore:
    """A store whose objects take their time to open."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked, self.go_on = Event(), Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def read(self, key: str, start: int, end: int | None) -> AsyncIterator[bytes]:
        self.asked.set()
        await asyncio.to_thread(self.go_on.wait)
        return await self.store.read(key, start, end)


def test_a_finisher_who_comes_second_leaves_the_version_of_the_first(own_crib: Crib) -> None:
    """Two processes join the parts; the first to finish takes them away under the other."""
    other = Crib.start(own_crib.folder, own_crib.clock)
    try:
        person = own_crib.person()
        slower = Person(person.uuid, person.company, other.client(cookies=person.client.cookies))
        store = SlowStore(other.app.kernel.blobs.store)
        other.app.kernel.blobs.store = store
        upload = begun(person, 6)
        send(person, upload, 0, b"one")
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(send, slower, upload, 3, b"two")
            assert store.asked.wait(20)
            made = send(person, upload, 3, b"two")
            store.go_on.set()
            refused(late.result(), 409, "offset_mismatch")
        assert made.headers["X-Version-Number"] == "1"
        assert offset_of(person, upload) == 6
        assert look(person, upload).headers["X-Version-Number"] == "1"
    finally:
        other.close()


def test_too_many_pieces(crib: Crib, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolcrib.documents.service import resumable  # noqa: PLC0415

    monkeypatch.setattr(resumable, "MAX_PARTS", 3)
    upload = begun(ann, 10)
    for start in range(3):
        assert send(ann, upload, start, b"x").status_code == 204
    refused(send(ann, upload, 3, b"x"), 400, "too_many_parts")
