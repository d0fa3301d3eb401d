"""Byte streams on both sides of a view, with bounds: who does not read is not read from either."""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, cast

from starlette.websockets import WebSocket

from toolcrib.desktops.launchers.launcher import Address

# What was received and not passed on yet. Beyond it nothing more is read.
KEPT_BYTES = 512 * 1024
# Of a host that has vanished without a word: when it is asked whether it is there, how often, and how many times.
KEEPALIVE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4))


class StreamEnded(Exception):
    """The other end has closed the connection."""


class ByteStream(ABC):
    """Reads exactly so many bytes of what comes in chunks of any size."""

    _left = b""

    @abstractmethod
    async def next_chunk(self) -> bytes:
        """Wait for more. Raises StreamEnded."""

    async def chunk(self) -> bytes:
        """Return what is there, or wait for more. Raises StreamEnded."""
        if self._left:
            found, self._left = self._left, b""
            return found
        return await self.next_chunk()

    async def exactly(self, size: int) -> bytes:
        """Raises StreamEnded."""
        while len(self._left) < size:
            self._left += await self.next_chunk()
        found, self._left = self._left[:size], self._left[size:]
        return found


class Outward(asyncio.Protocol, ByteStream):
    """A connection to a desktop or to guacd."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._kept = 0
        self._waiting: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._has_ended = False
        self._is_paused = False
        self.transport: asyncio.Transport = None  # type: ignore[assignment]

    @classmethod
    async def connect(cls, address: Address) -> Outward:
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        if address.path is not None:
            _transport, stream = await loop.create_unix_connection(cls, str(address.path))
            return stream
        _transport, stream = await loop.create_connection(cls, address.host, address.port)
        return stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        found: socket.socket | None = transport.get_extra_info("socket")
        if found is not None and found.family != socket.AF_UNIX:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in KEEPALIVE:
                if hasattr(socket, name):
                    found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._kept += len(data)
        if self._kept >= KEPT_BYTES and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_ended = True
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def next_chunk(self) -> bytes:
        while not self._chunks:
            if self._has_ended:
                raise StreamEnded
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        data = self._chunks.popleft()
        self._kept -= len(data)
        if self._is_paused and self._kept < KEPT_BYTES // 2:
            self._is_paused = False
            self.transport.resume_reading()
        return data

    async def send(self, data: bytes) -> None:
        """Send it, once what was sent before has been taken. Raises StreamEnded."""
        if not self._writable.is_set():
            await self._writable.wait()
        if self._has_ended:
            raise StreamEnded
        self.transport.write(data)

    def close(self) -> None:
        """Cut the connection, whatever is still to be sent."""
        if self.transport is not None:
            self.transport.abort()


class Viewer(ByteStream):
    """A browser's WebSocket, as a stream. uvicorn reads one message at a time and makes `send` wait."""

    def __init__(self, websocket: WebSocket, *, text: bool = False) -> None:
        self._receive: Callable[[], Awaitable[Any]] = websocket.receive
        self._send = websocket.send
        self._name = "text" if text else "bytes"

    async def message(self) -> Any:
        """The next message, of whichever kind this stream carries. Raises StreamEnded."""
        message = await self._receive()
        found = message.get(self._name)
        if message["type"] != "websocket.receive" or found is None:
            raise StreamEnded
        return found

    async def next_chunk(self) -> bytes:
        found: bytes = await self.message()
        return found

    async def send(self, data: bytes | str) -> None:
        await self._send({"type": "websocket.send", self._name: data})
