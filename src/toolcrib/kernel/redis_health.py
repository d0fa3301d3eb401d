"""Whether Redis answers, for the health page."""

from __future__ import annotations

import asyncio

from toolcrib.kernel.context import HealthCheck
from toolcrib.settings import Settings

REDIS_SECONDS = 0.5


def redis_check(settings: Settings) -> HealthCheck | None:
    """Return the check of every Redis that the settings name; None if they name none."""
    counters = (settings.ratelimit_storage_uri or settings.redis_url).removeprefix("async+")
    urls = {settings.redis_url, "" if counters.startswith("memory:") else counters} - {""}
    if not urls:
        return None

    async def check() -> str:
        async with asyncio.timeout(2 * REDIS_SECONDS):
            await asyncio.gather(*map(_ping, urls))
        return "answers"

    return check


async def _ping(url: str) -> None:
    # Only servers that use Redis pay for its client.
    from redis.asyncio import Redis  # noqa: PLC0415
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    client = Redis.from_url(
        url,
        socket_connect_timeout=REDIS_SECONDS,
        socket_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    async with client:
        await client.execute_command("PING")  # type: ignore[no-untyped-call]
