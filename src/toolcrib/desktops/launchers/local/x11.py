"""As much of the X11 protocol as it takes to learn that a window manager shows a window.

The other side may be any program of the desktop's person, so nothing it says is trusted: what is read is bounded, and
a connection is made only to a socket that lies in the folder itself and whose process runs as that person.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import struct
from pathlib import Path

DISPLAY_SOCKET = "X1"
_MOST_BYTES = 2**18  # of one answer
_INTERN_ATOM, _GET_PROPERTY, _CHANGE_ATTRIBUTES = 16, 20, 2
_EVENT_MASK, _PROPERTY_CHANGE = 0x800, 0x400000
_ERROR, _REPLY, _PROPERTY_NOTIFY = 0, 1, 28
_WINDOW_TYPE = 33


class NoDisplay(Exception):
    """There is no window server, or it is none."""


def connect(folder: Path, user: int) -> socket.socket:
    """Connect to the window server whose socket is in `folder`, if it runs as `user`.

    Raises:
        NoDisplay: it does not take clients, or not yet.
    """
    connection = socket.socket(socket.AF_UNIX)
    place = -1
    try:
        place = os.open(folder / DISPLAY_SOCKET, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        if not stat.S_ISSOCK(os.fstat(place).st_mode):
            raise NoDisplay
        connection.settimeout(1.0)  # the queue of a server that takes nobody may be full
        connection.connect(f"/proc/self/fd/{place}")
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        if struct.unpack("=iII", peer)[1] != user:
            raise NoDisplay
    except (OSError, NoDisplay) as error:
        connection.close()
        raise NoDisplay from error
    finally:
        if place >= 0:
            os.close(place)
    connection.setblocking(False)
    return connection


async def wait_for_window(connection: socket.socket) -> None:
    """Return when a window is managed (`_NET_CLIENT_LIST` of EWMH has one). Closes the connection.

    Raises:
        NoDisplay: the window server ended, or makes no sense.
    """
    reader, writer = await asyncio.open_unix_connection(sock=connection)
    try:
        await _Client(reader, writer).wait_for_window()
    except (OSError, asyncio.IncompleteReadError, struct.error) as error:
        raise NoDisplay from error
    finally:
        writer.close()


class _Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def wait_for_window(self) -> None:
        root = await self._begin()
        name = b"_NET_CLIENT_LIST"
        self._send(_INTERN_ATOM, 0, struct.pack("<HH", len(name), 0) + name)
        atom = struct.unpack_from("<I", await self._answer(), 8)[0]
        # Ask to be told of changes first, so that none falls between the question and the waiting.
        self._send(_CHANGE_ATTRIBUTES, 0, struct.pack("<III", root, _EVENT_MASK, _PROPERTY_CHANGE))
        while True:
            self._send(_GET_PROPERTY, 0, struct.pack("<IIIII", root, atom, 0, 0, 1))
            answer = await self._answer()
            kind, _, count = struct.unpack_from("<III", answer, 8)
            if kind == _WINDOW_TYPE and count:
                return
            while struct.unpack_from("<I", await self._event(), 8)[0] != atom:
                pass

    async def _begin(self) -> int:
        """Return the root window of the first screen."""
        self._writer.write(struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0))
        head = await self._reader.readexactly(8)
        rest = await self._reader.readexactly(_bounded(struct.unpack_from("<H", head, 6)[0] * 4))
        if head[0] != 1:
            raise NoDisplay
        vendor, formats = struct.unpack_from("<H", rest, 16)[0], rest[21]
        root: int = struct.unpack_from("<I", rest, 32 + (vendor + 3) // 4 * 4 + formats * 8)[0]
        return root

    def _send(self, opcode: int, detail: int, body: bytes) -> None:
        body += b"\0" * (-len(body) % 4)
        self._writer.write(struct.pack("<BBH", opcode, detail, 1 + len(body) // 4) + body)

    async def _answer(self) -> bytes:
        while True:
            message = await self._message()
            if message[0] == _REPLY:
                return message
            if message[0] == _ERROR:
                raise NoDisplay

    async def _event(self) -> bytes:
        while True:
            message = await self._message()
            if message[0] & 0x7F == _PROPERTY_NOTIFY:
                return message

    async def _message(self) -> bytes:
        message = await self._reader.readexactly(32)
        if message[0] == _REPLY:
            message += await self._reader.readexactly(_bounded(struct.unpack_from("<I", message, 4)[0] * 4))
        return message


def _bounded(size: int) -> int:
    if size > _MOST_BYTES:
        raise NoDisplay
    return size
