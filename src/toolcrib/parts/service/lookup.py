"""Find a part, as its callers may see it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import Principal, Role
from toolcrib.parts.errors import Beside, PartNotFound
from toolcrib.parts.models import KIND, parts

BIGGEST_ID = 2**63 - 1


async def get_part(session: AsyncSession, scope: str, part_id: int, *, lock: bool = False) -> Row[Any]:
    """Return a part of one project, for the contract's routes. With `lock`, nobody changes it before the commit.

    Raises:
        PartNotFound: (404).
    """
    if lock:
        await take_write_lock(session)
    row = await _find(session, part_id)
    if row is None or row.scope != scope:
        raise PartNotFound("Part not found", Beside())
    return row


async def shop_part(
    session: AsyncSession, me: Principal, part_id: int, at_least: Role = "viewer", *, lock: bool = False
) -> Row[Any]:
    """Return a part in whose project `me` has at least this role.

    Raises:
        PartNotFound: there is none, or the caller may not see it (404 alike).
        AccessDenied: the role is not enough (403).
    """
    if lock:
        await take_write_lock(session)
    row = await _find(session, part_id)
    if row is None or not me.may(row.scope):
        raise PartNotFound("There is no such part.")
    me.require(row.scope, at_least)
    return row


async def _find(session: AsyncSession, part_id: int) -> Row[Any] | None:
    if not 0 < part_id <= BIGGEST_ID:
        return None
    return (await session.execute(select(parts).where(parts.c.id == part_id))).first()


def ref_of(row: Any) -> Ref:
    """Name the part for its claim."""
    return Ref(KIND, row.scope, str(row.id))


def label_of(row: Any) -> str:
    """Return what people call a part."""
    return f"{row.part_number} {row.name}" if row.name else str(row.part_number)


def is_over(row: Any, now: datetime) -> bool:
    """Whether the claim that the part's row tells of has run out, swept or not."""
    return row.claim_ends_at is not None and row.claim_ends_at <= now
