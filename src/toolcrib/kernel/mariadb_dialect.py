"""MariaDB by way of asyncmy, with deadlines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import asyncmy
import asyncmy.errors
from sqlalchemy.dialects.mysql.asyncmy import MySQLDialect_asyncmy

from toolcrib.kernel.deadlines import SERVER_MARGIN, DeadlineDialect, session_idle_seconds

# What rounding, and a clock that is being corrected, may make of the same start.
CLOCK_SECONDS = 2.0
# A session without deadlines whose client sends nothing for so long is ended.
LEFT_SECONDS = 600
CR_SERVER_LOST = 2013  # the client library's number


class MariaDB:
    def __init__(self) -> None:
        self._started: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    async def open(self, *args: Any, **named: Any) -> Any:
        try:
            return await asyncmy.connect(*args, **named)
        except RuntimeError as error:
            # The driver raises it if the other side hangs up at the moment it is connected.
            lost = asyncmy.errors.OperationalError(CR_SERVER_LOST, "Lost connection while connecting")
            raise lost from error

    async def limit_session(self, driver: Any, statement_seconds: float | None) -> None:
        # In whole seconds. A statement of ours waits in the server for row locks only.
        if statement_seconds is None:
            await driver.query(f"SET SESSION wait_timeout = {LEFT_SECONDS}")
        else:
            await driver.query(
                f"SET SESSION innodb_lock_wait_timeout = {math.ceil(statement_seconds * SERVER_MARGIN)}, "
                f"idle_transaction_timeout = {session_idle_seconds(statement_seconds)}"
            )
        self._started[driver] = await _server_start(driver)

    def session_of(self, driver: Any) -> Any:
        """Its id, and when the server started: after a restart it gives the same ids to others."""
        return driver.thread_id(), self._started[driver]

    async def idle_seconds(self, driver: Any, session: Any) -> float:
        id_, started = session
        if abs(started - await _server_start(driver)) > CLOCK_SECONDS:
            return math.inf
        async with driver.cursor() as cursor:
            await cursor.execute(
                "SELECT IF(command = 'Sleep', time_ms / 1000, 0) FROM information_schema.processlist WHERE id = %s",
                [id_],
            )
            row = await cursor.fetchone()
            return float(row[0]) if row else math.inf

    async def end_sessions(self, driver: Any, sessions: Sequence[Any]) -> None:
        start = await _server_start(driver)
        ids = tuple(id_ for id_, started in sessions if abs(started - start) <= CLOCK_SECONDS)
        if not ids:
            return
        # This shows sessions of our own user alone.
        async with driver.cursor() as cursor:
            await cursor.execute(
                "SELECT id FROM information_schema.processlist "
                "WHERE id IN %s AND db = DATABASE() AND user = SUBSTRING_INDEX(USER(), '@', 1)",
                [ids],
            )
            for (session,) in await cursor.fetchall():
                await cursor.execute(f"KILL {session}")


async def _server_start(driver: Any) -> float:
    """When the server started, by its own clock, to a second or two."""
    async with driver.cursor() as cursor:
        await cursor.execute(
            "SELECT UNIX_TIMESTAMP() - variable_value FROM information_schema.global_status "
            "WHERE variable_name = 'UPTIME'"
        )
        (start,) = await cursor.fetchone()
        return float(start)


class MariaDBDialect(DeadlineDialect, MySQLDialect_asyncmy):
    driver = "toolcrib"
    server = MariaDB()
    supports_statement_cache = True
