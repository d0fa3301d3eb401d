"""Work on the platform: desktops are started, stopped and deleted, and what came of it is recorded.

A desktop is a row with a state. Whoever works on it has taken the row (`worker`, `busy_until`), so that no two
processes start and stop the same one at the same time; after a crash the lease runs out, and the work, which is safe to
repeat, is done again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.desk import LEASE, Desk
from toolcrib.desktops.hook import WORK_JOB
from toolcrib.desktops.launchers.launcher import (
    LauncherDown,
    LauncherError,
    LauncherMissing,
    LauncherRefused,
    Phase,
    Report,
)
from toolcrib.desktops.models import CURRENT, PASSWORD, State, controls, desktops, guests, tickets, views
from toolcrib.desktops.service import told
from toolcrib.desktops.service.beginning import new_password, serve_queue
from toolcrib.desktops.service.ending import end, end_leftovers, release_former_volumes
from toolcrib.desktops.service.launching import READY_SECONDS, asked, wanted_of
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.waits import end_tasks

log = structlog.get_logger()

# How often this is done anyhow.
EVERY = timedelta(seconds=10)
TAKEN_AT_ONCE = 200
FIRST_DELAY = timedelta(seconds=2)
LONGEST_DELAY = timedelta(minutes=5)
# A start that has not come to an end by then has failed.
LONGEST_START = timedelta(minutes=15)
# A home that could not be removed so often is left to the operator.
HOME_TRIES = 6
HOME_STAYS = "Its home could not be removed yet."
UNFINISHED = (State.STARTING, State.STOPPING, State.DELETING)


async def start_due(desk: Desk, now: datetime) -> None:
    """Serve the queue, and begin whatever is to be done on the platform now."""
    kernel = desk.kernel
    async with kernel.database.read() as session:
        waits = (
            await session.execute(select(desktops.c.id).where(desktops.c.state == State.QUEUED).limit(1))
        ).first()
    if waits is not None:
        async with kernel.database.write() as session:
            await take_write_lock(session)
            await serve_queue(session, kernel, now=now)
    for row in await _take(desk, now):
        work = {State.STARTING: _start, State.STOPPING: _stop, State.DELETING: _delete}[State(row.state)]
        desk.start(row.name, _guarded(desk, row, work))
    await _come_back(desk, now)


async def _take(desk: Desk, now: datetime) -> list[Row[Any]]:
    """Take the desktops that are due and on which nobody works."""
    is_idle = or_(desktops.c.busy_until.is_(None), desktops.c.busy_until <= now)
    query = (
        select(desktops)
        .where(desktops.c.state.in_(UNFINISHED), desktops.c.next_at <= now, is_idle)
        .order_by(desktops.c.next_at)
        .limit(TAKEN_AT_ONCE)
    )
    async with desk.kernel.database.read() as session:
        if (await session.execute(query.limit(1))).first() is None:
            return []
    async with desk.kernel.database.write() as session:
        await take_write_lock(session)
        due = [row for row in await session.execute(query) if not desk.is_working_on(row.name)]
        taken = update(desktops).where(desktops.c.id.in_([row.id for row in due]))
        await session.execute(taken.values(worker=desk.worker, busy_until=now + LEASE))
    return due


async def _come_back(desk: Desk, now: datetime) -> None:
    """Have what is to be done next done on time, not at the next turn."""
    query = select(func.min(desktops.c.next_at)).where(
        desktops.c.state.in_(UNFINISHED), desktops.c.next_at > now
    )
    ends = select(func.min(desktops.c.ends_at)).where(desktops.c.state.in_(CURRENT), desktops.c.ends_at > now)
    async with desk.kernel.database.read() as session:
        found = [(await session.execute(each)).scalar() for each in (query, ends)]
    coming = [at for at in found if at is not None and at - now <= EVERY]
    if coming:
        desk.kernel.jobs.nudge_after(WORK_JOB, (min(coming) - now).total_seconds())


async def _guarded(desk: Desk, row: Row[Any], work: Callable[[Desk, Row[Any]], Awaitable[None]]) -> None:
    """Do `work`; whatever ails it, have it done again later, each time after a longer delay."""
    try:
        await work(desk, row)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        text = str(error) if isinstance(error, LauncherError) else "The server failed to carry it out."
        log.warning("desktop_work_put_off", desktop=row.name, state=row.state, error=type(error).__name__)
        async with desk.kernel.database.write() as session:
            await take_write_lock(session)
            await _put_off(session, desk, row, text, desk.kernel.clock())
        if not isinstance(error, LauncherError):
            raise


async def _put_off(session: AsyncSession, desk: Desk, row: Row[Any], text: str, now: datetime) -> None:
    if not await _end_lease(session, desk, row):
        return
    delay = min(FIRST_DELAY * 2 ** min(row.attempts, 16), LONGEST_DELAY)
    same = update(desktops).where(
        desktops.c.id == row.id,
        desktops.c.state == row.state,
        desktops.c.fence.is_not_distinct_from(row.fence),
    )
    shown = text[:255]
    await session.execute(same.values(attempts=row.attempts + 1, next_at=now + delay, progress=shown))
    if row.progress != shown:
        await told.of_desktop(session, "progress", row, actor=None, now=now, progress=shown)
    after_commit(session, lambda: desk.kernel.jobs.nudge_after(WORK_JOB, delay.total_seconds()))


async def _end_lease(session: AsyncSession, desk: Desk, row: Row[Any]) -> bool:
    """Returns false if another process has taken over: what came of the work is then for that one to say."""
    mine = update(desktops).where(desktops.c.id == row.id, desktops.c.worker == desk.worker)
    ended = await session.execute(mine.values(worker=None, busy_until=None))
    return bool(ended.rowcount)  # type: ignore[attr-defined]  # of an update


async def _finish(session: AsyncSession, desk: Desk, row: Row[Any]) -> Row[Any] | None:
    """End the lease. Returns the row if it is still as it was when the work began."""
    if not await _end_lease(session, desk, row):
        return None
    latest = (await session.execute(select(desktops).where(desktops.c.id == row.id))).first()
    if latest is None or latest.state != row.state or latest.fence != row.fence:
        return None
    return latest


# Starting


async def _start(desk: Desk, row: Row[Any]) -> None:
    kernel = desk.kernel
    now = kernel.clock()
    try:
        wanted = await wanted_of(desk, row)
        await asked(desk, desk.launcher.start(wanted))
        report = await _ready(desk, row)
    except (LauncherRefused, LauncherMissing) as error:
        report = Report(Phase.FAILED, str(error))
    except LauncherDown as error:
        if now - (row.started_at or now) < LONGEST_START:
            raise
        report = Report(Phase.FAILED, str(error))
    if report is None:
        report = Report(Phase.STOPPING)  # its hold has ended meanwhile
    if report.phase == Phase.STARTING and now - (row.started_at or now) >= LONGEST_START:
        report = Report(
            Phase.FAILED, f"It did not start in time: {report.text or 'nothing was heard of it'}."
        )
    async with kernel.database.write() as session:
        await take_write_lock(session)
        now = kernel.clock()
        latest = await _finish(session, desk, row)
        after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
        if latest is None:
            return
        if report.phase == Phase.READY:
            ready = update(desktops).where(desktops.c.id == row.id)
            await session.execute(
                ready.values(state=State.RUNNING, ready_at=now, seen_at=now, progress="", attempts=0)
            )
            ends_at = iso_format(latest.ends_at) if latest.ends_at else None
            await told.of_desktop(session, "started", latest, actor=None, now=now, ends_at=ends_at)
        elif report.phase == Phase.STARTING:
            await session.execute(
                update(desktops).where(desktops.c.id == row.id).values(next_at=now + FIRST_DELAY)
            )
        else:
            await end(session, latest, report.text or "It ended while it was starting.", failed=True, now=now)


async def _ready(desk: Desk, row: Row[Any]) -> Report | None:
    """Wait until the desktop can be seen, or has failed, or the time is over. None: it is to be stopped instead."""

    async def progress(text: str) -> None:
        await _tell_progress(desk, row, text)

    waiting = asyncio.ensure_future(
        desk.launcher.wait_ready(row.name, seconds=READY_SECONDS, progress=progress)
    )
    query = select(desktops.c.state, desktops.c.fence).where(desktops.c.id == row.id)
    try:
        with desk.changes(row.name) as changed:
            while True:
                changed.clear()
                async with desk.kernel.database.read() as session:
                    latest = (await session.execute(query)).first()
                if latest is None or latest.state != State.STARTING or latest.fence != row.fence:
                    return None
                event = asyncio.ensure_future(changed.wait())
                await asyncio.wait({waiting, event}, return_when=asyncio.FIRST_COMPLETED)
                event.cancel()
                if waiting.done():
                    return await asked(desk, waiting)
    finally:
        if not waiting.done():
            await end_tasks(waiting)


async def _tell_progress(desk: Desk, row: Row[Any], text: str) -> None:
    shown = text[:255]
    mine = update(desktops).where(
        desktops.c.id == row.id,
        desktops.c.state == State.STARTING,
        desktops.c.fence == row.fence,
        desktops.c.progress != shown,
    )
    async with desk.kernel.database.write() as session:
        await take_write_lock(session)
        changed = await session.execute(mine.values(progress=shown))
        if changed.rowcount:  # type: ignore[attr-defined]  # of an update
            now = desk.kernel.clock()
            await told.of_desktop(session, "progress", row, actor=None, now=now, progress=shown)


# Stopping


async def _stop(desk: Desk, row: Row[Any]) -> None:
    kernel = desk.kernel
    if not row.restart:
        async with kernel.database.write() as session:
            await take_write_lock(session)
            await end_leftovers(session, row, now=kernel.clock())
    try:
        await asked(desk, desk.launcher.stop(row.name))
    except LauncherMissing:
        if row.ready_at is not None:
            raise
        # Without its programs the platform has never run it.
    async with kernel.database.write() as session:
        await take_write_lock(session)
        now = kernel.clock()
        latest = await _finish(session, desk, row)
        after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
        if latest is None:
            return
        await _stopped(session, desk, latest, now)
        await serve_queue(session, kernel, now=now)


async def _stopped(session: AsyncSession, desk: Desk, row: Row[Any], now: datetime) -> None:
    kernel = desk.kernel
    mine = update(desktops).where(desktops.c.id == row.id)
    await release_former_volumes(session, row, now=now)
    if row.restart:
        sealed = kernel.secrets.seal(PASSWORD, new_password())
        await session.execute(
            mine.values(
                state=State.STARTING,
                restart=False,
                password=sealed,
                ready_at=None,
                started_at=now,
                attempts=0,
                next_at=now,
                progress="",
            )
        )
        await told.of_desktop(session, "restarting", row, actor=None, now=now)
        return
    if row.then_delete:
        await session.execute(mine.values(state=State.DELETING, attempts=0, next_at=now, progress=""))
        await told.of_desktop(session, "deleting", row, actor=None, now=now)
        return
    keep = None if row.persistent_home else now + timedelta(hours=kernel.settings.desktop_keep_hours)
    state = State.FAILED if row.is_failed else State.STOPPED
    await session.execute(
        mine.values(state=state, password=None, keep_until=keep, attempts=0, next_at=now, progress="")
    )
    verb = "failed" if row.is_failed else "stopped"
    kept = iso_format(keep) if keep else None
    await told.of_desktop(session, verb, row, actor=None, now=now, reason=row.reason, keep_until=kept)


# Deleting


async def _delete(desk: Desk, row: Row[Any]) -> None:
    kernel = desk.kernel
    is_gone = await asked(desk, desk.launcher.delete(row.name, home=True))
    if not is_gone and row.attempts + 1 < HOME_TRIES:
        raise LauncherError(HOME_STAYS)
    async with kernel.database.write() as session:
        await take_write_lock(session)
        latest = await _finish(session, desk, row)
        if latest is None:
            return
        for table in (guests, tickets, views, controls):
            await session.execute(delete(table).where(table.c.desktop == row.name))
        await session.execute(delete(desktops).where(desktops.c.id == row.id))
        now = kernel.clock()
        await told.of_desktop(session, "deleted", row, actor=None, now=now, home_removed=is_gone)
        await serve_queue(session, kernel, now=now)
        after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
