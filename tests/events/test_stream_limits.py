"""Many streams: how many one person may have, and that each tells its reader exactly what they may see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

pytestmark = pytest.mark.databases("sqlite")

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]


class Messages:
    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()
        self.retry_ms: int | None = None

    async def next(self) -> tuple[str, dict[str, Any]] | None:
        """Return the next message as (event, data); None at the end of the stream."""
        name = ""
        async with asyncio.timeout(20):
            async for line in self._lines:
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("retry: "):
                    self.retry_ms = int(line.removeprefix("retry: "))
                elif line.startswith("data: "):
                    return name, json.loads(line.removeprefix("data: "))
        return None

    async def until(self, key: str) -> list[str]:
        """Return the keys of the events up to the one of `key`."""
        keys: list[str] = []
        while not keys or keys[-1] != key:
            found = await self.next()
            assert found is not None, f"the stream ended after {len(keys)} events"
            keys.append(found[1]["key"])
        return keys


@asynccontextmanager
async def stream(client: httpx.AsyncClient, query: str = "") -> AsyncIterator[Messages]:
    async with client.stream("GET", f"/api/events/stream{query}") as answer:
        messages = Messages(answer)
        found = await messages.next()
        assert found is not None
        assert found[0] == "hello"
        yield messages


async def lock(client: httpx.AsyncClient, path: str, **more: Any) -> None:
    (await client.post("/api/locks", json={"asset_path": path, "branch": "main", **more})).raise_for_status()


async def test_one_stream_more_than_a_person_may_have_ends_their_oldest_and_says_so(
    app_server: Start,
) -> None:
    crib = await app_server(streams_per_person=2)
    ann, ben = await crib.user("ann"), await crib.user("ben")
    async with (
        stream(ben) as bens,
        stream(ann) as oldest,
        stream(ann, "?kind=asset") as second,
        stream(ann) as newest,
    ):
        end = await oldest.next()
        assert end is not None
        assert end[0] == "end"
        assert end[1]["reason"] == "too_many_streams"
        assert "at most 2" in end[1]["detail"]
        assert await oldest.next() is None
        assert oldest.retry_ms == 60_000  # a client that connects again by itself waits that long
        await lock(ann, "after")
        for other in (bens, second, newest):
            assert await other.until("after") == ["after"]
    # Those that their reader left do not count.
    async with stream(ann) as first, stream(ann):
        await lock(ann, "later")
        assert await first.until("later") == ["later"]


async def test_many_readers_with_different_rights_hear_what_each_may_see(app_server: Start) -> None:
    crib = await app_server()
    people = {name: await crib.user(name) for name in ("ann", "ben", "cleo")}
    people["admin"] = await crib.admin()
    (await people["ann"].post("/api/projects", json={"name": "secret"})).raise_for_status()
    async with AsyncExitStack() as opened:
        streams = {
            name: [await opened.enter_async_context(stream(client)) for _ in range(3)]
            for name, client in people.items()
        }
        of_kind = await opened.enter_async_context(stream(people["cleo"], "?kind=api_key,other"))
        await lock(people["ann"], "hidden", project="secret")
        await people["ben"].post("/api/users/me/keys", json={"name": "bens"})
        await people["cleo"].post("/api/users/me/keys", json={"name": "cleos"})
        await lock(people["ann"], "open")
        expected = {
            "ann": ["hidden", "open"],
            "ben": ["bens", "open"],
            "cleo": ["cleos", "open"],
            "admin": ["hidden", "bens", "cleos", "open"],
        }
        for name, keys in expected.items():
            for one in streams[name]:
                assert await one.until("open") == keys, name
        assert await of_kind.until("cleos") == ["cleos"]


async def test_a_reader_who_is_let_in_or_put_out_hears_more_or_less_from_then_on(app_server: Start) -> None:
    crib = await app_server()
    ann, ben, cleo = [await crib.user(name) for name in ("ann", "ben", "cleo")]
    project = (await ann.post("/api/projects", json={"name": "secret"})).json()["id"]
    member = f"/api/projects/{project}/members/ben"
    async with stream(ben, "?kind=asset") as bens, stream(cleo, "?kind=asset") as cleos:
        for round_number, is_member in enumerate((False, True, False)):
            if is_member:
                (await ann.put(member, json={"role": "viewer"})).raise_for_status()
            elif round_number:
                (await ann.delete(member)).raise_for_status()
            await lock(ann, f"mark/{round_number}")
            for one in (bens, cleos):
                assert await one.until(f"mark/{round_number}") == [f"mark/{round_number}"]
            await lock(ann, f"hidden/{round_number}", project="secret")
            await lock(ann, f"end/{round_number}")
            hidden = [f"hidden/{round_number}"] if is_member else []
            assert await bens.until(f"end/{round_number}") == [*hidden, f"end/{round_number}"]
            assert await cleos.until(f"end/{round_number}") == [f"end/{round_number}"]


async def test_what_happens_at_once_reaches_every_stream_however_much_it_is(app_server: Start) -> None:
    crib = await app_server()
    ann, ben = await crib.user("ann"), await crib.user("ben")
    paths = [f"maps/{number:04}" for number in range(3_000)]
    async with stream(ann) as first, stream(ben) as second:
        body = {"action": "lock", "paths": paths, "branch": "main"}
        (await ann.post("/api/locks/bulk", json=body)).raise_for_status()
        for one in (first, second):
            assert await one.until(paths[-1]) == paths
