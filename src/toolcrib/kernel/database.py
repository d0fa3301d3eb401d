"""Engines, sessions, and what differs between SQLite, PostgreSQL and MariaDB.

Writers take turns at **the pen**: the one row of `event_counter`. A unit of work that writes takes it with its
first statement and keeps it until commit, on every database. The log's numbers must follow commit order, so
commits are serial anyway; taking the row first costs the few statements before it and buys two things: writers
can never deadlock, and what a writer reads after taking the pen cannot change before it commits.
So slow work (hashing a password, calling another service, storing bytes) comes before the first statement.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Select, create_engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool
from sqlalchemy.util import await_only

from toolcrib.kernel.events.pen import Event, Pen, take_pen

BUSY_TIMEOUT_SECONDS = 30


class Database:
    """One database. `read()` and `write()` open units of work; the pen keeps writers in turn."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.dialect = "mariadb" if self.url.get_backend_name() == "mysql" else self.url.get_backend_name()
        # Fairness inside this process: SQLite's own lock makes waiters poll and can starve them.
        self._turn = asyncio.Lock()
        if self.dialect == "sqlite":
            self.writes = self._sqlite_engine(read_only=False)
            self.reads = self._sqlite_engine(read_only=True)
            self._hot_engine: Engine | None = self._sqlite_hot_engine()
        else:
            self.writes = self.reads = self._server_engine()
            self._hot_engine = None
        self._hot_connection: Connection | None = None
        self._glances: sqlite3.Connection | None = None
        self._after_commit: list[Callable[[list[Event]], None]] = []

    def on_commit(self, call: Callable[[list[Event]], None]) -> None:
        """Have `call(lines)` run after each commit of this process that wrote events. It must not block."""
        self._after_commit.append(call)

    def _committed(self, pen: Pen) -> None:
        if pen.written:
            for call in self._after_commit:
                call(pen.written)

    # Units of work

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for looking. On SQLite it is never queued behind a writer."""
        async with AsyncSession(self.reads, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A unit of work: takes the pen with its first statement, commits when the block ends well.

        Events appended to it are written as the last statements before the commit.
        """
        async with AsyncSession(
            self.writes, expire_on_commit=False, sync_session_class=WriteSession
        ) as session:
            yield session
            await session.commit()
        pen: Pen | None = session.sync_session.info.pop("pen_done", None)
        if pen is not None:
            self._committed(pen)
        for nudge in session.sync_session.info.pop("after_commit", ()):
            nudge()

    async def hot_write(self, work: Callable[[Connection, Pen], Any]) -> Any:
        """Run `work` in one transaction on a connection of its own, and return what it returned, committed.

        The door of the group-commit writer: `work` is plain synchronous SQLAlchemy Core. On SQLite it runs in
        a thread, so that a whole batch costs one hand-over and the wait for the disk leaves the loop free.
        """

        def transaction(connection: Connection) -> tuple[Any, Pen]:
            pen = take_pen(connection)
            result = work(connection, pen)
            pen.write_events(connection)
            connection.commit()
            return result, pen

        if self._hot_engine is not None:
            async with self._turn:
                result, pen = await asyncio.get_running_loop().run_in_executor(
                    None, self._on_hot_connection, self._hot_engine, transaction
                )
        else:
            async with self.writes.connect() as connection:
                result, pen = await connection.run_sync(transaction)
        self._committed(pen)
        return result

    def _on_hot_connection(
        self, engine: Engine, transaction: Callable[[Connection], tuple[Any, Pen]]
    ) -> tuple[Any, Pen]:
        if self._hot_connection is None:
            self._hot_connection = engine.connect()
        try:
            return transaction(self._hot_connection)
        except BaseException:
            self._hot_connection.close()  # rolls back
            self._hot_connection = None
            raise

    def glance(self, query: Select[Any]) -> Callable[[], Any]:
        """A way to run `query` without waiting: its first value, or None if only waiting would tell.

        For looks of a few microseconds on SQLite's own memory, where a thread costs ten times as much. A server's
        answer must be waited for, and so must a SQLite that is busy.
        """
        if self.dialect != "sqlite":
            return lambda: None
        sql = str(query.compile(self.reads.sync_engine, compile_kwargs={"literal_binds": True}))

        def look() -> Any:
            if self._glances is None:
                self._glances = self._sqlite_glances()
            try:
                return self._glances.execute(sql).fetchone()[0]
            except sqlite3.OperationalError:
                return None

        return look

    async def close(self) -> None:
        if self._glances is not None:
            self._glances.close()
        await self.writes.dispose()
        await self.reads.dispose()
        if self._hot_connection is not None:
            self._hot_connection.close()
        if self._hot_engine is not None:
            self._hot_engine.dispose()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        async with self.reads.connect() as connection:
            yield connection

    # Engines

    def _server_engine(self) -> AsyncEngine:
        # READ COMMITTED: what is read after taking the pen is what the last holder of the pen committed.
        return create_async_engine(
            self.url,
            isolation_level="READ COMMITTED",
            pool_size=10,
            max_overflow=20,
            pool_pre_ping=self.dialect == "mariadb",
            pool_recycle=1800,
            hide_parameters=True,
        )

    def _sqlite_engine(self, *, read_only: bool) -> AsyncEngine:
        size = {"pool_size": 6, "max_overflow": 4} if read_only else {"pool_size": 1, "max_overflow": 0}
        engine = create_async_engine(
            self.url, pool_timeout=BUSY_TIMEOUT_SECONDS, hide_parameters=True, **size
        )
        if read_only:
            _configure_sqlite(engine.sync_engine, "BEGIN", read_only=True)
        else:
            _configure_sqlite(engine.sync_engine, "BEGIN IMMEDIATE", wait_for_turn=self._wait_for_turn)
            event.listen(engine.sync_engine, "checkin", self._give_up_turn)
            event.listen(engine.sync_engine, "invalidate", self._give_up_turn)
        return engine

    def _sqlite_hot_engine(self) -> Engine:
        engine = create_engine(
            self.url.set(drivername="sqlite+pysqlite"),
            poolclass=StaticPool,
            connect_args={"check_same_thread": False},
            hide_parameters=True,
        )
        _configure_sqlite(engine, "BEGIN IMMEDIATE")
        return engine

    def _sqlite_glances(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.url.database or "", timeout=0, isolation_level=None)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _wait_for_turn(self, connection: Connection) -> None:
        if not connection.info.get("turn"):  # several transactions on one connection are one turn
            await_only(self._turn.acquire())
            connection.info["turn"] = True

    def _give_up_turn(self, _connection: Any, record: ConnectionPoolEntry, *_error: Any) -> None:
        if record.info.pop("turn", False):
            self._turn.release()


def _configure_sqlite(
    engine: Engine,
    begin: str,
    *,
    read_only: bool = False,
    wait_for_turn: Callable[[Connection], None] | None = None,
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
            cursor.execute("PRAGMA wal_autocheckpoint = 4000")
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
        connection.exec_driver_sql(begin)


class WriteSession(Session):
    """A session that holds the pen from its first statement to its commit."""


@event.listens_for(WriteSession, "after_begin")
def _take_the_pen(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    if "pen" not in session.info:
        session.info["pen"] = take_pen(connection)


@event.listens_for(WriteSession, "before_commit")
def _write_the_events(session: Session) -> None:
    pen: Pen | None = session.info.get("pen")
    if pen is not None:
        session.flush()
        pen.write_events(session.connection())


@event.listens_for(WriteSession, "after_commit")
def _put_down_the_pen(session: Session) -> None:
    if "pen" in session.info:
        session.info["pen_done"] = session.info.pop("pen")


@event.listens_for(WriteSession, "after_soft_rollback")
def _drop_the_pen(session: Session, previous: SessionTransaction) -> None:
    if previous.parent is None:
        session.info.pop("pen", None)
        session.info.pop("after_commit", None)


def pen_of(session: AsyncSession) -> Pen:
    """The pen this unit of work holds, taking it if this is its first statement's turn.

    Raises:
        RuntimeError: the session only reads.
    """
    pen = session.sync_session.info.get("pen")
    if pen is None:
        raise RuntimeError("this unit of work holds no pen: run a statement first, on a session from write()")
    return pen  # type: ignore[no-any-return]


def after_commit(session: AsyncSession, nudge: Callable[[], None]) -> None:
    """Call `nudge` once this unit of work has committed; forget it if it rolls back."""
    session.sync_session.info.setdefault("after_commit", []).append(nudge)
