"""A database that can be read and takes no changes: health says so and why, nobody waits long, and reading goes on."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.kernel.parts import Start
from tests.servers.full_disk import SmallDisk, small_disk
from tests.servers.inprocess import AppServer
from toolcrib.kernel.audit_lines import AuditLines
from toolcrib.kernel.sqlite_files import FREE_PAGES

pytestmark = pytest.mark.databases("sqlite")

ELSEWHERE = {"X-Forwarded-For": "203.0.113.9"}  # as a stranger asks, who reads fixed words
LOCK_SECONDS = 1.0  # DATABASE_TIMEOUT_SECONDS
WAITERS = 5


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(12) as one:
        yield one


@asynccontextmanager
async def lock_held_elsewhere(crib: AppServer) -> AsyncIterator[None]:
    """SQLite's write lock, in the hands of another program."""
    file = crib.settings.data_dir / "toolcrib.db"
    connected = sqlite3.connect(file, isolation_level=None, timeout=10, check_same_thread=False)
    with closing(connected) as other:
        # In a thread, so that the server, which is in this process, can finish what it is writing.
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.02)  # health and figures are only told to whoever asks


async def lock(client: httpx.AsyncClient, path: str) -> httpx.Response:
    return await client.post("/api/locks", json={"asset_path": path, "branch": "main"})


def write_log_back(crib: AppServer) -> None:
    """What the server does by itself soon after each write; afterwards its log is used anew."""
    file = str(crib.kernel.database.url.database)
    # It fails in the end, because the database has no room to grow.
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


async def told(crib: AppServer, admin: httpx.AsyncClient) -> list[tuple[int, str, str]]:
    """What each health page says of the database: to the machine itself, to a stranger, in detail."""
    asked = [
        await crib.client.get("/health"),
        await crib.client.get("/health", headers=ELSEWHERE),
        await crib.client.get("/api/storage/health"),
        await crib.client.get("/api/storage/health", headers=ELSEWHERE),
        await admin.get("/api/admin/health"),
    ]
    return [
        (answer.status_code, answer.json()["status"], answer.json()["checks"]["database"]["message"])
        for answer in asked
    ]


async def figure(crib: AppServer, name: str) -> float:
    lines = (await crib.client.get("/metrics")).text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def document(who: str) -> dict[str, str]:
    return {"bucket_type": "users", "bucket_id": who, "logical_path": "a.txt"}


async def stored(client: httpx.AsyncClient) -> tuple[str, str]:
    """A document of this person: whose folder it is in, and its id."""
    uuid = (await client.get("/api/currentuser")).json()["uuid"]
    answer = await client.post(
        "/api/storage/upload/proxy", data=document(uuid), files={"file": ("a.txt", b"kept")}
    )
    assert answer.status_code == 201, answer.text
    return uuid, answer.json()["data"]["file_id"]


async def read_everything(crib: AppServer, client: httpx.AsyncClient, uuid: str) -> None:
    """Whatever only reads works."""
    download = await client.get("/api/storage/download/proxy", params=document(uuid))
    assert (download.status_code, download.content) == (200, b"kept")
    signed = await client.get("/api/storage/download/presign", params=document(uuid))
    assert signed.status_code == 200
    folder = await client.get("/api/storage/list", params={"bucket": "users", "id": uuid})
    assert folder.json()["pagination"]["total_items"] == 1
    other = await crib.user("eve")
    denied = await other.get("/api/storage/download/proxy", params=document(uuid))
    assert denied.status_code == 403
    for path in ("/api/locks", "/api/events", "/api/claims"):
        assert (await client.get(path)).status_code == 200


def audited(crib: AppServer, action: str) -> int:
    with closing(sqlite3.connect(crib.settings.data_dir / "toolcrib.db")) as database:
        found = database.execute("SELECT count(*) FROM document_audit WHERE action = ?", (action,))
        return int(found.fetchone()[0])


async def test_a_full_disk(app_server: Start, disk: SmallDisk, tmp_path: Path) -> None:
    crib = await app_server(disk.path / "data", FILES_DIR=tmp_path / "files")
    admin, ann = await crib.admin(), await crib.user("ann")
    await crib.user("eve")
    uuid, _ = await stored(ann)
    assert await figure(crib, "toolcrib_database_writable") == 1
    disk.fill()
    numbers = itertools.count()
    while True:  # what was free in its files takes a few, and once more after each time that the log could be used anew
        while (answer := await lock(ann, f"a{next(numbers)}")).status_code == 201:
            pass
        write_log_back(crib)
        if (answer := await lock(ann, f"a{next(numbers)}")).status_code != 201:
            break
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["Retry-After"]

    why = "cannot write: its disk is full"
    assert await told(crib, admin) == [
        (503, "unhealthy", why),
        (503, "unhealthy", "cannot write"),
        (503, "unhealthy", why),
        (503, "unhealthy", "cannot write"),
        (503, "unhealthy", why),
    ]
    assert await figure(crib, "toolcrib_database_writable") == 0
    await read_everything(crib, ann, uuid)
    assert (
        await figure(crib, "toolcrib_audit_lines_waiting") > 0
    )  # a short one may fit into what the log has left
    assert (await lock(ann, "more")).status_code == 503

    disk.make_room()

    async def is_well() -> bool:
        return all(status == 200 for status, _, _ in await told(crib, admin))

    await until(is_well, "health without anybody's write")
    assert (await lock(ann, "more")).status_code == 201

    async def is_written() -> bool:
        return await figure(crib, "toolcrib_audit_lines_waiting") == 0

    await until(is_written, "the audit lines")
    assert (audited(crib, "download"), audited(crib, "access_denied")) == (2, 1)
    assert await figure(crib, "toolcrib_audit_lines_lost") == 0


async def test_another_program_that_holds_the_write_lock(app_server: Start) -> None:
    crib = await app_server(DATABASE_TIMEOUT_SECONDS=LOCK_SECONDS)
    admin, ann = await crib.admin(), await crib.user("ann")
    await crib.user("eve")
    uuid, file_id = await stored(ann)
    async with lock_held_elsewhere(crib):
        started = time.monotonic()
        asked: list[Awaitable[httpx.Response]] = []
        for number in range(WAITERS):  # by the group-commit writer, and each in a transaction of its own
            asked.append(asyncio.create_task(lock(ann, f"a{number}")))
            asked.append(asyncio.create_task(ann.post("/api/projects", json={"name": f"p{number}"})))
            asked.append(asyncio.create_task(ann.post("/api/storage/lock", json={"file_id": file_id})))
            await asyncio.sleep(0.05)  # they do not come all at once
        answers = await asyncio.gather(*asked)
        waited = time.monotonic() - started
        assert {(a.status_code, a.json().get("code")) for a in answers} >= {(503, "database_unavailable")}
        assert {answer.status_code for answer in answers} == {503}
        assert all(answer.headers["Retry-After"] for answer in answers)
        assert waited < WAITERS * LOCK_SECONDS, "each waited for the one before it"

        why = "cannot write: another program holds its write lock"
        found = await told(crib, admin)
        assert found[0] == found[2] == found[4] == (503, "unhealthy", why)
        assert found[1] == found[3] == (503, "unhealthy", "cannot write")
        await read_everything(crib, ann, uuid)

    async def is_well() -> bool:
        return (await crib.client.get("/health")).status_code == 200

    await until(is_well, "health")
    assert (await lock(ann, "a0")).status_code == 201
    assert (await ann.post("/api/projects", json={"name": "p0"})).status_code == 201


async def test_an_error_that_no_words_are_known_for_is_told_by_its_number(app_server: Start) -> None:
    crib = await app_server()
    admin = await crib.admin()
    file = crib.settings.data_dir / "toolcrib.db"
    with closing(sqlite3.connect(file, timeout=10, check_same_thread=False)) as other:
        await asyncio.to_thread(other.execute, "ALTER TABLE claims RENAME TO elsewhere")
        assert (await lock(admin, "a")).status_code == 503
        assert (await told(crib, admin))[0] == (503, "unhealthy", "cannot write: it failed with error 1")
        await asyncio.to_thread(other.execute, "ALTER TABLE elsewhere RENAME TO claims")
    assert (await lock(admin, "a")).status_code == 201


async def test_pages_are_given_back_another_time_if_another_program_holds_the_write_lock(
    app_server: Start,
) -> None:
    crib = await app_server(DATABASE_TIMEOUT_SECONDS=LOCK_SECONDS)
    ann, database = await crib.user("ann"), crib.kernel.database
    file = crib.settings.data_dir / "toolcrib.db"
    with closing(sqlite3.connect(file, isolation_level=None, timeout=10, check_same_thread=False)) as other:
        # In a thread, so that the server, which is in this process, can finish what it is writing.
        fill = "CREATE TABLE fill AS SELECT zeroblob(?) AS x"
        await asyncio.to_thread(other.execute, fill, (4096 * (FREE_PAGES + 100),))
        await asyncio.to_thread(other.execute, "DROP TABLE fill")

        def free() -> int:
            return int(other.execute("PRAGMA freelist_count").fetchone()[0])

        full = free()
        assert full > FREE_PAGES
        async with lock_held_elsewhere(crib):
            started = time.monotonic()
            giving = asyncio.create_task(database.give_back_pages())
            await asyncio.sleep(0)  # it takes the turn at once
            assert (await lock(ann, "a")).status_code == 503
            assert time.monotonic() - started < 2 * LOCK_SECONDS, "it waited for the pages, too"
            await giving
        assert free() == full
        await database.give_back_pages()
        assert free() <= FREE_PAGES


async def test_audit_lines_that_wait_are_written_at_the_end(app_server: Start, tmp_path: Path) -> None:
    crib = await app_server(DATABASE_TIMEOUT_SECONDS=LOCK_SECONDS)
    ann = await crib.user("ann")
    uuid, _ = await stored(ann)
    async with lock_held_elsewhere(crib):
        answer = await ann.get("/api/storage/download/proxy", params=document(uuid))
        assert answer.status_code == 200
    lines = crib.kernel.audit_lines
    await lines.close()
    assert (lines.waiting, audited(crib, "download")) == (0, 1)


async def test_there_is_room_for_so_many_audit_lines(app_server: Start) -> None:
    crib = await app_server(DATABASE_TIMEOUT_SECONDS=LOCK_SECONDS)
    table, values = line_of(crib)
    lines = AuditLines(crib.kernel.database, room=3)
    async with lock_held_elsewhere(crib):
        for _ in range(5):
            await lines.write(table, values)
        assert (lines.waiting, lines.lost) == (3, 2)
    await lines.close()
    assert audited(crib, "download") == 3


async def test_a_line_that_the_database_refuses_holds_up_no_others(app_server: Start) -> None:
    crib = await app_server(DATABASE_TIMEOUT_SECONDS=LOCK_SECONDS)
    table, values = line_of(crib)
    lines = crib.kernel.audit_lines
    async with lock_held_elsewhere(crib):
        for user in ("u1", None, "u2"):
            await lines.write(table, values | {"user_id": user})

    async def is_written() -> bool:
        return lines.waiting == 0

    await until(is_written, "the lines")
    assert (audited(crib, "download"), lines.lost) == (2, 1)


def line_of(crib: AppServer) -> tuple[Any, dict[str, Any]]:
    from toolcrib.documents.models import AuditEntry  # noqa: PLC0415 - the table of one kind, as an example

    return AuditEntry.__table__, {
        "address": "users/u/a.txt",
        "action": "download",
        "user_id": "u",
        "username": "ann",
        "details": {},
        "created_at": crib.clock(),
    }
