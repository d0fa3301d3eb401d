"""Pages of other origins (CORS): which may call the API, and which of those with the browser's cookies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from toolcrib.kernel.origins import origin_of
from toolcrib.settings import Settings

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
REQUEST_HEADERS = ("Authorization", "Content-Type", "X-API-Key", "X-OTP", "If-None-Match")
RESPONSE_HEADERS = ("ETag", "X-Next-Cursor", "X-Request-ID", "Retry-After")
API = "/api/"


class CrossOrigin:
    """Answers for the origins in CORS_ORIGINS anywhere and without cookies, and for those in CORS_ALLOWED_ORIGINS with
    them, below `/api` alone. The layers below answer all others, as if there were no CORS.

    `request_headers` and `response_headers` are those of the kinds, beside everybody's.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        request_headers: Sequence[str],
        response_headers: Sequence[str],
    ) -> None:
        self._app = app
        self._with_cookies = {origin_of(each) or each for each in settings.sites_with_cookies}
        answers = partial(
            CORSMiddleware,
            app,
            allow_methods=METHODS,
            allow_headers=[*REQUEST_HEADERS, *request_headers],
            expose_headers=[*RESPONSE_HEADERS, *response_headers],
        )
        others = [origin_of(each) or each for each in settings.cors_origins]
        self._with = answers(allow_origins=[*self._with_cookies], allow_credentials=True)
        self._without: ASGIApp = answers(allow_origins=others) if others else app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_trusted = scope["type"] == "http" and scope["path"].startswith(API) and self._is_trusted(scope)
        await (self._with if is_trusted else self._without)(scope, receive, send)

    def _is_trusted(self, scope: Scope) -> bool:
        return any(
            name == b"origin" and value.decode("latin-1") in self._with_cookies
            for name, value in scope["headers"]
        )
