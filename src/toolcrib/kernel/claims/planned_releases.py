"""Releases that will happen unless whoever planned them carries on: what keeps a change in pieces whole.

A call that takes thousands of claims plans, with each piece that it takes, that it is released again; its last piece
removes the plan. A call that releases thousands plans them all in one transaction: from then on they will be released,
whatever happens to the call. Either way nothing is left half done after a crash: once the plan is due, the sweep
carries it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Index, Integer, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.commands import Command, ForceRelease, Release
from toolcrib.kernel.claims.models import Claim, Holder
from toolcrib.kernel.due_times import is_due
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.stored_json import is_damaged
from toolcrib.kernel.tables import Base, JsonText, UtcDateTime, exact_string

# So long after its last piece a call is taken for ended.
LEASE = timedelta(seconds=10)

# The plan of one call, a row for each piece. `asked_by` is the UUID of who called, "" for the server itself.
planned_releases = Table(
    "planned_releases",
    Base.metadata,
    Column("plan", exact_string(36), primary_key=True),
    Column("piece", Integer, primary_key=True, autoincrement=False),
    Column("asked_by", exact_string(36), nullable=False),
    Column("due_at", UtcDateTime(), nullable=False),
    Column("data", JsonText(), nullable=False),  # the fences, and how they are released
    Index("ix_planned_releases_asked_by", "asked_by"),
    Index("ix_planned_releases_due_at", "due_at"),
)
_planned = planned_releases.c


class ChangeInterrupted(Problem):
    """The call stood still for so long that it was taken for ended. What it had locked is being released again; what it
    was to release is being released."""

    code, status = "change_interrupted", 503


@dataclass(frozen=True, slots=True)
class Ending:
    """Who releases claims: their holder, or with a reason `actor` by authority (None: the server itself)."""

    asked_by: str
    actor: str | None
    reason: str | None = None

    def of(self, claim: Claim) -> Command:
        if self.reason is None:
            return Release(claim.ref, Holder(self.actor or claim.holder, claim.holder_uuid), claim.fence)
        return ForceRelease(claim.ref, self.actor, self.reason, claim.fence)


@dataclass(frozen=True, slots=True)
class Piece:
    ending: Ending
    fences: list[int]


async def plan(
    session: AsyncSession,
    name: str,
    ending: Ending,
    pieces: Sequence[tuple[int, Sequence[int]]],
    due_at: datetime,
) -> None:
    """Have the claims with the fences of `pieces`, which are numbered, released at `due_at`."""
    rows = [
        {
            "plan": name,
            "piece": number,
            "asked_by": ending.asked_by,
            "due_at": due_at,
            "data": {"fences": list(fences), "actor": ending.actor, "reason": ending.reason},
        }
        for number, fences in pieces
    ]
    await session.execute(insert(planned_releases), rows)


async def postpone(session: AsyncSession, name: str, due_at: datetime, pieces: int, lost: str) -> None:
    """Carry on with a plan that has so many pieces.

    Raises:
        ChangeInterrupted: it has not, with the text `lost` (503).
    """
    left = select(func.count()).select_from(planned_releases).where(_planned.plan == name)
    if await session.scalar(left) != pieces:
        raise ChangeInterrupted(lost)
    await session.execute(update(planned_releases).where(_planned.plan == name).values(due_at=due_at))


async def next_piece(session: AsyncSession, name: str, due_at: datetime | None = None) -> Piece | None:
    """Take the next piece out of a plan; None if there is none left or, with `due_at`, none that is due then."""
    query = select(planned_releases).where(_planned.plan == name).order_by(_planned.piece).limit(1)
    if due_at is not None:
        query = query.where(is_due(_planned.due_at, due_at, LEASE))
    row = (await session.execute(query)).first()
    if row is None:
        return None
    await session.execute(delete(planned_releases).where(_planned.plan == name, _planned.piece == row.piece))
    data = {} if is_damaged(row.data, planned_releases.name, f"{name} {row.piece}") else row.data
    return Piece(Ending(row.asked_by, data.get("actor"), data.get("reason")), data.get("fences", []))


async def forget(session: AsyncSession, name: str) -> None:
    """Give up a plan: what it would have released stays held."""
    await session.execute(delete(planned_releases).where(_planned.plan == name))


async def due(session: AsyncSession, now: datetime) -> list[str]:
    """Return the plans that nobody carries on with."""
    query = select(_planned.plan).where(is_due(_planned.due_at, now, LEASE)).distinct()
    return list(await session.scalars(query))


async def of_person(session: AsyncSession, uuid: str) -> bool:
    """Return whether any call of this person is under way, or was left so."""
    count = select(func.count()).select_from(planned_releases).where(_planned.asked_by == uuid)
    return bool(await session.scalar(count))
