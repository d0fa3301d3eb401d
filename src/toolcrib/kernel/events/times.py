"""Find the part of the event log that a time is in.

Events are numbered in the order of their commits and carry the time of their request, by a clock that may be set back.
So a time says only roughly where to look in the log. For each block of numbers this remembers the earliest and the
latest time in it, and leaves out blocks that cannot match. Each block is read once, when it is first needed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.events.log import last_seq
from toolcrib.kernel.events.writer import events

BLOCK = 2_000
# How many blocks one statement reads.
AT_ONCE = 100


class EventTimes:
    """The times of the blocks of the log. Block `n` holds the numbers after `n * BLOCK` up to `(n + 1) * BLOCK`."""

    def __init__(self) -> None:
        self._spans: dict[int, tuple[datetime, datetime]] = {}
        self._known = 0

    async def bounds(
        self, session: AsyncSession, since: datetime | None, until: datetime | None
    ) -> list[ColumnElement[bool]]:
        """Return conditions on `seq` that leave out no event from `since` on and before `until`."""
        if since is None and until is None:
            return []
        await self._learn(session)
        found: list[ColumnElement[bool]] = []
        blocks = range(self._known)  # without blocks that are empty now
        if since is not None:
            first = next((n for n in blocks if n in self._spans and self._spans[n][1] >= since), self._known)
            found.append(events.c.seq > first * BLOCK)
        if until is not None and await self._rest_is_later(session, until):
            last = next((n for n in reversed(blocks) if n in self._spans and self._spans[n][0] < until), -1)
            found.append(events.c.seq <= (last + 1) * BLOCK)
        return found

    async def _rest_is_later(self, session: AsyncSession, until: datetime) -> bool:
        """Return whether none of the newest events, which do not fill a block yet, is from before `until`."""
        query = select(func.min(events.c.at)).where(events.c.seq > self._known * BLOCK)
        earliest = await session.scalar(query)
        return earliest is None or earliest >= until

    async def _learn(self, session: AsyncSession) -> None:
        whole = await last_seq(session) // BLOCK
        if whole < self._known:  # the database was replaced by another one
            self._spans, self._known = {}, 0
        while self._known < whole:
            begin, end = self._known, min(self._known + AT_ONCE, whole)
            block = ((events.c.seq - 1) // BLOCK).label("block")
            query = select(block, func.min(events.c.at), func.max(events.c.at))
            query = query.where(events.c.seq > begin * BLOCK, events.c.seq <= end * BLOCK).group_by(block)
            for number, earliest, latest in await session.execute(query):
                self._spans[int(number)] = (earliest, latest)
            self._known = max(self._known, end)
