"""Ends requests that make no progress (`kernel.progress`), and answers those that a stop of the server ends."""

from __future__ import annotations

import asyncio

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolcrib.kernel.problems import Problem, RequestTimedOut, ServerStopping
from toolcrib.kernel.progress import TRANSFER_SECONDS, Progress, Watch
from toolcrib.kernel.wording import Wordings

log = structlog.get_logger()


class RequestDeadlines:
    """Answers 503 for `app` where a request made no progress for `seconds` or the server stops, or ends the answer that
    has begun."""

    def __init__(self, app: ASGIApp, seconds: float, wordings: Wordings) -> None:
        self.app = app
        self.watch = Watch(seconds)
        self.wordings = wordings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        progress = self.watch.begin()

        async def sending(message: Message) -> None:
            if not progress.answers:
                progress.answers = True
                progress.limit = max(progress.limit, TRANSFER_SECONDS)
            progress.made()
            progress.client_reads = True
            await send(message)
            progress.client_reads = False
            progress.made()

        try:
            await self.app(scope, receive, sending)
        except asyncio.CancelledError:
            problem = self._reason(progress, scope["path"])
            if progress.answers:
                return  # the server closes the connection, so that the client does not take it for complete
            response = self.wordings.response(
                scope["method"],
                scope["path"],
                problem.status,
                problem.code,
                problem.detail,
                None,
                {"Retry-After": "2"},
            )
            await response(scope, receive, send)
        finally:
            self.watch.over(progress)

    def _reason(self, progress: Progress, path: str) -> Problem:
        """Say in the log why the present request is ended."""
        if not progress.was_ended():  # so the server ends what did not finish after it was asked to stop
            log.warning("request_ended_by_stop", path=path)
            return ServerStopping("The server is stopping. Try again.")
        if progress.client_reads:
            log.info("client_reads_too_slowly", path=path, seconds=progress.limit)
        else:
            log.error("request_timed_out", path=path, seconds=progress.limit)
        return RequestTimedOut("The server waited too long for a part of its own. Try again.")
