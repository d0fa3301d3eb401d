"""One view, from its ticket to its end, whichever protocol it speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from toolcrib.desktops.launchers.launcher import LauncherError
from toolcrib.desktops.viewing import tickets
from toolcrib.desktops.viewing.streams import StreamEnded
from toolcrib.desktops.viewing.views import Closing, NoView, Opened, open_view
from toolcrib.desktops.viewing.watch import View, Viewing, viewing_of
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.identity.credentials import CrossSiteWrite
from toolcrib.kernel.ratelimit import RateLimited
from toolcrib.kernel.waits import end_tasks
from toolcrib.kernel.websockets import ABORT

log = structlog.get_logger()

OPEN_SECONDS = 10.0
# A viewer that takes no close frame for so long is cut off.
CLOSE_SECONDS = 1.0
TICKET = "ticket."
WRONG_TICKETS = "60/minute"
UNREACHABLE = "The desktop cannot be reached now."
REASONS = {
    Closing.ENDED: "ended",
    Closing.REPLACED: "replaced",
    Closing.LOST: "lost",
    Closing.DENIED: "denied",
    Closing.MALFORMED: "malformed",
}

# Carries bytes both ways until one side ends or it is cancelled. Raises Ended or StreamEnded.
Carry = Callable[[Kernel, Viewing, View, WebSocket], Coroutine[Any, Any, None]]


class Ended(Exception):
    """The view is over, for this reason."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


async def serve(websocket: WebSocket, subprotocol: str, carry: Carry) -> None:
    """Serve a WebSocket whose subprotocols are `subprotocol` and `ticket.` with the ticket."""
    kernel: Kernel = websocket.app.state.kernel
    offered: list[str] = websocket.scope["subprotocols"]
    await websocket.accept(subprotocol=subprotocol if subprotocol in offered else None)
    opened = await _open(kernel, websocket, offered)
    viewing = viewing_of(kernel)
    if isinstance(opened, NoView):
        viewing.refused += 1
        await _close(websocket, opened.code, opened.text)
        return
    view = View(opened)
    code, text = Closing.LOST, UNREACHABLE
    try:
        await viewing.add(view)
        code, text = await _carry(kernel, viewing, view, websocket, carry)
    finally:
        await asyncio.shield(viewing.remove(view, REASONS.get(code, "closed")))
        await _close(websocket, code, text)


async def _open(kernel: Kernel, websocket: WebSocket, offered: list[str]) -> Opened | NoView:
    try:
        kernel.auth.refuse_cross_site(websocket)
    except CrossSiteWrite:
        return NoView(Closing.ORIGIN, "This connection came from another site's page.")
    address = client_address(websocket)
    given = [each.removeprefix(TICKET) for each in offered if each.startswith(TICKET)]
    try:
        await kernel.limiter.check("desktop tickets", WRONG_TICKETS, address)
        if len(given) != 1 or not tickets.is_ticket(given[0]):
            await kernel.limiter.hit("desktop tickets", WRONG_TICKETS, address)
            return NoView(Closing.TICKET, "A ticket is needed, as a subprotocol.")
        async with kernel.database.write() as session:
            opened = await open_view(session, kernel.settings, given[0], now=kernel.clock())
        if isinstance(opened, NoView) and opened.code == Closing.TICKET:
            await kernel.limiter.hit("desktop tickets", WRONG_TICKETS, address)
    except RateLimited as limited:
        return NoView(Closing.TICKET, limited.detail)
    return opened


async def _carry(
    kernel: Kernel, viewing: Viewing, view: View, websocket: WebSocket, carry: Carry
) -> tuple[int, str]:
    """Carry until it is over. Returns the code and text that say why."""
    work = asyncio.create_task(carry(kernel, viewing, view, websocket), name=f"view of {view.desktop}")
    try:
        either: set[asyncio.Future[Any]] = {work, view.ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if view.ended.done():
            return view.ended.result()
        work.result()
    except Ended as ended:
        return ended.code, ended.text
    except WebSocketDisconnect:
        pass
    except (StreamEnded, LauncherError, OSError, TimeoutError) as lost:
        log.warning("desktop_view_lost", desktop=view.desktop, view=view.id, error=type(lost).__name__)
        return Closing.LOST, UNREACHABLE
    finally:
        await end_tasks(work)
    return 1000, ""


async def both_ways(there: Awaitable[None], back: Awaitable[None]) -> None:
    """Run both until one of them ends."""
    tasks = {asyncio.ensure_future(each) for each in (there, back)}
    try:
        done, _running = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        await end_tasks(*tasks)


async def _close(websocket: WebSocket, code: int, text: str) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            with suppress(RuntimeError, OSError, WebSocketDisconnect):  # it is closed already
                await websocket.close(code, text)
    except TimeoutError:
        cut: Callable[[], None] | None = websocket.scope.get("extensions", {}).get(ABORT)
        if cut is not None:
            cut()
