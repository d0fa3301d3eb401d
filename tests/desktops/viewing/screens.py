"""A small VNC server that does as a test says: sends what it is given, keeps what it gets, or behaves badly."""

from __future__ import annotations

import asyncio
import os
import struct
from pathlib import Path

from tests.desktops.viewing.xvnc import PASSWORD
from toolcrib.desktops.launchers.launcher import Address
from toolcrib.desktops.viewing.rfb.handshake import SIZES, answer

PIXELS = struct.pack("!BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
INIT = struct.pack("!HH16sI", 64, 48, PIXELS, 4) + b"desk"


class Screen:
    """`received` is what viewers sent after the handshake. `send(data)` goes to all of them. `greeting` is the first
    thing said; with `flood` it sends pictures without end, and `sent` counts them in bytes."""

    def __init__(self, path: Path) -> None:
        self.address = Address(path=path)
        self.greeting = b"RFB 003.008\n"
        self.password = PASSWORD
        self.flood = False
        self.sent = 0
        self.received = b""
        self.viewers: list[asyncio.StreamWriter] = []
        self.came = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, path: Path) -> Screen:
        one = cls(path)
        one._server = await asyncio.start_unix_server(one._serve, path)
        return one

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.hang_up()

    def hang_up(self) -> None:
        for each in self.viewers:
            each.transport.abort()

    def send(self, data: bytes) -> None:
        for each in self.viewers:
            each.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._greet(reader, writer)
            self.viewers.append(writer)
            self.came.set()
            if self.flood:
                await self._flood(writer)
            while data := await reader.read(65_536):
                self.received += data
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting)
        await reader.readexactly(12)
        writer.write(b"\x01\x02")
        await reader.readexactly(1)
        challenge = os.urandom(16)
        writer.write(challenge)
        is_right = await reader.readexactly(16) == answer(challenge, self.password)
        writer.write(struct.pack("!I", 0 if is_right else 1))
        if is_right:
            await reader.readexactly(1 + len(SIZES))
            writer.write(INIT)

    async def _flood(self, writer: asyncio.StreamWriter) -> None:
        picture = struct.pack("!BxHHHHHi", 0, 1, 0, 0, 64, 48, 0) + bytes(64 * 48 * 4)
        while True:
            writer.write(picture)
            await writer.drain()
            self.sent += len(picture)
