"""A warning before a reservation ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.context import Kernel
from toolcrib.machines.models import CURRENT, State, holds, reservations
from toolcrib.machines.service import told
from toolcrib.machines.service.reminding import tell_each


async def warn(kernel: Kernel, now: datetime) -> None:
    """Write an event for each reservation that ends soon, once for each end."""
    before = timedelta(minutes=kernel.settings.machines_warning_minutes)
    if not before:
        return
    due = and_(
        reservations.c.state == State.READY,
        reservations.c.ends_at > now,
        reservations.c.ends_at <= now + before,
        reservations.c.seconds >= 2 * before.total_seconds(),
    )

    async def tell(session: AsyncSession, row: Row[Any]) -> None:
        held = select(holds.c.machine).where(holds.c.reservation_id == row.id, holds.c.state.in_(CURRENT))
        names = sorted(await session.scalars(held))
        its = {"holder": row.holder, "ends_at": iso_format(row.ends_at), "machines": names}
        await told.of_reservation(session, "ending_soon", row.id, row.holder_uuid, actor=None, now=now, **its)

    await tell_each(kernel, due, reservations.c.warned_at, tell, now)
