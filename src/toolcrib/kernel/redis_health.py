"""Whether Redis answers, for the health page."""

from __future__ import annotations

import asyncio

from toolcrib.kernel.context import HealthCheck
from toolcrib.kernel.failure_words import NO_ANSWER, failure_in_words
from toolcrib.kernel.problems import NotWell
from toolcrib.settings import Settings

REDIS_SECONDS = 0.5


def redis_check(settings: Settings) -> HealthCheck | None:
    """Return the check of every Redis that the settings name; None if they name none."""
    counters = (settings.ratelimit_storage_uri or settings.redis_url).removeprefix("async+")
    uses: dict[str, str] = {}
    if counters and not counters.startswith("memory:"):
        uses[counters] = "rate counters"
    if settings.redis_url:
        uses[settings.redis_url] = "jobs" if settings.redis_url not in uses else "jobs and rate counters"
    if not uses:
        return None

    async def check() -> str:
        found = await asyncio.gather(*map(_failure, uses))
        sick = [f"Redis for {use}: {why}" for use, why in zip(uses.values(), found, strict=True) if why]
        if sick:
            raise NotWell("; ".join(sick))
        return "answers"

    return check


async def _failure(url: str) -> str:
    """What ails the Redis at this address, in words; empty if nothing does."""
    try:
        async with asyncio.timeout(2 * REDIS_SECONDS):
            await _ping(url)
    except Exception as error:  # noqa: BLE001 - its client has errors of its own for whatever the network does
        return redis_failure(error)
    return ""


def redis_failure(error: BaseException) -> str:
    """What ails Redis, by an error of its client or of the system, in words for operators."""
    while isinstance(error, BaseExceptionGroup):  # of taskiq's tasks, which all lost the same connection
        error = error.exceptions[0]
    name = type(error).__name__  # only servers that use Redis import its classes
    if name.startswith("Authentication"):
        return "it refuses our password"
    if name == "ConnectionError":
        why = error.__cause__ or error.__context__
        return failure_in_words(why) if isinstance(why, OSError) else "it cannot be reached"
    return NO_ANSWER if name == "TimeoutError" else failure_in_words(error)


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
