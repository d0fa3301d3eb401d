"""uvicorn's WebSocket protocol, within the limits of `kernel.connections` and with bounds that uvicorn lacks.

Only the paths of our own WebSocket routes are upgraded (`http_protocol`); whoever asks elsewhere gets the ordinary
answer. Messages are not compressed: that costs more than it saves where pictures are compressed already.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.routing import WebSocketRoute
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import SecurityError
from websockets.frames import CloseCode, Frame
from websockets.protocol import State

from toolcrib.kernel.http_protocol import BAD_REQUEST, HEAD_TOO_LARGE

# For `uvicorn.Config`. A client that answers no ping for so long is gone; on a slow line the ping waits its turn.
OPTIONS: dict[str, Any] = {
    "ws_max_size": 2 * 1024 * 1024,
    "ws_per_message_deflate": False,
    "ws_ping_interval": 15.0,
    "ws_ping_timeout": 30.0,
}
# Of one message: each part costs memory, also one without content.
MAX_FRAGMENTS = 1_000
# Frames in one read, each of which costs some microseconds however empty it is. Who has kept so many back (pointer
# movements of minutes), or sends them on purpose, has to connect again.
MAX_FRAMES_AT_ONCE = 1_000
# All that may still come after we have closed: what was under way.
MAX_FRAMES_AFTER_CLOSE = 200
# What is parsed before the frames in it are counted: too little for many.
PIECE = 4_096
# What may wait to be sent to one client.
WRITE_BYTES = 512 * 1024
# In a scope's extensions: cut the connection at once, whatever is still to be sent.
ABORT = "toolcrib.abort"


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """For `uvicorn.Config(ws=…)`."""

    has_ended: Callable[[], None] | None = None
    _frames_at_once = _frames_after_close = 0

    def data_received(self, data: bytes) -> None:
        if not self.handshake_initiated:
            super().data_received(data)  # the head, which comes as a whole
            if not self.handshake_initiated:
                self._refuse_head()
            return
        self._frames_at_once = 0
        for start in range(0, len(data), PIECE):
            super().data_received(data[start : start + PIECE])
            if self.transport.is_closing():
                return
            if self._frames_at_once > MAX_FRAMES_AT_ONCE or self._frames_after_close > MAX_FRAMES_AFTER_CLOSE:
                self.transport.abort()
                return

    def handle_events(self) -> None:
        self._frames_at_once += len(self.conn.events)
        if self.close_sent:
            self._frames_after_close += len(self.conn.events)
        super().handle_events()

    def _refuse_head(self) -> None:
        """Answer a head that is HTTP, but none for a WebSocket. Nothing else would, and the connection would stay."""
        is_long = isinstance(self.conn.handshake_exc, SecurityError)
        self.transport.write(HEAD_TOO_LARGE if is_long else BAD_REQUEST)
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.has_ended is not None:
            self.has_ended()
        super().connection_lost(exc)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][ABORT] = self.transport.abort  # type: ignore[assignment]
            self.transport.set_write_buffer_limits(high=WRITE_BYTES)

    async def send(self, message: Any) -> None:
        """As uvicorn's, but binary messages are written without being copied."""
        data = message.get("bytes")
        if data is None or message["type"] != "websocket.send" or not self.handshake_complete:
            await super().send(message)
            return
        if not self.writable.is_set():
            await self.writable.wait()
        if self.disconnected or self.close_sent or self.conn.state is not State.OPEN:
            raise ClientDisconnected
        self.transport.write(_binary_head(len(data)))
        self.transport.write(data)

    def handle_ping(self) -> None:
        output = self.conn.data_to_send()
        if self.writable.is_set():  # a client that sends pings and reads nothing would fill our memory
            self.transport.write(b"".join(output))

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MAX_FRAGMENTS:
            self.frames = []
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            self.handle_parser_exception()
            return
        super().handle_cont(event)


def _binary_head(size: int) -> bytes:
    """The head of a whole binary message (RFC 6455, section 5.2)."""
    if size < 126:
        return struct.pack("!BB", 0x82, size)
    return struct.pack("!BBH", 0x82, 126, size) if size < 65_536 else struct.pack("!BBQ", 0x82, 127, size)


def websocket_paths(
    routers: Iterable[APIRouter], prefix: str, base_path: str, *, at_root: bool, page_path: str
) -> frozenset[bytes]:
    """Every path by which a WebSocket of `routers` is asked for, as `RequestMiddleware` understands them."""
    found = {
        prefix + str(context.path)
        for router in routers
        for context in iter_route_contexts(router.routes)
        if isinstance(context.original_route, WebSocketRoute)
    }
    found |= {page_path + path for path in found}
    if at_root:
        found |= {path.removeprefix("/api") for path in found}
    return frozenset((base_path + path).encode() for path in found)
