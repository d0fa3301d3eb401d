"""A warning before a reservation ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import take_write_lock
from toolcrib.machines.models import CURRENT, State, holds, reservations
from toolcrib.machines.service import told

AT_ONCE = 500


async def warn(kernel: Kernel, now: datetime) -> None:
    """Write an event for each reservation that ends soon, once for each end."""
    before = timedelta(minutes=kernel.settings.machines_warning_minutes)
    if not before:
        return
    query = (
        select(reservations)
        .where(
            reservations.c.state == State.READY,
            reservations.c.warned_at.is_(None),
            reservations.c.ends_at > now,
            reservations.c.ends_at <= now + before,
            reservations.c.seconds >= 2 * before.total_seconds(),
        )
        .order_by(reservations.c.ends_at)
        .limit(AT_ONCE)
    )
    async with kernel.database.read() as session:
        if (await session.execute(query.limit(1))).first() is None:
            return
    async with kernel.database.write() as session:
        await take_write_lock(session)
        for row in list(await session.execute(query)):
            this = update(reservations).where(reservations.c.id == row.id)
            await session.execute(this.values(warned_at=now))
            held = select(holds.c.machine).where(holds.c.reservation_id == row.id, holds.c.state.in_(CURRENT))
            names = sorted(await session.scalars(held))
            its = {"holder": row.holder, "ends_at": iso_format(row.ends_at), "machines": names}
            await told.of_reservation(
                session, "ending_soon", row.id, row.holder_uuid, actor=None, now=now, **its
            )
