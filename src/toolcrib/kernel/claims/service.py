"""The claim verbs inside a unit of work: for verbs that also write rows of a kind.

Verbs whose whole effect is the claim go through `ClaimWriter` instead. Both doors run the same rules on the
same statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.commands import Command, Group
from toolcrib.kernel.claims.groups import Outcome, carry_out
from toolcrib.kernel.claims.models import Claim, Ref, claim_waiters, claims
from toolcrib.kernel.database import claim_hooks_of, event_writer_of, take_write_lock
from toolcrib.kernel.requester import Requester


async def run(
    session: AsyncSession, *commands: Command, now: datetime, by: Requester | None = None
) -> list[Claim | None]:
    """Carry out `commands`, all or nothing, in the caller's transaction. `by` is who asked, for the kind's hook.

    Raises:
        Problem: why they were refused; the unit of work stays usable.
    """
    return await run_group(session, commands, now=now, by=by)


async def run_group(
    session: AsyncSession, commands: Sequence[Command], *, now: datetime, by: Requester | None = None
) -> list[Claim | None]:
    """As `run`. A hook sees the rows that this unit of work has added; objects it has read are not read again."""
    (outcome,) = await run_groups(session, [Group(commands, by)], now=now)
    if outcome.problem is not None:
        raise outcome.problem
    return outcome.claims


async def run_groups(session: AsyncSession, groups: Sequence[Group], *, now: datetime) -> list[Outcome]:
    """Carry out `groups` in the caller's transaction, each all or nothing: one that is refused stops no other."""
    connection = await take_write_lock(session)
    events, hooks = event_writer_of(session), claim_hooks_of(session)
    if any(command.ref.kind in hooks for group in groups for command in group.commands):
        await session.flush()
    work = partial(carry_out, events=events, groups=groups, now=now, hooks=hooks)
    return await connection.run_sync(work)


async def forget_waiting(
    session: AsyncSession, holder_uuid: str, *, scopes: Sequence[str] | Select[str] | None = None
) -> None:
    """Take a person out of every queue, or out of those in a few `scopes`: they may no longer be given anything there.
    A query says which ones where there may be many.
    """
    await take_write_lock(session)  # no claim passes on meanwhile
    conditions = [claim_waiters.c.holder_uuid == holder_uuid]
    if scopes is not None:
        conditions.append(claim_waiters.c.scope.in_(scopes))
    await session.execute(delete(claim_waiters).where(*conditions))


async def rename(session: AsyncSession, ref: Ref, label: str, *, to: Ref | None = None) -> None:
    """Call the thing `label` from now on, in its claim and in its queue; with `to`, it gets another key and scope too.
    The claim stays the same one, with its fence. Nobody is told: the caller writes an event that names the thing."""
    await take_write_lock(session)
    keyed = {} if to is None else {"digest": to.digest, "scope": to.scope, "key": to.key}
    for table, name in ((claims, claims.c.digest), (claim_waiters, claim_waiters.c.id)):
        query = select(name, table.c.data).where(table.c.digest == ref.digest)
        for which, data in (await session.execute(query)).all():
            values = {"data": {**data, "label": label}, **keyed}
            await session.execute(update(table).where(name == which).values(values))


async def run_one(
    session: AsyncSession, command: Command, *, now: datetime, by: Requester | None = None
) -> Claim:
    """As `run`, for one command that always ends with a claim (all but Expire and StopWaiting)."""
    (claim,) = await run_group(session, [command], now=now, by=by)
    if claim is None:
        raise TypeError(f"{type(command).__name__} may end without a claim")
    return claim
