"""How many connections there are, and how long they may stay without a request.

`http_protocol` asks at each connection and head. A connection that is too many is closed at once, but for a few beyond
the limit: on those only the health of the server may be asked, so that whoever watches it still gets an answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Protocol

from starlette.types import Receive, Scope, Send

from toolcrib.kernel.forwarding import TrustedProxies, client_address
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.wording import Wordings
from toolcrib.settings import Settings

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# Connections for health alone, beyond the limit, and how long those may take for a head.
SPARE = 32
SPARE_SECONDS = 2.0
# Descriptors that are not connections of clients: databases, files, the event loop's own.
KEPT_DESCRIPTORS = 256
WANTED_DESCRIPTORS = 65_536
SWEEP_SECONDS = 1.0
# While all connections are taken, one in the middle of a head may stay for this share of the usual time, and one that
# has been answered, whose client connects again when it needs to, for a second.
HASTE, IDLE_SECONDS_WHEN_FULL = 4, 1.0
HEALTH = frozenset({"/health", "/healthz", "/api/health", "/api/healthz"})


class TooManyConnections(Problem):
    """The address has as many connections or requests under way as one may have."""

    code, status = "too_many_connections", 429


class Connection(Protocol):
    """What is asked of a connection: since when it has been waiting for the end of a head, by the loop's clock (None
    while a request is under way), and whether that head has not begun."""

    waits_since: float | None
    is_idle: bool
    is_spare: bool

    def close_for_silence(self) -> None: ...


def raise_descriptor_limit() -> None:
    """Let this process and its children have as many descriptors as they may take for themselves."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, WANTED_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Connections:
    """Those of one process. `websockets` are the paths where one may become a WebSocket."""

    websockets: frozenset[bytes] = frozenset()

    def __init__(self, settings: Settings, proxies: TrustedProxies, wordings: Wordings) -> None:
        self.most = min(settings.max_connections, max(16, _descriptors() - KEPT_DESCRIPTORS))
        self.head_seconds = settings.head_seconds
        self.keep_alive_seconds = settings.keep_alive_seconds
        self.health = frozenset(
            (base + path).encode() for base in {"", settings.base_path} for path in HEALTH
        )
        self._per_address = settings.connections_per_address
        self._proxies = proxies
        self._wordings = wordings
        self._open: dict[Connection, str | None] = {}
        self._by_address: Counter[str] = Counter()
        self._sweeping: asyncio.TimerHandle | None = None

    @property
    def is_full(self) -> bool:
        return len(self._open) >= self.most

    def enter(self, connection: Connection, peer: str | None) -> bool:
        """Count a new connection. Returns whether it may stay."""
        address = (
            None if peer is None or self._proxies.trusts(peer) else client_address({"client": (peer, 0)})
        )
        may_stay = len(self._open) < self.most + SPARE
        if address is not None:
            may_stay &= self._by_address[address] < self._per_address
            self._by_address[address] += 1
        connection.is_spare = self.is_full
        self._open[connection] = address
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)
        return may_stay

    def leave(self, connection: Connection) -> None:
        self._release(self._open.pop(connection, None))

    def begin(self, address: str) -> str:
        """Count a request that a proxy passes on from `address`. Returns what to `end` it with.

        Raises:
            TooManyConnections: that address has too many under way (429).
        """
        counted = client_address({"client": (address, 0)})
        if self._by_address[counted] >= self._per_address:
            text = "Too many requests from your address are under way. Try again in a moment."
            raise TooManyConnections(text, headers={"Retry-After": "2"})
        self._by_address[counted] += 1
        return counted

    def end(self, counted: str) -> None:
        self._release(counted)

    def _release(self, address: str | None) -> None:
        if address is not None:
            self._by_address[address] -= 1
            if self._by_address[address] <= 0:
                del self._by_address[address]

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        idle, head = self.keep_alive_seconds, self.head_seconds
        if self.is_full:
            idle, head = min(idle, IDLE_SECONDS_WHEN_FULL), head / HASTE
        for each in list(self._open):
            if each.waits_since is None:
                continue
            allowed = idle if each.is_idle else head
            if now - each.waits_since > (min(SPARE_SECONDS, allowed) if each.is_spare else allowed):
                each.close_for_silence()
        self._sweeping = loop.call_later(SWEEP_SECONDS, self._sweep) if self._open else None

    async def refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request on a connection that is for health alone, as an ASGI application."""
        text = "The server has as many connections as it takes. Try again in a moment."
        headers = {"Retry-After": "2", "Connection": "close"}
        answer = self._wordings.response(
            scope["method"], scope["path"], 503, "server_full", text, None, headers
        )
        await answer(scope, receive, send)


def _descriptors() -> int:
    if resource is None:
        return WANTED_DESCRIPTORS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return WANTED_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
