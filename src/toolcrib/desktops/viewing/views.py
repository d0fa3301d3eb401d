"""Views: each is a row while it is open, so that all server processes know of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.models import KIND, State, configurations, desktops, views
from toolcrib.desktops.viewing import control, tickets
from toolcrib.desktops.viewing.control import VIEW_LEASE, live_views, record, settle
from toolcrib.kernel.claims import queries
from toolcrib.settings import Settings


class NoView(Exception):
    """A view is not opened. `code` closes the WebSocket, with the text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Closing:
    """The codes that say why a view is over."""

    ENDED = 4001  # the desktop is
    TICKET = 4002
    ORIGIN = 4003
    REPLACED = 4004  # by a newer view of the same person
    FULL = 4005
    LOST = 4006  # the desktop cannot be reached, or has closed the connection
    DENIED = 4007  # the person may not see it any more
    MALFORMED = 4008


@dataclass(frozen=True)
class Opened:
    """A view that has been opened, and what its desktop allows. `password` is sealed."""

    id: str
    desktop: str
    fence: int
    ends_at: datetime | None
    password: str
    person: str
    person_uuid: str
    role: tickets.Role
    view_only: bool
    credential: dict[str, Any]
    copy_out: bool
    paste_in: bool


async def open_view(
    session: AsyncSession, settings: Settings, secret: str, *, now: datetime
) -> Opened | NoView:
    """Take the ticket and open the view that it stands for. A refusal is returned, not raised: the ticket is used."""
    ticket = await tickets.redeem(session, secret, now=now)
    if ticket is None:
        return NoView(Closing.TICKET, "This ticket was used, or is too old.")
    desktop = (await session.execute(select(desktops).where(desktops.c.name == ticket.desktop))).first()
    claim = await queries.by_fence(session, ticket.fence, now=now)
    if desktop is None or claim is None or claim.kind != KIND or desktop.fence != ticket.fence:
        return NoView(Closing.ENDED, "The desktop has ended.")
    if desktop.state != State.RUNNING or not desktop.password:
        return NoView(Closing.ENDED, "The desktop does not run now.")
    await _make_room(session, settings, ticket, now)
    if len(await live_views(session, desktop.name, now)) >= settings.desktop_views:
        return NoView(Closing.FULL, "As many views of this desktop are open as may be.")
    view_id = tickets.view_id_of(secret)
    await session.execute(
        insert(views).values(
            id=view_id,
            desktop=desktop.name,
            fence=ticket.fence,
            person=ticket.person,
            person_uuid=ticket.person_uuid,
            role=ticket.role,
            view_only=ticket.view_only,
            opened_at=now,
            seen_at=now,
            asks_since=None,
        )
    )
    said = {"view": view_id, "role": str(ticket.role), "view_only": ticket.view_only}
    await record(session, desktop, "desktop_viewed", ticket.person, now, **said)
    if not ticket.view_only:
        await settle(session, desktop.name, now=now, ask_seconds=settings.desktop_ask_seconds)
    copy_out, paste_in = await clipboard_of(session, desktop.configuration_id)
    return Opened(
        id=view_id,
        desktop=desktop.name,
        fence=ticket.fence,
        ends_at=claim.expires_at,
        password=desktop.password,
        person=ticket.person,
        person_uuid=ticket.person_uuid,
        role=tickets.Role(ticket.role),
        view_only=ticket.view_only,
        credential=ticket.credential,
        # What the others copy is not for somebody who looks on.
        copy_out=copy_out and not ticket.view_only,
        paste_in=paste_in and not ticket.view_only,
    )


async def clipboard_of(session: AsyncSession, configuration_id: int | None) -> tuple[bool, bool]:
    """Whether text may be copied out of desktops of that configuration, and pasted into them."""
    wanted = select(configurations.c.copy_out, configurations.c.paste_in)
    found = (await session.execute(wanted.where(configurations.c.id == configuration_id))).first()
    return (False, True) if found is None else (bool(found.copy_out), bool(found.paste_in))


async def _make_room(session: AsyncSession, settings: Settings, ticket: Row[Any], now: datetime) -> None:
    """End the oldest views of a person who has as many as they may."""
    mine = views.c.person_uuid == ticket.person_uuid
    query = select(views).where(mine, views.c.seen_at > now - VIEW_LEASE).order_by(views.c.opened_at)
    found = (await session.execute(query)).all()
    for old in found[: max(0, len(found) - settings.desktop_views_per_person + 1)]:
        await end_view(session, settings, old.id, reason="replaced", now=now)


async def end_view(
    session: AsyncSession, settings: Settings, view_id: str, *, reason: str, now: datetime
) -> None:
    """Remove the row of a view, and pass its control on. One that is not there has ended."""
    view = (await session.execute(select(views).where(views.c.id == view_id))).first()
    if view is None:
        return
    await session.execute(delete(views).where(views.c.id == view_id))
    desktop = (await session.execute(select(desktops).where(desktops.c.name == view.desktop))).first()
    if desktop is None:
        return
    said = {"view": view_id, "to": view.person, "reason": reason}
    await record(session, desktop, "desktop_view_ended", view.person, now, **said)
    had = await control.controller(session, view.desktop)
    if had is not None and had.view_id == view_id:
        await settle(session, view.desktop, now=now, ask_seconds=settings.desktop_ask_seconds)


async def end_stale(session: AsyncSession, settings: Settings, *, now: datetime) -> None:
    """End the views whose server process is gone, in the caller's unit of work."""
    over = select(views.c.id).where(views.c.seen_at <= now - VIEW_LEASE).limit(200)
    for view_id in (await session.execute(over)).scalars().all():
        await end_view(session, settings, view_id, reason="lost", now=now)


async def has_stale(session: AsyncSession, *, now: datetime) -> bool:
    query = select(func.count()).select_from(views).where(views.c.seen_at <= now - VIEW_LEASE)
    return bool((await session.execute(query)).scalar_one())
