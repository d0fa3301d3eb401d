"""A small RFB viewer over a WebSocket, as the page's is."""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from toolcrib.desktops.viewing.rfb import encodings

SECONDS = 10


class Viewer:
    """`await Viewer.open(url, ticket)` has the picture's size in `width` and `height` when it returns."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.id = ""
        self.width = self.height = 0
        self._left = b""

    @classmethod
    async def connect(cls, url: str, ticket: str, **options: Any) -> Viewer:
        """Only the WebSocket."""
        address = url.replace("http", "ws", 1)
        protocols: Any = ["binary", f"ticket.{ticket}"]
        options = {"subprotocols": protocols, "max_size": None, "compression": None} | options
        return cls(await websockets.connect(address, **options))

    @classmethod
    async def open(cls, url: str, ticket: str, **options: Any) -> Viewer:
        viewer = await cls.connect(url, ticket, **options)
        await viewer.begin()
        return viewer

    async def begin(self) -> None:
        assert await self.exactly(12) == b"RFB 003.008\n"
        await self.send(b"RFB 003.008\n")
        assert await self.exactly(2) == b"\x01\x01"
        await self.send(b"\x01")
        assert await self.exactly(4) == bytes(4)
        await self.send(b"\x01")
        head = await self.exactly(24)
        self.width, self.height = struct.unpack("!HH", head[:4])
        await self.exactly(struct.unpack("!I", head[20:])[0])

    async def exactly(self, size: int) -> bytes:
        async with asyncio.timeout(SECONDS):
            while len(self._left) < size:
                data = await self.connection.recv()
                assert isinstance(data, bytes)
                self._left += data
        found, self._left = self._left[:size], self._left[size:]
        return found

    async def send(self, data: bytes) -> None:
        await self.connection.send(data)

    async def ask(self, *, incremental: bool = False) -> None:
        await self.send(struct.pack("!BBHHHH", 3, incremental, 0, 0, self.width, self.height))

    async def choose(self, *chosen: int) -> None:
        await self.send(struct.pack(f"!BxH{len(chosen)}i", 2, len(chosen), *chosen))

    async def key(self, code: int, *, down: bool = True) -> None:
        await self.send(struct.pack("!BBxxI", 4, down, code))

    async def point(self, x: int, y: int, buttons: int = 0) -> None:
        await self.send(struct.pack("!BBHH", 5, buttons, x, y))

    async def cut(self, text: str) -> None:
        data = text.encode("latin-1")
        await self.send(struct.pack("!BxxxI", 6, len(data)) + data)

    async def picture(self) -> int:
        """Ask for the whole picture in the plainest encoding, and return how many bytes of pixels came."""
        await self.choose(encodings.RAW)
        await self.ask()
        size = 0
        while size < self.width * self.height * 4:
            kind, count = struct.unpack("!BxH", await self.exactly(4))
            assert kind == 0, kind
            for _ in range(count):
                _x, _y, width, height, encoding = struct.unpack("!HHHHi", await self.exactly(12))
                assert encoding == encodings.RAW
                size += len(await self.exactly(width * height * 4))
        return size

    async def passed(self) -> None:
        """Return when all that was sent has been taken by the desktop: it answers in order."""
        await self.choose(encodings.RAW)
        await self.send(struct.pack("!BBHHHH", 3, 0, 0, 0, 1, 1))
        async with asyncio.timeout(SECONDS):
            assert (await self.exactly(20))[:4] == b"\0\0\0\1"

    async def closed(self) -> tuple[int, str]:
        """Wait until it is closed, and return the code and text."""
        async with asyncio.timeout(SECONDS):
            with suppress(websockets.ConnectionClosed):
                async for _ in self.connection:
                    pass
            await self.connection.wait_closed()
        return self.connection.close_code or 0, self.connection.close_reason or ""

    async def is_open(self) -> None:
        """Raises if it is not."""
        await self.connection.ping()

    async def close(self) -> None:
        await self.connection.close()
