"""Resumable uploads to a server as operators run it: killed at any moment, in several processes, watched for the
memory it takes."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.conftest import is_full
from tests.documents.resumable import begin, begun, look, offset_of, send
from tests.documents.test_processes import _resident
from tests.servers.crib import BASE, Crib, Person, token
from tests.servers.environment import PLAIN
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.databases("sqlite")

Start = Callable[..., ToolcribServer]
MIB = 2**20


@pytest.fixture
def somebody() -> tuple[str, dict[str, str]]:
    me = str(uuid4())
    return me, {"access_token": token(me, str(uuid4()))}


def _person(crib: ToolcribServer, somebody: tuple[str, dict[str, str]]) -> Person:
    me, cookies = somebody
    return Person(me, "", httpx.Client(base_url=crib.url, cookies=cookies, timeout=60, verify=PLAIN))


def _has(person: Person, upload: str, least: int) -> bool:
    return offset_of(person, upload) >= least


@pytest.mark.timeout(600)
def test_killed_again_and_again_in_the_middle_of_a_body(
    pytestconfig: pytest.Config, server: Start, tmp_path: Path, somebody: tuple[str, dict[str, str]]
) -> None:
    """Two processes; 16 MiB and more are kept over each kill, and no byte is sent twice but of the last part."""
    folder = tmp_path / "crib"
    crib = server(folder, workers=2, TRUST_TOKEN_ISSUERS="*", FILES_GRACE_HOURS="1")
    content = random.Random(3).randbytes((150 if is_full(pytestconfig) else 90) * MIB)
    upload = begun(_person(crib, somebody), len(content), "big.bin", sha256=sha256(content).hexdigest())
    offset = kills = 0
    while offset < len(content):
        person = _person(crib, somebody)
        answer = look(person, upload)
        assert answer.status_code == 200
        assert int(answer.headers["Upload-Offset"]) >= offset
        offset = int(answer.headers["Upload-Offset"])
        sent, killed = threading.Event(), threading.Event()
        # Up to 40 MiB further it is killed; the last time it is not.
        stop = random.Random(kills).randrange(20 * MIB, 40 * MIB)
        is_last = offset + stop >= len(content)

        def body(offset: int, stop: int, sent: threading.Event, killed: threading.Event) -> Iterator[bytes]:
            for start in range(offset, len(content), MIB):
                if start - offset >= stop and not sent.is_set():
                    sent.set()
                    killed.wait(60)  # else a quick server might have it all before that
                yield content[start : start + MIB]

        coming = body(offset, stop, sent, killed)

        def transfer(person: Person = person, offset: int = offset, coming: Iterator[bytes] = coming) -> None:
            headers = {"Content-Length": str(len(content) - offset)}
            try:
                answer = send(person, upload, offset, coming, headers)
            except httpx.TransportError:
                return
            assert answer.status_code == 204, answer.text

        least = offset + 16 * MIB
        sender = threading.Thread(target=transfer)
        sender.start()
        if not is_last:
            assert sent.wait(60)
            wait_until(partial(_has, person, upload, least), "a part to be kept", 60)
            crib.kill()
            killed.set()
            kills += 1
        sender.join()
        if not is_last:
            crib.start()
            offset = int(look(_person(crib, somebody), upload).headers["Upload-Offset"])
            assert offset >= least
        else:
            offset = len(content)
    assert kills >= 3
    person = _person(crib, somebody)
    done = look(person, upload)
    assert done.headers["Upload-Offset"] == str(len(content))
    assert done.headers["X-Version-Number"] == "1"
    assert done.headers["X-Checksum-SHA256"] == sha256(content).hexdigest()
    fetched = person.fetch("big.bin")
    assert sha256(fetched.content).hexdigest() == sha256(content).hexdigest()
    crib.stop()
    _nothing_is_left_over(folder, versions=1)


@pytest.mark.timeout(600)
def test_a_kill_near_the_end_leaves_all_or_a_place_to_go_on_from(
    pytestconfig: pytest.Config, server: Start, tmp_path: Path, somebody: tuple[str, dict[str, str]]
) -> None:
    folder = tmp_path / "crib"
    crib = server(folder, TRUST_TOKEN_ISSUERS="*", FILES_GRACE_HOURS="1")
    dice = random.Random(5)
    seen: set[str] = set()
    rounds = 15 if is_full(pytestconfig) else 6
    for round_ in range(rounds):
        person = _person(crib, somebody)
        content = dice.randbytes(dice.choice([3, 50_000, 6 * MIB]))
        path = f"{round_}.bin"
        upload = begun(person, len(content), path)
        middle = len(content) // 2
        assert send(person, upload, 0, content[:middle]).status_code == 204
        told: list[httpx.Response] = []

        def finish(
            person: Person = person,
            upload: str = upload,
            middle: int = middle,
            content: bytes = content,
            told: list[httpx.Response] = told,
        ) -> None:
            try:
                told.append(send(person, upload, middle, content[middle:]))
            except httpx.TransportError:
                return

        sender = threading.Thread(target=finish)
        sender.start()
        sender.join(dice.random() * 0.06)
        crib.kill()
        sender.join()
        crib.start()
        person = _person(crib, somebody)
        now = look(person, upload)
        offset = int(now.headers["Upload-Offset"])
        seen.add(f"{'told' if told else 'untold'} {'whole' if offset == len(content) else 'not'}")
        if told:
            assert told[0].status_code == 204
            assert offset == len(content)
        if offset < len(content):
            assert "X-Version-ID" not in now.headers
            assert person.fetch(path).status_code == 404
            now = send(person, upload, offset, content[offset:])
            assert now.status_code == 204, now.text
        assert now.headers["X-Version-Number"] == "1"
        assert person.fetch(path).content == content
    assert "untold not" in seen, seen
    crib.stop()
    _nothing_is_left_over(folder, versions=rounds)


def _nothing_is_left_over(folder: Path, *, versions: int) -> None:
    from toolcrib.documents.service.lookup import documents_of  # noqa: PLC0415
    from toolcrib.documents.service.verifying import verify  # noqa: PLC0415
    from toolcrib.kernel.blobs.sweep import sweep  # noqa: PLC0415

    crib = Crib.start(folder, FILES_GRACE_HOURS=1)
    try:
        for _ in range(3):
            crib.clock.advance(hours=2)
            crib.run(sweep(crib.app.kernel, crib.clock()))
        report = crib.run(verify(documents_of(crib.app.kernel), hashes=True, now=crib.clock()))
        assert report.is_sound
        assert (report.versions, report.orphans) == (versions, 0)
        for left in ("drafts", "uploads"):
            assert not (folder / "files" / left).exists() or not list((folder / "files" / left).iterdir())
    finally:
        crib.close()


@pytest.mark.timeout(600)
def test_a_large_upload_takes_no_memory(
    pytestconfig: pytest.Config, server: Start, somebody: tuple[str, dict[str, str]]
) -> None:
    size = (300 if is_full(pytestconfig) else 100) * MIB
    crib = server(TRUST_TOKEN_ISSUERS="*")
    person = _person(crib, somebody)
    upload = begun(person, 24 * MIB, "warm.bin")  # what is loaded on first use
    assert send(person, upload, 0, b"x" * 8 * MIB).status_code == 204
    assert send(person, upload, 8 * MIB, b"x" * 16 * MIB).status_code == 204
    upload = begun(person, size, "big.bin")

    def body(size: int) -> Iterator[bytes]:
        for _ in range(size // MIB):
            yield bytes(MIB)

    before = _resident(crib.pid)["VmRSS"]
    Path(f"/proc/{crib.pid}/clear_refs").write_text("5", encoding="ascii")
    half = {"Content-Length": str(size // 2)}
    assert send(person, upload, 0, body(size // 2), half).headers["Upload-Offset"] == str(size // 2)
    answer = send(person, upload, size // 2, body(size // 2), half)
    assert answer.headers["X-Version-Number"] == "1"
    grown = _resident(crib.pid)["VmHWM"] - before
    print(f"{size // MIB} MiB in pieces moved memory by {grown} MiB")
    assert grown < 32
    assert person.metadata("big.bin")["file"]["size"] == size


@pytest.mark.timeout(300)
def test_several_processes_work_on_one_upload(server: Start, somebody: tuple[str, dict[str, str]]) -> None:
    """A new connection for each piece: whichever process takes it knows where the others are."""
    crib = server(workers=3, TRUST_TOKEN_ISSUERS="*")
    content = random.Random(1).randbytes(300_000)
    upload = begun(_person(crib, somebody), len(content), "x.bin")
    for start in range(0, len(content), 10_000):
        person = _person(crib, somebody)
        answer = send(person, upload, start, content[start : start + 10_000])
        assert answer.headers["Upload-Offset"] == str(start + 10_000)
        person.client.close()
    assert answer.headers["X-Checksum-SHA256"] == sha256(content).hexdigest()
    assert BASE in upload
    person = _person(crib, somebody)
    assert begin(person, 2, "y.bin", content=b"ok").status_code == 201
    wait_until(lambda: person.fetch("x.bin").content == content, "the same bytes everywhere")
