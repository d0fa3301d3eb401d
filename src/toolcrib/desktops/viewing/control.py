"""Who has pointer and keyboard of a desktop: one view at a time.

The first view that may control gets it. It passes on when it is given, when the holder takes it back, and when its view
ends: to whoever has asked for it, else to a view of the holder, else to another that may have it. All of this happens
in units of work, which have the write lock: nothing changes between looking and writing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.errors import ControlDenied, ViewNotFound
from toolcrib.desktops.models import KIND, controls, desktops, views
from toolcrib.desktops.service.finding import Found
from toolcrib.desktops.viewing.tickets import Role
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.identity.principal import Principal

# A view whose server process has not said for so long that it is open is not.
VIEW_LEASE = timedelta(seconds=20)
LOOKING_ON = "This view only looks on."


async def live_views(session: AsyncSession, desktop: str, now: datetime) -> Sequence[Row[Any]]:
    """The open views of a desktop, the oldest first."""
    is_open = views.c.seen_at > now - VIEW_LEASE
    query = select(views).where(views.c.desktop == desktop, is_open)
    return (await session.execute(query.order_by(views.c.opened_at, views.c.id))).all()


async def controller(session: AsyncSession, desktop: str) -> Row[Any] | None:
    return (await session.execute(select(controls).where(controls.c.desktop == desktop))).first()


def asks(view: Row[Any], now: datetime, ask_seconds: int) -> bool:
    """Whether it has asked for control and may still be answered."""
    return view.asks_since is not None and view.asks_since > now - timedelta(seconds=ask_seconds)


async def settle(
    session: AsyncSession, desktop: str, *, now: datetime, ask_seconds: int, only_asked: bool = False
) -> None:
    """If nobody who is there has control, pass it on; with `only_asked`, to somebody who has asked for it or nobody."""
    there = [view for view in await live_views(session, desktop, now) if not view.view_only]
    present = await controller(session, desktop)
    if present is not None and any(view.id == present.view_id for view in there):
        return
    asking = [view for view in there if asks(view, now, ask_seconds)]
    first = min(asking, key=lambda view: view.asks_since, default=None)
    if first is None and not only_asked:
        mine = [view for view in there if view.role == Role.HOLDER]
        first = next(iter(mine or there), None)
    if first is not None or present is not None:
        await _pass_on(session, desktop, first, actor=None, now=now)


async def ask(
    session: AsyncSession, found: Found, me: Principal, view_id: str, *, now: datetime, ask_seconds: int
) -> None:
    """Ask for control, for one's own view. Where nobody has it, that is an answer.

    Raises:
        ViewNotFound, ControlDenied: it is not one's own, or only looks on (404, 403).
    """
    view = await _view(session, found, view_id, now)
    if view.person_uuid != me.uuid:
        raise ControlDenied("Ask for a view of your own.")
    if view.view_only:
        raise ControlDenied(LOOKING_ON)
    present = await controller(session, found.row.name)
    if present is not None and present.view_id == view_id:
        return
    await session.execute(update(views).where(views.c.id == view_id).values(asks_since=now))
    if present is not None:
        asked = {"by": me.username, "view": view_id, "of": present.person}
        await record(session, found.row, "control_asked", me.username, now, **asked)
    await settle(session, found.row.name, now=now, ask_seconds=ask_seconds, only_asked=True)


async def give(session: AsyncSession, found: Found, me: Principal, view_id: str, *, now: datetime) -> None:
    """Pass control on, as the one who has it or the holder.

    Raises:
        ViewNotFound, ControlDenied: (404, 403).
    """
    view = await _view(session, found, view_id, now)
    await _require_say(session, found, me)
    if view.view_only:
        raise ControlDenied(LOOKING_ON)
    await _pass_on(session, found.row.name, view, actor=me.username, now=now)


async def refuse(session: AsyncSession, found: Found, me: Principal, view_id: str, *, now: datetime) -> None:
    """Answer no to a view that has asked. Raises ViewNotFound, ControlDenied (404, 403)."""
    view = await _view(session, found, view_id, now)
    if view.person_uuid != me.uuid:  # who has asked may think better of it
        await _require_say(session, found, me)
    await end_ask(session, found.row, view, actor=me.username, now=now)


async def take(session: AsyncSession, found: Found, me: Principal, view_id: str, *, now: datetime) -> None:
    """Take control back, as the holder, to a view of one's own. Raises ViewNotFound, ControlDenied (404, 403)."""
    view = await _view(session, found, view_id, now)
    if not found.is_holder or view.person_uuid != me.uuid:
        raise ControlDenied("Only the holder takes control back: ask for it.")
    if view.view_only:
        raise ControlDenied(LOOKING_ON)
    await _pass_on(session, found.row.name, view, actor=me.username, now=now)


async def release(
    session: AsyncSession, found: Found, me: Principal, *, now: datetime, ask_seconds: int
) -> None:
    """Let go of it: whoever has asked gets it, or nobody has it until somebody asks. Raises ControlDenied (403)."""
    await _require_say(session, found, me)
    name = found.row.name
    if await controller(session, name) is None:
        return
    await session.execute(delete(controls).where(controls.c.desktop == name))
    await settle(session, name, now=now, ask_seconds=ask_seconds, only_asked=True)
    if await controller(session, name) is None:
        await record(session, found.row, "control_passed", me.username, now, to=None, view=None)


async def end_ask(
    session: AsyncSession, desktop: Row[Any], view: Row[Any], *, actor: str | None, now: datetime
) -> None:
    """Whoever asked has the answer no. Of several who answer at once, one says so."""
    asked = update(views).where(views.c.id == view.id, views.c.asks_since.is_not(None))
    ended: Any = await session.execute(asked.values(asks_since=None))
    if ended.rowcount:
        await record(session, desktop, "control_refused", actor, now, to=view.person, view=view.id)


async def record(
    session: AsyncSession, desktop: Row[Any], verb: str, actor: str | None, now: datetime, **data: Any
) -> None:
    """Write an event of that desktop, for its holder and administrators."""
    scope = f"user:{desktop.holder_uuid}"
    await event_log.record(
        session, verb, kind=KIND, key=desktop.name, actor=actor, now=now, scope=scope, **data
    )


async def _view(session: AsyncSession, found: Found, view_id: str, now: datetime) -> Row[Any]:
    for view in await live_views(session, found.row.name, now):
        if view.id == view_id:
            return view
    raise ViewNotFound("This view is not open.")


async def _require_say(session: AsyncSession, found: Found, me: Principal) -> None:
    present = await controller(session, found.row.name)
    has_it = present is not None and present.person_uuid == me.uuid
    if not found.is_holder and not has_it:
        raise ControlDenied("Only the holder, or whoever has control, decides about it.")


async def _pass_on(
    session: AsyncSession, name: str, view: Row[Any] | None, *, actor: str | None, now: datetime
) -> None:
    await session.execute(delete(controls).where(controls.c.desktop == name))
    if view is not None:
        await session.execute(
            insert(controls).values(
                desktop=name, view_id=view.id, person=view.person, person_uuid=view.person_uuid, since=now
            )
        )
        await session.execute(update(views).where(views.c.id == view.id).values(asks_since=None))
    desktop = (await session.execute(select(desktops).where(desktops.c.name == name))).first()
    if desktop is not None:
        to, view_id = (None, None) if view is None else (view.person, view.id)
        await record(session, desktop, "control_passed", actor, now, to=to, view=view_id)
