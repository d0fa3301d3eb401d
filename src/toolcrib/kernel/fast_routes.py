"""Answers the most frequent routes before the framework sees the request.

Finding a route among a few hundred, the framework's own layers, dependency injection and response models together
cost several times what a durable lock costs. The routes listed here are met by method and path before any of that
and take the bare request. They are declared as ordinary routes too (that is what documents them), they check what
the framework would check with the same schemas, and a test holds both ways to the same answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from toolcrib.kernel.errors import Answers

Endpoint = Callable[[Request], Awaitable[Response]]


class FastRequest(Request):
    """A request whose body nearly always comes in one piece."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            message = await self._receive()
            pieces = [message.get("body", b"")]
            while message.get("more_body"):
                message = await self._receive()
                pieces.append(message.get("body", b""))
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            self._body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return self._body


class FastResponse(Response):
    """A finished answer: its headers are given as they are sent, in small letters, and none is added but the
    length."""

    def __init__(self, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [*headers]
        if status != 304:
            self.raw_headers.append((b"content-length", b"%d" % len(body)))
            self.raw_headers.append(_JSON)


_JSON = (b"content-type", b"application/json")


def header(request: Request, name: bytes) -> str | None:
    """As `request.headers.get`, for a name in small letters."""
    for each, value in request.scope["headers"]:
        if each == name:
            return str(value, "latin-1")
    return None


class _Named:
    """What metrics ask of a route."""

    def __init__(self, path: str) -> None:
        self.path = path


class FastRoutes:
    """`app` is everything else; `owner` is the application as its routes know it.

    A path of `routes` may end with `{name}`, which stands for whatever follows, with its slashes."""

    def __init__(
        self, app: ASGIApp, owner: FastAPI, routes: Mapping[tuple[str, str], Endpoint], answers: Answers
    ) -> None:
        self.app = app
        self.owner = owner
        self.answers = answers
        self.routes = {key: (endpoint, _Named(key[1])) for key, endpoint in routes.items()}
        self.below = [
            (method, path.partition("{")[0], self.routes[method, path])
            for method, path in routes
            if "{" in path
        ]

    def _find(self, method: str, path: str) -> tuple[Endpoint, _Named] | None:
        found = self.routes.get((method, path))
        if found is None:
            for its_method, start, below in self.below:
                if method == its_method and path.startswith(start) and path != start:
                    return below
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._find(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        endpoint, scope["route"] = found
        scope["app"] = self.owner
        request = FastRequest(scope, receive, send)
        try:
            response = await endpoint(request)
        except Exception as error:
            refusal = await self.answers.to(request, error)
            if (
                refusal is None
            ):  # answered here, and raised for the server's own log: as the framework does it
                await (await self.answers.crashed(request, error))(scope, receive, send)
                raise
            response = refusal
        await response(scope, receive, send)
