"""Watching a connection whose statements may take as long as they need, as those of migrations do.

No deadline can tell a slow statement from a connection that died in silence. The server can: over another connection
it is asked whether it still works on the statement. Whoever waits for an answer that is lost would wait for good, and
with it everybody who waits for the lock that the session holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from toolcrib.kernel.deadlines import DeadlineDialect, hang_up
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.waits import end_tasks

log = structlog.get_logger()

# The first look may fall between an answer and the next statement.
LOOKS = 2
# So often in a row the server cannot be asked before it counts as gone.
TRIES = 3


@asynccontextmanager
async def watched(connection: AsyncConnection, seconds: float) -> AsyncIterator[None]:
    """Look every `seconds`, while the block runs, whether the server works on what was sent over `connection`. If it
    has not for so long, or does not answer, the connection is dropped, and whoever waits on it is told.

    What runs in the block may leave the event loop to others only while it waits for the server.
    """
    driver = (await connection.get_raw_connection()).driver_connection
    watch = asyncio.create_task(_watch(connection, driver, seconds), name="long-statements")
    try:
        yield
    finally:
        await end_tasks(watch)


async def _watch(connection: AsyncConnection, driver: Any, seconds: float) -> None:
    dialect: DeadlineDialect = connection.dialect  # type: ignore[assignment]
    session = dialect.server.session_of(driver)
    args, named = dialect.create_connect_args(connection.engine.url)
    idle = failed = 0
    while idle < LOOKS and failed < TRIES:
        await asyncio.sleep(seconds)
        try:
            other = await dialect.open_in_time(*args, **named)
            try:
                async with asyncio.timeout(seconds):
                    is_idle = await dialect.server.idle_seconds(other, session) >= seconds
                    idle, failed = idle + 1 if is_idle else 0, 0
                    if idle == LOOKS:
                        await dialect.server.end_sessions(other, [session])
            finally:
                hang_up(other)
        except Exception as error:  # noqa: BLE001 - the drivers' errors have nothing in common
            failed += 1
            log.warning("database_not_reached", reason=failure_in_words(error), again_in=seconds)
    log.warning("database_connection_dropped", reason="no answer", seconds=seconds)
    hang_up(driver)
