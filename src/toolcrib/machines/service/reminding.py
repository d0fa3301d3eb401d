"""Tell people, once each, of what comes due for their reservations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import take_write_lock
from toolcrib.machines.models import reservations

AT_ONCE = 500


async def tell_each(
    kernel: Kernel,
    due: ColumnElement[bool],
    told_at: Column[Any],
    tell: Callable[[AsyncSession, Row[Any]], Awaitable[None]],
    now: datetime,
) -> None:
    """Call `tell` for each reservation that is `due`, and set its `told_at` in the same transaction, so that nobody is
    told twice. Writes nothing where none is due."""
    query = select(reservations).where(due, told_at.is_(None)).order_by(reservations.c.ends_at).limit(AT_ONCE)
    async with kernel.database.read() as session:
        if (await session.execute(query.limit(1))).first() is None:
            return
    async with kernel.database.write() as session:
        await take_write_lock(session)
        for row in list(await session.execute(query)):
            this = update(reservations).where(reservations.c.id == row.id)
            await session.execute(this.values({told_at: now}))
            await tell(session, row)
