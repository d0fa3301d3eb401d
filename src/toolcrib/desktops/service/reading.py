"""Desktops as people see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.desk import Desk
from toolcrib.desktops.models import (
    CURRENT,
    TAKES_ROOM,
    State,
    configurations,
    controls,
    desktops,
    guests,
    views,
    volumes,
)
from toolcrib.desktops.service.extending import Offer, offer
from toolcrib.desktops.service.limits import expected, read_queue, time_left
from toolcrib.desktops.service.timing import idle_end, next_end, reason_text
from toolcrib.desktops.views import DesktopLimits, DesktopRead
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.users import usernames
from toolcrib.settings import Settings

# A view whose process has not said for so long that it is open is not.
VIEW_LASTS = timedelta(minutes=2)


async def rows_of(
    session: AsyncSession, me: Principal, *, everyone: bool = False, holder: str | None = None
) -> list[Row[Any]]:
    """Return desktops, the newest first: the caller's own and those shared with them; for administrators everybody's,
    or those of one `holder`."""
    which: ColumnElement[bool] = true()
    if not (me.is_admin and (everyone or holder is not None)):
        shared = select(guests.c.desktop).where(guests.c.user_id == me.id)
        which = (desktops.c.holder_uuid == me.uuid) | desktops.c.name.in_(shared)
    query = select(desktops).where(which).order_by(desktops.c.created_at.desc(), desktops.c.id.desc())
    rows = list(await session.execute(query))
    if holder is None:
        return rows
    names = await usernames(session, {row.holder_uuid for row in rows})
    return [row for row in rows if names.get(row.holder_uuid, row.holder) == holder]


async def shown(
    session: AsyncSession, settings: Settings, me: Principal, rows: Sequence[Row[Any]], now: datetime
) -> list[DesktopRead]:
    """Return `rows` as the caller sees them."""
    setups = await _by_id(session, configurations, {row.configuration_id for row in rows})
    attached = await _by_id(session, volumes, {row.volume_id for row in rows})
    people = await usernames(session, {row.holder_uuid for row in rows})
    names = [row.name for row in rows]
    control = select(controls.c.desktop, controls.c.person).where(controls.c.desktop.in_(names))
    controllers: dict[str, str] = {row.desktop: row.person for row in await session.execute(control)}
    open_views = (
        select(views.c.desktop, func.count())
        .where(views.c.desktop.in_(names), views.c.seen_at > now - VIEW_LASTS)
        .group_by(views.c.desktop)
    )
    seen: Counter[str] = Counter()
    for name, count in await session.execute(open_views):
        seen[name] = count
    shared = {
        row.desktop
        for row in await session.execute(select(guests.c.desktop).where(guests.c.user_id == me.id))
    }
    queue = await read_queue(session)
    turns: dict[str, datetime] = {}
    if queue:
        running = list(await session.execute(select(desktops).where(desktops.c.state.in_(TAKES_ROOM))))
        turns = expected(queue, running, settings, now)
    positions = {row.name: number for number, row in enumerate(queue, 1)}
    found = []
    for row in rows:
        setup, volume = setups.get(row.configuration_id), attached.get(row.volume_id)
        offered = await offer(session, settings, row, now)
        end = next_end(settings, row)
        found.append(
            DesktopRead(
                id=row.id,
                name=row.name,
                holder=people.get(row.holder_uuid, row.holder),
                state=row.state,
                progress=row.progress,
                reason=row.reason,
                configuration_id=row.configuration_id,
                configuration=setup.name if setup is not None else None,
                persistent_home=row.persistent_home,
                volume=volume.name if volume is not None else None,
                created_at=row.created_at,
                started_at=row.started_at,
                ready_at=row.ready_at,
                stopped_at=row.stopped_at,
                ends_at=row.ends_at if row.state in CURRENT else None,
                end_reason=row.end_reason if row.state in CURRENT else None,
                end_text=_end_text(settings, row, offered) if end is not None else None,
                extend_to=offered.until,
                keep_until=row.keep_until,
                idle_ends_at=idle_end(settings, row),
                queue_position=positions.get(row.name),
                expected_at=turns.get(row.name),
                fence=row.fence if row.state in CURRENT else None,
                copy_out=setup is not None and setup.copy_out,
                paste_in=setup is None or setup.paste_in,
                files=setup is None or setup.files,
                controller=controllers.get(row.name),
                views=seen[row.name],
                cannot=_cannot(
                    row, me, offered, is_guest=row.name in shared, files=setup is None or setup.files
                ),
            )
        )
    return found


def _end_text(settings: Settings, row: Row[Any], offered: Offer) -> str:
    """Such as: ends 18:00 UTC: 8 h limit; extend to 20:00, nobody waits; at 12:00 if nobody uses it until then."""
    text = f"ends {row.ends_at:%H:%M} UTC: {reason_text(settings, row.end_reason or 'limit')}"
    if offered.until is not None:
        text += f"; extend to {offered.until:%H:%M}, nobody waits"
    elif offered.reason:
        text += f"; {offered.reason[:1].lower()}{offered.reason[1:].rstrip('.')}"
    idle = idle_end(settings, row)
    if idle is not None and idle < row.ends_at:
        text += f"; at {idle:%H:%M} if nobody uses it until then"
    return text


def _cannot(row: Row[Any], me: Principal, offered: Offer, *, is_guest: bool, files: bool) -> dict[str, str]:
    """Say why the caller cannot do what people do with desktops."""
    found: dict[str, str] = {}
    is_holder = row.holder_uuid == me.uuid
    if not is_holder and not me.is_admin:
        found = dict.fromkeys(
            ("stop", "resume", "delete", "extend", "files", "share"), "It is not your desktop."
        )
    if not is_holder:
        found["files"] = found["share"] = "Only its person can do that."
    at_rest = row.state in (State.STOPPED, State.FAILED)
    if row.state not in (*CURRENT, State.QUEUED):
        found.setdefault("stop", "It does not run.")
    if not at_rest:
        found.setdefault("resume", "It is not stopped.")
        found.setdefault("delete", "It must be stopped first.")
    if offered.until is None:
        found.setdefault("extend", offered.reason or "")
    if row.state != State.RUNNING:
        found["view"] = "It does not run."
        found.setdefault("files", "It does not run.")
    elif not (is_holder or is_guest or me.is_admin):
        found["view"] = "It is not shared with you."
    if not files:
        found.setdefault("files", "Its configuration allows no files to be sent or fetched.")
    return found


async def _by_id(session: AsyncSession, table: Any, ids: set[int | None]) -> dict[int | None, Row[Any]]:
    wanted = [id_ for id_ in ids if id_ is not None]
    if not wanted:
        return {}
    return {row.id: row for row in await session.execute(select(table).where(table.c.id.in_(wanted)))}


async def limits_of(session: AsyncSession, desk: Desk, me: Principal, now: datetime) -> DesktopLimits:
    settings = desk.kernel.settings
    takes_room = desktops.c.state.in_(TAKES_ROOM)

    async def count(*conditions: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(desktops).where(*conditions)
        found: int = (await session.execute(query)).scalar_one()
        return found

    left = await time_left(session, settings, me.uuid, now)
    return DesktopLimits(
        per_person=settings.desktops_per_person,
        in_total=settings.desktops_in_total,
        running=await count(takes_room),
        mine=await count(takes_room, desktops.c.holder_uuid == me.uuid),
        queue=settings.desktop_queue,
        waiting=await count(desktops.c.state == State.QUEUED),
        hours_per_week=settings.desktop_hours_per_week or None,
        hours_left=left / timedelta(hours=1) if left is not None else None,
        launcher=settings.desktop_launcher,
        problem=desk.problem,
    )
