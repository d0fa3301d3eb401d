"""How desktops end: stopped by people, by the server, or for good. The claims end here; the kind's hook has what runs
stopped, in `work.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.claims_of import desktop_of, desktop_ref, home_ref, volume_ref
from toolcrib.desktops.errors import DesktopRuns
from toolcrib.desktops.hook import WORK_JOB
from toolcrib.desktops.models import CURRENT, State, desktops, volumes
from toolcrib.desktops.service import told
from toolcrib.desktops.service.beginning import leave_queue
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import Command, ForceRelease, Group, Release
from toolcrib.kernel.claims.models import Holder
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.requester import Requester

STOPPED_BY = "Stopped by {}."


async def stop(
    session: AsyncSession, kernel: Kernel, row: Row[Any], me: Principal, by: Requester, *, now: datetime
) -> None:
    """End the running of a desktop, or its waiting. One without a persistent home is deleted next, if its own person
    says so. One that does not run stays as it is."""
    await take_write_lock(session)
    if row.state == State.QUEUED:
        await leave_queue(session, row, None, actor=me.username, now=now)
        after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
        return
    mine = row.holder_uuid == me.uuid
    if mine:
        await _end_claims(session, row, Holder(row.holder, row.holder_uuid), None, None, by, now)
    else:
        await _end_claims(session, row, None, me.username, STOPPED_BY.format(me.username), by, now)
    if mine and not row.persistent_home:
        # If its claim had just ended by itself, the hook did not know of this wish.
        going = update(desktops).where(desktops.c.id == row.id, desktops.c.state == State.STOPPING)
        await session.execute(going.values(then_delete=True))


async def end(
    session: AsyncSession, row: Row[Any], reason: str, *, failed: bool = False, now: datetime
) -> None:
    """End a desktop's running by the server itself; what is kept is kept."""
    await take_write_lock(session)
    await _end_claims(session, row, None, None, reason, None, now)
    if failed:
        # Whether or not there was a claim left to end.
        mine = update(desktops).where(
            desktops.c.id == row.id, desktops.c.state.in_((*CURRENT, State.STOPPING))
        )
        await session.execute(
            mine.values(
                state=State.STOPPING, is_failed=True, restart=False, reason=reason, attempts=0, next_at=now
            )
        )


async def delete(
    session: AsyncSession, kernel: Kernel, row: Row[Any], *, actor: str | None, now: datetime
) -> None:
    """Have a stopped desktop deleted for good, with its home.

    Raises:
        DesktopRuns: it is not stopped (400).
    """
    await take_write_lock(session)
    query = update(desktops).where(
        desktops.c.id == row.id, desktops.c.state.in_((State.STOPPED, State.FAILED))
    )
    done = await session.execute(
        query.values(state=State.DELETING, keep_until=None, reason=None, attempts=0, next_at=now)
    )
    if not done.rowcount:  # type: ignore[attr-defined]  # of an update
        state = await session.scalar(select(desktops.c.state).where(desktops.c.id == row.id))
        if state is None or state == State.DELETING:
            return
        raise DesktopRuns(row.name)
    await told.of_desktop(session, "deleting", row, actor=actor, now=now)
    after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))


async def end_leftovers(session: AsyncSession, row: Row[Any], *, now: datetime) -> None:
    """End what is still claimed for a desktop whose running is over: whoever ended one of its claims ended it all."""
    await _end_claims(session, row, None, None, row.reason or "The desktop has ended.", None, now)


async def release_former_volumes(session: AsyncSession, row: Row[Any], *, now: datetime) -> None:
    """End the claims on volumes that a desktop had until now and has no more."""
    rows = await session.execute(select(volumes.c.id, volumes.c.name).where(volumes.c.exclusive))
    refs = [volume_ref(each.name) for each in rows if each.id != row.volume_id]
    held = await queries.by_digest(session, [ref.digest for ref in refs], now=now)
    groups = [
        Group([ForceRelease(claim.ref, None, "Detached.", claim.fence, refusable=False)])
        for claim in held.values()
        if desktop_of(claim) == row.name
    ]
    await claims.run_groups(session, groups, now=now)


async def _end_claims(
    session: AsyncSession,
    row: Row[Any],
    holder: Holder | None,
    actor: str | None,
    reason: str | None,
    by: Requester | None,
    now: datetime,
) -> None:
    """End what is claimed for a desktop: given back by its holder, or by authority. Each claim by itself, so that it
    does no harm where one has just ended."""
    refs = [desktop_ref(row.holder_uuid, row.name), home_ref(row.holder_uuid, row.name)]
    if row.volume_id is not None:
        name = await session.scalar(select(volumes.c.name).where(volumes.c.id == row.volume_id))
        refs += [volume_ref(name)] if name is not None else []
    groups = []
    for ref in refs:
        held = await queries.by_digest(session, [ref.digest], now=now)
        claim = held.get(ref.digest)
        if claim is not None and desktop_of(claim) != row.name:
            continue
        command: Command = (
            Release(ref, holder, claim.fence if claim else None)
            if holder is not None
            else ForceRelease(ref, actor, reason or "", claim.fence if claim else None, refusable=False)
        )
        groups.append(Group([command], by))
    await claims.run_groups(session, groups, now=now)
