"""A view over the Guacamole protocol: between a browser's guacamole-common-js and guacd.

The password stays between guacd, the desktop and us.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import structlog
from starlette.websockets import WebSocket

from toolcrib.desktops.desk import desk_of
from toolcrib.desktops.launchers.launcher import Address, NotSupported
from toolcrib.desktops.viewing.guacamole.filters import FromClient, FromGuacd
from toolcrib.desktops.viewing.guacamole.instructions import Instructions, NotGuacamole, written
from toolcrib.desktops.viewing.session import OPEN_SECONDS, UNREACHABLE, Ended, both_ways
from toolcrib.desktops.viewing.streams import Outward, StreamEnded, Viewer
from toolcrib.desktops.viewing.views import Closing
from toolcrib.desktops.viewing.watch import View, Viewing
from toolcrib.kernel.context import Kernel

log = structlog.get_logger()

# The elements of an instruction, and the instruction as it was written.
Found = tuple[list[str], str]
# What the tunnel says by itself has no opcode.
INTERNAL = ""
IMAGES = ("image/png", "image/jpeg", "image/webp")
SCREEN = (1920, 1080, 96)
NO_GATEWAY = "This desktop was started without a gateway: stop it and resume it."


async def carry(kernel: Kernel, viewing: Viewing, view: View, websocket: WebSocket) -> None:
    """Raises Ended, StreamEnded, LauncherError, OSError, TimeoutError."""
    settings = kernel.settings
    if not settings.guacd_host:
        raise Ended(Closing.LOST, "This server has no guacd.")
    guacd: Outward | None = None
    viewer = Viewer(websocket, text=True)
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            address = await desk_of(kernel).launcher.gateway_address(view.desktop)
            guacd = await Outward.connect(Address(host=settings.guacd_host, port=settings.guacd_port))
            reader = Instructions()
            early = await _select(guacd, reader, _parameters(kernel, view, address))
        from_guacd = FromGuacd(copy_out=view.rights.copy_out)
        await viewer.send(written(INTERNAL, uuid4()) + "".join(from_guacd.passed(iter(early))))
        await _between(viewing, view, viewer, guacd, reader, from_guacd)
    except NotSupported:
        raise Ended(Closing.LOST, NO_GATEWAY) from None
    except NotGuacamole as wrong:
        log.warning("guacd_speaks_otherwise", desktop=view.desktop, error=str(wrong))
        raise Ended(Closing.LOST, UNREACHABLE) from wrong
    finally:
        if guacd is not None:
            guacd.close()


def _parameters(kernel: Kernel, view: View, address: Address) -> dict[str, str]:
    return {
        "hostname": address.host,
        "port": str(address.port),
        "password": kernel.secrets.open(view.opened.password) if address.needs_password else "",
        "read-only": "true" if view.view_only else "",
        "disable-copy": "" if view.rights.copy_out else "true",
        "disable-paste": "" if view.rights.paste_in else "true",
    }


async def _select(guacd: Outward, reader: Instructions, parameters: dict[str, str]) -> list[Found]:
    """Have guacd connect to the desktop. Returns what it has said after that already.

    Raises:
        NotGuacamole: it speaks otherwise, or could not.
    """
    coming: list[Found] = []

    async def following() -> list[str]:
        while not coming:
            coming.extend(reader.feed_bytes(await guacd.chunk()))
        return coming.pop(0)[0]

    await guacd.send(written("select", "vnc").encode())
    opcode, *names = await following()
    if opcode != "args" or not names:
        raise NotGuacamole("no args")
    # The first name is the version of the protocol, and its value is the one that we speak.
    is_versioned = names[0].startswith("VERSION_")
    values = [names[0] if each == names[0] and is_versioned else parameters.get(each, "") for each in names]
    greeting = [("size", *SCREEN), ("audio",), ("video",), ("image", *IMAGES)]
    said = "".join(written(*each) for each in greeting) + written("connect", *values)
    await guacd.send(said.encode())
    opcode, *_rest = await following()
    if opcode != "ready":
        raise NotGuacamole(f"{opcode[:20]} in place of ready")
    return coming


async def _between(
    viewing: Viewing,
    view: View,
    viewer: Viewer,
    guacd: Outward,
    reader: Instructions,
    from_guacd: FromGuacd,
) -> None:
    from_client = FromClient(view.rights)
    incoming = Instructions()

    def lost() -> None:
        if released := from_client.release():
            guacd.transport.write(released.encode())

    view.on_loss = lost

    async def there() -> None:
        try:
            while True:
                text: str = await viewer.message()
                viewing.received += len(text)
                try:
                    passed = await _passed(incoming.feed(text), from_client, viewer)
                except NotGuacamole as wrong:
                    raise Ended(Closing.MALFORMED, str(wrong)) from wrong
                if passed:
                    await guacd.send(passed.encode())
                if from_client.has_input:
                    from_client.has_input, view.has_input = False, True
        except StreamEnded:
            return  # the person left

    async def back() -> None:
        while True:
            data = await guacd.chunk()
            text = "".join(from_guacd.passed(reader.feed_bytes(data)))
            if text:
                viewing.sent += len(text)
                await viewer.send(text)

    await both_ways(there(), back())


async def _passed(found: Iterator[Found], filter_: FromClient, viewer: Viewer) -> str:
    """What goes on to guacd. The client's pings are answered here."""
    passed: list[str] = []
    for elements, text in found:
        if elements[0] == INTERNAL:
            if elements[1:2] == ["ping"]:
                await viewer.send(text)
        elif elements[0] == "disconnect":
            raise StreamEnded
        elif filter_.passes(elements):
            passed.append(text)
    return "".join(passed)
