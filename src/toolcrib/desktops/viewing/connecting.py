"""Where a browser is sent to see a desktop: to the gateway, where there is one, or to our own viewer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.desk import desk_of
from toolcrib.desktops.errors import GatewayDown
from toolcrib.desktops.launchers.launcher import LauncherError, NotSupported
from toolcrib.desktops.models import State, desktops
from toolcrib.desktops.service.finding import find
from toolcrib.desktops.viewing import gateway, tickets
from toolcrib.desktops.viewing.control import record
from toolcrib.desktops.viewing.gateway import Screen
from toolcrib.desktops.viewing.views import clipboard_of
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.principal import Principal

# Below the site's address, in the page.
VIEWER = "/desktops/view"
OVERVIEW = "/desktops"


async def to_desktop(kernel: Kernel, me: Principal, row: Row[Any]) -> str:
    """Return where `me`, who may see the desktop, goes on: a whole address, or a path of our page.

    Raises:
        DesktopNotReady, DesktopStopped: there is nothing to see (409).
        GatewayDown, GatewaySlow: (502, 504).
    """
    tickets.require_running(row)
    if kernel.settings.guacamole_url:
        async with kernel.database.read() as session:
            screen = await _screen(session, kernel, me, row)
        if screen is not None:
            text = gateway.document(
                f"{me.username}-tmp{uuid4().hex}", {f"{row.name}-direct": screen}, now=kernel.clock()
            )
            address = await gateway.sign_in(kernel.settings, text)
            async with kernel.database.write() as session:
                said = {"gateway": True, "view_only": screen.view_only}
                await record(session, row, "desktop_viewed", me.username, kernel.clock(), **said)
            return address
    return await _to_our_viewer(kernel, me, row)


async def to_overview(kernel: Kernel, me: Principal) -> str:
    """Return where `me` sees all their running desktops. Raises GatewayDown, GatewaySlow (502, 504)."""
    if not kernel.settings.guacamole_url:
        return OVERVIEW
    mine = desktops.c.holder_uuid == me.uuid, desktops.c.state == State.RUNNING
    screens: dict[str, Screen] = {}
    async with kernel.database.read() as session:
        rows = (await session.execute(select(desktops).where(*mine).order_by(desktops.c.name))).all()
        for row in rows:
            if (screen := await _screen(session, kernel, me, row)) is not None:
                screens[row.name] = screen
    return await gateway.sign_in(kernel.settings, gateway.document(me.username, screens, now=kernel.clock()))


async def _screen(session: AsyncSession, kernel: Kernel, me: Principal, row: Row[Any]) -> Screen | None:
    """None: it was started when there was no gateway, and listens for none."""
    try:
        address = await desk_of(kernel).launcher.gateway_address(row.name)
    except NotSupported:
        return None
    except LauncherError:
        raise GatewayDown("The desktop cannot be reached now. Try again later.") from None
    copy_out, paste_in = await clipboard_of(session, row.configuration_id)
    looks_on = row.holder_uuid != me.uuid
    password = kernel.secrets.open(row.password)
    return Screen(address, password, copy_out and not looks_on, paste_in and not looks_on, looks_on)


async def _to_our_viewer(kernel: Kernel, me: Principal, row: Row[Any]) -> str:
    """The ticket is in the fragment, which browsers send to no server."""
    settings, now = kernel.settings, kernel.clock()
    async with kernel.database.write() as session:
        found = await find(session, me, row.name)
        seconds = settings.desktop_ticket_seconds
        ticket = await tickets.issue(session, found, me, view_only=False, seconds=seconds, now=now)
    said = {"ticket": ticket.secret, "name": row.name} | ({"tunnel": "guacd"} if settings.guacd_host else {})
    return f"{VIEWER}#{urlencode(said)}"
