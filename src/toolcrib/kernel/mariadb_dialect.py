"""MariaDB by way of asyncmy, with deadlines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import asyncmy
from sqlalchemy.dialects.mysql.asyncmy import MySQLDialect_asyncmy

from toolcrib.kernel.deadlines import SERVER_MARGIN, DeadlineDialect, session_idle_seconds


class MariaDB:
    async def open(self, *args: Any, **named: Any) -> Any:
        return await asyncmy.connect(*args, **named)

    async def limit_session(self, driver: Any, statement_seconds: float) -> None:
        # In whole seconds. A statement of ours waits in the server for row locks only.
        await driver.query(
            f"SET SESSION innodb_lock_wait_timeout = {math.ceil(statement_seconds * SERVER_MARGIN)}, "
            f"idle_transaction_timeout = {session_idle_seconds(statement_seconds)}"
        )

    def session_of(self, driver: Any) -> Any:
        return driver.thread_id()

    async def end_sessions(self, driver: Any, sessions: Sequence[Any]) -> None:
        # Ids are given again only after a restart of the server. This shows sessions of our own user alone.
        async with driver.cursor() as cursor:
            await cursor.execute(
                "SELECT id FROM information_schema.processlist "
                "WHERE id IN %s AND db = DATABASE() AND user = SUBSTRING_INDEX(USER(), '@', 1)",
                [tuple(sessions)],
            )
            for (session,) in await cursor.fetchall():
                await cursor.execute(f"KILL {session}")


class MariaDBDialect(DeadlineDialect, MySQLDialect_asyncmy):
    driver = "toolcrib"
    server = MariaDB()
    supports_statement_cache = True
