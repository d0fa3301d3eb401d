"""The middleware of every request, those for a WebSocket too: path prefixes, the client behind proxies, bodies,
response headers."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolcrib.kernel.bodies import KEY, Intake, RequestBody
from toolcrib.kernel.connections import HEALTH, Connections, TooManyConnections
from toolcrib.kernel.forwarding import UNIX, TrustedProxies
from toolcrib.kernel.wording import Wordings

_SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]
# A client that is refused while it sends may see a broken connection instead of the response. Bodies up to this size
# are therefore read to the end before the refusal is sent.
DRAINED_BYTES = 1024 * 1024
_NO_STORE = (b"cache-control", b"no-store")


class RequestMiddleware:
    """Pure ASGI, so that it costs little.

    `body_limits`: see `Kind`. `intake`: see `kernel.bodies`. `page_path` is where our page is, if not at the root: it
    looks for the API below that.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        base_path: str,
        api_at_root: frozenset[str],
        intake: Intake,
        body_limits: Mapping[str, int | None],
        pattern_limits: Sequence[tuple[str, re.Pattern[str], int | None]],
        proxies: TrustedProxies,
        connections: Connections,
        wordings: Wordings,
        page_path: str = "",
    ) -> None:
        self.app = app
        self.base_path = base_path
        self.page_path = page_path
        self.api_at_root = api_at_root
        self.intake = intake
        self.body_limits = body_limits
        self.pattern_limits = pattern_limits
        self.proxies = proxies
        self.connections = connections
        self.wordings = wordings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        method: str = scope.get("method", "GET")  # a WebSocket has none
        if self.base_path:
            below = path == self.base_path or path.startswith(self.base_path + "/")
            if (
                not below and path not in HEALTH
            ):  # a balancer asks for the health without knowing the base path
                response = self.wordings.response(method, path, 404, "not_found", "Not Found.")
                await response(scope, receive, send)
                return
            if below:
                path = path[len(self.base_path) :] or "/"
                scope = {**scope, "path": path, "raw_path": scope["raw_path"][len(self.base_path) :] or b"/"}
        if self.page_path and path.startswith(f"{self.page_path}/api/"):
            path = path[len(self.page_path) :]
            scope = {**scope, "path": path, "raw_path": scope["raw_path"][len(self.page_path) :]}
        if self.api_at_root and path.split("/", 2)[1] in self.api_at_root and not _is_navigation(scope):
            path = "/api" + path
            scope = {**scope, "path": path, "raw_path": b"/api" + scope["raw_path"]}

        origin = self.proxies.origin(scope)
        if origin.scheme != scope["scheme"] and scope["type"] == "http":
            scope = {**scope, "scheme": origin.scheme}
        if origin.address == (scope.get("client") or (UNIX, 0))[0]:
            await self._serve(scope, receive, send)
            return
        scope = {**scope, "client": (origin.address, 0)}
        if path in HEALTH:
            await self._serve(scope, receive, send)
            return
        try:
            counted = self.connections.begin(origin.address)
        except TooManyConnections as refused:
            said = refused.code, refused.detail, None, refused.headers
            response = self.wordings.response(method, path, refused.status, *said)
            await response(scope, receive, send)
            return
        try:
            await self._serve(scope, receive, send)
        finally:
            self.connections.end(counted)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        body: RequestBody | None = None
        length = _content_length(scope)
        if length:
            limit = self._limit_of(scope["method"], path)
            body = RequestBody(scope, receive, self.intake, length, limit)
            if limit is not None and length > limit:
                await self._refuse_length(scope, body, length, limit, send)
                return
            scope[KEY], receive = body, body.receive

        is_api = path.startswith("/api/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                if body is not None:
                    body.is_over = True  # from here on `receive` tells only whether the client is still there
                headers = message["headers"]
                headers.extend(_SECURITY_HEADERS)
                if is_api and not any(name in {b"cache-control", b"etag"} for name, _ in headers):
                    headers.append(_NO_STORE)
            await send(message)

        try:
            await self.app(scope, receive, with_headers)
        finally:
            if body is not None:
                body.close()

    async def _refuse_length(
        self, scope: Scope, body: RequestBody, length: int, limit: int, send: Send
    ) -> None:
        is_drained = length <= DRAINED_BYTES
        if is_drained:
            await body.drain()
        text = f"The body is larger than {limit} bytes."
        headers = {} if is_drained else {"Connection": "close"}
        response = self.wordings.response(
            scope["method"], scope["path"], 413, "payload_too_large", text, None, headers
        )
        await response(scope, body.receive, send)

    def _limit_of(self, method: str, path: str) -> int | None:
        """Return the largest body in bytes; None if the route itself limits what it reads."""
        for prefix, limit in self.body_limits.items():
            if path.startswith(prefix):
                return self._bounded(limit)
        for its_method, pattern, limit in self.pattern_limits:
            if method == its_method and pattern.fullmatch(path):
                return self._bounded(limit)
        return self.intake.ordinary

    def _bounded(self, limit: int | None) -> int | None:
        """Return the limit, or less where one sender may not fill that much memory."""
        return None if limit is None else min(limit, self.intake.memory.share)


def _is_navigation(scope: Scope) -> bool:
    """Whether a browser opens a page, and not a client calls the API at the root."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    headers = dict(scope["headers"])
    return headers.get(b"sec-fetch-mode") == b"navigate" or b"text/html" in headers.get(b"accept", b"")


def _content_length(scope: Scope) -> int:
    """Return the declared length; 0 if there is no body, -1 if its length is not declared."""
    length = 0
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            length = int(value) if len(value) < 19 else sys.maxsize
        elif name == b"transfer-encoding":
            return -1
    return length
