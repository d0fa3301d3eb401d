"""Who may read `/metrics` and the details of the health pages, and what those pages say of a part that fails."""

from __future__ import annotations

import os

import httpx
import pytest

from tests.clock import FakeClock
from tests.kernel.parts import Start
from tests.servers.inprocess import AppServer
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.databases("sqlite")

HIDDEN = "hidden"
TOKEN = "a long word for Prometheus"
SHOWN = {"Authorization": f"Bearer {TOKEN}"}
FORWARDING = [
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-For": "203.0.113.9"},
    {"X-Forwarded-Host": "crib.example"},
    {"X-Forwarded-Proto": "https"},
    {"Forwarded": "for=127.0.0.1"},
    {"Via": "1.1 proxy"},
    {"X-Real-IP": "127.0.0.1"},
]
STORAGE = "/api/storage/health"


async def reads(crib: AppServer, headers: dict[str, str] | None = None) -> bool:
    """Whether one who sends these headers reads figures and details. Everybody reads the rest."""
    metrics = await crib.client.get("/metrics", headers=headers)
    assert metrics.status_code in {200, 401, 403}
    allowed: bool = metrics.status_code == 200
    assert ("toolcrib_database_up" in metrics.text) is allowed
    for path in ("/health", "/api/health", STORAGE):
        answer = await crib.client.get(path, headers=headers)
        assert answer.status_code == 200
        body = answer.json()
        assert body["status"] == "healthy"
        assert path == STORAGE or body["message"] == "API is running and database is connected"
        assert (body["version"] != HIDDEN) is allowed
        assert body["checks"]["database"] == {
            **body["checks"]["database"],
            "healthy": True,
            "message": "answers",
        }
    assert (body["environment"] == "production") is allowed
    storage = body["checks"]["storage"]
    assert ("MiB free" in storage["message"]) is allowed
    assert (storage["response_time_ms"] > 0) is allowed
    assert body["timestamp"]
    assert body["service"] == "toolcrib"
    return bool(allowed)


async def test_by_default_programs_on_this_machine_may_read(app_server: Start) -> None:
    crib = await app_server()
    assert await reads(crib)
    for headers in FORWARDING:
        assert not await reads(crib, headers), headers
    refused = await crib.client.get("/metrics", headers=FORWARDING[0])
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")


async def test_a_client_that_a_proxy_names_is_not_on_this_machine(app_server: Start) -> None:
    crib = await app_server(TRUSTED_PROXIES=[])
    for headers in FORWARDING:
        assert not await reads(crib, headers), headers


async def test_with_token_only_the_token_opens(app_server: Start) -> None:
    crib = await app_server(METRICS_ACCESS="token", METRICS_TOKEN=TOKEN)
    assert not await reads(crib)
    assert await reads(crib, SHOWN)
    assert await reads(crib, {**SHOWN, **FORWARDING[1]})
    for wrong in (f"Bearer {TOKEN}x", "Bearer ü", f"Basic {TOKEN}"):
        assert not await reads(crib, {"Authorization": wrong.encode("latin-1")})  # type: ignore[dict-item]


async def test_an_empty_token_opens_nothing(app_server: Start) -> None:
    crib = await app_server(METRICS_ACCESS="token")
    assert not await reads(crib)
    assert not await reads(crib, {"Authorization": "Bearer x"})


async def test_the_token_is_good_in_the_other_modes(app_server: Start) -> None:
    crib = await app_server(METRICS_TOKEN=TOKEN)
    assert await reads(crib, {**SHOWN, **FORWARDING[1]})


async def test_open_is_for_everybody(app_server: Start) -> None:
    crib = await app_server(METRICS_ACCESS="open")
    for headers in FORWARDING:
        assert await reads(crib, headers)


async def test_administrators_read_figures_and_others_do_not(app_server: Start) -> None:
    crib = await app_server(METRICS_ACCESS="token")
    assert (await (await crib.admin()).get("/metrics")).status_code == 200
    assert (await (await crib.user("ann")).get("/metrics")).status_code == 403


# What the pages say of a part that fails


async def test_a_lost_redis_is_degraded_and_not_unhealthy(app_server: Start, redis: RedisServer) -> None:
    crib = await app_server(REDIS_URL=redis.url)
    admin = await crib.admin()

    async def told() -> tuple[int, str, str]:
        answer = await admin.get("/api/admin/health")
        body = answer.json()
        return answer.status_code, body["status"], body["checks"]["redis"]["message"]

    assert await told() == (200, "healthy", "answers")
    redis.stop()
    status, state, message = await told()
    assert (status, state) == (200, "degraded")
    assert message == "Redis for jobs and rate counters: nobody listens at its address"
    for path in ("/health", STORAGE):
        assert (await crib.client.get(path)).json()["status"] == "healthy"


async def test_claims_that_are_not_swept_are_unhealthy(app_server: Start, clock: FakeClock) -> None:
    crib = await app_server()
    admin = await crib.admin()
    clock.advance(minutes=10)
    answer = await admin.get("/api/admin/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert answer.json()["checks"]["sweep"]["healthy"] is False
    await crib.kernel.jobs.run_due()
    answer = await admin.get("/api/admin/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "healthy")


async def test_without_redis_there_is_none_to_lose(app_server: Start) -> None:
    crib = await app_server()
    health = (await (await crib.admin()).get("/api/admin/health")).json()
    assert set(health["checks"]) == {"database", "storage", "mail", "jobs", "sweep"}


async def test_a_file_store_that_is_away_is_told_to_strangers_in_fixed_words(app_server: Start) -> None:
    crib = await app_server()
    files = crib.settings.data_dir / "files"
    files.rename(files.with_name("aside"))
    why = "its folder is missing: is its disk mounted?"
    for headers, message in (({}, why), (FORWARDING[1], "does not answer")):
        answer = await crib.client.get(STORAGE, headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
        storage = answer.json()["checks"]["storage"]
        assert (storage["healthy"], storage["message"]) == (False, message)
    admin = await (await crib.admin()).get("/api/admin/health")
    assert (admin.status_code, admin.json()["status"]) == (503, "unhealthy")
    assert admin.json()["checks"]["storage"]["message"] == why
    files.with_name("aside").rename(files)
    assert (await crib.client.get(STORAGE)).status_code == 200


async def test_asking_for_health_writes_nothing(app_server: Start) -> None:
    crib = await app_server()
    drafts = crib.settings.data_dir / "files" / "drafts"
    long_ago = 1_000_000_000.0
    os.utime(drafts, (long_ago, long_ago))  # a file made or removed in it would set it anew
    admin = await crib.admin()
    answers: list[httpx.Response] = [
        *[await crib.client.get(STORAGE) for _ in range(3)],
        await admin.get("/api/admin/health"),
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert drafts.stat().st_mtime == long_ago
