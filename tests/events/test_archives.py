"""Old events move out of the log into files, and none is lost or doubled on the way."""

from __future__ import annotations

import asyncio
import gzip
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Semaphore, Thread
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest
from sqlalchemy import select

from tests.clock import FakeClock
from tests.events.test_stream import lock, stream
from toolcrib.kernel.blobs.problems import StorageUnavailable
from toolcrib.kernel.blobs.sweep import sweep
from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.events import archives
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.long_answers import PAGE

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
KEEP_DAYS = 30


@pytest.fixture
async def crib(app_server: Start, database_url: str) -> AppServer:
    return await app_server(database_url=database_url)  # its own job moves nothing


async def in_log(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = (await client.get("/api/events", params={"order": "asc", "after": after, **filters})).json()
        found += page["events"]
        after = page["next_after"]
    return found


async def in_files(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: int | None = 0
    while cursor is not None:
        answer = await client.get("/api/events/archived", params={"cursor": cursor, **filters})
        assert answer.status_code == 200, answer.text
        found += answer.json()["events"]
        cursor = answer.json()["next_cursor"]
    return found


async def archive(crib: AppServer) -> int:
    return await archives.archive_old(crib.kernel, crib.clock(), KEEP_DAYS)


async def a_past(crib: AppServer, clock: FakeClock, days: int = 2) -> list[dict[str, Any]]:
    """Days of locking and unlocking, which are over for longer than events are kept; and what the log says of it."""
    ann = await crib.user("ann")
    for day in range(days):
        for number in range(3):
            await lock(ann, f"{day}/{number}")
            assert (await ann.delete(f"/api/locks/{day}/{number}")).status_code == 200
        clock.advance(days=1)
    await lock(ann, "held")
    clock.advance(days=KEEP_DAYS + 1)
    await lock(ann, "new")
    return await in_log(await crib.admin())


@pytest.mark.every_database
async def test_old_events_move_and_what_is_needed_stays(crib: AppServer, clock: FakeClock) -> None:
    before = await a_past(crib, clock)
    admin = await crib.admin()
    assert (await admin.get("/api/events")).json()["archived_through"] == 0
    assert await archive(crib) > 6
    left, moved = await in_log(admin), await in_files(admin)
    assert sorted(left + moved, key=lambda each: each["seq"]) == before, "each is in one place, as it was"
    assert {"held", "new"} <= {each["key"] for each in left if each["verb"] == "acquired"}
    assert not {"held", "new"} & {each["key"] for each in moved}
    through = max(each["seq"] for each in moved)
    assert (await admin.get("/api/events")).json()["archived_through"] == through
    assert (await admin.get("/api/lock-history?path=held")).json()["archived_through"] == through
    assert await archive(crib) == 0, "what stays is not moved later either"

    # Given back, it moves when its time has come.
    ann = await crib.user("ann")
    assert (await ann.delete("/api/locks/held")).status_code == 200
    await lock(ann, "newer")
    clock.advance(days=KEEP_DAYS + 1)
    everything = await in_log(admin) + moved
    await archive(crib)
    left, moved = await in_log(admin), await in_files(admin)
    assert "held" in {each["key"] for each in moved}
    assert sorted(left + moved, key=lambda each: each["seq"]) == sorted(
        everything, key=lambda each: each["seq"]
    )


async def test_a_file_is_of_one_day_and_readable_by_anything(crib: AppServer, clock: FakeClock) -> None:
    await a_past(crib, clock)
    await archive(crib)
    async with crib.kernel.database.read() as session:
        files = await archives.next_archives(session, 0, 100)
    assert len(files) > 1
    for file in files:
        content = b"".join([block async for block in await crib.kernel.blobs.read(file.key)])
        lines = gzip.decompress(content).splitlines()
        assert file.name.startswith(f"events-{file.first_at:%Y-%m-%d}-")
        assert file.first_at.date() == file.last_at.date()
        assert all(line.startswith(b"{") for line in lines)


async def test_only_what_the_reader_may_see_is_read_from_files(crib: AppServer, clock: FakeClock) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    assert (await ann.post("/api/projects", json={"name": "secret"})).status_code == 201
    await lock(ann, "hidden", project="secret")
    await ann.delete("/api/locks/hidden?project=secret")
    await a_past(crib, clock)
    await archive(crib)
    assert [each["key"] for each in await in_files(ann, key="hidden", verb="released")] == ["hidden"]
    assert await in_files(ben, key="hidden") == []
    assert {each["key"] for each in await in_files(ben, prefix="0/", kind="asset")} == {"0/0", "0/1", "0/2"}
    assert len(await in_files(admin, actor="ann", verb="acquired,released", prefix="1/")) == 6
    assert await in_files(admin, since=clock().isoformat()) == []
    numbers = [each["seq"] for each in await in_files(admin)]
    assert [each["seq"] for each in await in_files(admin, after=numbers[2])] == numbers[3:]
    assert (await crib.client.get("/api/events/archived")).status_code == 401


async def test_a_stream_is_told_what_is_gone_and_starts_with_the_oldest(
    crib: AppServer, clock: FakeClock
) -> None:
    await a_past(crib, clock)
    admin = await crib.admin()
    await archive(crib)
    left = await in_log(admin)
    through = (await admin.get("/api/events")).json()["archived_through"]
    for query, headers in (("?after=0", {}), ("", {"Last-Event-ID": "1"})):
        async with stream(admin, query, **headers) as messages:
            assert (await messages.next())[0] == "hello"
            assert await messages.next() == ("gap", {"archived_through": through})
            wanted = [each["seq"] for each in left if each["seq"] > (1 if headers else 0)]
            assert [(await messages.next())[1]["seq"] for _ in wanted] == wanted
    for query in (f"?after={through}", ""):
        async with stream(admin, query) as messages:
            assert (await messages.next())[0] == "hello"
            await lock(admin, f"live{len(query)}")
            assert (await messages.next())[0] == "event"


async def test_damaged_files_are_named_and_hide_no_others(crib: AppServer, clock: FakeClock) -> None:
    before = await a_past(crib, clock, days=5)
    await archive(crib)
    admin = await crib.admin()
    moved = await in_files(admin)
    async with crib.kernel.database.read() as session:
        files = await archives.next_archives(session, 0, 100)
    places = [crib.settings.data_dir / "files" / file.key for file in files]
    content = places[2].read_bytes()
    places[0].unlink()
    places[1].write_bytes(bytes(len(places[1].read_bytes())))
    places[2].write_bytes(content[: len(content) // 2])
    places[3].write_bytes(b"")
    found, named = [], []
    cursor: int | None = 0
    while cursor is not None:
        page = (await admin.get("/api/events/archived", params={"cursor": cursor})).json()
        found += page["events"]
        named += [(each["name"], each["events"]) for each in page["damaged"]]
        cursor = page["next_cursor"]
    assert named == [(file.name, file.events) for file in files[:4]]
    assert found == moved[sum(file.events for file in files[:4]) :] != []
    places[2].write_bytes(content)
    at = files[2].first_at
    only = {"since": at.isoformat(), "until": (files[2].last_at + timedelta(seconds=1)).isoformat()}
    page = (await admin.get("/api/events/archived", params=only)).json()
    assert page["events"] == [each for each in before if each in moved and each in page["events"]]
    assert page["damaged"] == []


async def test_a_file_of_something_else_is_damaged_and_takes_no_memory(
    crib: AppServer, clock: FakeClock
) -> None:
    await a_past(crib, clock, days=5)
    await archive(crib)
    admin = await crib.admin()
    moved = await in_files(admin)
    async with crib.kernel.database.read() as session:
        files = await archives.next_archives(session, 0, 100)
    event = orjson.dumps({**moved[0], "at": "2026-01-01T00:00:00"})  # without a zone
    contents = [
        b"[1]\n" * files[0].events,
        b'{"seq":1}\n' * files[1].events,
        (event + b"\n") * files[2].events,
        b"{}\n" * 10_000_000,
    ]
    for file, content in zip(files, contents, strict=False):
        (crib.settings.data_dir / "files" / file.key).write_bytes(gzip.compress(content, 1))
    del contents, content
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    page = (await admin.get("/api/events/archived", params={"cursor": 0})).json()
    named = list(page["damaged"])
    while (cursor := page["next_cursor"]) is not None:
        page = (await admin.get("/api/events/archived", params={"cursor": cursor})).json()
        named += page["damaged"]
    assert [each["name"] for each in named] == [file.name for file in files[:4]]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


async def test_verifying_the_store_knows_files_of_events(crib: AppServer, clock: FakeClock) -> None:
    await a_past(crib, clock)
    await archive(crib)
    admin = await crib.admin()

    async def report(*, hashes: bool) -> tuple[Any, ...]:
        found = (await admin.post("/api/storage/verify", json={"hashes": hashes})).json()
        return found["is_sound"], found["archives"], found["damaged_archives"], found["orphans"]

    async with crib.kernel.database.read() as session:
        files = await archives.next_archives(session, 0, 100)
    assert await report(hashes=True) == (True, len(files), [], 0)
    (crib.settings.data_dir / "files" / files[0].key).unlink()
    (crib.settings.data_dir / "files" / files[1].key).write_bytes(b"not what was stored")
    assert await report(hashes=False) == (False, len(files), [files[0].key], 0)
    assert await report(hashes=True) == (False, len(files), [files[0].key, files[1].key], 0)


async def test_a_clock_that_was_wrong_for_a_moment_keeps_nothing_else_in_the_log(
    crib: AppServer, clock: FakeClock
) -> None:
    ann = await crib.user("ann")
    await lock(ann, "before")
    await ann.delete("/api/locks/before")
    async with crib.kernel.database.write() as session:
        wrong = clock() + timedelta(days=4000)
        await event_log.record(session, "released", kind="asset", key="wrong", actor="ann", now=wrong)
    await a_past(crib, clock)
    await archive(crib)
    assert {"before", "0/0", "1/2"} <= {each["key"] for each in await in_files(ann)}
    assert await in_files(ann, key="wrong") == []
    assert len(await in_log(ann, key="wrong")) == 1


async def free_pages(database: Database) -> None:
    """Fill a few thousand pages of an SQLite file, and free them again."""
    async with database.write() as session:
        connection = await take_write_lock(session)
        fill = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x < 40000)"
        await connection.exec_driver_sql(
            f"INSERT INTO archived_actors (scope, actor) {fill} SELECT 'project:' || x || hex(zeroblob(140)), x FROM n"
        )
    async with database.write() as session:
        await session.execute(archives.archived_actors.delete())


async def pragma(database: Database, name: str) -> int:
    async with database.connection() as connection:
        found: int = (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
        return found


@pytest.mark.databases("sqlite")
async def test_the_job_gives_pages_back_also_when_nothing_can_be_stored(
    app_server: Start, clock: FakeClock
) -> None:
    crib = await app_server(EVENTS_KEEP_DAYS=KEEP_DAYS)
    await a_past(crib, clock)
    database = crib.kernel.database
    await free_pages(database)
    shutil.rmtree(crib.settings.data_dir / "files")
    with pytest.raises(StorageUnavailable):
        await archives.JOB.run(crib.kernel, clock())
    assert await pragma(database, "freelist_count") <= 2_500


@pytest.mark.every_database
async def test_a_slow_reader_is_told_what_is_moved_while_it_reads(crib: AppServer, clock: FakeClock) -> None:
    ann, admin = await crib.user("ann"), await crib.admin()
    me = (await ann.get("/api/currentuser")).json()["uuid"]
    async with crib.kernel.database.write() as session:
        for number in range(2 * PAGE):
            await event_log.record(
                session, "released", kind="asset", key=f"old/{number}", actor="ann", now=clock()
            )
    clock.advance(days=KEEP_DAYS + 2)
    await lock(ann, "new")
    wanted = [each["seq"] for each in await in_log(ann)]

    async def move() -> None:
        async with crib.kernel.turns.turn(me):
            assert await archive(crib) > PAGE

    async with stream(ann, "?after=0") as messages:
        # Turns are taken in the order of asking, so what is moved is moved after a page and before the next.
        async with crib.kernel.turns.turn(me):
            assert (await messages.next())[0] == "hello"
            moving = asyncio.create_task(move())
            await asyncio.sleep(0)
        seen: list[int] = []
        told = 0
        while not seen or seen[-1] < wanted[-1]:
            name, data = await messages.next()
            told = max(told, data.get("archived_through", 0))
            if name == "event":
                seen.append(data["seq"])
                assert all(seq in seen or seq <= told for seq in wanted if seq < seen[-1])
        await moving
    assert told == (await admin.get("/api/events")).json()["archived_through"]
    exported = await ann.get("/api/events.csv")
    assert exported.headers["X-Archived-Through"] == str(told)


@pytest.mark.every_database
async def test_two_processes_that_move_at_once_move_each_event_once(
    app_server: Start, crib: AppServer, database_url: str, clock: FakeClock
) -> None:
    other = await app_server(database_url=database_url, data_dir=crib.settings.data_dir)
    before = await a_past(crib, clock)
    results = await asyncio.gather(archive(crib), archive(other), return_exceptions=True)
    assert all(isinstance(each, int | archives.MovedMeanwhile) for each in results), results
    await archive(crib)
    admin = await crib.admin()
    found = await in_log(admin) + await in_files(admin)
    together = [each for each in found if each["seq"] <= before[-1]["seq"]]
    assert sorted(together, key=lambda each: each["seq"]) == before


@pytest.mark.parametrize("where", ["stored", "deleted", "committed"])
async def test_a_kill_at_any_step_loses_and_doubles_nothing(
    crib: AppServer, database_url: str, clock: FakeClock, where: str
) -> None:
    before = await a_past(crib, clock)
    admin = await crib.admin()
    command = [sys.executable, "-m", "tests.events.archive_and_die", database_url]
    command += [str(crib.settings.data_dir), clock().isoformat()]
    died = await asyncio.to_thread(subprocess.run, [*command, where], check=False)
    assert died.returncode == -signal.SIGKILL
    together = await in_log(admin) + await in_files(admin)
    assert sorted(together, key=lambda each: each["seq"]) == before
    assert (await in_files(admin) != []) == (where == "committed")
    await lock(admin, "the write lock is free")
    await archive(crib)
    moved = await in_files(admin)
    assert moved
    together = [each for each in await in_log(admin) + moved if each["seq"] <= before[-1]["seq"]]
    assert sorted(together, key=lambda each: each["seq"]) == before

    # The store's sweep removes what the killed one left, and nothing else.
    for _ in range(3):
        clock.advance(hours=crib.settings.files_grace_hours + 1)
        await sweep(crib.kernel, max(clock(), datetime.now(clock().tzinfo) + timedelta(days=30)))
    assert await in_files(admin) == moved


async def test_a_name_that_others_used_stays_closed(crib: AppServer, clock: FakeClock) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await lock(ann, "a", project="used")
    await ann.delete("/api/locks/a?project=used")
    await a_past(crib, clock)
    await archive(crib)
    assert await in_log(ann, scope="project:used") == []
    taken = await ben.post("/api/projects", json={"name": "used"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_reserved")
    assert (await ann.post("/api/projects", json={"name": "used"})).status_code == 201


class SilentStore:
    """As much of S3 as files of events need. Whoever reads one waits until `go_on` is set."""

    def __init__(self) -> None:
        self.go_on, self.asked = Event(), Semaphore(0)
        files: dict[str, bytes] = {}
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                files[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
                self.send(b"")

            def do_GET(self) -> None:
                if "?" in self.path:
                    self.send(b"<ListBucketResult><Name>crib</Name></ListBucketResult>")
                    return
                store.asked.release()
                store.go_on.wait(30)
                self.send(files[self.path])

            def send(self, content: bytes) -> None:
                self.send_response(200)
                self.send_header("ETag", '"1"')
                self.send_header("Last-Modified", "Sun, 01 Jan 2023 00:00:00 GMT")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.mark.databases("sqlite")
async def test_a_store_that_does_not_answer_stops_nobody_elses_long_answers(
    app_server: Start, clock: FakeClock
) -> None:
    with closing(SilentStore()) as store:
        crib = await app_server(MINIO_ENDPOINT=store.endpoint, MINIO_BUCKET_NAME="crib")
        await a_past(crib, clock)
        await archive(crib)
        ben, cid, dan = [await crib.user(name) for name in ("ben", "cid", "dan")]
        asked = [asyncio.create_task(each.get("/api/events/archived")) for each in (ben, cid)]
        for _ in asked:
            assert await asyncio.to_thread(store.asked.acquire, timeout=20)
        async with asyncio.timeout(10):
            answer = await dan.get("/api/events.csv")
        assert answer.text.startswith("seq,")
        assert not any(each.done() for each in asked)
        store.go_on.set()
        assert all(answer.json()["events"] for answer in await asyncio.gather(*asked))


@pytest.mark.databases("sqlite")
async def test_sqlite_gives_free_pages_back_and_cuts_its_log(crib: AppServer) -> None:
    database = crib.kernel.database
    await free_pages(database)

    assert await pragma(database, "auto_vacuum") == 2
    pages = await pragma(database, "page_count")
    assert await pragma(database, "freelist_count") > 3_000
    await database.give_back_pages()
    assert await pragma(database, "freelist_count") <= 2_500
    assert await pragma(database, "page_count") < pages
    async with database.write() as session:
        limit = await (await take_write_lock(session)).exec_driver_sql("PRAGMA journal_size_limit")
        assert limit.scalar_one() == 32 * 2**20
    async with database.read() as session:
        assert (await session.execute(select(archives.archived_actors))).first() is None
