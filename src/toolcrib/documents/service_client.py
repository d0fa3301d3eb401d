"""Ask another service as the caller: one attempt with a short timeout, no redirect followed, nothing remembered."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from toolcrib.documents.caller import Caller
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.models import User

FORWARDED_LIFETIME = timedelta(minutes=1)
# Room for the answers to one question about each of some ten thousand projects.
MAX_ANSWER_BYTES = 4 * 2**20


class NoAnswer(Exception):
    """The service could not be reached, or did not finish its answer in time; the text says why, for the log."""


class ServiceClient:
    def __init__(self, url: str, timeout_seconds: float) -> None:
        import httpx  # noqa: PLC0415 - only servers that ask one carry the client: 6 MB

        self._url = url
        self._timeout = timeout_seconds
        self._failures = (httpx.HTTPError, httpx.InvalidURL, TimeoutError)
        self._client = httpx.AsyncClient(timeout=timeout_seconds, follow_redirects=False)

    async def post(self, path: str, body: dict[str, Any], token: str) -> tuple[int, bytes]:
        """Send `body` as JSON, and `token` as the cookie `access_token`. Returns the status and the answer's body.

        Raises:
            NoAnswer: none in time, or a longer one than MAX_ANSWER_BYTES.
        """
        headers = {"Cookie": f"access_token={token}"}
        found = bytearray()
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream("POST", self._url + path, json=body, headers=headers) as answer,
            ):
                async for piece in answer.aiter_bytes():
                    found += piece
                    if len(found) > MAX_ANSWER_BYTES:
                        raise NoAnswer("too long")
        except self._failures as error:
            raise NoAnswer(type(error).__name__) from None
        return answer.status_code, bytes(found)

    async def close(self) -> None:
        await self._client.aclose()


async def forwarded_token(kernel: Kernel, caller: Caller) -> str:
    """Return a token that other services accept: the caller's own, else one of ours that is valid for a minute."""
    if caller.token:
        return caller.token
    async with kernel.database.read() as session:
        user = (await session.execute(select(User).where(User.id == caller.me.id))).scalar_one()
    return kernel.auth.tokens.issue(user, now=kernel.clock(), lifetime=FORWARDED_LIFETIME)
