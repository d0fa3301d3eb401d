"""Claims whose names differ only in spelling, for administrators: on many disks these are one file.

New ones arise only where a project does not refuse them. Others are older than the release that compares names so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel import long_work
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims.models import Claim, claims
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.search import SCAN_LIMIT, plan_for_values

GROUPS_MAX = 100
CLAIMS_MAX = 100


@dataclass(frozen=True, slots=True)
class Clashes:
    """Groups of claims, each of one name in several spellings, and where to go on; None if all claims were looked
    at."""

    groups: list[list[Claim]]
    following: str | None


async def find(session: AsyncSession, me: Principal, *, now: datetime, start: str = "") -> Clashes:
    """Find live claims that clash in case or composition, in their own names or their projects', but for those of
    projects that allow it.

    Claims are looked at by their `folded`, from `start` on, in pieces of `SCAN_LIMIT`: one answer is about one of
    them, and has up to `GROUPS_MAX` groups. A group that goes on beyond the piece is left to the next. Whoever follows
    `following` to the end gets every group once, with any `CLAIMS_MAX` of its claims if it has more.
    """
    await plan_for_values(session)
    by_name = select(claims.c.folded).where(claims.c.folded >= start).order_by(claims.c.folded)
    border = await session.scalar(by_name.offset(SCAN_LIMIT).limit(1))
    if border is not None and border == start:  # one name with more claims than a piece
        following = await session.scalar(by_name.where(claims.c.folded > start).limit(1))
        return Clashes(_clashing(me, await _some(session, start, now=now)), following)
    several = by_name.add_columns(func.count()).group_by(claims.c.folded).having(func.count() > 1)
    if border is not None:
        several = several.where(claims.c.folded < border)
    groups: list[list[Claim]] = []
    for names in long_work.pieces(list(await session.execute(several)), GROUPS_MAX):
        few = [name for name, count in names if count <= CLAIMS_MAX]
        found = await queries.by_folded(session, few, now=now)
        for name, count in names:
            if count > CLAIMS_MAX:
                found += await _some(session, name, now=now)
        groups += _clashing(me, found)
        if len(groups) > GROUPS_MAX:
            return Clashes(groups[:GROUPS_MAX], groups[GROUPS_MAX][0].folded)
    return Clashes(groups, border)


async def _some(session: AsyncSession, name: str, *, now: datetime) -> list[Claim]:
    """Return up to `CLAIMS_MAX` live claims of a name that has many."""
    query = select(claims.c.fence).where(claims.c.folded == name, queries.live(now)).limit(CLAIMS_MAX)
    found = await queries.by_fences(session, list(await session.scalars(query)), now=now)
    return list(found.values())


def _clashing(me: Principal, found: Iterable[Claim]) -> list[list[Claim]]:
    """Return those of `found` that clash, by `folded`, each group in the order in which it was acquired."""
    groups: dict[str, list[Claim]] = {}
    for claim in sorted(found, key=attrgetter("folded", "fence")):
        groups.setdefault(claim.folded or "", []).append(claim)
    return [group for group in groups.values() if len(group) > 1 and not _is_allowed(me, group[0])]


def _is_allowed(me: Principal, claim: Claim) -> bool:
    project = me.scope_named(claim.scope).removeprefix("project:")
    return me.case_clashes.get(project) == "allow"
