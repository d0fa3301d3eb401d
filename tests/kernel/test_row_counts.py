"""How many claims there are is counted seldom, for the health page and `/metrics` alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, text

from tests.servers.rows_read import rows_read
from toolcrib.kernel.claims.models import Ref, claims

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
HELD = 20_000
CHUNK = 2_000


def held(now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "digest": Ref("asset", "project:grown", str(number)).digest,
            "kind": "asset",
            "scope": "project:grown",
            "key": str(number),
            "holder": "ann",
            "holder_uuid": f"{0:036}",
            "acquired_at": now,
            "renewed_at": now,
            "heartbeat": False,
            "fence": 1_000_000 + number,
            "data": {},
        }
        for number in range(HELD)
    ]


async def lock(person: httpx.AsyncClient, path: str) -> None:
    body = {"asset_path": path, "branch": "main"}
    (await person.post("/api/locks", json=body)).raise_for_status()


async def told(crib: AppServer, admin: httpx.AsyncClient) -> tuple[int, datetime]:
    """How many claims both pages say there were, and when."""
    health = (await admin.get("/api/admin/health")).raise_for_status().json()
    metrics = (await crib.client.get("/metrics")).raise_for_status().text
    figures = {
        sample.name: sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
    }
    count, at = health["counts"]["claims"], datetime.fromisoformat(health["claims_counted_at"])
    assert (figures["toolcrib_claims"], figures["toolcrib_counted_timestamp_seconds"]) == (
        count,
        at.timestamp(),
    )
    return count, at


async def test_both_pages_tell_one_count_and_when_it_was_true(app_server: Start) -> None:
    crib = await app_server()
    ann, admin = await crib.user("ann"), await crib.admin()
    began = crib.clock()
    await lock(ann, "a")
    assert await told(crib, admin) == (1, began)
    await lock(ann, "b")
    crib.clock.advance(seconds=4)
    assert await told(crib, admin) == (1, began)
    crib.clock.advance(seconds=60)
    assert await told(crib, admin) == (2, began + timedelta(seconds=64))
    await lock(ann, "c")
    crib.clock.advance(hours=-2)  # set back
    assert await told(crib, admin) == (3, began + timedelta(seconds=64, hours=-2))


@pytest.mark.every_database
@pytest.mark.databases("postgresql", "mariadb")  # SQLite counts in one step of its machine
async def test_asking_again_does_not_count_again(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    async with rows_read(crib.kernel.database) as read:
        async with crib.kernel.database.writes.begin() as connection:
            rows = held(crib.clock())
            for start in range(0, HELD, CHUNK):
                await connection.execute(insert(claims), rows[start : start + CHUNK])
        admin = await crib.admin()
        assert (await told(crib, admin))[0] == HELD
        await read.settled()
        before = await read.so_far()
        for _ in range(3):
            assert (await told(crib, admin))[0] == HELD
        assert await read.so_far() - before < HELD / 4


@pytest.mark.databases("postgresql")
async def test_a_count_that_takes_too_long_is_given_up_for_a_while(
    app_server: Start, database_url: str
) -> None:
    crib = await app_server(database_url=database_url, health_timeout_seconds=1)
    admin = await crib.admin()
    async with crib.kernel.database.connection() as connection:
        await connection.execute(text("LOCK TABLE claims IN ACCESS EXCLUSIVE MODE"))
        # Also whoever waits in vain for the count is told that the database is up.
        assert "toolcrib_database_up 1.0" in (await crib.client.get("/metrics")).text
        for _ in range(2):
            health = (await admin.get("/api/admin/health")).json()
            assert "claims" not in health["counts"]
            assert health["counts"]["events"] > 0
            assert health["claims_counted_at"] is None
        assert "toolcrib_claims NaN" in (await crib.client.get("/metrics")).text
    crib.clock.advance(seconds=90)  # a hundred times a second have not passed
    assert "claims" not in (await admin.get("/api/admin/health")).json()["counts"]
    crib.clock.advance(hours=1)
    assert "toolcrib_claims 0.0" in (await crib.client.get("/metrics")).text
