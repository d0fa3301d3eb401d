"""The middleware of every request: path prefixes, the client behind proxies, body limits, response headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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

    `body_limits`: see `Kind`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        base_path: str,
        api_at_root: frozenset[str],
        max_body_bytes: int,
        body_limits: Mapping[str, int | None],
        pattern_limits: Sequence[tuple[str, re.Pattern[str], int | None]],
        proxies: TrustedProxies,
        wordings: Wordings,
    ) -> None:
        self.app = app
        self.base_path = base_path
        self.api_at_root = api_at_root
        self.max_body_bytes = max_body_bytes
        self.body_limits = body_limits
        self.pattern_limits = pattern_limits
        self.proxies = proxies
        self.wordings = wordings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        if self.base_path:
            if path != self.base_path and not path.startswith(self.base_path + "/"):
                response = self.wordings.response(scope["method"], path, 404, "not_found", "Not Found.")
                await response(scope, receive, send)
                return
            path = path[len(self.base_path) :] or "/"
            scope = {**scope, "path": path, "raw_path": scope["raw_path"][len(self.base_path) :] or b"/"}
        if self.api_at_root and path.split("/", 2)[1] in self.api_at_root and not _is_navigation(scope):
            path = "/api" + path
            scope = {**scope, "path": path, "raw_path": b"/api" + scope["raw_path"]}

        origin = self.proxies.origin(scope)
        if origin.scheme != scope["scheme"]:
            scope = {**scope, "scheme": origin.scheme}
        if origin.address != (scope.get("client") or (UNIX, 0))[0]:
            scope = {**scope, "client": (origin.address, 0)}

        limit = self._limit_of(scope["method"], path)
        if limit is not None:
            length = _content_length(scope)
            if length > limit:
                text = f"The body is larger than {limit} bytes."
                headers = {} if await _drained(receive, length) else {"Connection": "close"}
                response = self.wordings.response(
                    scope["method"], path, 413, "payload_too_large", text, None, headers
                )
                await response(scope, receive, send)
                return
            if length < 0:
                receive = _counted(receive, limit)

        is_api = path.startswith("/api/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                headers.extend(_SECURITY_HEADERS)
                if is_api and not any(name in {b"cache-control", b"etag"} for name, _ in headers):
                    headers.append(_NO_STORE)
            await send(message)

        await self.app(scope, receive, with_headers)

    def _limit_of(self, method: str, path: str) -> int | None:
        """Return the largest body in bytes; None if the route itself limits what it reads."""
        for prefix, limit in self.body_limits.items():
            if path.startswith(prefix):
                return limit
        for its_method, pattern, limit in self.pattern_limits:
            if method == its_method and pattern.fullmatch(path):
                return limit
        return self.max_body_bytes


def _is_navigation(scope: Scope) -> bool:
    """Whether a browser opens a page, and not a client calls the API at the root."""
    if scope["method"] != "GET":
        return False
    headers = dict(scope["headers"])
    return headers.get(b"sec-fetch-mode") == b"navigate" or b"text/html" in headers.get(b"accept", b"")


def _content_length(scope: Scope) -> int:
    """Return the declared length; 0 if there is no body, -1 if its length is not declared."""
    length = 0
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            length = int(value)
        elif name == b"transfer-encoding":
            return -1
    return length


async def _drained(receive: Receive, length: int) -> bool:
    """Read a body of `length` bytes to its end, if it is small and arrives soon."""
    if length > DRAINED_BYTES:
        return False
    more = True
    while more:
        message = await receive()
        more = message["type"] == "http.request" and message.get("more_body", False)
    return True


def _counted(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def counted() -> Any:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, f"The body is larger than {limit} bytes.")
        return message

    return counted
