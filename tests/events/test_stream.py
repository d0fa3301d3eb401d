"""The event log over HTTP: complete, in order, resumable, and no more than the caller may see."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

pytestmark = pytest.mark.every_database

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]


@pytest.fixture
async def crib(app_server: Start, database_url: str) -> AppServer:
    return await app_server(database_url=database_url)


async def lock(client: httpx.AsyncClient, path: str, **more: Any) -> None:
    (await client.post("/api/locks", json={"asset_path": path, "branch": "main", **more})).raise_for_status()


@asynccontextmanager
async def stream(client: httpx.AsyncClient, query: str = "", **headers: str) -> AsyncIterator[Messages]:
    async with client.stream("GET", f"/api/events/stream{query}", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Messages(answer)


class Messages:
    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next message as (event, data)."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(20):
            async for line in self._lines:
                if not line and "data" in fields:
                    return fields["event"], json.loads(fields["data"])
                name, _, value = line.partition(": ")
                fields[name] = value
        raise AssertionError("the stream ended")

    async def keys(self, count: int) -> list[str]:
        return [(await self.next())[1]["key"] for _ in range(count)]


async def test_a_stream_brings_what_happens_after_it_began(crib: AppServer) -> None:
    ann = await crib.user("ann")
    await lock(ann, "before")
    async with stream(ann) as messages:
        kind, hello = await messages.next()
        assert kind == "hello"
        await lock(ann, "after")
        kind, event = await messages.next()
        assert kind == "event"
        assert (event["verb"], event["actor"], event["key"]) == ("acquired", "ann", "after")
        assert event["seq"] > hello["seq"]


async def test_a_resumed_stream_misses_and_repeats_nothing(crib: AppServer) -> None:
    ann = await crib.user("ann")
    start = (await ann.get("/api/events")).json()["last_seq"]
    seen: list[int] = []
    expected: list[int] = []
    for round_number in range(5):
        await lock(ann, f"{round_number}/a")
        async with stream(ann, **{"Last-Event-ID": str(seen[-1] if seen else start)}) as messages:
            await messages.next()
            await lock(ann, f"{round_number}/b")
            for _ in range(2):
                seen.append((await messages.next())[1]["seq"])
        await lock(ann, f"{round_number}/c")  # while nobody listens
        async with stream(ann, f"?after={seen[-1]}") as messages:
            await messages.next()
            seen.append((await messages.next())[1]["seq"])
    log = (await ann.get("/api/events", params={"order": "asc", "after": start, "kind": "asset"})).json()
    expected = [event["seq"] for event in log["events"]]
    assert seen == expected
    assert len(seen) == 15


async def test_what_another_process_commits_arrives(crib: AppServer, app_server: Start) -> None:
    other = await app_server(database_url=str(crib.settings.database_url))
    ann = await crib.user("ann")
    at_other = await other.sign_in("ann")
    async with stream(at_other) as messages:
        await messages.next()
        for number in range(5):
            await lock(ann, f"here/{number}")
            await lock(at_other, f"there/{number}")
        keys = await messages.keys(10)
    assert keys == [f"{place}/{number}" for number in range(5) for place in ("here", "there")]


async def test_nobody_hears_of_what_they_may_not_see(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    (await ann.post("/api/projects", json={"name": "secret"})).raise_for_status()
    async with stream(ben) as messages:
        await messages.next()
        await lock(ann, "hidden", project="secret")
        await lock(ann, "open")
        assert await messages.keys(1) == ["open"]
    for client, visible in ((ben, False), (ann, True), (admin, True)):
        page = (await client.get("/api/events?kind=asset")).json()
        assert ("hidden" in [event["key"] for event in page["events"]]) is visible
        exported = (await client.get("/api/events.csv?kind=asset")).text
        assert ("hidden" in exported) is visible
    users = (await ben.get("/api/events?kind=user")).json()["events"]
    assert all(event["scope"] != "admin:" for event in users)


async def test_a_stream_ends_when_its_reader_loses_the_right_to_it(crib: AppServer) -> None:
    ben, admin = await crib.user("ben"), await crib.admin()
    ident = next(
        user["id"] for user in (await admin.get("/api/admin/users")).json() if user["username"] == "ben"
    )
    async with stream(ben) as messages:
        await messages.next()
        await admin.delete(f"/api/admin/users/{ident}")
        await lock(admin, "a")
        await lock(admin, "b")
        with pytest.raises(AssertionError, match="the stream ended"):
            await messages.keys(3)


async def test_the_log_is_filtered_and_paged(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    for number in range(5):
        await lock(ann, f"a/{number}", comment="=1+1" if number == 0 else None)
    crib.clock.advance(hours=1)
    await lock(ben, "b")
    await ben.delete("/api/locks/b")

    async def keys(**query: Any) -> list[str]:
        page = (await ann.get("/api/events", params={"kind": "asset", **query})).json()
        return [event["key"] for event in page["events"]]

    assert await keys(actor="ben") == ["b", "b"]
    assert await keys(verb="released") == ["b"]
    assert await keys(verb="released,acquired", key="b") == ["b", "b"]
    assert await keys(prefix="a/", order="asc") == [f"a/{number}" for number in range(5)]
    assert await keys(since=crib.clock().isoformat()) == ["b", "b"]
    assert len(await keys(until=crib.clock().isoformat())) == 5
    seen: list[str] = []
    before: int | None = None
    while True:
        query: dict[str, Any] = {"kind": "asset", "limit": 3, **({"before": before} if before else {})}
        page = (await ann.get("/api/events", params=query)).json()
        seen += [event["key"] for event in page["events"]]
        before = page["next_before"]
        if before is None:
            break
    assert seen == ["b", "b", *(f"a/{number}" for number in reversed(range(5)))]
    rows = list(csv.DictReader(io.StringIO((await ann.get("/api/events.csv?kind=asset")).text)))
    assert len(rows) == 7
    assert rows[-1]["comment"] == "'=1+1"  # a spreadsheet must not run it


async def test_a_malformed_filter_is_400(app_server: Start) -> None:
    ann = await (await app_server()).user("ann")
    for query in ("limit=0", "limit=1001", "order=up", "since=yesterday", "after=x"):
        assert (await ann.get(f"/api/events?{query}")).status_code == 400, query


async def test_without_credentials_there_is_nothing_to_see(app_server: Start) -> None:
    crib = await app_server()
    for path in ("/api/events", "/api/events.csv", "/api/events/stream", "/api/claims"):
        assert (await crib.client.get(path)).status_code == 401, path
