"""uvicorn's HTTP protocol, with each answer in one write to the socket, and within the limits of
`kernel.connections`.

uvicorn writes the head of an answer and then its body. With TCP_NODELAY those are two segments, two system calls
and two wake-ups of the client; a client that takes one lock after the other notices. Here what is written in
one turn of the event loop leaves together.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from toolcrib.kernel.connections import Connections
from toolcrib.kernel.wording import default_body

# Above this, copying costs more than a write saves, and the transport must get to say that it is full.
GATHER_BYTES = 65_536
# The parser itself would keep a head of any length, and trailers without end.
MAX_HEAD_BYTES = 65_536
# A connection that is being closed, and whose client takes nothing of what is left for so long, is cut.
STUCK_SECONDS = 10.0


def _refusal(status: bytes, code: str, text: str) -> bytes:
    """An answer to what cannot be given to the application, in the same shape as all others."""
    body = orjson.dumps(default_body(code, text, None))
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


HEAD_TOO_LARGE = _refusal(
    b"431 Request Header Fields Too Large", "head_too_large", "The head of the request is too large."
)
BAD_REQUEST = _refusal(b"400 Bad Request", "not_http", "This is not HTTP.")


class GatheringTransport:
    """A transport whose small writes wait for the end of the loop's turn. All else is the transport's own."""

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        self._stuck_seconds = stuck_seconds
        self._transport = transport
        self._call_soon = loop.call_soon
        self._call_later = loop.call_later
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
        """Close it when all is sent. A client that takes nothing would keep it open for good otherwise."""
        self._flush()
        self._transport.close()
        self._cut_if_stuck(None)

    def _cut_if_stuck(self, left_before: int | None) -> None:
        left = self._transport.get_write_buffer_size()
        if left == 0:
            return
        if left == left_before:
            self._transport.abort()
        else:
            self._call_later(self._stuck_seconds, self._cut_if_stuck, left)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class OneWriteProtocol(HttpToolsProtocol):
    """For `uvicorn.Config(http=…)`. The application's `state.connections`, if it has them, says what is too much."""

    _limits: Connections | None = None
    waits_since: float | None = None
    is_idle = True
    is_spare = False
    _is_in_message = False
    _loose_bytes = 0  # of heads, trailers and the like, since anything was complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(GatheringTransport(transport, self.loop))  # type: ignore[arg-type]
        self._limits = getattr(getattr(self.app, "state", None), "connections", None)
        self.is_idle = False  # the first head is due now
        self.waits_since = self.loop.time()
        if self._limits is not None and not self._limits.enter(self, self.client and self.client[0]):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._limits is not None:
            self._limits.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.is_idle:
            self.is_idle = False
            self.waits_since = self.loop.time()
        self._loose_bytes += len(data)
        super().data_received(data)
        if self._loose_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            if self._is_in_message or not (self.cycle is None or self.cycle.response_complete):
                self.transport.abort()
            else:
                self.transport.write(HEAD_TOO_LARGE)
                self.transport.close()

    def on_headers_complete(self) -> None:
        self.waits_since = None
        self._loose_bytes = 0
        self._is_in_message = True
        if self.is_spare and self._limits is not None:
            self.is_spare = self._limits.is_full
            is_health = self.url.partition(b"?")[0] in self._limits.health
            self.app = self.config.loaded_app if is_health or not self.is_spare else self._limits.refuse
        super().on_headers_complete()
        if not (self.parser.should_upgrade() and self._should_upgrade()):
            self.headers = []  # what trailers add is no part of the request, which was checked

    def on_body(self, body: bytes) -> None:
        self._loose_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._loose_bytes = 0
        self._is_in_message = False
        super().on_message_complete()
        if self.cycle is not None:
            self.cycle.more_body = False  # also of a body that was answered without reading it
            self.is_idle = self.cycle.response_complete

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:  # else the next one was sent ahead
            self.waits_since = self.loop.time()
            self.is_idle = not self._is_in_message

    def send_400_response(self, msg: str) -> None:
        del msg  # which is in the log
        self.transport.write(BAD_REQUEST)
        self.transport.close()

    def close_for_silence(self) -> None:
        """The head of a request, or what is left of a body that nobody reads, takes too long."""
        if not self.transport.is_closing():
            self.transport.close()

    def _should_upgrade_to_ws(self) -> bool:
        """Whether a WebSocket is to be had at this path. Elsewhere whoever asks for one gets an ordinary answer."""
        return (
            super()._should_upgrade_to_ws()
            and self._limits is not None
            and not self.is_spare
            and self.url.partition(b"?")[0] in self._limits.websockets
        )

    def handle_websocket_upgrade(self) -> None:
        if not (self.cycle is None or self.cycle.response_complete):
            self.transport.abort()  # what was asked before on this connection is still being answered
            return
        super().handle_websocket_upgrade()
        if self._limits is not None:  # the connection counts until it ends
            self.transport.get_protocol().has_ended = partial(self._limits.leave, self)  # type: ignore[attr-defined]

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: anybody may ask for a WebSocket."""
