"""Database connections that die in silence while new ones work: locks come back without a restart, none is lost or
given twice, and the server can be stopped."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from asyncmy.errors import OperationalError
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import wait_until
from tests.servers.tcp_proxy import TcpProxy
from tests.servers.toolcrib import ToolcribServer
from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.deadlines import hang_up
from toolcrib.kernel.mariadb_dialect import MariaDBDialect
from toolcrib.kernel.postgresql_dialect import PostgreSQLDialect
from toolcrib.settings import Settings

pytestmark = [pytest.mark.every_database, pytest.mark.databases("postgresql", "mariadb")]

DEADLINE = 2
# An answer must come within this: connecting, waiting and closing each have a deadline of their own.
ANSWER_SECONDS = 10
RECOVERY_SECONDS = 20
HANGS = 300

# Transactions that wait for the write lock.
WAITING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND wait_event_type = 'Lock'",
    "mariadb": "SELECT count(*) FROM information_schema.innodb_trx JOIN information_schema.processlist "
    "ON id = trx_mysql_thread_id WHERE db = DATABASE() AND trx_state = 'LOCK WAIT'",
}
# Transactions that have sent nothing for more than twice the deadline of `test_a_process_that_stood_still`.
IDLE = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND state = 'idle in transaction' AND now() - state_change > interval '2.2 s'",
    "mariadb": "SELECT count(*) FROM information_schema.innodb_trx JOIN information_schema.processlist "
    "ON id = trx_mysql_thread_id WHERE db = DATABASE() AND command = 'Sleep' AND time_ms > 2200",
}


def held(server: ToolcribServer) -> dict[str, int]:
    locks = server.admin.get("/api/locks").json()
    fences = {lock["asset_path"]: lock["fence"] for lock in locks}
    assert len(fences) == len(locks), "something is held twice"
    return fences


def lock(server: ToolcribServer, path: str) -> httpx.Response:
    body = {"asset_path": path, "branch": "main"}
    return server.admin.post("/api/locks", json=body, timeout=ANSWER_SECONDS)


def lock_until_it_works(server: ToolcribServer, path: str) -> int:
    """Ask again after each 503. Returns the fence."""
    answers: list[httpx.Response] = []

    def works() -> bool:
        answers.append(lock(server, path))
        assert answers[-1].status_code in {200, 201, 503}, answers[-1].text
        return answers[-1].status_code != 503

    wait_until(works, "a lock", RECOVERY_SECONDS)
    fence: int = answers[-1].json()["lock"]["fence"]
    return fence


def is_healthy(server: ToolcribServer) -> bool:
    return server.client.get("/health", timeout=ANSWER_SECONDS).status_code == 200


def check_log(server: ToolcribServer, locked: dict[str, int]) -> None:
    """What was acknowledged is held, and the log has no gap and tells of each lock once."""
    events = server.admin.get("/api/events", params={"order": "asc", "limit": 1000}).json()["events"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    acquired = sorted(event["key"] for event in events if event["verb"] == "acquired")
    now = held(server)
    assert acquired == sorted(now)
    assert now.items() >= locked.items()


def test_locks_work_again_after_every_connection_died(
    server: Callable[..., ToolcribServer], through: str, proxy: TcpProxy, database_kind: str
) -> None:
    crib = server(DATABASE_URL=through, DATABASE_TIMEOUT_SECONDS=DEADLINE)
    locked = {"before": lock(crib, "before").json()["lock"]["fence"]}
    proxy.swallow()
    answer = lock(crib, "during")
    # Idle connections to MariaDB are tried before they are used, so there the lock comes late instead.
    assert answer.status_code == (503 if database_kind == "postgresql" else 201), answer.text
    if answer.status_code == 503:
        assert answer.json()["code"] == "database_unavailable"
        locked["during"] = lock_until_it_works(crib, "during")
    else:
        locked["during"] = answer.json()["lock"]["fence"]
    locked["after"] = lock_until_it_works(crib, "after")
    wait_until(lambda: is_healthy(crib), "health", RECOVERY_SECONDS)
    check_log(crib, locked)
    crib.stop()


@asynccontextmanager
async def write_lock_held(url: str) -> AsyncIterator[None]:
    """Another writer has the write lock, over a connection of its own."""
    database = Database(Settings(database_url=url).database)
    try:
        async with database.write() as session:
            await take_write_lock(session)
            yield
    finally:
        await database.close()


async def wait_for_a_transaction(url: str, counted: str) -> None:
    """Until the database counts one."""
    database = Database(Settings(database_url=url).database)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            found = 0
            while not found:
                async with database.read() as session:
                    found = (await session.execute(text(counted))).scalar_one()
                # MariaDB shows transactions as they were when nobody had looked for 0.1 s.
                await asyncio.sleep(0.15)
    finally:
        await database.close()


async def test_a_connection_that_dies_with_the_write_lock_does_not_keep_it(
    server: Callable[..., ToolcribServer],
    through: str,
    proxy: TcpProxy,
    database_url: str,
    database_kind: str,
) -> None:
    crib = server(DATABASE_URL=through, DATABASE_TIMEOUT_SECONDS=DEADLINE)
    admin = crib.admin
    locked = {"before": lock(crib, "before").json()["lock"]["fence"]}
    async with write_lock_held(database_url):
        asked = asyncio.create_task(asyncio.to_thread(lock, crib, "during"))
        await wait_for_a_transaction(database_url, WAITING[database_kind])
        proxy.swallow()
    # The database now gives the write lock to the session whose connection is dead.
    read = await asyncio.to_thread(admin.get, "/api/locks", timeout=ANSWER_SECONDS)
    assert read.status_code in {200, 503}
    assert (await asked).status_code == 503
    for path in ("after", "during"):
        locked[path] = await asyncio.to_thread(lock_until_it_works, crib, path)
    await asyncio.to_thread(wait_until, lambda: is_healthy(crib), "health", RECOVERY_SECONDS)
    check_log(crib, locked)
    crib.stop()


@pytest.mark.databases("postgresql")
async def test_who_died_in_the_middle_of_a_statement_does_not_keep_the_write_lock(
    through: str, proxy: TcpProxy, database_url: str
) -> None:
    """PostgreSQL's own limits do not count between the two halves in which a new statement is sent. Without a process
    that knows of the session, the next one that connects ends it."""
    server = PostgreSQLDialect.server
    dialect: Any = PostgreSQLDialect()  # its method has no types
    _, named = dialect.create_connect_args(make_url(through))
    dead = await server.open(**named)
    await server.limit_session(dead, DEADLINE)
    await dead.execute("BEGIN; SELECT seq FROM event_counter FOR UPDATE")
    await dead.prepare("SELECT 'never used before'")
    proxy.swallow()
    hang_up(dead)

    async def has_the_lock() -> bool:
        database = Database(Settings(database_url=database_url).database, timeout_seconds=1)
        try:
            async with database.write() as session:
                await take_write_lock(session)
        except DBAPIError:
            return False
        finally:
            await database.close()
        return True

    assert not await has_the_lock()
    _, named = dialect.create_connect_args(make_url(database_url))
    living = await server.open(**named)
    await server.limit_session(living, DEADLINE)
    await living.execute("BEGIN")
    other = await server.open(**named)
    await server.end_silent_sessions(other, HANGS)
    assert not await has_the_lock()
    await server.end_silent_sessions(other, 0.1)
    assert await has_the_lock()
    await living.execute("SELECT 1")  # it is idle, for which the server has a limit of its own
    for driver in (living, other):
        hang_up(driver)


async def test_a_process_that_stood_still_keeps_its_transaction(
    server: Callable[..., ToolcribServer], database_url: str, database_kind: str
) -> None:
    crib = server(DATABASE_URL=database_url, DATABASE_TIMEOUT_SECONDS=1)
    crib.admin.get("/api/locks").raise_for_status()
    async with write_lock_held(database_url):
        asked = asyncio.create_task(asyncio.to_thread(lock, crib, "slow"))
        await wait_for_a_transaction(database_url, WAITING[database_kind])
        crib.signal(signal.SIGSTOP)
    # The write lock passes on to it now.
    await wait_for_a_transaction(database_url, IDLE[database_kind])
    crib.signal(signal.SIGCONT)
    answer = await asked
    assert answer.status_code == 201, answer.text
    check_log(crib, {"slow": answer.json()["lock"]["fence"]})


async def test_a_large_statement_is_not_sent_for_ever(through: str, proxy: TcpProxy) -> None:
    database = Database(Settings(database_url=through).database, timeout_seconds=DEADLINE)
    try:
        async with asyncio.timeout(ANSWER_SECONDS), database.read() as session:
            await session.execute(text("SELECT 1"))
            proxy.swallow()
            with pytest.raises(DBAPIError) as lost:
                await session.execute(text("SELECT length(:large)"), {"large": "x" * 12_000_000})
        assert lost.value.connection_invalidated
    finally:
        async with asyncio.timeout(ANSWER_SECONDS):
            await database.close()


SLEEP = {"postgresql": "SELECT pg_sleep(5)", "mariadb": "SELECT SLEEP(5)"}
TAKE = {"postgresql": "SELECT pg_advisory_lock(1)", "mariadb": "SELECT GET_LOCK('one', 60)"}


async def test_a_migration_waits_for_a_slow_statement_and_not_for_a_lost_answer(
    through: str, proxy: TcpProxy, database_url: str, database_kind: str
) -> None:
    database = Database(Settings(database_url=through).database, timeout_seconds=1)
    other = Database(Settings(database_url=database_url).database, timeout_seconds=ANSWER_SECONDS)
    try:
        async with database.connection_without_deadlines() as connection:
            await connection.execute(text(TAKE[database_kind]))
            await connection.execute(text(SLEEP[database_kind]))
            proxy.swallow()
            async with asyncio.timeout(ANSWER_SECONDS):
                with pytest.raises(DBAPIError) as lost:
                    await connection.execute(text("SELECT 1"))
        assert lost.value.connection_invalidated
        # The server has ended its session, so that the next who migrates does not wait for it.
        async with asyncio.timeout(ANSWER_SECONDS), other.read() as session:
            assert (await session.execute(text(TAKE[database_kind]))).scalar() != 0
    finally:
        await database.close()
        await other.close()


async def test_sigterm_ends_a_server_whose_database_is_silent(
    server: Callable[..., ToolcribServer], through: str, proxy: TcpProxy
) -> None:
    crib = server(DATABASE_URL=through, DATABASE_TIMEOUT_SECONDS=DEADLINE)
    crib.admin.get("/api/locks").raise_for_status()
    proxy.swallow(new=True)
    answer = await asyncio.to_thread(lock, crib, "never")
    assert answer.status_code == 503
    crib.stop()


async def test_sigterm_ends_by_force_what_does_not_end(
    server: Callable[..., ToolcribServer], through: str, proxy: TcpProxy, database_kind: str
) -> None:
    workers = {"postgresql": 2, "mariadb": 1}[database_kind]
    limits = {"DATABASE_TIMEOUT_SECONDS": HANGS, "SHUTDOWN_SECONDS": 1}
    crib = server(DATABASE_URL=through, workers=workers, **limits)
    crib.admin.get("/api/locks").raise_for_status()
    proxy.swallow(new=True)
    asked = asyncio.create_task(asyncio.to_thread(lock, crib, "never"))
    await asyncio.to_thread(wait_until, lambda: not is_healthy(crib), "a database that does not answer")
    crib.signal(signal.SIGTERM)
    status = await asyncio.to_thread(crib.wait)
    assert "shutdown_limit_reached" in crib.output()
    assert workers == 2 or status == 1  # the parent of several ends well once they have ended
    with pytest.raises(httpx.TransportError):
        await asked


async def test_after_a_restart_mariadb_s_ids_are_taken_for_others(
    start_mariadb: Callable[..., MariaDB],
) -> None:
    """A restarted server gives the ids of lost sessions to new ones, which nobody may end."""
    running = start_mariadb(durable=True)
    _, named = MariaDBDialect().create_connect_args(make_url(running.fresh("bare").url))
    server = MariaDBDialect.server

    async def opened() -> Any:
        driver = await server.open(**named)
        await server.limit_session(driver, 10)
        return driver

    old = await opened()
    left, start = server.session_of(old)
    # Starts are told apart by whole seconds.
    await asyncio.to_thread(wait_until, lambda: time.time() > start + 5, "an age of the server")
    hang_up(old)
    running.stop()
    await asyncio.to_thread(running.start)
    drivers = [await opened()]
    while drivers[-1].thread_id() < left:
        drivers.append(await opened())
    same = drivers[-1]
    assert same.thread_id() == left
    ending = await opened()
    await server.end_sessions(ending, [(left, start)])
    await same.ping(reconnect=False)
    await server.end_sessions(ending, [server.session_of(same)])
    with pytest.raises(OperationalError):
        await same.ping(reconnect=False)
    for driver in (*drivers, ending):
        hang_up(driver)


def test_a_role_that_may_end_no_sessions_has_a_server(
    server: Callable[..., ToolcribServer], start_postgresql: Callable[..., PostgreSQL]
) -> None:
    running = start_postgresql()
    url = make_url(running.fresh("bare").url)
    assert url.database
    for statement in (
        "REVOKE EXECUTE ON FUNCTION pg_terminate_backend FROM PUBLIC",
        "CREATE ROLE plain LOGIN",
        f"ALTER DATABASE {url.database} OWNER TO plain",
    ):
        running.execute(statement, url.database)
    crib = server(
        DATABASE_URL=url.set(username="plain").render_as_string(), DATABASE_TIMEOUT_SECONDS=DEADLINE
    )
    with ThreadPoolExecutor(8) as threads:  # over several connections
        answers = list(threads.map(lambda number: lock(crib, f"a{number}"), range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert crib.output().count("cannot_end_silent_sessions") == 1
    crib.stop()
