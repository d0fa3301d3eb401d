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
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import structlog
from sqlalchemy import Connection, Engine, Select, event, make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from toolcrib.kernel.deadlines import url_with_deadlines
from toolcrib.kernel.disk_reserve import DiskReserve
from toolcrib.kernel.events.writer import Event, EventWriter, lock_event_counter, rewrite_event_counter
from toolcrib.kernel.failure_words import database_failure, is_write_lock_held
from toolcrib.kernel.left_sessions import LeftSessions
from toolcrib.kernel.long_statements import watched
from toolcrib.kernel.progress import count_statements
from toolcrib.kernel.sqlite_checkpoints import SqliteCheckpoints
from toolcrib.kernel.sqlite_engines import SqliteEngines
from toolcrib.kernel.sqlite_files import check_room, give_back_pages
from toolcrib.kernel.sqlite_turn import SqliteTurn
from toolcrib.kernel.write_watch import WriteWatch

if TYPE_CHECKING:
    from toolcrib.kernel.claims.changes import Hooks
    from toolcrib.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger()

CHANGED = "changed"


class Database:
    """One database. `read()` and `write()` open units of work; the write lock keeps writers in turn."""

    def __init__(self, url: str, timeout_seconds: float = 10.0, reserve_bytes: int = 0) -> None:
        """`timeout_seconds` bounds, on PostgreSQL and MariaDB, each wait for the server: to connect, for a
        connection of the pool, for the answer to a statement. On SQLite, the wait for other programs' writes.
        `reserve_bytes` of the disk are kept for SQLite."""
        self.url = make_url(url)
        self._timeout = timeout_seconds
        self._left_sessions: LeftSessions | None = None
        self.dialect = "mariadb" if self.url.get_backend_name() == "mysql" else self.url.get_backend_name()
        self._turn = SqliteTurn()
        self.watch = WriteWatch("database", self._probe)
        self.reserve: DiskReserve | None = None
        if self.dialect == "sqlite":
            if reserve_bytes and self.url.database:
                self.reserve = DiskReserve(Path(self.url.database), reserve_bytes)
            self._sqlite = SqliteEngines(self.url, timeout_seconds, self._turn, self.reserve)
            self.writes, self.reads = self._sqlite.writing(), self._sqlite.reading()
            self._group_engine: Engine | None = self._sqlite.group()
            self._checkpoints = SqliteCheckpoints(self.url.database) if self.url.database else None
        else:
            self.writes = self.reads = self._server_engine(timeout_seconds)
            self._left_sessions = LeftSessions(self.writes, timeout_seconds)
            self._group_engine = None
            self._checkpoints = None
        for engine in {self.writes, self.reads}:
            count_statements(engine.sync_engine)
        _note_changes(self.writes.sync_engine)
        self._group_connection: Connection | None = None
        self._instant_reads: sqlite3.Connection | None = None
        self._after_commit: list[Callable[[list[Event]], None]] = []
        self._nudge: Callable[[str], None] | None = None
        # What units of work that write go by. Set before the first use, as the next.
        self.settings: Settings | None = None
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
            if self._checkpoints is not None:
                self._checkpoints.wrote()
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
        with self._watched():
            async with AsyncSession(
                self.writes,
                expire_on_commit=False,
                sync_session_class=WriteSession,
                info={"claim_hooks": self.claim_hooks, "settings": self.settings},
            ) as session:
                yield session
                await session.commit()
        if session.sync_session.info.pop(CHANGED, False):
            self.watch.worked()
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

        with self._watched():
            if self._group_engine is not None:
                async with self._turn.hold():
                    result, events = await asyncio.get_running_loop().run_in_executor(
                        None, self._on_group_connection, self._group_engine, transaction
                    )
            else:
                async with self.writes.connect() as connection:
                    result, events = await connection.run_sync(transaction)
        if events.written:
            self.watch.worked()
        self._committed(events)
        return result

    @asynccontextmanager
    async def short_write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction of a statement or two that write no events, so it needs no turn at the event log."""
        with self._watched():
            async with self.writes.begin() as connection:
                here: dict[Any, Any] = (await connection.get_raw_connection()).info
                here.pop(CHANGED, None)
                yield connection
                changed = here.pop(CHANGED, False)
        if changed:
            self.watch.worked()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            if (why := database_failure(error)) is not None:
                self.watch.failed(why)
            raise

    async def _probe(self) -> None:
        """Write something that changes nothing."""
        if self.dialect == "sqlite" and self.url.database:
            check_room(self.url.database)
        async with self.short_write() as connection:
            await connection.run_sync(rewrite_event_counter)

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
            if self.reserve is None or not self.reserve.failed(error.orig):
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
                self._instant_reads = self._sqlite.instant_reads()
            try:
                return self._instant_reads.execute(sql).fetchone()[0]
            except sqlite3.OperationalError:
                return None

        return look

    async def give_back_pages(self) -> None:
        """Give free pages of an SQLite file back to the disk, a few at a time; others write in between. Ends early if
        another program holds the write lock. Older files, which were not made for it, keep theirs and use them again.
        """
        if self.dialect != "sqlite" or not self.url.database:
            return
        more = True
        while more:
            try:
                async with self._turn.hold():
                    more = await asyncio.to_thread(give_back_pages, self.url.database)
            except OperationalError as error:
                if not is_write_lock_held(error):
                    raise
                return
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        await self.watch.close()
        if self._checkpoints is not None:
            await self._checkpoints.close()
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
        """For migrations: a statement may take as long as it needs. The block awaits nothing but the database."""
        if self.dialect == "sqlite":
            async with self.writes.connect() as connection:
                yield connection
            return
        engine = self._server_engine(None)
        try:
            async with engine.connect() as connection, watched(connection, self._timeout):
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


def _note_changes(engine: Engine) -> None:
    """Have each connection know whether its transaction changed anything: a commit of nothing proves nothing."""

    @event.listens_for(engine, "after_cursor_execute")
    def note(connection: Connection, cursor: Any, _sql: str, _values: Any, context: Any, _many: bool) -> None:
        if (context.isinsert or context.isupdate or context.isdelete) and cursor.rowcount != 0:
            connection.info[CHANGED] = True


class WriteSession(Session):
    """A session that holds the write lock from its first statement to its commit."""


@event.listens_for(WriteSession, "after_begin")
def _take_the_write_lock(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    if "event_writer" not in session.info:
        connection.info.pop(CHANGED, None)
        session.info["event_writer"] = lock_event_counter(connection)


@event.listens_for(WriteSession, "before_commit")
def _write_the_events(session: Session) -> None:
    events: EventWriter | None = session.info.get("event_writer")
    if events is not None:
        session.flush()
        connection = session.connection()
        events.write_events(connection)
        session.info[CHANGED] = connection.info.pop(CHANGED, False) or bool(events.written)


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


async def run_core(
    session: AsyncSession,
    function: Callable[Concatenate[Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run a function of plain Core, such as hooks consist of, in this unit of work."""
    return await session.run_sync(lambda inner: function(inner.connection(), *args, **kwargs))


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
