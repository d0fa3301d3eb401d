"""A view over RFB: between the browser's WebSocket and the desktop's VNC server."""

from __future__ import annotations

import asyncio

import structlog
from starlette.websockets import WebSocket

from toolcrib.desktops.desk import desk_of
from toolcrib.desktops.viewing.rfb.errors import DesktopRefused, Malformed, NotRfb
from toolcrib.desktops.viewing.rfb.from_desktop import FromDesktop
from toolcrib.desktops.viewing.rfb.from_viewer import FromViewer
from toolcrib.desktops.viewing.rfb.handshake import open_desktop, open_viewer
from toolcrib.desktops.viewing.session import OPEN_SECONDS, UNREACHABLE, Ended, both_ways
from toolcrib.desktops.viewing.streams import Outward, StreamEnded, Viewer
from toolcrib.desktops.viewing.views import Closing
from toolcrib.desktops.viewing.watch import View, Viewing
from toolcrib.kernel.context import Kernel

log = structlog.get_logger()


async def carry(kernel: Kernel, viewing: Viewing, view: View, websocket: WebSocket) -> None:
    """Raises Ended, StreamEnded, LauncherError, OSError, TimeoutError."""
    viewer = Viewer(websocket)
    desktop: Outward | None = None
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            desktop = await Outward.connect(await desk_of(kernel).launcher.address(view.desktop))
            init = await open_desktop(desktop, kernel.secrets.open(view.opened.password))
            await open_viewer(viewer, init)
        await _between(viewing, view, viewer, desktop, init)
    except Malformed as wrong:
        raise Ended(Closing.MALFORMED, str(wrong)) from wrong
    except (NotRfb, DesktopRefused) as wrong:
        log.warning("desktop_speaks_otherwise", desktop=view.desktop, error=str(wrong))
        raise Ended(Closing.LOST, UNREACHABLE) from wrong
    finally:
        if desktop is not None:
            desktop.close()


async def _between(viewing: Viewing, view: View, viewer: Viewer, desktop: Outward, init: bytes) -> None:
    rights = view.rights
    from_desktop = None if rights.copy_out else FromDesktop(init)
    from_viewer = FromViewer(rights, None if from_desktop is None else from_desktop.set_pixels)

    def lost() -> None:
        if released := from_viewer.release():
            desktop.transport.write(released)

    view.on_loss = lost

    async def there() -> None:
        try:
            while True:
                data = await viewer.chunk()
                viewing.received += len(data)
                passed = from_viewer.feed(data)
                if passed:
                    await desktop.send(passed)
                if from_viewer.has_input:
                    from_viewer.has_input, view.has_input = False, True
        except StreamEnded:
            return  # the person left

    async def back() -> None:
        while True:
            data = await desktop.chunk()
            if from_desktop is not None:
                data = from_desktop.feed(data)
            if data:
                viewing.sent += len(data)
                await viewer.send(data)

    await both_ways(there(), back())
