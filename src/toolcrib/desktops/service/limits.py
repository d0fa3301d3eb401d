"""How many desktops may run, for how long, and when those who wait will have their turn.

All of it is read with the write lock held, so that nothing begins between the look and what follows from it.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.errors import NoRoom
from toolcrib.desktops.models import TAKES_ROOM, State, desktops, runs
from toolcrib.kernel.problems import Conflict
from toolcrib.settings import Settings

WEEK = timedelta(days=7)
# One person's places in the queue.
MOST_PLACES = 20
# Less than that is not worth a start.
LEAST_RUN = timedelta(minutes=1)
# How long a desktop takes to stop, for estimates.
STOPPING = timedelta(seconds=10)


class HoursUsed(Conflict):
    """The person has used the hours of running desktops that one may have in a week."""

    code = "desktop_hours_used"


@dataclass(frozen=True, slots=True)
class Room:
    """How many desktops take room: of everybody, and of each person by UUID."""

    taken: int
    of: Counter[str]

    def is_there(self, settings: Settings, holder_uuid: str) -> bool:
        return self.is_there_at_all(settings) and self.of[holder_uuid] < settings.desktops_per_person

    def is_there_at_all(self, settings: Settings) -> bool:
        return self.taken < settings.desktops_in_total


async def read_room(session: AsyncSession) -> Room:
    query = (
        select(desktops.c.holder_uuid, func.count())
        .where(desktops.c.state.in_(TAKES_ROOM))
        .group_by(desktops.c.holder_uuid)
    )
    of: Counter[str] = Counter()
    for holder_uuid, count in await session.execute(query):
        of[holder_uuid] = count
    return Room(of.total(), of)


async def check_may_wait(session: AsyncSession, settings: Settings, room: Room, holder_uuid: str) -> None:
    """Check that the person may wait for room.

    Raises:
        NoRoom: nobody may, or they have as many places as one may have (409).
    """
    if not settings.desktop_queue:
        if room.of[holder_uuid] >= settings.desktops_per_person:
            raise NoRoom(
                f"You have {room.of[holder_uuid]} running desktops, of at most {settings.desktops_per_person}."
            )
        raise NoRoom(
            f"{room.taken} desktops are running, of at most {settings.desktops_in_total}. Try again later."
        )
    places = select(func.count()).where(
        desktops.c.state == State.QUEUED, desktops.c.holder_uuid == holder_uuid
    )
    if (await session.execute(places)).scalar_one() >= MOST_PLACES:
        raise NoRoom(f"One person may have {MOST_PLACES} places in the queue.")


async def read_queue(session: AsyncSession) -> list[Row[Any]]:
    query = select(desktops).where(desktops.c.state == State.QUEUED).order_by(desktops.c.place)
    return list(await session.execute(query))


# Time


async def time_left(
    session: AsyncSession, settings: Settings, holder_uuid: str, now: datetime
) -> timedelta | None:
    """Return how long desktops of this person may still run in these seven days, if all that run now run to no end in
    particular; None: for ever."""
    if not settings.desktop_hours_per_week:
        return None
    since = now - WEEK
    query = select(runs.c.started_at, runs.c.ended_at).where(
        runs.c.holder_uuid == holder_uuid, or_(runs.c.ended_at.is_(None), runs.c.ended_at > since)
    )
    used = timedelta()
    for started_at, ended_at in await session.execute(query):
        used += max((ended_at or now) - max(started_at, since), timedelta())
    return max(timedelta(hours=settings.desktop_hours_per_week) - used, timedelta())


async def end_of(
    session: AsyncSession, settings: Settings, holder_uuid: str, seconds: int | None, now: datetime
) -> tuple[datetime, str]:
    """Return when a desktop that begins now ends, and why: `limit`, `chosen` or `hours`.

    Raises:
        HoursUsed: there are none left (409).
    """
    length, why = timedelta(hours=settings.desktop_hours), "limit"
    if seconds is not None and timedelta(seconds=seconds) < length:
        length, why = timedelta(seconds=seconds), "chosen"
    left = await time_left(session, settings, holder_uuid, now)
    if left is not None and left < LEAST_RUN:
        hours = f"{settings.desktop_hours_per_week:g}"
        raise HoursUsed(
            f"You have used the {hours} hours of running desktops that one may have in seven days."
        )
    if left is not None and left < length:
        length, why = left, "hours"
    return now + length, why


# Estimates


def expected(
    queue: Iterable[Row[Any]], running: Iterable[Row[Any]], settings: Settings, now: datetime
) -> dict[str, datetime]:
    """Return when each desktop of the queue will probably begin, if those that run end when they have to."""
    length = timedelta(hours=settings.desktop_hours)
    of: Counter[str] = Counter()
    ends: list[tuple[datetime, str]] = []
    for row in running:
        of[row.holder_uuid] += 1
        end = now + STOPPING if row.state == State.STOPPING or row.ends_at is None else row.ends_at
        heapq.heappush(ends, (max(end, now), row.holder_uuid))
    waiting, found, at = list(queue), dict[str, datetime](), now
    while waiting:
        free = settings.desktops_in_total - len(ends)
        later = []
        for row in waiting:
            if free > 0 and of[row.holder_uuid] < settings.desktops_per_person:
                found[row.name] = at
                of[row.holder_uuid] += 1
                free -= 1
                own = timedelta(seconds=row.seconds) if row.seconds else length
                heapq.heappush(ends, (at + min(own, length), row.holder_uuid))
            else:
                later.append(row)
        waiting = later
        if not waiting or not ends:
            break
        at, holder_uuid = heapq.heappop(ends)
        of[holder_uuid] -= 1
    return found
