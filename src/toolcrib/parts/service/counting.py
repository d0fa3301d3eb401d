"""How many pieces of a part were made and scrapped, by whom and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.identity.principal import Principal
from toolcrib.parts.models import part_counts
from toolcrib.parts.service.steps import due_step


async def add_count(
    session: AsyncSession,
    row: Any,
    me: Principal,
    *,
    made: int = 0,
    scrapped: int = 0,
    reason: str | None = None,
    note: str | None = None,
    now: datetime,
) -> None:
    step = await due_step(session, row.id)
    line = {
        "part_id": row.id,
        "step_id": step.id if step is not None else None,
        "at": now,
        "by": me.username,
        "by_uuid": me.uuid,
        "made": made,
        "scrapped": scrapped,
        "reason": reason,
        "note": note,
    }
    await session.execute(insert(part_counts).values(**line))


async def all_made(session: AsyncSession, row: Any, me: Principal, *, now: datetime) -> None:
    """Count the pieces that were not counted yet: the part, or its due step, is finished."""
    missing = row.amount - row.made
    if missing > 0:
        await add_count(session, row, me, made=missing, now=now)


async def counts_of(session: AsyncSession, part_id: int) -> list[Row[Any]]:
    query = select(part_counts).where(part_counts.c.part_id == part_id).order_by(part_counts.c.id.desc())
    return list(await session.execute(query.limit(1000)))
