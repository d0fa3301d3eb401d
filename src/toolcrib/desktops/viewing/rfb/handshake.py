"""Both openings of an RFB connection: as a viewer towards the desktop, as a server towards the browser.

The password stays between the desktop and us; the browser has shown a ticket, and is asked for nothing more.
"""

from __future__ import annotations

import re
import struct

from toolcrib.desktops.viewing.rfb.encodings import DESKTOP_SIZE, RAW
from toolcrib.desktops.viewing.rfb.errors import DesktopRefused, Malformed, NotRfb
from toolcrib.desktops.viewing.rfb.from_viewer import SET_ENCODINGS
from toolcrib.desktops.viewing.streams import Outward, Viewer

VERSION = b"RFB 003.008\n"
_VERSION = re.compile(rb"RFB (\d{3})\.(\d{3})\n")
NONE, VNC = 1, 2
SHARED = b"\x01"
# Raw pictures, and new sizes of the desktop. TigerVNC disconnects whoever has not said that they take a new size when
# there is one, and the browser only says so later: meanwhile somebody else may resize the desktop.
SIZES = struct.pack("!BxH2i", SET_ENCODINGS, 2, RAW, DESKTOP_SIZE)
# The head of ServerInit: width, height, pixel format, length of the name.
_INIT = struct.Struct("!HH16sI")
MAX_NAME = 4096


async def open_desktop(desktop: Outward, password: str) -> bytes:
    """Open the connection to the VNC server, and return its ServerInit message.

    Raises:
        NotRfb: it does not speak RFB, or in no way that we do.
        DesktopRefused: it would not have the password.
        StreamEnded: it closed the connection.
    """
    version = _VERSION.fullmatch(await desktop.exactly(len(VERSION)))
    if version is None or int(version[1]) < 3:
        raise NotRfb("no RFB version")
    minor = 8 if int(version[1]) > 3 else int(version[2])
    minor = 8 if minor >= 8 else 7 if minor == 7 else 3
    await desktop.send(b"RFB 003.%03d\n" % minor)
    security = await _agree(desktop, minor)
    if security == VNC:
        await desktop.send(answer(await desktop.exactly(16), password))
    if security == VNC or minor == 8:
        (result,) = struct.unpack("!I", await desktop.exactly(4))
        if result != 0:
            raise DesktopRefused("wrong password")
    await desktop.send(SHARED + SIZES)
    head = await desktop.exactly(_INIT.size)
    size = _INIT.unpack(head)[3]
    if size > MAX_NAME:
        raise NotRfb("the name is too long")
    return head + await desktop.exactly(size)


async def _agree(desktop: Outward, minor: int) -> int:
    if minor == 3:
        (security,) = struct.unpack("!I", await desktop.exactly(4))
        offered = {security}
    else:
        count = (await desktop.exactly(1))[0]
        offered = set(await desktop.exactly(count))
    for known in (VNC, NONE):
        if known in offered:
            if minor > 3:
                await desktop.send(bytes([known]))
            return known
    if offered <= {0}:
        raise DesktopRefused("it takes nobody in now")  # a reason follows, which is foreign text
    raise NotRfb("it offers no security type that is known here")


def answer(challenge: bytes, password: str) -> bytes:
    """The answer of VNC authentication: the challenge, encrypted with DES; each byte of the key has its bits reversed
    (RFC 6143, section 7.2.2)."""
    # 10 MB, and many servers show no desktop.
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers import Cipher, modes  # noqa: PLC0415

    key = password.encode("latin-1", "replace")[:8].ljust(8, b"\0")
    key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in key)
    encryptor = Cipher(TripleDES(key * 3), modes.ECB()).encryptor()  # noqa: S305 - so VNC has it
    return encryptor.update(challenge) + encryptor.finalize()


async def open_viewer(viewer: Viewer, init: bytes) -> None:
    """Open the connection to the browser as an RFB 3.8 server without a password, and send `init`.

    Raises:
        Malformed: it speaks another version, or not RFB at all.
        StreamEnded: it left.
    """
    await viewer.send(VERSION)
    if await viewer.exactly(len(VERSION)) != VERSION:
        raise Malformed("Only RFB 3.8 is spoken here.")
    await viewer.send(bytes([1, NONE]))
    if await viewer.exactly(1) != bytes([NONE]):
        raise Malformed("The security type is None.")
    await viewer.send(struct.pack("!I", 0))
    await viewer.exactly(1)  # whether it shares the desktop: it does
    await viewer.send(init)
