"""Use it or lose it: what nobody confirms in time passes on.

A begun booking is confirmed by its person; machines that a program waited for, by the program; those of `GET /reserve`
by the answer that tells its client of them. `confirm_by` is until when; None where nothing has to be confirmed. Where
no person is to be reminded of it, `reminded_at` is set with it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.identity.principal import Principal
from toolcrib.machines.errors import ReservationOver
from toolcrib.machines.models import CURRENT, KIND, State, holds, machines, reservations
from toolcrib.machines.service import told
from toolcrib.machines.service.ending import end_claims
from toolcrib.machines.service.reminding import tell_each

log = structlog.get_logger()

AT_ONCE = 500
GOING_ON = (State.PREPARING, State.READY)
LATE = "Nobody confirmed in time that it is used."


async def used(session: AsyncSession, row: Row[Any], me: Principal, *, now: datetime) -> None:
    """Note that a reservation is used, under the write lock.

    Raises:
        ReservationOver: the time to say so is over (409).
    """
    if row.confirm_by is None:
        return
    if row.confirm_by <= now:
        raise ReservationOver(LATE)
    mine = update(reservations).where(reservations.c.id == row.id)
    await session.execute(mine.values(confirm_by=None, reminded_at=None))
    await told.of_reservation(
        session, "reservation_confirmed", row.id, row.holder_uuid, actor=me.username, now=now
    )


async def is_learnt(session: AsyncSession, reservation_id: str) -> bool:
    """Note that the client of `GET /reserve` is told of its reservation. Returns whether it is still there."""
    ready = update(reservations).where(
        reservations.c.id == reservation_id, reservations.c.state == State.READY
    )
    found = await session.execute(ready.values(confirm_by=None))
    return bool(found.rowcount)  # type: ignore[attr-defined]  # of an update


async def end_unconfirmed(kernel: Kernel, now: datetime) -> None:
    """End what nobody has confirmed in time."""
    over = and_(reservations.c.state.in_(GOING_ON), reservations.c.confirm_by <= now)
    query = select(reservations).where(over).order_by(reservations.c.confirm_by).limit(AT_ONCE)
    async with kernel.database.read() as session:
        ids = [row.id for row in await session.execute(query)]
    for id_ in ids:
        try:
            async with kernel.database.write() as session:
                await take_write_lock(session)
                row = (await session.execute(query.where(reservations.c.id == id_))).first()
                if row is not None:
                    await _end(session, row, now)
        except Exception as error:  # noqa: BLE001 - it must not keep the others from ending
            log.error("unconfirmed_not_ended", reservation=id_, error=failure_in_words(error))


async def _end(session: AsyncSession, row: Row[Any], now: datetime) -> None:
    query = (
        select(holds.c.machine, holds.c.fence, machines.c.scope)
        .join(machines, machines.c.id == holds.c.machine_id)
        .where(holds.c.reservation_id == row.id, holds.c.state.in_(CURRENT))
        .order_by(holds.c.id)
    )
    held = [(Ref(KIND, each.scope, each.machine), each.fence) for each in await session.execute(query)]
    await end_claims(session, held, LATE, now=now)
    await told.of_reservation(
        session, "reservation_unconfirmed", row.id, row.holder_uuid, actor=None, now=now, reason=LATE
    )


async def remind(kernel: Kernel, now: datetime) -> None:
    """Remind people, once, whose booking has begun and is not confirmed, when half of their time for that is over."""
    half = timedelta(minutes=kernel.settings.machines_confirm_minutes) / 2
    due = and_(
        reservations.c.state.in_(GOING_ON),
        reservations.c.confirm_by > now,
        reservations.c.confirm_by <= now + half,
    )

    async def tell(session: AsyncSession, row: Row[Any]) -> None:
        by = iso_format(row.confirm_by)
        await told.of_reservation(
            session, "confirmation_due", row.id, row.holder_uuid, actor=None, now=now, confirm_by=by
        )

    await tell_each(kernel, due, reservations.c.reminded_at, tell, now)


async def forgive_outage(kernel: Kernel) -> None:
    """After a start or an outage: places of programs, and times to confirm, that ran out while nobody could keep them,
    or will before anybody can, last until the end of the grace."""
    until = kernel.clock() + kernel.settings.heartbeat_grace
    lapsing = or_(reservations.c.lease_ends_at < until, reservations.c.confirm_by < until)
    open_ = (State.WAITING, *GOING_ON)
    query = select(reservations.c.id).where(reservations.c.state.in_(open_), lapsing).limit(1)
    async with kernel.database.read() as session:
        if (await session.execute(query)).first() is None:
            return
    async with kernel.database.write() as session:
        await take_write_lock(session)
        for column in (reservations.c.lease_ends_at, reservations.c.confirm_by):
            lapsed = update(reservations).where(reservations.c.state.in_(open_), column < until)
            await session.execute(lapsed.values({column.name: until}))
