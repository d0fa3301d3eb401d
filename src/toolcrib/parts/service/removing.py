"""Remove parts with everything that belongs to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.blobs import registry
from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import ForceRelease, Group
from toolcrib.kernel.claims.models import claim_waiters
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.requester import Requester
from toolcrib.parts import conversion
from toolcrib.parts.models import part_counts, part_files, part_reservations, part_steps, parts
from toolcrib.parts.service.lookup import ref_of
from toolcrib.parts.service.told import tell

REMOVED = "The part was removed."


async def remove_part(
    session: AsyncSession, row: Row[Any], me: Principal, by: Requester, *, now: datetime
) -> None:
    """Remove a part, its files and whatever is kept of it; its events stay. Nobody holds it then."""
    await session.execute(delete(claim_waiters).where(claim_waiters.c.digest == ref_of(row).digest))
    if row.claim_fence is not None:
        ended = ForceRelease(ref_of(row), me.username, REMOVED, row.claim_fence, refusable=False)
        await claims.run_groups(session, [Group([ended], by)], now=now)
    blobs = select(part_files.c.blob_id).where(part_files.c.part_id == row.id)
    for blob_id in (await session.scalars(blobs)).all():
        await registry.release(session, blob_id, now=now)
    await conversion.forget_views(session, row.id, now=now)
    for table in (part_files, part_steps, part_counts, part_reservations):
        await session.execute(delete(table).where(table.c.part_id == row.id))
    await tell(session, row, "part_removed", actor=me.username, now=now)
    await session.execute(delete(parts).where(parts.c.id == row.id))


async def remove_all(
    session: AsyncSession, scope: str, me: Principal, by: Requester, *, now: datetime
) -> int:
    """Remove every part of a project. Returns how many there were."""
    await take_write_lock(session)
    rows = (await session.execute(select(parts).where(parts.c.scope == scope))).all()
    for row in rows:
        await remove_part(session, row, me, by, now=now)
    return len(rows)
