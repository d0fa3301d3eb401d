"""Another volume for a desktop. One that runs is stopped and started again around the change, under the same claim."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.claims_of import desktop_ref, volume_ref
from toolcrib.desktops.errors import VolumeTaken
from toolcrib.desktops.hook import WORK_JOB
from toolcrib.desktops.models import CURRENT, State, desktops
from toolcrib.desktops.service import told
from toolcrib.desktops.service.beginning import checked_volume, find_row, label_of
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import Acquire
from toolcrib.kernel.claims.models import PRIVATE, Holder
from toolcrib.kernel.claims.problems import ClaimHeld
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import Conflict
from toolcrib.kernel.requester import Requester


class DesktopBusy(Conflict):
    """The desktop is being started or stopped: try again in a moment."""

    code = "desktop_busy"


async def set_volume(
    session: AsyncSession,
    kernel: Kernel,
    row: Row[Any],
    volume_id: int | None,
    me: Principal,
    by: Requester,
    *,
    now: datetime,
) -> bool:
    """Give a desktop another volume, or none. Returns whether it has to be started again.

    Raises:
        DesktopBusy: it is just being stopped or deleted (409).
        VolumeDenied: the desktop's person may not use it (403).
        VolumeTaken: it is for one desktop at a time, and another has it (409).
    """
    await take_write_lock(session)
    latest = await find_row(session, row.name)
    if (
        latest is None
        or latest.state == State.DELETING
        or (latest.state == State.STOPPING and not latest.restart)
    ):
        raise DesktopBusy(f"{row.name} is being stopped: try again in a moment.")
    if latest.volume_id == volume_id:
        return bool(latest.state == State.STOPPING)
    mine = update(desktops).where(desktops.c.id == latest.id)
    await session.execute(mine.values(volume_id=volume_id))
    changed = await find_row(session, row.name)
    if changed is None:
        raise LookupError(row.name)
    volume = await checked_volume(session, changed) if volume_id is not None else None
    runs = latest.state in CURRENT or latest.state == State.STOPPING
    if runs:
        if volume is not None and volume.exclusive:
            await _hold_volume(session, changed, volume.name, by, now)
        restarting = mine.values(
            state=State.STOPPING,
            restart=True,
            attempts=0,
            next_at=now,
            progress="Its storage is being changed.",
        )
        await session.execute(restarting)
        after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
    verb = "volume_attached" if volume is not None else "volume_detached"
    name = volume.name if volume is not None else None
    await told.of_desktop(session, verb, changed, actor=me.username, now=now, volume=name)
    return runs


async def _hold_volume(
    session: AsyncSession, row: Row[Any], volume: str, by: Requester, now: datetime
) -> None:
    own = desktop_ref(row.holder_uuid, row.name)
    held = (await queries.by_digest(session, [own.digest], now=now)).get(own.digest)
    if held is None:
        raise DesktopBusy(f"{row.name} has just ended.")
    ref = volume_ref(volume)
    data = {"label": label_of(ref.key), PRIVATE: {"desktop": row.name}}
    command = Acquire(ref, Holder(row.holder, row.holder_uuid), expires_at=held.expires_at, data=data)
    try:
        await claims.run(session, command, now=now, by=by)
    except ClaimHeld as error:
        raise VolumeTaken(f"{error.claim.label} is in use by a desktop of {error.claim.holder}.") from error
