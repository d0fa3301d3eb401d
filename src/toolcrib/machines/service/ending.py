"""Ending claims where it does not matter if they have just ended by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import ForceRelease, Group
from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.requester import Requester


async def end_claims(
    session: AsyncSession,
    held: Iterable[tuple[Ref, int]],
    reason: str,
    *,
    actor: str | None = None,
    by: Requester | None = None,
    now: datetime,
) -> None:
    """End these claims, each by itself; those that are over already end as what they are."""
    groups = [Group([ForceRelease(ref, actor, reason, fence, refusable=False)], by) for ref, fence in held]
    await claims.run_groups(session, groups, now=now)
