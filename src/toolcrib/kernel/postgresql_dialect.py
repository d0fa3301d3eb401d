"""PostgreSQL by way of asyncpg, with deadlines."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from toolcrib.kernel.deadlines import SERVER_MARGIN, DeadlineDialect, session_idle_seconds

log = structlog.get_logger()

_NAME = "toolcrib-"
# The server notices within a minute that the host of a client is gone.
_KEEPALIVES = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"


class PostgreSQL:
    def __init__(self) -> None:
        self._has_warned = False

    async def open(self, *args: Any, **named: Any) -> Any:
        return await asyncpg.connect(*args, **named)

    async def limit_session(self, driver: Any, statement_seconds: float | None) -> None:
        # The name is how we find the session again: the server may give its process id to another.
        name = f"SET application_name = '{_NAME}{secrets.token_hex(8)}'"
        if statement_seconds is None:
            await driver.execute(f"{name}; {_KEEPALIVES}")
            return
        idle_seconds = session_idle_seconds(statement_seconds)
        await driver.execute(
            f"{name}; "
            f"SET statement_timeout = {round(statement_seconds * 1000 * SERVER_MARGIN)}; "
            f"SET idle_in_transaction_session_timeout = {idle_seconds * 1000}"
        )
        try:
            await self.end_silent_sessions(driver, idle_seconds)
        except asyncpg.PostgresError as refusal:
            # The right to call `pg_terminate_backend` may have been revoked: a server can do without.
            if driver.is_closed():
                raise
            if not self._has_warned:
                self._has_warned = True
                log.warning("cannot_end_silent_sessions", reason=str(refusal))

    async def end_silent_sessions(self, driver: Any, seconds: float) -> None:
        """End our sessions whose client has been silent for so long in the middle of a statement.

        A statement that the driver uses for the first time is sent in two halves, and the server knows no limit for the
        time between them, or for a client that takes no more of a result. If the host of the client is gone, what the
        session has locked stays locked. Whoever has come to be in its place connects anew, and that is when this is
        asked.
        """
        # Without parameters it is sent in one piece; both values are our own.
        await driver.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "  # noqa: S608
            "AND usename = current_user AND state = 'active' AND wait_event IN ('ClientRead', 'ClientWrite') "
            f"AND starts_with(application_name, '{_NAME}') "
            f"AND state_change < clock_timestamp() - interval '{seconds} s'"
        )

    def session_of(self, driver: Any) -> Any:
        return driver.get_settings().application_name

    async def idle_seconds(self, driver: Any, session: Any) -> float:
        # It waits for the client in the middle of a statement too, if half of it was lost.
        seconds = await driver.fetchval(
            "SELECT CASE WHEN state = 'active' AND coalesce(wait_event, '') NOT IN ('ClientRead', 'ClientWrite') "
            "THEN 0 ELSE extract(epoch FROM clock_timestamp() - state_change) END "
            "FROM pg_stat_activity WHERE application_name = $1",
            session,
        )
        return math.inf if seconds is None else float(seconds)

    async def end_sessions(self, driver: Any, sessions: Sequence[Any]) -> None:
        await driver.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ANY($1)",
            list(sessions),
        )


class PostgreSQLDialect(DeadlineDialect, PGDialect_asyncpg):
    driver = "toolcrib"
    server = PostgreSQL()
    supports_statement_cache = True
