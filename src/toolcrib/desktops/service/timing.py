"""What comes to its time: ends, idleness, warnings before them, and what is kept no longer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, Select, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.claims_of import desktop_ref, home_ref, volume_ref
from toolcrib.desktops.desk import Desk
from toolcrib.desktops.hook import WORK_JOB
from toolcrib.desktops.launchers.launcher import LauncherError
from toolcrib.desktops.models import CURRENT, KIND, State, desktops
from toolcrib.desktops.service import told
from toolcrib.desktops.service.beginning import ACCOUNT_ENDED, leave_queue
from toolcrib.desktops.service.ending import delete, end
from toolcrib.desktops.service.launching import asked
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import Expire, Group
from toolcrib.kernel.claims.models import claims as claims_table
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.identity.models import User
from toolcrib.settings import Settings

log = structlog.get_logger()

AT_ONCE = 500
SAY_SECONDS = 10.0
IDLE = "Nobody used it for {} minutes."
REASONS = {
    "limit": "{hours} h limit",
    "chosen": "as you chose",
    "hours": "your hours of the week end",
    "idle": "nobody uses it",
}


def idle_end(settings: Settings, row: Row[Any]) -> datetime | None:
    """Return when a running desktop ends if nobody uses it."""
    since = row.seen_at or row.ready_at
    if not settings.desktop_idle or row.state != State.RUNNING or since is None:
        return None
    end: datetime = since + settings.desktop_idle
    return end


def next_end(settings: Settings, row: Row[Any]) -> tuple[datetime, str] | None:
    """Return when a desktop ends unless something is done, and why."""
    if row.ends_at is None or row.state not in CURRENT:
        return None
    idle = idle_end(settings, row)
    if idle is not None and idle < row.ends_at:
        return idle, "idle"
    return row.ends_at, row.end_reason or "limit"


def reason_text(settings: Settings, why: str) -> str:
    """Return in words why a desktop ends when it does."""
    return REASONS[why].format(hours=f"{settings.desktop_hours:g}")


async def do_what_is_due(desk: Desk, now: datetime) -> None:
    """End, warn of ends, and delete what is kept no longer. A desktop on which that fails stops no other."""
    async with desk.kernel.database.read() as session:
        if (await session.execute(select(desktops.c.id).limit(1))).first() is None:
            return
    settings = desk.kernel.settings
    people, active = select(User.uuid), select(User.uuid).where(User.is_active)
    at_rest = desktops.c.state.in_((State.STOPPED, State.FAILED))
    await _each(
        desk, select(desktops).where(desktops.c.state.in_(CURRENT), desktops.c.ends_at <= now), _expire, now
    )
    if settings.desktop_idle:
        unused = and_(desktops.c.state == State.RUNNING, desktops.c.seen_at <= now - settings.desktop_idle)
        await _each(desk, select(desktops).where(unused), _end_idle, now)
    gone = and_(desktops.c.state == State.QUEUED, desktops.c.holder_uuid.not_in(active))
    await _each(desk, select(desktops).where(gone), _leave, now)
    nobody_s = and_(desktops.c.state != State.DELETING, desktops.c.holder_uuid.not_in(people))
    await _each(desk, select(desktops).where(nobody_s), _clean_up, now)
    temporary = and_(at_rest, ~desktops.c.persistent_home)
    over = or_(desktops.c.keep_until.is_(None), desktops.c.keep_until <= now)
    await _each(desk, select(desktops).where(temporary, over), _keep_no_longer, now)
    await _warn(desk, now)


async def _each(
    desk: Desk,
    query: Select[Any],
    do: Callable[[AsyncSession, Desk, Row[Any], datetime], Awaitable[None]],
    now: datetime,
) -> None:
    """Do something with each desktop that `query` finds, one transaction each, which looks again."""
    async with desk.kernel.database.read() as session:
        ids = [row.id for row in await session.execute(query.order_by(desktops.c.id).limit(AT_ONCE))]
    for id_ in ids:
        try:
            async with desk.kernel.database.write() as session:
                await take_write_lock(session)
                row = (await session.execute(query.where(desktops.c.id == id_))).first()
                if row is not None:
                    await do(session, desk, row, now)
                    after_commit(session, lambda: desk.kernel.jobs.nudge(WORK_JOB))
        except Exception as error:  # noqa: BLE001 - it must not keep the others from their time
            log.error("desktop_time_not_kept", desktop=id_, error=failure_in_words(error))


async def _expire(session: AsyncSession, desk: Desk, row: Row[Any], now: datetime) -> None:
    """Announce that its claims are over, which the kernel's sweep would do a little later."""
    refs = [desktop_ref(row.holder_uuid, row.name), home_ref(row.holder_uuid, row.name)]
    conditions = [
        claims_table.c.kind == KIND,
        claims_table.c.expires_at <= now,
        or_(
            claims_table.c.digest.in_([ref.digest for ref in refs]),
            and_(
                claims_table.c.scope == volume_ref("").scope,
                claims_table.c.holder_uuid == row.holder_uuid,
            ),
        ),
    ]
    over = await queries.find(session, conditions, now=None)
    await claims.run_groups(session, [Group([Expire(claim.ref, claim.fence)]) for claim in over], now=now)


async def _end_idle(session: AsyncSession, desk: Desk, row: Row[Any], now: datetime) -> None:
    await end(session, row, IDLE.format(desk.kernel.settings.desktop_idle_minutes), now=now)


async def _leave(session: AsyncSession, desk: Desk, row: Row[Any], now: datetime) -> None:
    await leave_queue(session, row, ACCOUNT_ENDED, actor=None, now=now)


async def _clean_up(session: AsyncSession, desk: Desk, row: Row[Any], now: datetime) -> None:
    """Its person's account was removed: it is stopped and deleted, with its home."""
    if row.state == State.QUEUED:
        await leave_queue(session, row, ACCOUNT_ENDED, actor=None, now=now)
    elif row.state in CURRENT:
        await end(session, row, ACCOUNT_ENDED, now=now)
    going = update(desktops).where(desktops.c.id == row.id, desktops.c.state == State.STOPPING)
    await session.execute(going.values(then_delete=True, restart=False))
    query = select(desktops).where(
        desktops.c.id == row.id, desktops.c.state.in_((State.STOPPED, State.FAILED))
    )
    if (at_rest := (await session.execute(query)).first()) is not None:
        await delete(session, desk.kernel, at_rest, actor=None, now=now)


async def _keep_no_longer(session: AsyncSession, desk: Desk, row: Row[Any], now: datetime) -> None:
    if row.keep_until is None:
        until = now + timedelta(hours=desk.kernel.settings.desktop_keep_hours)
        await session.execute(update(desktops).where(desktops.c.id == row.id).values(keep_until=until))
        return
    await delete(session, desk.kernel, row, actor=None, now=now)


# Warnings


async def _warn(desk: Desk, now: datetime) -> None:
    """Tell people, once for each end, that their desktop ends soon: in the page, by mail, and in the desktop itself."""
    settings = desk.kernel.settings
    before = timedelta(minutes=settings.desktop_warning_minutes)
    soon = desktops.c.ends_at <= now + before
    if settings.desktop_idle:
        soon = or_(soon, desktops.c.seen_at <= now + before - settings.desktop_idle)
    query = select(desktops).where(desktops.c.state == State.RUNNING, soon)
    async with desk.kernel.database.read() as session:
        rows = [row for row in await session.execute(query) if _is_to_be_warned(settings, row, now)]
    told_of: list[tuple[str, str]] = []
    for row in rows:
        async with desk.kernel.database.write() as session:
            await take_write_lock(session)
            latest = (await session.execute(query.where(desktops.c.id == row.id))).first()
            if latest is None or not _is_to_be_warned(settings, latest, now):
                continue
            end = next_end(settings, latest)
            if end is None:
                continue
            at, why = end
            await session.execute(update(desktops).where(desktops.c.id == row.id).values(warned_at=now))
            text = reason_text(settings, why)
            await told.of_desktop(
                session, "warned", latest, actor=None, now=now, ends_at=iso_format(at), reason=why, text=text
            )
            told_of.append((row.name, f"This desktop ends at {at:%H:%M} UTC: {text}. Save your work."))
    await _say(desk, told_of)


def _is_to_be_warned(settings: Settings, row: Row[Any], now: datetime) -> bool:
    end = next_end(settings, row)
    if end is None:
        return False
    window = end[0] - timedelta(minutes=settings.desktop_warning_minutes)
    return window <= now < end[0] and (row.warned_at is None or row.warned_at < window)


async def _say(desk: Desk, told_of: Sequence[tuple[str, str]]) -> None:
    for name, text in told_of:
        try:
            await asked(desk, desk.launcher.say(name, text), seconds=SAY_SECONDS)
        except LauncherError as error:
            log.info("desktop_not_told", desktop=name, reason=str(error))
