"""A short way for the hottest routes.

Finding a route among a few hundred, dependency injection and response models together cost several times what a
durable lock costs. The routes listed here are met by method and path before any of that and take the bare request.
They are declared as ordinary routes too (that is what documents them), they check what the framework would check
with the same schemas, and the contract suite covers them like any other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from toolcrib.kernel.errors import Answers

Endpoint = Callable[[Request], Awaitable[Response]]


class _Named:
    """What metrics ask of a route."""

    def __init__(self, path: str) -> None:
        self.path = path


class HotRoutes:
    def __init__(
        self, app: ASGIApp, owner: FastAPI, routes: Mapping[tuple[str, str], Endpoint], answers: Answers
    ) -> None:
        self.app = app
        self.owner = owner
        self.answers = answers
        self.routes = {key: (endpoint, _Named(key[1])) for key, endpoint in routes.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self.routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        endpoint, route = found
        scope["app"] = self.owner
        scope["route"] = route
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except Exception as error:
            refusal = await self.answers.to(request, error)
            if refusal is None:
                raise
            response = refusal
        await response(scope, receive, send)
