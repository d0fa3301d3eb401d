"""SQLite's engines: one connection that writes, several that read, one for the group-commit writer."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from toolcrib.kernel.disk_reserve import USUAL_PAGES, DiskReserve
from toolcrib.kernel.sqlite_files import WAL_BYTES, with_a_log
from toolcrib.kernel.sqlite_turn import BEGIN_WRITING, SqliteTurn, TimedPool

if TYPE_CHECKING:
    from sqlalchemy.engine import ExceptionContext

# How long a unit of work waits for others of this process.
POOL_SECONDS = 30

registry.register("sqlite.toolcrib", "toolcrib.kernel.sqlite_dialect", "SQLiteDialect")


class SqliteEngines:
    """SQLite's engines. `busy_seconds` limits each wait for another program's write lock. `reserve` is the room kept on
    the disk."""

    def __init__(self, url: URL, busy_seconds: float, turn: SqliteTurn, reserve: DiskReserve | None) -> None:
        self._url = url
        self._turn = turn
        self._reserve = reserve
        self._to_read = {"timeout": busy_seconds}
        self._to_write = {"timeout": busy_seconds, "factory": with_a_log(busy_seconds)}

    def writing(self) -> AsyncEngine:
        engine = self._engine(self._to_write, pool_size=1, max_overflow=0, poolclass=TimedPool)
        self._configure_for_writing(engine.sync_engine, takes_turns=True)
        event.listen(engine.sync_engine, "handle_error", self._write_failed)
        event.listen(engine.sync_engine, "checkin", self._turn.give_up)
        event.listen(engine.sync_engine, "invalidate", self._turn.give_up)
        return engine

    def reading(self) -> AsyncEngine:
        engine = self._engine(self._to_read, pool_size=6, max_overflow=4)
        self._configure(engine.sync_engine, read_only=True)

        @event.listens_for(engine.sync_engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

        return engine

    def group(self) -> Engine:
        """For the group-commit writer, which takes its turn itself."""
        engine = create_engine(
            self._url.set(drivername="sqlite+pysqlite"),
            poolclass=StaticPool,
            connect_args={"check_same_thread": False, **self._to_write},
            hide_parameters=True,
        )
        self._configure_for_writing(engine, takes_turns=False)
        return engine

    def instant_reads(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._url.database or "", timeout=0, isolation_level=None)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _engine(self, opened: dict[str, Any], **pool: Any) -> AsyncEngine:
        url = self._url.set(drivername="sqlite+toolcrib")
        return create_async_engine(
            url, connect_args=opened, pool_timeout=POOL_SECONDS, hide_parameters=True, **pool
        )

    def _configure_for_writing(self, engine: Engine, *, takes_turns: bool) -> None:
        self._configure(engine, read_only=False)

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            if takes_turns:
                self._turn.wait(connection)
            if self._reserve is not None:
                self._look_for_room(self._reserve, connection)
            if takes_turns:
                self._turn.begin(connection)
            else:
                connection.exec_driver_sql(BEGIN_WRITING)

    def _look_for_room(self, reserve: DiskReserve, connection: Connection) -> None:
        reserve.look()
        if connection.info.get("wal_pages", USUAL_PAGES) != reserve.wal_pages:
            connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {reserve.wal_pages}")
            connection.info["wal_pages"] = reserve.wal_pages

    def _write_failed(self, context: ExceptionContext) -> None:
        """Make room for the next try, if this one failed because the disk was full."""
        if self._reserve is not None:
            self._reserve.failed(context.original_exception)

    def _configure(self, engine: Engine, *, read_only: bool) -> None:
        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: ConnectionPoolEntry) -> None:
            connection.isolation_level = None  # we send BEGIN ourselves
            cursor = connection.cursor()
            if not read_only:
                cursor.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
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
