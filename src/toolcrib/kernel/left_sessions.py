"""Ending what dropped connections leave behind on a database server.

A server does not hear that a connection died in silence. Its session may hold the write lock, or be the next to get
it, and would keep it from everybody. So the server is told, over another connection, to end it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from toolcrib.kernel.deadlines import DeadlineDialect, hang_up, session_idle_seconds
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.waits import end_tasks

log = structlog.get_logger()

RETRY_SECONDS = 1.0


class LeftSessions:
    """Watches the connections of `engine`, which has a `DeadlineDialect`, and has the server end the session of each
    that is dropped while somebody uses it."""

    def __init__(self, engine: AsyncEngine, statement_seconds: float) -> None:
        self._url = engine.url
        self._dialect: DeadlineDialect = engine.dialect  # type: ignore[assignment]
        self._seconds = statement_seconds
        self._left: set[Any] = set()
        self._task: asyncio.Task[None] | None = None
        event.listen(engine.sync_engine, "connect", self._remember)
        event.listen(engine.sync_engine, "invalidate", self._end)

    def _remember(self, connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["session"] = self._dialect.server.session_of(
            self._dialect.get_driver_connection(connection)
        )

    def _end(self, _connection: Any, record: ConnectionPoolEntry, _error: BaseException | None) -> None:
        session = record.info.get("session")
        if session is None:  # it was lost before it was ready
            return
        self._left.add(session)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._end_all(), name="left-sessions")

    async def _end_all(self) -> None:
        try:
            # By then the server has ended them by itself.
            async with asyncio.timeout(session_idle_seconds(self._seconds)):
                while self._left:
                    await self._try()
        except TimeoutError:
            log.warning("database_sessions_left", count=len(self._left))
            self._left.clear()
        finally:
            self._task = None

    async def _try(self) -> None:
        asked = list(self._left)
        args, named = self._dialect.create_connect_args(self._url)
        try:
            driver = await self._dialect.open_in_time(*args, **named)
            try:
                async with asyncio.timeout(self._seconds):
                    await self._dialect.server.end_sessions(driver, asked)
            finally:
                hang_up(driver)
        except Exception as error:  # noqa: BLE001 - the drivers' errors have nothing in common
            log.info("database_sessions_not_ended", error=failure_in_words(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            self._left.difference_update(asked)

    async def close(self) -> None:
        if self._task is not None:
            await end_tasks(self._task)
