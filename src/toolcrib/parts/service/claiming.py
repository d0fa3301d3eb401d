"""Who holds a part: claims made, passed on and ended so that they say what the part's row says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import Acquire, Expire, ForceRelease, Group, Release, Transfer
from toolcrib.kernel.claims.models import Claim, Holder, claim_waiters
from toolcrib.kernel.claims.models import claims as claim_table
from toolcrib.kernel.database import after_commit
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.rights import read_principal, read_registry
from toolcrib.kernel.identity.users import find_active
from toolcrib.kernel.requester import Requester
from toolcrib.parts.after_claim import is_done
from toolcrib.parts.models import parts
from toolcrib.parts.service.lookup import get_part, is_over, label_of, ref_of

COMPLETED_REASON = "The part is completed."


def data_of(row: Any, assigned: str) -> dict[str, Any]:
    """Return what a claim on the part says of it."""
    return {
        "label": label_of(row),
        "part_number": row.part_number,
        "category": row.category,
        "revision": row.revision,
        "recheck": False,
        "assigned": assigned,
    }


async def up_to_date(session: AsyncSession, row: Row[Any], now: datetime) -> Row[Any]:
    """End the part's claim if it has run out, and return the part as it is then. Call with the write lock held."""
    if not is_over(row, now):
        return row
    await claims.run_groups(session, [Group([Expire(ref_of(row), row.claim_fence)])], now=now)
    return await get_part(session, row.scope, row.id)


async def holder_called(
    session: AsyncSession, me: Principal, scope: str, name: str, *, open_projects: bool
) -> Holder:
    """Return who holds a part that is assigned to `name`: the account of exactly that name, if there is one that may
    hold it; else the caller, for the text may name anybody (parts contract, section 2)."""
    user = await find_active(session, name) if is_storable(name) else None
    if user is not None and user.uuid != me.uuid:
        registry = await read_registry(session)
        other = await read_principal(session, user, None, registry, open_projects=open_projects)
        if other.may(scope, "member"):
            return other.holder
    return me.holder


async def settle(
    session: AsyncSession,
    row: Row[Any],
    values: Mapping[str, Any],
    me: Principal,
    by: Requester,
    *,
    open_projects: bool,
    now: datetime,
    force: bool = False,
) -> dict[str, Any]:
    """Have the part's claim say what the part is about to be: `row` with `values`. Returns the columns that follow from
    the claim, to be written with `values`. With `force`, a claim that is there passes on, whoever has it, even to the
    same person (a part that is assigned anew).
    """
    assigned = values.get("assigned", row.assigned)
    status, category = values.get("status", row.status), values.get("category", row.category)
    is_wanted = bool(assigned) and not is_done(category, status)
    held = row.claim_fence is not None
    if not is_wanted:
        if not held:
            return {}
        if is_done(category, status):
            await end_for_good(session, row, me, by, COMPLETED_REASON, now=now)
            return await _after(session, row)
        await end(session, row, me, by, None, now=now)
        return await passed_on(session, row) or await _after(session, row)
    changed = assigned != row.assigned
    if held and not changed and not force:
        return {}
    to = await holder_called(session, me, row.scope, assigned, open_projects=open_projects)
    if held:
        await pass_on(session, row, to, me, by, None, now=now)
    else:
        if is_done(row.category, row.status):  # it is not any more
            open_again = update(parts).where(parts.c.id == row.id)
            await session.execute(open_again.values(status=status, category=category))
        command = Acquire(ref_of(row), to, data=data_of(row, assigned))
        await claims.run_one(session, command, now=now, by=by)
    found = await _after(session, row)
    await note(session, found["claim_fence"], assigned=assigned, recheck=False, revision=row.revision)
    return found


async def take(
    session: AsyncSession,
    row: Row[Any],
    to: Holder,
    by: Requester,
    *,
    ttl_seconds: int | None = None,
    now: datetime,
) -> Claim:
    """Acquire the claim on a part for `to`.

    Raises:
        ClaimHeld: somebody has it (409).
    """
    end_at = now + timedelta(seconds=ttl_seconds) if ttl_seconds else None
    command = Acquire(ref_of(row), to, expires_at=end_at, data=data_of(row, to.username))
    return await claims.run_one(session, command, now=now, by=by)


async def pass_on(
    session: AsyncSession,
    row: Row[Any],
    to: Holder,
    me: Principal,
    by: Requester,
    reason: str | None,
    *,
    now: datetime,
) -> None:
    """Have somebody else hold the part, whoever has it now: the caller has checked that."""
    command = Transfer(ref_of(row), me.username, to, None, row.claim_fence, comment=reason)
    await claims.run_one(session, command, now=now, by=by)


async def end(
    session: AsyncSession, row: Row[Any], me: Principal, by: Requester, reason: str | None, *, now: datetime
) -> None:
    """End the claim on a part, whoever has it: the caller has checked that."""
    if row.holder_uuid == me.uuid:
        await claims.run(session, Release(ref_of(row), me.holder, row.claim_fence, reason), now=now, by=by)
    else:
        why = reason or "Given back on the parts page."
        await claims.run(
            session, ForceRelease(ref_of(row), me.username, why, row.claim_fence), now=now, by=by
        )


async def end_for_good(
    session: AsyncSession, row: Row[Any], me: Principal, by: Requester, reason: str, *, now: datetime
) -> None:
    """End the claim on a part, and let nobody have it who waits for it: there is nothing left to make."""
    await session.execute(delete(claim_waiters).where(claim_waiters.c.digest == ref_of(row).digest))
    if row.claim_fence is not None:
        await end(session, row, me, by, reason, now=now)


async def passed_on(session: AsyncSession, row: Row[Any]) -> dict[str, Any] | None:
    """Return what a part is whose claim was ended just now, if somebody who waited for it has it: all that the hook
    has written. None if nobody has it."""
    names = (*_FOLLOWING, "assigned", "claimed_at", "status", "misc_info")
    query = select(*(parts.c[name] for name in names)).where(parts.c.id == row.id)
    found = (await session.execute(query)).one()
    return None if found.claim_fence is None else dict(found._mapping)


async def note(session: AsyncSession, fence: int, **data: Any) -> None:
    """Change what the claim says of the part. The caller writes an event, so that lists are read again."""
    mine = claim_table.c.fence == fence
    found = (await session.execute(select(claim_table.c.data).where(mine))).scalar_one_or_none()
    if found is not None:
        await session.execute(update(claim_table).where(mine).values(data={**found, **data}))


_FOLLOWING = (
    "claim_fence",
    "holder_uuid",
    "claim_ends_at",
    "claimed_revision",
    "recheck",
    "active_at",
    "reminded_at",
)


async def _after(session: AsyncSession, row: Row[Any]) -> dict[str, Any]:
    """Return the columns that the hook has written."""
    query = select(*(parts.c[name] for name in _FOLLOWING)).where(parts.c.id == row.id)
    return dict((await session.execute(query)).one()._mapping)


def nudge_after(session: AsyncSession, nudge: Any, name: str) -> None:
    after_commit(session, lambda: nudge(name))
