"""When API keys and browser sessions were last used: noted in the background, so that no request waits for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy import or_, update
from sqlalchemy.exc import SQLAlchemyError

from toolcrib.kernel.clock import Clock
from toolcrib.kernel.database import Database
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.identity.models import ApiKey, BrowserSession

log = structlog.get_logger()

# In one statement.
AT_ONCE = 5_000

# How often the use of an API key or of a browser session is recorded, and how long their results are kept in memory.
KEY_USE_NOTED = timedelta(minutes=1)
SESSION_USE_NOTED = timedelta(minutes=5)

Used = ApiKey | BrowserSession


class CredentialUses:
    """Stores the uses that `note` is told of. Uses that cannot be stored are dropped; the log says so."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._used: set[tuple[type[Used], int | str]] = set()
        self._task: asyncio.Task[None] | None = None

    def note(self, what: type[Used], row_id: int | str) -> None:
        self._used.add((what, row_id))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._store_all(), name="uses-of-credentials")

    async def close(self) -> None:
        if self._task is not None:
            await self._task

    async def _store_all(self) -> None:
        while self._used:
            used, self._used = self._used, set()
            try:
                await self._store(used)
            except (SQLAlchemyError, OSError) as error:
                log.warning("uses_of_credentials_not_noted", error=failure_in_words(error))

    async def _store(self, used: set[tuple[type[Used], int | str]]) -> None:
        now = self._clock()
        async with self._database.write() as session:
            for model in (ApiKey, BrowserSession):
                ids = [row_id for what, row_id in used if what is model]
                for start in range(0, len(ids), AT_ONCE):
                    some = ids[start : start + AT_ONCE]
                    await session.execute(
                        update(model)
                        .where(
                            model.id.in_(some), or_(model.last_used_at.is_(None), model.last_used_at < now)
                        )
                        .values(last_used_at=now)
                        .execution_options(synchronize_session=False)
                    )
