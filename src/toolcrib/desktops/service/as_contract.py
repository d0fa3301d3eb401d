"""Connections as the contract's clients see them (desktops contract, sections 4, 10, 11 and 17).

Their clients wait for the answer, each for so long: what takes longer goes on by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.desk import Desk
from toolcrib.desktops.errors import DesktopNotFound, LauncherFailed, NotYourDesktop, Verb
from toolcrib.desktops.hook import WORK_JOB
from toolcrib.desktops.launchers.launcher import LauncherMissing
from toolcrib.desktops.models import State, configurations, desktops, volumes
from toolcrib.desktops.names import check_name
from toolcrib.desktops.schemas import Connection, iso_without_zone
from toolcrib.desktops.service import ending, resuming
from toolcrib.desktops.service.beginning import find_row
from toolcrib.desktops.service.creating import Wish, create
from toolcrib.desktops.service.launching import check_platform
from toolcrib.desktops.service.limits import read_queue
from toolcrib.desktops.service.work import HOME_STAYS
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.users import usernames
from toolcrib.kernel.progress import made_progress
from toolcrib.kernel.requester import Requester
from toolcrib.kernel.waits import set_within

# Less than the clients wait: 180, 60, 30, 180 s.
SCALE_UP_SECONDS = 150.0
RESUME_SECONDS = 45.0
STOP_SECONDS = 20.0
CHANGE_SECONDS = 150.0
LOOK_SECONDS = 5.0

STATUSES = {
    State.QUEUED: "provisioning",
    State.STARTING: "provisioning",
    State.RUNNING: "running",
    State.STOPPING: "stopped",
    State.STOPPED: "stopped",
    State.DELETING: "stopped",
    State.FAILED: "failed",
}


def is_stopped(row: Row[Any]) -> bool:
    """Whether the clients show it as stopped. One that is being stopped reads as stopped already, but for one that is
    only started again."""
    return row.state in (State.STOPPED, State.FAILED, State.DELETING) or (
        row.state == State.STOPPING and not row.restart
    )


def status_of(row: Row[Any]) -> str:
    if row.state == State.STOPPING and row.restart:
        return "provisioning"
    return "failed" if row.state == State.STOPPING and row.is_failed else STATUSES[State(row.state)]


async def find(
    session: AsyncSession, me: Principal, name: str, verb: Verb, missing: Callable[[str], DesktopNotFound]
) -> Row[Any]:
    """Return the desktop `name` to its person or an administrator.

    Raises:
        DesktopNotFound: as `missing` says it (404).
        NotYourDesktop: (403).
    """
    row = await find_row(session, name)
    if row is None or row.state == State.DELETING:
        raise missing(name)
    if row.holder_uuid != me.uuid and not me.is_admin:
        raise NotYourDesktop(verb)
    return row


async def find_numbered(
    session: AsyncSession, me: Principal, number: int | None, verb: Verb = "access"
) -> Row[Any]:
    """As `find`, by the connection's id."""
    query = select(desktops.c.name).where(desktops.c.id == number)
    name = await session.scalar(query) if number is not None else None
    return await find(session, me, name or "", verb, lambda _name: DesktopNotFound())


@dataclass(frozen=True, slots=True)
class Begun:
    """A desktop after its start was waited for, and its place if it waits for room."""

    row: Row[Any]
    position: int | None

    @property
    def status(self) -> str:
        return "ready" if self.row.state == State.RUNNING else "provisioning"


async def scale_up(desk: Desk, me: Principal, by: Requester, wish: Wish, *, now: datetime) -> Begun:
    """Begin a desktop, and wait for it unless it has to wait for room itself.

    Raises:
        LauncherFailed: it could not be started, and nothing is left of it (500).
        Problem: as `create`.
    """
    kernel = desk.kernel
    check_name(wish.name)
    try:
        await check_platform(desk)
    except LauncherMissing as error:
        raise LauncherFailed(f"Failed to provision desktop: {error}") from error
    async with kernel.database.write() as session:
        made = await create(session, desk, me, by, wish, now=now)
    row = await _wait(desk, made, _is_settled, SCALE_UP_SECONDS)
    if row is None or row.state == State.FAILED:
        reason = row.reason if row is not None else "it was deleted meanwhile"
        if row is not None:
            async with kernel.database.write() as session:
                await ending.delete(session, kernel, row, actor=None, now=kernel.clock())
        raise LauncherFailed(f"Failed to provision desktop: {reason}")
    return await _begun(desk, row)


async def resume(desk: Desk, me: Principal, by: Requester, row: Row[Any], *, now: datetime) -> Begun:
    """Have a stopped desktop run again, and wait for it. One that runs stays as it is.

    Raises:
        LauncherFailed: it could not be started; it is there as before (500).
        Problem: as `resuming.resume`.
    """
    kernel = desk.kernel
    if is_stopped(row):
        row = await _wait(desk, row, lambda row: row.state != State.STOPPING, STOP_SECONDS) or row
        async with kernel.database.write() as session:
            row = await resuming.resume(session, kernel, row, me, by, now=kernel.clock())
    found = await _wait(desk, row, _is_settled, RESUME_SECONDS)
    if found is None:
        raise DesktopNotFound.stopped(row.name)
    if found.state == State.FAILED or (found.state == State.STOPPING and found.is_failed):
        raise LauncherFailed(f"Failed to resume connection: {found.reason}")
    return await _begun(desk, found)


def _is_settled(row: Row[Any]) -> bool:
    """Nothing more is to be waited for: it runs, has failed, or waits for others."""
    return row.state not in (State.STARTING, State.STOPPING)


async def scale_down(desk: Desk, me: Principal, by: Requester, row: Row[Any], *, now: datetime) -> str:
    """Stop a desktop, and wait until nothing of it runs. Returns what to say."""
    kernel = desk.kernel
    async with kernel.database.write() as session:
        await ending.stop(session, kernel, row, me, by, now=now)
    left = await _wait(desk, row, lambda row: row.state in (State.STOPPED, State.FAILED), STOP_SECONDS)
    if left is None or left.then_delete or left.state == State.DELETING:
        return f"Connection {row.name} permanently deleted"
    return f"Connection {row.name} scaled down and preserved for future resumption"


async def delete(desk: Desk, me: Principal, row: Row[Any], *, now: datetime) -> str:
    """Delete a stopped desktop, and wait until it is gone. Returns what to say.

    Raises:
        DesktopRuns: it is not stopped (400).
        LauncherFailed: it could not be removed yet; that is tried again (500).
    """
    kernel = desk.kernel
    if row.state == State.STOPPING:
        row = await _wait(desk, row, lambda row: row.state != State.STOPPING, STOP_SECONDS) or row
    async with kernel.database.write() as session:
        await ending.delete(session, kernel, row, actor=me.username, now=now)
    left = await _wait(desk, row, lambda row: row.attempts > 0, STOP_SECONDS)
    done = f"Connection {row.name} permanently deleted"
    if left is None:
        return f"{done} and PVC {row.name}-home removed" if row.persistent_home else done
    if left.progress == HOME_STAYS or not left.attempts:
        return f"{done} but failed to delete PVC {row.name}-home" if row.persistent_home else done
    raise LauncherFailed(f"Failed to uninstall desktop for {row.name}: {left.progress}")


async def wait_for_change(desk: Desk, row: Row[Any]) -> Row[Any]:
    """Wait until a desktop whose volume was changed runs again, if it did."""
    return await _wait(desk, row, _is_settled, CHANGE_SECONDS) or row


async def _wait(
    desk: Desk, row: Row[Any], until: Callable[[Row[Any]], bool], seconds: float
) -> Row[Any] | None:
    """Return the desktop as soon as `until` says so, or as it is when the time is over; None if it is gone."""
    query = select(desktops).where(desktops.c.id == row.id)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    with desk.changes(row.name) as changed:
        desk.kernel.jobs.nudge(WORK_JOB)
        while True:
            changed.clear()
            async with desk.kernel.database.read() as session:
                latest = (await session.execute(query)).first()
            left = deadline - loop.time()
            if latest is None or until(latest) or left <= 0:
                return latest
            await set_within(changed, min(left, LOOK_SECONDS))
            made_progress()


async def _begun(desk: Desk, row: Row[Any]) -> Begun:
    if row.state != State.QUEUED:
        return Begun(row, None)
    async with desk.kernel.database.read() as session:
        queue = [each.id for each in await read_queue(session)]
    return Begun(row, queue.index(row.id) + 1 if row.id in queue else None)


# Reading


async def connections(session: AsyncSession, rows: list[Row[Any]]) -> list[Connection]:
    """Return desktops as the contract shows them; those that are being deleted are gone for its clients."""
    setups = {
        row.id: row.name for row in await session.execute(select(configurations.c.id, configurations.c.name))
    }
    attached = {row.id: row.name for row in await session.execute(select(volumes.c.id, volumes.c.name))}
    people = await usernames(session, {row.holder_uuid for row in rows})
    return [
        Connection(
            id=row.id,
            name=row.name,
            created_at=iso_without_zone(row.created_at),
            created_by=people.get(row.holder_uuid, row.holder),
            persistent_home=row.persistent_home,
            is_stopped=is_stopped(row),
            desktop_configuration_id=row.configuration_id,
            desktop_configuration_name=setups.get(row.configuration_id),
            external_pvc=attached.get(row.volume_id),
        )
        for row in rows
        if row.state != State.DELETING
    ]


async def one_connection(session: AsyncSession, row: Row[Any]) -> Connection:
    (found,) = await connections(session, [row])
    return found
