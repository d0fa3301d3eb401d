"""Log one sentence, without a traceback, if the server cannot start because of the database."""

from __future__ import annotations

import sys

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolcrib.kernel.failure_words import database_failure

FAILED = "lifespan.startup.failed"


class StartFailures:
    """ASGI middleware that replaces the traceback that the framework reports when the start of `app` fails."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == FAILED:
                error = sys.exc_info()[1]
                why = database_failure(error) if error is not None else None
                if why is not None:
                    message = {**message, "message": cannot_be_used(why)}
            await send(message)

        await self.app(scope, receive, sending)


def cannot_be_used(why: str) -> str:
    return f"The database cannot be used: {why}."
