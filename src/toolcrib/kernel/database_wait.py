"""Waiting for a database server that is not there yet, as when both start together."""

from __future__ import annotations

import asyncio
import time

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from toolcrib.kernel.database import Database

log = structlog.get_logger()

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0


class DatabaseUnreachable(RuntimeError):
    """The database cannot be used. The text says where it was looked for, and what happened."""


async def wait_for_database(database: Database, seconds: float) -> None:
    """Return once the database answers. Each try that fails is one line in the log.

    Raises:
        DatabaseUnreachable: it did not answer in `seconds`.
    """
    end = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            async with database.connection() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError) as error:
            why = _reason(error)
            left = end - time.monotonic()
            if left <= 0:
                raise DatabaseUnreachable(
                    f"The {database.dialect} database at {_where(database)} cannot be used: {why}. Tried for "
                    f"{seconds:g} s (DATABASE_WAIT_SECONDS). Is it running, and is DATABASE_URL right?"
                ) from error
            pause = min(pause, left)
            log.warning("database_not_reached", at=_where(database), reason=why, again_in=round(pause, 2))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        else:
            return


def _where(database: Database) -> str:
    """Never the whole URL, which has the password."""
    url = database.url
    return f"{url.host or 'localhost'}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def _reason(error: Exception) -> str:
    original = getattr(error, "orig", None) or error
    lines = str(original).splitlines()
    # SQLAlchemy's wrappers put the driver's class in front.
    return (lines[0].rpartition(">: ")[2] if lines else type(original).__name__).rstrip(".")
