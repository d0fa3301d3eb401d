"""Serialise the writes to SQLite of this process's units of work.

SQLite's own lock makes waiters poll and can starve them, so only one unit of work of this process waits for it at a
time. While another program holds it, all of them share one deadline: when the first one has waited long enough, those
behind it are refused with it, since each would only wait as long again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util import await_only

from toolcrib.kernel.failure_words import is_write_lock_held

BEGIN_WRITING = "BEGIN IMMEDIATE"


class TimedPool(AsyncAdaptedQueuePool):
    """A pool that records when a connection was requested: waiting for the only one that writes is waiting for the
    turn."""

    def _do_get(self) -> ConnectionPoolEntry:
        asked_at = time.monotonic()
        entry = super()._do_get()
        entry.info["asked_at"] = asked_at
        return entry


class SqliteTurn:
    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._refused_at = -inf
        self._refusal: BaseException | None = None

    # For the engine: a connection has the turn from its first BEGIN until it is returned to the pool

    def wait(self, connection: Connection) -> None:
        """Wait for the turn."""
        if not connection.info.get("turn"):  # several transactions on one connection are one turn
            asked_at = connection.info.pop("asked_at", time.monotonic())
            await_only(self._lock.acquire())
            connection.info["turn"] = True
            self._refuse_with_the_first(asked_at)

    def begin(self, connection: Connection) -> None:
        """Wait for SQLite's lock."""
        try:
            connection.exec_driver_sql(BEGIN_WRITING)
        except OperationalError as error:
            self._note(error)
            raise

    def give_up(self, _connection: Any, entry: ConnectionPoolEntry, *_error: Any) -> None:
        if entry.info.pop("turn", False):
            self._lock.release()

    # For the group-commit writer, which has a connection of its own

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        asked_at = time.monotonic()
        async with self._lock:
            self._refuse_with_the_first(asked_at)
            try:
                yield
            except OperationalError as error:
                self._note(error)
                raise

    def _note(self, error: OperationalError) -> None:
        if is_write_lock_held(error):
            self._refused_at, self._refusal = time.monotonic(), error.orig

    def _refuse_with_the_first(self, asked_at: float) -> None:
        if self._refusal is not None and asked_at <= self._refused_at:
            raise OperationalError(BEGIN_WRITING, None, self._refusal, hide_parameters=True)
