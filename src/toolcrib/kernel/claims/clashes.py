"""Claims whose names differ only in spelling, for administrators: on many disks these are one file.

New ones arise only where a project does not refuse them. Others are older than the release that compares names so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims.models import Claim, claims
from toolcrib.kernel.identity.principal import Principal

GROUPS_MAX = 100
CLAIMS_MAX = 100
PAGE = 500


@dataclass(frozen=True, slots=True)
class Clashes:
    """Groups of claims, each of one name in several spellings; `more` if there are others."""

    groups: list[list[Claim]]
    more: bool


async def find(session: AsyncSession, me: Principal, *, now: datetime) -> Clashes:
    """Find the live claims that clash in case or composition, in their own names or their projects', but for those of
    projects that allow it."""
    groups: list[list[Claim]] = []
    last, page = "", [""]
    while page and len(groups) <= GROUPS_MAX:
        query = (
            select(claims.c.folded)
            .where(claims.c.folded > last, queries.live(now))
            .group_by(claims.c.folded)
            .having(func.count() > 1)
            .order_by(claims.c.folded)
            .limit(PAGE)
        )
        page = [str(folded) for folded in await session.scalars(query)]
        found: dict[str, list[Claim]] = {}
        for claim in sorted(await queries.by_folded(session, page, now=now), key=attrgetter("fence")):
            group = found.setdefault(claim.folded or "", [])
            if len(group) < CLAIMS_MAX:
                group.append(claim)
        groups += [group for group in found.values() if len(group) > 1 and not _is_allowed(me, group[0])]
        last = page[-1] if page else last
    return Clashes(groups[:GROUPS_MAX], len(groups) > GROUPS_MAX)


def _is_allowed(me: Principal, claim: Claim) -> bool:
    project = me.scope_named(claim.scope).removeprefix("project:")
    return me.case_clashes.get(project) == "allow"
