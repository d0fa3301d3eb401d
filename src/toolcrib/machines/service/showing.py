"""Reservations as people see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.identity.users import usernames
from toolcrib.machines.models import State
from toolcrib.machines.reservation_views import QueuePlaceRead, ReservationRead
from toolcrib.machines.service import reading
from toolcrib.machines.wanted import keys_of
from toolcrib.settings import Settings


async def shown(
    session: AsyncSession, settings: Settings, rows: Sequence[Row[Any]], now: datetime
) -> list[ReservationRead]:
    """Return reservations as people see them."""
    held = await reading.holds_of(session, [row.id for row in rows])
    places: dict[str, QueuePlaceRead] = {}
    if any(row.state == State.WAITING for row in rows):
        queue = await reading.waiting(session, settings, now)
        for number, (each, when) in enumerate(queue, start=1):
            places[each.row.id] = QueuePlaceRead(
                place=number,
                of=len(queue),
                estimate=when,
                until=each.row.wait_until,
                lease_ends_at=each.row.lease_ends_at,
                priority=each.row.priority,
                obstacle=each.obstacle,
            )
    booked = await reading.booked_names(session, [row.id for row in rows if row.state == State.BOOKED])
    uuids = {uuid for row in rows for uuid in (row.holder_uuid, *keys_of(row.access))}
    names = await usernames(session, uuids)
    jumps = await reading.jump_hosts(session, [each for of in held.values() for each in of])
    return [
        ReservationRead.of(row, held[row.id], names, now, jumps, places.get(row.id), booked.get(row.id))
        for row in rows
    ]
