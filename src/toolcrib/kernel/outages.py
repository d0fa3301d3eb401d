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
    """`count` is how many there were. `clock` counts seconds, also while the process is stopped."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._well_at = clock()
        self.count = 0
        self._forgiven: dict[str, int] = {}
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look every second from now on."""
        self._well_at = self._clock()
        self._looking = asyncio.create_task(self._look_on(), name="outages")

    async def close(self) -> None:
        if self._looking is not None:
            await end_tasks(self._looking)

    async def forgive(self, who: str, forgive: Callable[[], Awaitable[object]]) -> bool:
        """Call `forgive` if there was an outage since it was called for `who` last. Returns whether there was."""
        await self.look()
        count = self.count
        if self._forgiven.get(who, 0) == count:
            return False
        await forgive()
        self._forgiven[who] = count
        return True

    async def look(self) -> None:
        """Look whether the database answers and takes changes, and whether that was so a moment ago, too."""
        async with self._database.read() as session:
            await session.execute(text("SELECT 1"))
        if self._database.watch.failure:
            return
        now = self._clock()
        if now - self._well_at > OUTAGE_SECONDS:
            self.count += 1
            log.warning("outage_over", seconds=round(now - self._well_at))
        self._well_at = now

    async def _look_on(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                log.debug("database_does_not_answer", error=failure_in_words(error))
            await asyncio.sleep(LOOK_SECONDS)
