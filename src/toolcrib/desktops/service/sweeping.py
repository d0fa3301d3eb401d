"""The rows held against what the platform really runs: what has died is marked, what nobody knows is stopped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, select, update

from toolcrib.desktops.desk import Desk
from toolcrib.desktops.hook import WORK_JOB
from toolcrib.desktops.launchers.launcher import LauncherError, Phase, Report
from toolcrib.desktops.models import State, desktops
from toolcrib.desktops.service import told
from toolcrib.desktops.service.ending import end
from toolcrib.desktops.service.launching import asked
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.jobs import schedule

log = structlog.get_logger()

NAME = "desktops.reconcile"
SECONDS = 60.0
# By what the platform says of one that should run.
DIED = {
    None: "It is not running any more: what ran it has lost it.",
    Phase.STOPPED: "It ended by itself.",
    Phase.STOPPING: "It ended by itself.",
    Phase.FAILED: "It ended by itself.",
}


async def reconcile(desk: Desk, *, orphans: bool = False) -> None:
    """Mark desktops that ended by themselves, and stop what should not run. `orphans`: look also where there is no
    desktop at all."""
    kernel = desk.kernel
    async with kernel.database.read() as session:
        is_any = (await session.execute(select(desktops.c.id).limit(1))).first() is not None
    if not is_any and not orphans:
        return
    began = kernel.clock()
    try:
        found = await asked(desk, desk.launcher.statuses(), seconds=SECONDS)
    except LauncherError as error:
        log.warning("desktops_not_compared", reason=str(error))
        return
    async with kernel.database.read() as session:
        rows = {row.name: row for row in await session.execute(select(desktops))}
    for name, row in rows.items():
        # What has begun or changed since may not have been seen yet.
        if row.worker is not None or row.next_at >= began:
            continue
        if row.state == State.RUNNING and row.ready_at < began:
            await _look_whether_it_runs(desk, row, found.get(name))
        elif row.state in (State.STOPPED, State.FAILED) and _runs(found.get(name)):
            await _stop_again(desk, row)
    await _remove_orphans(desk, found, rows)


def _runs(report: Report | None) -> bool:
    return report is not None and report.phase in (Phase.STARTING, Phase.READY)


async def _look_whether_it_runs(desk: Desk, row: Row[Any], report: Report | None) -> None:
    if _runs(report):
        return
    try:
        report = await asked(desk, desk.launcher.status(row.name), seconds=SECONDS)
    except LauncherError:
        return
    if _runs(report):
        return
    reason = report.text if report is not None and report.text else DIED[report.phase if report else None]
    async with desk.kernel.database.write() as session:
        await take_write_lock(session)
        now = desk.kernel.clock()
        query = select(desktops).where(desktops.c.id == row.id, desktops.c.state == State.RUNNING)
        latest = (await session.execute(query.where(desktops.c.fence == row.fence))).first()
        if latest is None:
            return
        await end(session, latest, reason, failed=True, now=now)
        await told.of_desktop(session, "died", latest, actor=None, now=now, reason=reason)
        after_commit(session, lambda: desk.kernel.jobs.nudge(WORK_JOB))


async def _stop_again(desk: Desk, row: Row[Any]) -> None:
    """It is stopped, and something of it runs: stop it as if it were being stopped still."""
    log.warning("stopped_desktop_runs", desktop=row.name)
    mine = update(desktops).where(desktops.c.id == row.id, desktops.c.state == row.state)
    async with desk.kernel.database.write() as session:
        await take_write_lock(session)
        now = desk.kernel.clock()
        await session.execute(mine.values(state=State.STOPPING, attempts=0, next_at=now))
        after_commit(session, lambda: desk.kernel.jobs.nudge(WORK_JOB))


async def _remove_orphans(desk: Desk, found: Mapping[str, Report], rows: Mapping[str, Row[Any]]) -> None:
    """Stop and remove what bears this server's mark and no row speaks of. Homes stay: the rows may be those of an older
    backup."""
    for name in found.keys() - rows.keys():
        log.warning("desktop_orphan_removed", desktop=name)
        try:
            await asked(desk, desk.launcher.stop(name), seconds=SECONDS)
            await asked(desk, desk.launcher.delete(name, home=False), seconds=SECONDS)
        except LauncherError as error:
            log.warning("desktop_orphan_stays", desktop=name, reason=str(error))
            continue
        async with desk.kernel.database.write() as session:
            await told.of_setup(session, "orphan_removed", name, actor=None, now=desk.kernel.clock())


async def forgive_outage(desk: Desk) -> None:
    """At a start: nobody could use a desktop while the server was down, so none is idle before the end of the grace,
    and none that is kept goes before that."""
    kernel, settings = desk.kernel, desk.kernel.settings
    now: datetime = kernel.clock()
    until = now + settings.heartbeat_grace
    changes = [(desktops.c.keep_until, until, desktops.c.keep_until < until)]
    if idle := settings.desktop_idle:
        seen = until - idle
        changes.append(
            (desktops.c.seen_at, seen, (desktops.c.state == State.RUNNING) & (desktops.c.seen_at < seen))
        )
    async with kernel.database.read() as session:
        if (await session.execute(select(desktops.c.id).limit(1))).first() is None:
            return
    async with kernel.database.write() as session:
        await take_write_lock(session)
        for column, value, lapsing in changes:
            await session.execute(update(desktops).where(lapsing).values({column.name: value}))
        # What died meanwhile is found at once, not at the next turn.
        await session.execute(update(schedule).where(schedule.c.name == NAME).values(next_at=now))
