"""Ends requests that make no progress (`kernel.progress`)."""

from __future__ import annotations

import asyncio

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolcrib.kernel.problems import RequestTimedOut
from toolcrib.kernel.progress import TRANSFER_SECONDS, Progress, begin_progress
from toolcrib.kernel.wording import Wordings

log = structlog.get_logger()


class RequestDeadlines:
    """Answers 503 for `app` where a request made no progress for `seconds`, or ends the answer that has begun."""

    def __init__(self, app: ASGIApp, seconds: float, wordings: Wordings) -> None:
        self.app = app
        self.seconds = seconds
        self.wordings = wordings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answering = False
        body_is_here = False
        client_reads = False

        async def receiving() -> Message:
            nonlocal body_is_here
            if body_is_here:  # to hear of the client's end, beside other work
                return await receive()
            progress.client_sends = True
            try:
                message = await receive()
            finally:
                progress.client_sends = False
                progress.made()
            body_is_here = not message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            nonlocal answering, client_reads
            if not answering:
                answering = True
                progress.limit = max(progress.limit, TRANSFER_SECONDS)
            progress.made()
            client_reads = True
            await send(message)
            client_reads = False
            progress.made()

        progress: Progress
        try:
            async with asyncio.timeout(None) as end:
                progress = begin_progress(self.seconds, end)
                try:
                    await self.app(scope, receiving, sending)
                finally:
                    progress.over()
        except TimeoutError:
            if not end.expired():
                raise
            if client_reads:
                log.info("client_reads_too_slowly", path=scope["path"], seconds=progress.limit)
            else:
                log.error("request_timed_out", path=scope["path"], seconds=progress.limit)
            if answering:
                return  # the server closes the connection, so that the client does not take it for complete
            late = RequestTimedOut("The server waited too long for a part of its own. Try again.")
            response = self.wordings.response(
                scope["method"],
                scope["path"],
                late.status,
                late.code,
                late.detail,
                None,
                {"Retry-After": "2"},
            )
            await response(scope, receive, send)
