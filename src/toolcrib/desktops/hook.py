"""Keeps desktops in step with claims: whatever ends a hold, by whichever door, has its desktop stopped."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from toolcrib.desktops.claims_of import VOLUME, desktop_of, is_desktop
from toolcrib.desktops.models import CURRENT, State, controls, desktops, runs, tickets, volumes
from toolcrib.kernel.claims.changes import Change
from toolcrib.kernel.claims.models import PRIVATE, Claim
from toolcrib.kernel.problems import Conflict

WORK_JOB = "desktops.work"


class NoDesktop(Conflict):
    """Only a desktop that is to be started is held."""

    code = "no_desktop"


class DesktopStays(Conflict):
    """A desktop, with the home in it, belongs to one person."""

    code = "desktop_stays"


def follow_claim(connection: Connection, change: Change) -> None:
    """Begin, move or end the running of the desktop that goes with a claim."""
    before, after, now = change.before, change.after, change.event.at
    if before is not None and after is not None:
        if after.fence == before.fence:
            _moved(connection, after)
            return
        if change.refusable:
            raise DesktopStays("A desktop cannot be passed on: share it, or let the other person start one.")
    if before is None and after is not None:
        _begun(connection, after, now)
    elif before is not None:  # passed on where nobody could refuse: it ends, and the job ends the new claim
        _ended(connection, before, change, now)
    change.nudge(WORK_JOB)


def _begun(connection: Connection, claim: Claim, now: datetime) -> None:
    name = desktop_of(claim)
    row = connection.execute(
        select(desktops.c.id, desktops.c.holder_uuid).where(desktops.c.name == name)
    ).first()
    if name is None or row is None or row.holder_uuid != claim.holder_uuid:
        raise NoDesktop("Only desktops that are there can be held.")
    if not is_desktop(claim):
        return
    private = claim.data.get(PRIVATE, {})
    mine = update(desktops).where(desktops.c.id == row.id)
    connection.execute(
        mine.values(
            state=State.STARTING,
            fence=claim.fence,
            started_at=now,
            ready_at=None,
            seen_at=None,
            ends_at=claim.expires_at,
            end_reason=private.get("end_reason"),
            warned_at=None,
            keep_until=None,
            then_delete=False,
            restart=False,
            is_failed=False,
            reason=None,
            progress="",
            place=None,
            attempts=0,
            next_at=now,
        )
    )
    connection.execute(
        insert(runs).values(
            fence=claim.fence, desktop=name, holder_uuid=claim.holder_uuid, started_at=now, ended_at=None
        )
    )


def _moved(connection: Connection, claim: Claim) -> None:
    """Its end moved."""
    if is_desktop(claim):
        private = claim.data.get(PRIVATE, {})
        mine = update(desktops).where(desktops.c.fence == claim.fence)
        connection.execute(
            mine.values(ends_at=claim.expires_at, end_reason=private.get("end_reason"), warned_at=None)
        )


def _ended(connection: Connection, claim: Claim, change: Change, now: datetime) -> None:
    row = connection.execute(select(desktops).where(desktops.c.name == desktop_of(claim))).first()
    if is_desktop(claim):
        ran = update(runs).where(runs.c.fence == claim.fence, runs.c.ended_at.is_(None))
        connection.execute(ran.values(ended_at=min(now, claim.expires_at or now)))
    if row is None or not _ends_with(connection, row, claim):
        return
    released = change.event.verb == "released"
    keeps = row.persistent_home or not released
    connection.execute(
        update(desktops)
        .where(desktops.c.id == row.id)
        .values(
            state=State.STOPPING,
            stopped_at=now,
            restart=False,
            then_delete=not keeps,
            reason=change.reason or (None if released else change.event.verb),
            progress="",
            attempts=0,
            next_at=now,
        )
    )
    for table in (tickets, controls):
        connection.execute(delete(table).where(table.c.desktop == row.name))


def _ends_with(connection: Connection, row: Row[Any], claim: Claim) -> bool:
    """Whether the desktop's running is over with that claim."""
    if row.state not in CURRENT and not (row.state == State.STOPPING and row.restart):
        return False
    if is_desktop(claim):
        return bool(row.fence == claim.fence)
    if not claim.key.startswith(VOLUME):
        return True
    query = select(volumes.c.name).where(volumes.c.id == row.volume_id)
    return connection.execute(query).scalar() == claim.key.removeprefix(VOLUME)
