"""A server killed in the middle of many acquisitions: what was acknowledged is there, once, and the log is whole."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.conftest import is_full
from tests.servers.databases import Database
from tests.servers.environment import PLAIN
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.every_database

CONNECTIONS = 16


async def acquire(
    urls: list[str],
    token: str,
    first: int,
    count: int,
    acknowledged: dict[str, int],
    enough: Callable[[], None],
) -> None:
    """Lock `count` paths over many connections; note each 201. A connection that breaks ends its worker."""
    numbers = iter(range(first, first + count))

    async def worker(url: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, verify=PLAIN) as client:
            for number in numbers:
                path = f"asset/{number}"
                try:
                    answer = await client.post("/api/locks", json={"asset_path": path, "branch": "main"})
                except httpx.TransportError:
                    return
                if answer.status_code == 201:
                    acknowledged[path] = answer.json()["lock"]["fence"]
                    enough()

    await asyncio.gather(*(worker(urls[number % len(urls)]) for number in range(CONNECTIONS)))


def check(server: ToolcribServer, acknowledged: dict[str, int]) -> None:
    admin = server.admin
    held = admin.get("/api/locks").json()
    paths = [lock["asset_path"] for lock in held]
    assert len(paths) == len(set(paths)), "something is held twice"
    fences = {lock["asset_path"]: lock["fence"] for lock in held}
    lost = {path for path, fence in acknowledged.items() if fences.get(path) != fence}
    assert not lost
    seqs: list[int] = []
    acquired: list[Any] = []
    after = 0
    while True:
        page = admin.get("/api/events", params={"order": "asc", "after": after, "limit": 1000}).json()
        seqs += [event["seq"] for event in page["events"]]
        acquired += [event["key"] for event in page["events"] if event["verb"] == "acquired"]
        if page["next_after"] is None:
            break
        after = page["next_after"]
    assert seqs == list(range(1, len(seqs) + 1)), "the log has a gap"
    assert sorted(acquired) == sorted(paths)


@pytest.mark.databases("sqlite", "postgresql")
async def test_what_was_acknowledged_survives(
    server: Callable[..., ToolcribServer], request: pytest.FixtureRequest, database_kind: str
) -> None:
    await survives(server, request, database_kind, servers=1)


@pytest.mark.databases("postgresql")
async def test_what_was_acknowledged_survives_beside_another_process(
    server: Callable[..., ToolcribServer], request: pytest.FixtureRequest, database_kind: str
) -> None:
    await survives(server, request, database_kind, servers=2)


async def survives(
    server: Callable[..., ToolcribServer], request: pytest.FixtureRequest, database_kind: str, servers: int
) -> None:
    """Kill one of `servers` under load, and look for what it has acknowledged."""
    acquisitions = 5_000 if is_full(request.config) else 1_200
    settings: dict[str, Any] = {}
    database: Database | None = None
    if database_kind == "postgresql":
        durable = request.getfixturevalue("postgresql_durable")
        database = durable.fresh()
        settings["DATABASE_URL"] = database.url
    cribs = [server(**settings) for _ in range(servers)]
    victim = cribs[0]
    token = victim.admin.headers["Authorization"].removeprefix("Bearer ")
    acknowledged: dict[str, int] = {}
    kill_at = random.randint(acquisitions // 8, acquisitions // 2)

    def kill_when_due() -> None:
        if len(acknowledged) == kill_at:
            victim.kill()

    urls = [crib.url for crib in cribs]
    await asyncio.to_thread(asyncio.run, acquire(urls, token, 0, acquisitions, acknowledged, kill_when_due))
    assert len(acknowledged) >= kill_at
    victim.start()
    check(victim, acknowledged)
    if servers == 2:  # the other one went on: only what was on its way to the victim may be missing
        assert len(victim.admin.get("/api/locks").json()) >= acquisitions - CONNECTIONS
    await acquire([victim.url], token, acquisitions, 50, acknowledged, lambda: None)
    check(victim, acknowledged)
    if database is not None:
        for crib in cribs:
            crib.close()
        durable.drop(database)
