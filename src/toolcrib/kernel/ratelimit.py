"""How often somebody may try: counters in this process, or in Redis for all of them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from limits import RateLimitItem, parse
from limits.aio.strategies import FixedWindowRateLimiter

from toolcrib.kernel.clock import Clock, system_clock
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.rate_counters import ProcessCounters
from toolcrib.kernel.redis_health import redis_failure
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

log = structlog.get_logger()

REDIS_SECONDS = 0.5
REDIS_PAUSE_SECONDS = 5.0

# Delays that grow: this failure starts the first one, and each further failure one twice as long. They are counted for
# a day. Ten are what LOGIN_RATE lets through in a minute by default, so within that minute nothing changes.
DELAYED_FROM = 10
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=15)
FAILURES_COUNTED = timedelta(days=1)

Question = Callable[[FixedWindowRateLimiter], Awaitable[None]]


class RateLimited(Problem):
    """Too many attempts from one address, or by one person. `Retry-After` says when to try again."""

    code, status = "rate_limited", 429


class RateLimiter:
    """Counts attempts in fixed windows, and failures for delays that grow. While Redis does not respond, this process
    counts alone, so that an outage neither keeps people out nor allows unlimited attempts."""

    def __init__(self, settings: Settings, clock: Clock = system_clock) -> None:
        for rate in (settings.login_rate, settings.parts_wrong_key_rate, settings.desktop_rate):
            parse(rate)  # a rate nobody can read fails the start, not the sign-ins
        self._here = FixedWindowRateLimiter(ProcessCounters(clock))
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
        await self._ask(partial(_hit, parse(rate), name, who))

    async def check(self, name: str, rate: str, who: str) -> None:
        """Refuse as `hit` would, but count nothing: for tries that only count when they fail.

        Raises:
            RateLimited: `who` has used up the current window (429).
        """
        await self._ask(partial(_check, parse(rate), name, who))

    async def require_no_delay(self, name: str, who: str) -> None:
        """Refuse while the delay of `name` for `who` runs.

        Raises:
            RateLimited: it does (429).
        """
        await self._ask(partial(_require_no_delay, _keys(name, who)))

    async def lengthen_delay(self, name: str, who: str) -> None:
        """Count one failure. From the tenth on each starts a delay, twice as long as the one before."""
        await self._ask(partial(_lengthen_delay, _keys(name, who)))

    async def end_delay(self, name: str, who: str) -> None:
        """Forget the failures."""
        await self._ask(partial(_end_delay, _keys(name, who)))

    async def _ask(self, question: Question) -> None:
        if self._shared is not None and time.monotonic() >= self._paused_until:
            try:
                async with asyncio.timeout(REDIS_SECONDS):
                    await question(self._shared)
                return
            except RateLimited:
                raise
            except Exception as error:  # noqa: BLE001 - whatever ails the counters, people sign in
                log.warning("rate_counters_unavailable", error=redis_failure(error))
                self._paused_until = time.monotonic() + REDIS_PAUSE_SECONDS
        await question(self._here)

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


async def _hit(item: RateLimitItem, name: str, who: str, limiter: FixedWindowRateLimiter) -> None:
    if not await limiter.hit(item, name, who):
        _refuse((await limiter.get_window_stats(item, name, who)).reset_time)


async def _check(item: RateLimitItem, name: str, who: str, limiter: FixedWindowRateLimiter) -> None:
    if not await limiter.test(item, name, who):
        _refuse((await limiter.get_window_stats(item, name, who)).reset_time)


Keys = tuple[str, str]


def _keys(name: str, who: str) -> Keys:
    """The counter of failures, and one that is there while the delay runs."""
    return f"failures/{name}/{who}", f"delay/{name}/{who}"


async def _require_no_delay(keys: Keys, limiter: FixedWindowRateLimiter) -> None:
    if await limiter.storage.get(keys[1]):
        _refuse(await limiter.storage.get_expiry(keys[1]))


async def _lengthen_delay(keys: Keys, limiter: FixedWindowRateLimiter) -> None:
    failures, delay = keys
    count = await limiter.storage.incr(failures, int(FAILURES_COUNTED.total_seconds()))
    if count < DELAYED_FROM:
        return
    doubled = FIRST_DELAY.total_seconds() * 2 ** min(count - DELAYED_FROM, 20)
    await limiter.storage.clear(delay)
    await limiter.storage.incr(delay, int(min(doubled, LONGEST_DELAY.total_seconds())))


async def _end_delay(keys: Keys, limiter: FixedWindowRateLimiter) -> None:
    for key in keys:
        await limiter.storage.clear(key)


def _refuse(until: float) -> None:
    seconds = max(1, math.ceil(until - time.time()))
    raise RateLimited(
        f"Too many attempts. Try again in {seconds} s.",
        {"retry_after_seconds": seconds},
        headers={"Retry-After": str(seconds)},
    )
