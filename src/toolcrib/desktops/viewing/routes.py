"""Views over HTTP: tickets, who sees a desktop, who controls it; and the WebSockets themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, WebSocket
from pydantic import Field

from toolcrib.desktops.service.finding import find
from toolcrib.desktops.viewing import bridge, control, tickets
from toolcrib.desktops.viewing import tunnel as guacd_tunnel
from toolcrib.desktops.viewing.session import serve
from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.schema import Schema

router = APIRouter(prefix="/desktops", tags=["desktops"])

TICKETS_PER_MINUTE = "60/minute"


class TicketRequest(Schema):
    view_only: bool = False


class DesktopTicket(Schema):
    """A ticket opens one view, once: the subprotocol `ticket.` with it, beside `binary` (`vnc`) or `guacamole`
    (`guacd`)."""

    ticket: str
    expires_at: datetime
    # The id that the view will have.
    view_id: str
    view_only: bool
    page: str
    websocket: str
    viewer: Literal["vnc", "guacd"]
    # How long whoever has control may take to answer whoever asks for it.
    ask_seconds: int


class DesktopView(Schema):
    id: str
    person: str
    role: Literal["holder", "guest", "admin"]
    view_only: bool
    opened_at: datetime
    asks_since: datetime | None
    # Whether it is the caller's.
    mine: bool


class DesktopController(Schema):
    view_id: str
    person: str
    since: datetime


class DesktopViews(Schema):
    controller: DesktopController | None
    views: list[DesktopView]


class ControlRequest(Schema):
    do: Literal["ask", "give", "refuse", "take", "release"]
    view_id: Text | None = Field(None, max_length=36)


@router.post("/{name}/view", status_code=201, responses=refusals(404, 409, 429))
async def make_ticket(
    name: Text,
    session: SessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
    body: TicketRequest | None = None,
) -> DesktopTicket:
    """Make a ticket that opens one view of a desktop: for its holder, a guest, or an administrator, who looks on."""
    await kernel.limiter.hit("desktop views", TICKETS_PER_MINUTE, me.uuid)
    found = await find(session, me, name, for_guests=True)
    settings = kernel.settings
    ticket = await tickets.issue(
        session,
        found,
        me,
        view_only=body is not None and body.view_only,
        seconds=settings.desktop_ticket_seconds,
        now=now,
    )
    by_guacd = bool(settings.guacd_host)
    return DesktopTicket(
        ticket=ticket.secret,
        expires_at=ticket.expires_at,
        view_id=ticket.view_id,
        view_only=ticket.view_only,
        page=f"/desktops/{found.row.name}/view",
        websocket=f"/api/desktops/{'tunnel' if by_guacd else 'view'}",
        viewer="guacd" if by_guacd else "vnc",
        ask_seconds=settings.desktop_ask_seconds,
    )


@router.get("/{name}/views", responses=refusals(404))
async def list_views(
    name: Text, session: ReadSessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> DesktopViews:
    """List who sees a desktop now, and who has control."""
    found = await find(session, me, name, for_guests=True)
    has = await control.controller(session, found.row.name)
    rows = await control.live_views(session, found.row.name, now)
    seconds = kernel.settings.desktop_ask_seconds
    return DesktopViews(
        controller=has and DesktopController(view_id=has.view_id, person=has.person, since=has.since),
        views=[
            DesktopView(
                id=row.id,
                person=row.person,
                role=row.role,
                view_only=row.view_only,
                opened_at=row.opened_at,
                asks_since=row.asks_since if control.asks(row, now, seconds) else None,
                mine=row.person_uuid == me.uuid,
            )
            for row in rows
        ],
    )


@router.post("/{name}/control", status_code=204, responses=refusals(400, 403, 404))
async def change_control(
    name: Text, body: ControlRequest, session: SessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> None:
    """Ask for control of a desktop, give it, refuse it, take it back, or let go of it.

    `ask` and `take` name a view of the caller's own, `give` and `refuse` the view that gets it or not.
    """
    found = await find(session, me, name, for_guests=True)
    seconds = kernel.settings.desktop_ask_seconds
    if body.do == "release":
        await control.release(session, found, me, now=now, ask_seconds=seconds)
        return
    if body.view_id is None:
        raise InvalidRequest("Name the view: view_id.")
    if body.do == "ask":
        await control.ask(session, found, me, body.view_id, now=now, ask_seconds=seconds)
    elif body.do == "give":
        await control.give(session, found, me, body.view_id, now=now)
    elif body.do == "refuse":
        await control.refuse(session, found, me, body.view_id, now=now)
    else:
        await control.take(session, found, me, body.view_id, now=now)


@router.websocket("/view")
async def view(websocket: WebSocket) -> None:
    """See a desktop over RFB: noVNC's protocol, without a password."""
    await serve(websocket, "binary", bridge.carry)


@router.websocket("/tunnel")
async def tunnel(websocket: WebSocket) -> None:
    """See a desktop through guacd, as guacamole-common-js does."""
    await serve(websocket, "guacamole", guacd_tunnel.carry)
