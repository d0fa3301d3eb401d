"""How many rows the tables have that operators watch, for the health page and `/metrics`.

Every database counts in a time that grows with the rows. So each process counts seldom, and the less often the longer
it takes; what it says meanwhile has the time at which it was true.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.claims.owed import owed_claim_hooks
from toolcrib.kernel.clock import Clock
from toolcrib.kernel.database import Database
from toolcrib.kernel.outbox import outbox

COUNTED = (claims, outbox, owed_claim_hooks)
# Between two counts lie at least so long, and so many times as long as the first of them took.
PAUSE = timedelta(seconds=5)
PAUSE_TIMES = 100


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows each of `COUNTED` had `at` a time, by the table's name."""

    rows: Mapping[str, int]
    at: datetime


class RowCounts:
    """The counts of one process. Callers that come while it counts share them."""

    def __init__(self, database: Database, clock: Clock, *, deadline_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._deadline_seconds = deadline_seconds
        self._turn = asyncio.Lock()
        self._latest: Counted | None = None
        self._tried_at: datetime | None = None
        self._pause = PAUSE

    async def latest(self) -> Counted | None:
        """Return what was counted last, just now if it was long ago; None if nothing could be counted yet.

        Raises:
            SQLAlchemyError, OSError: the database failed, or did not answer in time.
        """
        async with self._turn:
            now = self._clock()
            # A clock that was set back would have it wait.
            if self._tried_at is None or not timedelta(0) <= now - self._tried_at < self._pause:
                await self._count(now)
            return self._latest

    async def _count(self, now: datetime) -> None:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._deadline_seconds), self._database.read() as session:
                rows = {}
                for table in COUNTED:
                    count = await session.execute(select(func.count()).select_from(table))
                    rows[table.name] = count.scalar_one()
                self._latest = Counted(rows, now)
        finally:  # what takes too long is not tried again at once
            self._tried_at = now
            self._pause = max(PAUSE, PAUSE_TIMES * timedelta(seconds=time.perf_counter() - started))
