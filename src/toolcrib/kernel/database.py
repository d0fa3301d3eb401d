"""Engines, sessions, and what differs between SQLite, PostgreSQL and MariaDB.

Writers take turns at **the write lock**: the one row of `event_counter`. A unit of work that writes takes it with its
first statement and keeps it until commit, on every database. The log's numbers must follow commit order, so
commits are serial anyway; taking the row first costs the few statements before it and buys two things: writers
can never deadlock, and what a writer reads after taking the write lock cannot change before it commits.
So slow work (hashing a password, calling another service, storing bytes) comes before the first statement.

Each wait for a database server has a deadline (`kernel.deadlines`), after which the connection is dropped.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, Engine, Select, create_engine, event, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool
from sqlalchemy.util import await_only

from toolcrib.kernel.deadlines import url_with_deadlines
from toolcrib.kernel.disk_reserve import USUAL_PAGES, DiskReserve
from toolcrib.kernel.events.writer import Event, EventWriter, lock_event_counter
from toolcrib.kernel.left_sessions import LeftSessions
from toolcrib.kernel.progress import count_statements

if TYPE_CHECKING:
    from sqlalchemy.engine import ExceptionContext

    from toolcrib.kernel.claims.changes import Hooks

log = structlog.get_logger()

BUSY_TIMEOUT_SECONDS = 30

registry.register("sqlite.toolcrib", "toolcrib.kernel.sqlite_dialect", "SQLiteDialect")


class Database:
    """One database. `read()` and `write()` open units of work; the write lock keeps writers in turn."""

    def __init__(self, url: str, timeout_seconds: float = 10.0, reserve_bytes: int = 0) -> None:
        """`timeout_seconds` bounds, on PostgreSQL and MariaDB, each wait for the server: to connect, for a
        connection of the pool, for the answer to a statement. `reserve_bytes` of the disk are kept for SQLite."""
        self.url = make_url(url)
        self._timeout = timeout_seconds
        self._left_sessions: LeftSessions | None = None
        self.dialect = "mariadb" if self.url.get_backend_name() == "mysql" else self.url.get_backend_name()
        # Fairness inside this process: SQLite's own lock makes waiters poll and can starve them.
        self._turn = asyncio.Lock()
        self._reserve: DiskReserve | None = None
        if self.dialect == "sqlite":
            if reserve_bytes and self.url.database:
                self._reserve = DiskReserve(Path(self.url.database), reserve_bytes)
            self.writes = self._sqlite_engine(read_only=False)
            self.reads = self._sqlite_engine(read_only=True)
            self._group_engine: Engine | None = self._sqlite_group_engine()
        else:
            self.writes = self.reads = self._server_engine(timeout_seconds)
            self._left_sessions = LeftSessions(self.writes, timeout_seconds)
            self._group_engine = None
        for engine in {self.writes, self.reads}:
            count_statements(engine.sync_engine)
        self._group_connection: Connection | None = None
        self._instant_reads: sqlite3.Connection | None = None
        self._after_commit: list[Callable[[list[Event]], None]] = []
        self._nudge: Callable[[str], None] | None = None
        # By kind: who is told of each change of its claims, whichever way it is made. Set before the first use.
        self.claim_hooks: Hooks = {}

    def on_commit(self, call: Callable[[list[Event]], None]) -> None:
        """Have `call(lines)` run after each commit of this process that wrote events. It must not block."""
        self._after_commit.append(call)

    def on_nudge(self, call: Callable[[str], None]) -> None:
        """Have `call(job)` run after each commit, for each job that was to be nudged then. It must not block."""
        self._nudge = call

    def _committed(self, events: EventWriter) -> None:
        if events.written:
            for call in self._after_commit:
                call(events.written)
        if self._nudge is not None:
            for job in events.nudges:
                try:
                    self._nudge(job)
                except LookupError:  # what has committed is done, whatever a kind calls its jobs
                    log.error("unknown_job_nudged", job=job)

    # Units of work

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session for reading. On SQLite it never waits for a writer."""
        async with AsyncSession(self.reads, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A unit of work: takes the write lock with its first statement, commits when the block ends well.

        Events appended to it are written as the last statements before the commit.
        """
        async with AsyncSession(
            self.writes,
            expire_on_commit=False,
            sync_session_class=WriteSession,
            info={"claim_hooks": self.claim_hooks},
        ) as session:
            yield session
            await session.commit()
        events: EventWriter | None = session.sync_session.info.pop("written_events", None)
        if events is not None:
            self._committed(events)
        for nudge in session.sync_session.info.pop("after_commit", ()):
            nudge()

    async def group_write(self, work: Callable[[Connection, EventWriter], Any]) -> Any:
        """Run `work` in one transaction on a connection of its own, and return what it returned, committed.

        The door of the group-commit writer: `work` is plain synchronous SQLAlchemy Core. On SQLite it runs in
        a thread, so that a whole batch costs one hand-over and the wait for the disk leaves the loop free.
        """

        def transaction(connection: Connection) -> tuple[Any, EventWriter]:
            events = lock_event_counter(connection)
            result = work(connection, events)
            events.write_events(connection)
            connection.commit()
            return result, events

        if self._group_engine is not None:
            async with self._turn:
                result, events = await asyncio.get_running_loop().run_in_executor(
                    None, self._on_group_connection, self._group_engine, transaction
                )
        else:
            async with self.writes.connect() as connection:
                result, events = await connection.run_sync(transaction)
        self._committed(events)
        return result

    def _on_group_connection(
        self, engine: Engine, transaction: Callable[[Connection], tuple[Any, EventWriter]]
    ) -> tuple[Any, EventWriter]:
        if self._group_connection is None:
            self._group_connection = engine.connect()
        try:
            return transaction(self._group_connection)
        except OperationalError as error:
            self._group_connection.close()  # rolls back
            self._group_connection = None
            if self._reserve is None or not self._reserve.failed(error.orig):
                raise
            return self._on_group_connection(engine, transaction)  # with the room of the reserve
        except BaseException:
            self._group_connection.close()
            self._group_connection = None
            raise

    def read_without_waiting(self, query: Select[Any]) -> Callable[[], Any]:
        """A way to run `query` without waiting: its first value, or None if only waiting would tell.

        For looks of a few microseconds on SQLite's own memory, where a thread costs ten times as much. A server's
        answer must be waited for, and so must a SQLite that is busy.
        """
        if self.dialect != "sqlite":
            return lambda: None
        sql = str(query.compile(self.reads.sync_engine, compile_kwargs={"literal_binds": True}))

        def look() -> Any:
            if self._instant_reads is None:
                self._instant_reads = self._sqlite_instant_reads()
            try:
                return self._instant_reads.execute(sql).fetchone()[0]
            except sqlite3.OperationalError:
                return None

        return look

    async def close(self) -> None:
        if self._instant_reads is not None:
            self._instant_reads.close()
        if self._left_sessions is not None:
            await self._left_sessions.close()
        await self.writes.dispose()
        await self.reads.dispose()
        if self._group_connection is not None:
            self._group_connection.close()
        if self._group_engine is not None:
            self._group_engine.dispose()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        async with self.reads.connect() as connection:
            yield connection

    @asynccontextmanager
    async def connection_without_deadlines(self) -> AsyncIterator[AsyncConnection]:
        """For migrations: a statement may take as long as it needs."""
        if self.dialect == "sqlite":
            async with self.writes.connect() as connection:
                yield connection
            return
        engine = self._server_engine(None)
        try:
            async with engine.connect() as connection:
                yield connection
        finally:
            await engine.dispose()

    # Engines

    def _server_engine(self, statement_seconds: float | None) -> AsyncEngine:
        # READ COMMITTED: what is read after taking the write lock is what the last holder of the write lock committed.
        return create_async_engine(
            url_with_deadlines(self.url),
            isolation_level="READ COMMITTED",
            connect_seconds=self._timeout,
            statement_seconds=statement_seconds,
            pool_size=10,
            max_overflow=20,
            pool_timeout=self._timeout,
            pool_pre_ping=self.dialect == "mariadb",
            pool_recycle=1800,
            hide_parameters=True,
        )

    def _sqlite_engine(self, *, read_only: bool) -> AsyncEngine:
        size = {"pool_size": 6, "max_overflow": 4} if read_only else {"pool_size": 1, "max_overflow": 0}
        url = self.url.set(drivername="sqlite+toolcrib")
        engine = create_async_engine(url, pool_timeout=BUSY_TIMEOUT_SECONDS, hide_parameters=True, **size)
        if read_only:
            _configure_sqlite(engine.sync_engine, "BEGIN", read_only=True)
        else:
            _configure_sqlite(
                engine.sync_engine,
                "BEGIN IMMEDIATE",
                wait_for_turn=self._wait_for_turn,
                reserve=self._reserve,
            )
            event.listen(engine.sync_engine, "handle_error", self._write_failed)
            event.listen(engine.sync_engine, "checkin", self._give_up_turn)
            event.listen(engine.sync_engine, "invalidate", self._give_up_turn)
        return engine

    def _sqlite_group_engine(self) -> Engine:
        engine = create_engine(
            self.url.set(drivername="sqlite+pysqlite"),
            poolclass=StaticPool,
            connect_args={"check_same_thread": False},
            hide_parameters=True,
        )
        _configure_sqlite(engine, "BEGIN IMMEDIATE", reserve=self._reserve)
        return engine

    def _sqlite_instant_reads(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.url.database or "", timeout=0, isolation_level=None)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _wait_for_turn(self, connection: Connection) -> None:
        if not connection.info.get("turn"):  # several transactions on one connection are one turn
            await_only(self._turn.acquire())
            connection.info["turn"] = True

    def _write_failed(self, context: ExceptionContext) -> None:
        """Make room for the next try, where it was room that this one lacked."""
        if self._reserve is not None:
            self._reserve.failed(context.original_exception)

    def _give_up_turn(self, _connection: Any, record: ConnectionPoolEntry, *_error: Any) -> None:
        if record.info.pop("turn", False):
            self._turn.release()


def _configure_sqlite(
    engine: Engine,
    begin: str,
    *,
    read_only: bool = False,
    wait_for_turn: Callable[[Connection], None] | None = None,
    reserve: DiskReserve | None = None,
) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
        if not read_only:
            cursor.execute("PRAGMA journal_mode = WAL")
            # Room for what one large unit of work changes, and 16 MB of log between two checkpoints, each of
            # which the writer waits for: pages that are written again and again go to the file once.
            cursor.execute("PRAGMA cache_size = -16000")
            cursor.execute(f"PRAGMA wal_autocheckpoint = {USUAL_PAGES}")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        # LIKE that respects case, as on PostgreSQL: prefixes are paths.
        cursor.execute("PRAGMA case_sensitive_like = ON")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def say_begin(connection: Connection) -> None:
        if wait_for_turn is not None:
            wait_for_turn(connection)
        if reserve is not None:
            reserve.look()
            if connection.info.get("wal_pages", USUAL_PAGES) != reserve.wal_pages:
                connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {reserve.wal_pages}")
                connection.info["wal_pages"] = reserve.wal_pages
        connection.exec_driver_sql(begin)


class WriteSession(Session):
    """A session that holds the write lock from its first statement to its commit."""


@event.listens_for(WriteSession, "after_begin")
def _take_the_write_lock(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    if "event_writer" not in session.info:
        session.info["event_writer"] = lock_event_counter(connection)


@event.listens_for(WriteSession, "before_commit")
def _write_the_events(session: Session) -> None:
    events: EventWriter | None = session.info.get("event_writer")
    if events is not None:
        session.flush()
        events.write_events(session.connection())


@event.listens_for(WriteSession, "after_commit")
def _give_up_the_write_lock(session: Session) -> None:
    if "event_writer" in session.info:
        session.info["written_events"] = session.info.pop("event_writer")


@event.listens_for(WriteSession, "after_soft_rollback")
def _drop_the_write_lock(session: Session, previous: SessionTransaction) -> None:
    if previous.parent is None:
        session.info.pop("event_writer", None)
        session.info.pop("after_commit", None)


async def take_write_lock(session: AsyncSession) -> AsyncConnection:
    """Wait until this unit of work may write. What it reads from here on cannot change before it commits.

    Every first statement of a session from `write()` does the same; this says it where reading comes first.
    """
    return await session.connection()


def event_writer_of(session: AsyncSession) -> EventWriter:
    """What this unit of work, which holds the write lock, appends its events to.

    Raises:
        RuntimeError: the session only reads.
    """
    events = session.sync_session.info.get("event_writer")
    if events is None:
        raise RuntimeError(
            "this unit of work holds no write lock: call take_write_lock() first, on a session from write()"
        )
    return events  # type: ignore[no-any-return]


def claim_hooks_of(session: AsyncSession) -> Hooks:
    """The hooks that claims changed in this unit of work, from `write()`, are told to."""
    hooks: Hooks = session.sync_session.info["claim_hooks"]
    return hooks


def after_commit(session: AsyncSession, nudge: Callable[[], None]) -> None:
    """Call `nudge` once this unit of work has committed; forget it if it rolls back."""
    session.sync_session.info.setdefault("after_commit", []).append(nudge)
