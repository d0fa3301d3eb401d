"""Waiting for a database server that is not there yet, as when both start together."""

from __future__ import annotations

import asyncio
import math
import time

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from toolcrib.kernel.database import Database
from toolcrib.settings import Settings

log = structlog.get_logger()

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0
RETRY_SECONDS = 1.0


class DatabaseUnreachable(RuntimeError):
    """The database cannot be used. The text says where it was looked for, and what happened."""


class Patience:
    """How long a start waits for its database: so many tries, or else until a time, with pauses in between."""

    def __init__(self, settings: Settings) -> None:
        self._retries = settings.db_connect_max_retries
        self._fixed = settings.db_connect_retry_seconds or (None if self._retries is None else RETRY_SECONDS)
        self._next = self._fixed or FIRST_PAUSE_SECONDS
        self._tried = 0
        self._seconds = settings.database_wait_seconds
        self._end = time.monotonic() + self._seconds

    def pause(self) -> float | None:
        """Return how long to wait before the next try, in seconds; None if there is to be none."""
        left = self._end - time.monotonic() if self._retries is None else math.inf
        if left <= 0 or self._tried == self._retries:
            return None
        self._tried += 1
        pause = min(self._next, left)
        self._next = self._fixed or min(2 * pause, LONGEST_PAUSE_SECONDS)
        return pause

    def __str__(self) -> str:
        if self._retries is not None:
            return f"Tries: {self._tried + 1} (DB_CONNECT_MAX_RETRIES)"
        return f"Tried for {self._seconds:g} s (DATABASE_WAIT_SECONDS)"


async def wait_for_database(database: Database, settings: Settings) -> None:
    """Return once the database answers. Each try that fails is one line in the log.

    Raises:
        DatabaseUnreachable: it did not answer in the time or tries that the settings allow.
    """
    patience = Patience(settings)
    while True:
        try:
            async with database.connection() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError) as error:
            why = _reason(error)
            if (pause := patience.pause()) is None:
                raise DatabaseUnreachable(
                    f"The {database.dialect} database at {_where(database)} cannot be used: {why}. {patience}. "
                    "Is it running, and is DATABASE_URL right?"
                ) from error
            log.warning("database_not_reached", at=_where(database), reason=why, again_in=round(pause, 2))
            await asyncio.sleep(pause)
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
