"""How often somebody may try: counters in this process, or in Redis for all of them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from toolcrib.kernel.problems import Problem
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

log = structlog.get_logger()

REDIS_SECONDS = 0.5
REDIS_PAUSE_SECONDS = 5.0

Question = Callable[[FixedWindowRateLimiter, RateLimitItem, str, str], Awaitable[None]]


class RateLimited(Problem):
    """Too many attempts from one address. `Retry-After` says when to try again."""

    code, status = "rate_limited", 429


class RateLimiter:
    """Counts attempts in fixed windows. While Redis does not respond, this process counts alone, so that an outage
    neither keeps people out nor allows unlimited attempts."""

    def __init__(self, settings: Settings) -> None:
        parse(settings.login_rate)  # a rate nobody can read fails the start, not the sign-ins
        self._here = FixedWindowRateLimiter(MemoryStorage())
        self._shared: FixedWindowRateLimiter | None = None
        self._pool: ConnectionPool | None = None
        self._paused_until = 0.0
        uri = (settings.ratelimit_storage_uri or settings.redis_url).removeprefix("async+")
        if uri and not uri.startswith("memory:"):
            self._count_in_redis(uri)

    async def hit(self, name: str, rate: str, who: str) -> None:
        """Count one try of `name` by `who`. `rate` is written like `10/minute`.

        Raises:
            RateLimited: `who` has used up the current window (429).
        """
        await self._ask(_hit, parse(rate), name, who)

    async def check(self, name: str, rate: str, who: str) -> None:
        """Refuse as `hit` would, but count nothing: for tries that only count when they fail.

        Raises:
            RateLimited: `who` has used up the current window (429).
        """
        await self._ask(_check, parse(rate), name, who)

    async def _ask(self, question: Question, item: RateLimitItem, name: str, who: str) -> None:
        if self._shared is not None and time.monotonic() >= self._paused_until:
            try:
                async with asyncio.timeout(REDIS_SECONDS):
                    await question(self._shared, item, name, who)
                return
            except RateLimited:
                raise
            except Exception as error:  # noqa: BLE001 - whatever ails the counters, people sign in
                log.warning("rate_counters_unavailable", error=type(error).__name__)
                self._paused_until = time.monotonic() + REDIS_PAUSE_SECONDS
        await question(self._here, item, name, who)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.disconnect()

    def _count_in_redis(self, uri: str) -> None:
        # Only servers that use Redis pay for its client: some 20 MB.
        from limits.aio.storage import RedisStorage  # noqa: PLC0415
        from redis.asyncio import ConnectionPool  # noqa: PLC0415
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415

        self._pool = ConnectionPool.from_url(
            uri,
            socket_connect_timeout=REDIS_SECONDS,
            socket_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix="toolcrib:limits",
            connection_pool=self._pool,  # type: ignore[arg-type]
        )
        self._shared = FixedWindowRateLimiter(storage)


async def _hit(limiter: FixedWindowRateLimiter, item: RateLimitItem, name: str, who: str) -> None:
    if not await limiter.hit(item, name, who):
        await _refuse(limiter, item, name, who)


async def _check(limiter: FixedWindowRateLimiter, item: RateLimitItem, name: str, who: str) -> None:
    if not await limiter.test(item, name, who):
        await _refuse(limiter, item, name, who)


async def _refuse(limiter: FixedWindowRateLimiter, item: RateLimitItem, name: str, who: str) -> None:
    window = await limiter.get_window_stats(item, name, who)
    seconds = max(1, math.ceil(window.reset_time - time.time()))
    raise RateLimited(
        f"Too many attempts. Try again in {seconds} s.",
        {"retry_after_seconds": seconds},
        headers={"Retry-After": str(seconds)},
    )
