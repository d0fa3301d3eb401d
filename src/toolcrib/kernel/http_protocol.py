"""uvicorn's HTTP protocol, with each answer in one write to the socket.

uvicorn writes the head of an answer and then its body. With TCP_NODELAY those are two segments, two system calls
and two wake-ups of the client; a client that takes one lock after the other notices. Here what is written in
one turn of the event loop leaves together.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Above this, copying costs more than a write saves, and the transport must get to say that it is full.
GATHER_BYTES = 65_536


class GatheringTransport:
    """A transport whose small writes wait for the end of the loop's turn. All else is the transport's own."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._call_soon = loop.call_soon
        self._pieces: list[bytes] = []
        self._size = 0
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if not data:
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= GATHER_BYTES:
            self._flush()
        elif len(self._pieces) == 1:
            self._call_soon(self._flush)

    def _flush(self) -> None:
        pieces = self._pieces
        if not pieces:
            return
        self._pieces = []
        if self.is_closing():  # the client went away in the same turn
            return
        if self._size < GATHER_BYTES:
            self._size = 0
            self._transport.write(b"".join(pieces))
        else:
            self._size = 0
            self._transport.writelines(pieces)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class OneWriteProtocol(HttpToolsProtocol):
    """For `uvicorn.Config(http=…)`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(GatheringTransport(transport, self.loop))  # type: ignore[arg-type]
