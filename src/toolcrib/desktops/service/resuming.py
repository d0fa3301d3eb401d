"""A stopped desktop runs again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.errors import DesktopNotFound
from toolcrib.desktops.hook import WORK_JOB
from toolcrib.desktops.models import State
from toolcrib.desktops.service.attaching import DesktopBusy
from toolcrib.desktops.service.beginning import ACCOUNT_ENDED, find_row, queue_or_begin
from toolcrib.desktops.service.people import find_holder
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import Conflict
from toolcrib.kernel.requester import Requester


class HolderGone(Conflict):
    """The account of the desktop's person is disabled or removed."""

    code = "holder_gone"


async def resume(
    session: AsyncSession, kernel: Kernel, row: Row[Any], me: Principal, by: Requester, *, now: datetime
) -> Row[Any]:
    """Have a stopped desktop run again, with a new password and its configuration's present values, or wait for room.
    One that runs, or waits already, stays as it is. Returns its row.

    Raises:
        DesktopNotFound: it is gone (404).
        DesktopBusy: it is being stopped (409).
        HolderGone: (409).
        Problem: as `queue_or_begin`.
    """
    await take_write_lock(session)
    latest = await find_row(session, row.name)
    if latest is None or latest.state == State.DELETING:
        raise DesktopNotFound.stopped(row.name)
    if latest.state == State.STOPPING and not latest.restart:
        raise DesktopBusy(f"{row.name} is being stopped: try again in a moment.")
    if latest.state not in (State.STOPPED, State.FAILED):
        return latest
    if await find_holder(session, latest.holder_uuid) is None:
        raise HolderGone(ACCOUNT_ENDED)
    await queue_or_begin(session, kernel, latest, by, actor=me.username, now=now)
    after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
    return await find_row(session, row.name) or latest
