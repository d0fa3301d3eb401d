"""Rate limits: who is counted, what a refusal says, and what happens when the shared counters are gone."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clock import FakeClock
from tests.kernel.parts import Start, StartProcess
from tests.servers.environment import settings
from tests.servers.redis import RedisServer
from toolcrib.kernel.rate_counters import KEPT, ProcessCounters
from toolcrib.kernel.ratelimit import RateLimited, RateLimiter

RATE = "3/minute"


async def tries(limiter: RateLimiter, count: int, who: str = "192.0.2.1", name: str = "login") -> int:
    """How many of `count` tries were let through."""
    passed = 0
    for _ in range(count):
        try:
            await limiter.hit(name, RATE, who)
            passed += 1
        except RateLimited:
            pass
    return passed


async def test_a_window_lets_so_many_through() -> None:
    limiter = RateLimiter(settings())
    assert await tries(limiter, 5) == 3
    assert await tries(limiter, 5, who="192.0.2.2") == 3
    assert await tries(limiter, 5, name="other") == 3


async def test_a_refusal_says_when_to_come_back() -> None:
    limiter = RateLimiter(settings())
    await tries(limiter, 3)
    with pytest.raises(RateLimited) as refused:
        await limiter.hit("login", RATE, "192.0.2.1")
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 60
    assert refused.value.status == 429


async def test_checking_counts_nothing() -> None:
    limiter = RateLimiter(settings())
    for _ in range(5):
        await limiter.check("login", RATE, "192.0.2.1")
    assert await tries(limiter, 5) == 3
    with pytest.raises(RateLimited):
        await limiter.check("login", RATE, "192.0.2.1")


def test_a_rate_that_cannot_be_read_fails_the_start() -> None:
    with pytest.raises(ValueError, match="often"):
        RateLimiter(settings(login_rate="often"))


# Delays that grow


async def fail(limiter: RateLimiter, count: int, who: str = "ann here") -> None:
    for _ in range(count):
        await limiter.lengthen_delay("password", who)


async def delay(limiter: RateLimiter, who: str = "ann here") -> int:
    """How long `who` has to wait, in seconds."""
    try:
        await limiter.require_no_delay("password", who)
    except RateLimited as refused:
        return int(refused.headers["Retry-After"])
    return 0


async def test_each_failure_after_the_tenth_doubles_the_delay(clock: FakeClock) -> None:
    limiter = RateLimiter(settings(), clock)
    await fail(limiter, 9)
    assert await delay(limiter) == 0
    await fail(limiter, 1)
    assert await delay(limiter) == 30
    await fail(limiter, 1)
    assert await delay(limiter) == 60
    await fail(limiter, 100)
    assert await delay(limiter) == 900
    assert await delay(limiter, "ann elsewhere") == 0
    clock.advance(seconds=900)
    assert await delay(limiter) == 0
    await limiter.end_delay("password", "ann here")
    await fail(limiter, 9)
    assert await delay(limiter) == 0


async def test_failures_are_forgotten_after_a_day(clock: FakeClock) -> None:
    limiter = RateLimiter(settings(), clock)
    await fail(limiter, 20)
    clock.advance(days=1)
    await fail(limiter, 9)
    assert await delay(limiter) == 0


async def test_counters_take_bounded_memory(clock: FakeClock) -> None:
    counters = ProcessCounters(clock)
    for number in range(KEPT + 100):
        await counters.incr(f"address {number}", 60)
    assert await counters.reset() == KEPT


# Shared counters


async def test_processes_share_a_delay_in_redis(counting: Any) -> None:
    one, other = counting(), counting()
    await fail(one, 5)
    await fail(other, 5)
    assert 0 < await delay(one) <= 30
    await fail(one, 1)
    assert 30 < await delay(other) <= 60
    await other.end_delay("password", "ann here")
    assert await delay(one) == 0
    for limiter in (one, other):
        await limiter.close()


@pytest.fixture
def counting(redis: RedisServer) -> Callable[..., RateLimiter]:
    return lambda **changes: RateLimiter(settings(**{"redis_url": redis.url, **changes}))


async def test_processes_count_together_in_redis(counting: Any) -> None:
    one, other = counting(), counting()
    assert await tries(one, 2) + await tries(other, 5) == 3
    for limiter in (one, other):
        await limiter.close()


async def test_counters_may_live_apart_from_the_job_queue(counting: Any, redis: RedisServer) -> None:
    one = counting(redis_url="", ratelimit_storage_uri=redis.url.replace("/0", "/1"))
    other = counting(redis_url="redis://127.0.0.1:1/0", ratelimit_storage_uri=redis.url.replace("/0", "/1"))
    assert await tries(one, 2) + await tries(other, 5) == 3
    for limiter in (one, other):
        await limiter.close()


async def test_without_redis_a_process_counts_for_itself(counting: Any, redis: RedisServer) -> None:
    limiter = counting()
    assert await tries(limiter, 1) == 1
    redis.stop()
    assert await tries(limiter, 5) == 3
    await limiter.close()


async def test_a_redis_that_never_answers_is_not_asked_again_for_a_while(silent_port: Any) -> None:
    limiter = RateLimiter(settings(redis_url=f"redis://127.0.0.1:{silent_port}/0"))
    started = time.monotonic()
    assert await tries(limiter, 20) == 3
    # One wait of half a second, not twenty: far from the ten seconds that would be.
    assert time.monotonic() - started < 5
    await limiter.close()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.databases("sqlite")
async def test_sign_in_is_limited_and_survives_the_loss_of_redis(
    app_server: Start, database_url: str, redis: RedisServer
) -> None:
    server = await app_server(database_url=database_url, redis_url=redis.url, login_rate="3/minute")
    wrong = {"username": "admin", "password": "wrong"}
    answers = [await server.client.post("/api/login", json=wrong) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert answers[-1].json()["msg"]
    assert answers[-1].json()["code"] == "rate_limited"
    redis.stop()
    assert (await server.sign_in("admin")).headers["Authorization"]


@pytest.mark.databases("sqlite")
async def test_asking_for_options_is_not_a_try(app_server: Start, database_url: str) -> None:
    server = await app_server(database_url=database_url, login_rate="2/minute")
    for _ in range(5):
        await server.client.options("/api/login")
    assert await server.sign_in("admin")


@pytest.mark.databases("sqlite")
async def test_what_a_client_says_of_itself_does_not_dodge_the_limit(
    app_server: Start, database_url: str
) -> None:
    server = await app_server(database_url=database_url, login_rate="2/minute")
    wrong = {"username": "admin", "password": "wrong"}

    async def try_from(forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded}
        return (await server.client.post("/api/login", json=wrong, headers=headers)).status_code

    assert [await try_from(f"203.0.113.{n}, 198.51.100.7") for n in range(3)] == [401, 401, 429]
    assert await try_from("203.0.113.1, 198.51.100.8") == 401


@pytest.mark.databases("sqlite")
def test_workers_count_together(server: StartProcess, database_url: str, redis: RedisServer) -> None:
    running = server(DATABASE_URL=database_url, REDIS_URL=redis.url, LOGIN_RATE="5/minute", workers=2)
    wrong = {"username": "admin", "password": "wrong"}
    statuses = [running.client.post("/api/login", json=wrong).status_code for _ in range(12)]
    assert statuses.count(401) == 5
    assert statuses.count(429) == 7
