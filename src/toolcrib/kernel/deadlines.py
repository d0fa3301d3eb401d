"""Deadlines for the answers of PostgreSQL and MariaDB.

A connection to a server can die in silence: a firewall forgets it, and no packet says so. So each wait for an answer
has a deadline, and a connection that misses one is dropped. SQLAlchemy then sees a lost connection: it drops the
other connections of the pool too, and whoever waited is answered 503.

The dialects of the two servers are SQLAlchemy's own with `DeadlineDialect` before them. They are known to
SQLAlchemy as the driver `toolcrib`, and loaded when a database of theirs is used.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Literal, Protocol

import structlog
from sqlalchemy import URL
from sqlalchemy.dialects import registry
from sqlalchemy.engine.default import DefaultDialect

log = structlog.get_logger()

# A deadline noticed this late tells that this process did not run meanwhile (it was stopped or moved).
# The answer may be there, unread, so the wait begins anew: a healthy transaction must not be lost to that.
STALL_SECONDS = 0.5
# The server ends a statement by itself this much later than we drop its connection, so that we are first.
SERVER_MARGIN = 1.2
# A connection that is closed in order may take this long to say goodbye.
CLOSE_SECONDS = 2.0
# After a deadline was missed, connections are for this long closed without a goodbye: each might wait in vain.
SILENCE_SECONDS = 30.0

registry.register("postgresql.toolcrib", "toolcrib.kernel.postgresql_dialect", "PostgreSQLDialect")
registry.register("mysql.toolcrib", "toolcrib.kernel.mariadb_dialect", "MariaDBDialect")


def url_with_deadlines(url: URL) -> URL:
    """The same database, by way of a `DeadlineDialect`."""
    return url.set(drivername=f"{url.get_backend_name()}+toolcrib")


def session_idle_seconds(statement_seconds: float) -> int:
    """How long the server lets a transaction send nothing before it ends the session. For clients whose host
    is gone; so long that a process which merely did not run for a while keeps its transaction."""
    return round(max(60.0, 4 * statement_seconds))


class _Wait:
    """One wait for the answer on a connection of the driver."""

    __slots__ = ("_driver", "_due", "_give_up", "_seconds", "_timer")

    def __init__(self, driver: Any, seconds: float, give_up: Callable[[Any, float], None]) -> None:
        self._driver, self._seconds, self._give_up = driver, seconds, give_up

    def __enter__(self) -> None:
        self._start()

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()

    def _start(self) -> None:
        self._due = time.monotonic() + self._seconds
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def _end(self) -> None:
        if time.monotonic() - self._due > STALL_SECONDS:
            self._start()
        else:
            self._give_up(self._driver, self._seconds)


class Server(Protocol):
    """What PostgreSQL and MariaDB do each in their own way. `driver` is a connection of their driver."""

    async def open(self, *args: Any, **named: Any) -> Any:
        """Open a connection of the driver."""

    async def limit_session(self, driver: Any, statement_seconds: float | None) -> None:
        """Have the server end by itself what we would no longer wait for. Without `statement_seconds` that is only
        what a client leaves whose host is gone."""

    def session_of(self, driver: Any) -> Any:
        """What the server calls the session of this connection."""

    async def idle_seconds(self, driver: Any, session: Any) -> float:
        """How long the server has not worked for that session: 0 if it does now, endless if it has no such session."""

    async def end_sessions(self, driver: Any, sessions: Sequence[Any]) -> None:
        """Have the server end those of `sessions` that it still has."""


_Dialect: Any = DefaultDialect  # many of its methods have no types


class DeadlineDialect(_Dialect):  # type: ignore[misc]
    """What both servers have in common. Mixed in before SQLAlchemy's dialect.

    Connecting may take `connect_seconds`; any other wait `statement_seconds`, None for no limit.
    """

    server: Server

    def __init__(
        self, connect_seconds: float = 10.0, statement_seconds: float | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.connect_seconds = connect_seconds
        self.statement_seconds = statement_seconds
        self._silent_since: float | None = None

    # Waits

    def _wait(self, driver: Any, seconds: float | None) -> Any:
        return nullcontext() if seconds is None else _Wait(driver, seconds, self._give_up)

    def _wait_on(self, connection: Any) -> Any:
        return self._wait(self.get_driver_connection(connection), self.statement_seconds)

    def _wait_in(self, context: Any) -> Any:
        return self._wait(context.root_connection.connection.driver_connection, self.statement_seconds)

    def _give_up(self, driver: Any, seconds: float) -> None:
        log.warning("database_connection_dropped", reason="no answer", seconds=seconds)
        self._silent_since = time.monotonic()
        hang_up(driver)

    def _is_silent(self) -> bool:
        return self._silent_since is not None and time.monotonic() - self._silent_since < SILENCE_SECONDS

    async def open_in_time(self, *args: Any, **named: Any) -> Any:
        """Open a connection of the driver and set its limits in the server.

        Raises:
            ConnectionAbortedError: that took too long.
        """
        try:
            async with asyncio.timeout(self.connect_seconds):
                driver = await self.server.open(*args, **named)
                try:
                    await self.server.limit_session(driver, self.statement_seconds)
                except BaseException:
                    hang_up(driver)
                    raise
                return driver
        except TimeoutError as late:
            raise ConnectionAbortedError(
                f"The database did not answer in {self.connect_seconds} s."
            ) from late

    # What SQLAlchemy calls

    def connect(self, *args: Any, **named: Any) -> Any:
        return super().connect(*args, async_creator_fn=self.open_in_time, **named)

    def on_connect(self) -> Any:
        prepare = super().on_connect()
        if prepare is None:
            return None

        def prepare_in_time(connection: Any) -> None:
            with self._wait_on(connection):
                prepare(connection)

        return prepare_in_time

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        with self._wait_on(dbapi_connection):
            super().set_isolation_level(dbapi_connection, level)

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        with self._wait_in(context):
            super().do_execute(cursor, statement, parameters, context)

    def do_execute_no_params(self, cursor: Any, statement: Any, context: Any = None) -> None:
        with self._wait_in(context):
            super().do_execute_no_params(cursor, statement, context)

    def do_executemany(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        with self._wait_in(context):
            super().do_executemany(cursor, statement, parameters, context)

    def do_commit(self, dbapi_connection: Any) -> None:
        with self._wait_on(dbapi_connection):
            super().do_commit(dbapi_connection)

    def do_rollback(self, dbapi_connection: Any) -> None:
        with self._wait_on(dbapi_connection):
            super().do_rollback(dbapi_connection)

    def do_ping(self, dbapi_connection: Any) -> Literal[True]:
        with self._wait_on(dbapi_connection):
            super().do_ping(dbapi_connection)
        return True

    def do_close(self, dbapi_connection: Any) -> None:
        driver = self.get_driver_connection(dbapi_connection)
        if self._is_silent():
            hang_up(driver)
        with self._wait(driver, CLOSE_SECONDS):
            super().do_close(dbapi_connection)

    def do_terminate(self, dbapi_connection: Any) -> None:
        hang_up(self.get_driver_connection(dbapi_connection))


def hang_up(driver: Any) -> None:
    """Close a connection of either driver at once, whatever is still to be sent. Whoever waits on it is told."""
    # Neither driver's own way will do: asyncmy's waits until all is sent, asyncpg's does nothing while it closes.
    transport = driver._transport
    if transport is not None:
        transport.abort()
