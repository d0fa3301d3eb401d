"""Noticing that this server could do nothing for a while, though it was not started anew.

A process that was stopped and goes on, and one whose database did not answer or took no changes, find everything that
ran out meanwhile at once. What clients could not keep alive by then is not their lapse: whoever would end it forgives
it first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import text

from toolcrib.kernel.database import Database
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.waits import end_tasks

log = structlog.get_logger()

LOOK_SECONDS = 1.0
# A busy server is late by less.
OUTAGE_SECONDS = 10.0


class Outages:
    """`count` is how many there were."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._well_at = time.monotonic()
        self.count = 0
        self._forgiven: dict[str, int] = {}
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look every second from now on."""
        self._well_at = time.monotonic()
        self._looking = asyncio.create_task(self._look_on(), name="outages")

    async def close(self) -> None:
        if self._looking is not None:
            await end_tasks(self._looking)

    async def forgive(
        self, job: str, extend: Callable[[], Awaitable[object]], *, is_due: bool = False
    ) -> bool:
        """Call `extend` if there was an outage since it was called for `job` last, or if it `is_due` anyhow. Returns
        whether it was called."""
        await self.look()
        count = self.count
        if self._forgiven.get(job, 0) == count and not is_due:
            return False
        began = time.monotonic()
        await extend()
        # It may have been the first change that the database took again.
        if self._note_well(began):
            count = self.count
        self._forgiven[job] = count
        return True

    async def look(self) -> None:
        """Look whether the database answers and takes changes, and whether that was so a moment ago, too."""
        async with self._database.read() as session:
            await session.execute(text("SELECT 1"))
        self._note_well(time.monotonic())

    def _note_well(self, now: float) -> bool:
        """Note that all was well at `now`, unless the database takes no changes. Returns whether that ended an
        outage."""
        if self._database.watch.failure:
            return False
        away = now - self._well_at
        self._well_at = max(self._well_at, now)
        if away <= OUTAGE_SECONDS:
            return False
        self.count += 1
        log.warning("outage_over", seconds=round(away))
        return True

    async def _look_on(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                log.debug("database_does_not_answer", error=failure_in_words(error))
            await asyncio.sleep(LOOK_SECONDS)
