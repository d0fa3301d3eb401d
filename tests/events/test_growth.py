"""Searching the log looks at a few of its events, however many there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from httpx import AsyncClient
from sqlalchemy import insert, text, update

from tests.servers.rows_read import rows_read
from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.events.writer import event_counter, events

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
pytestmark = pytest.mark.every_database

EVENTS = 14_000
CHUNK = 2_000
MOST = 7_000
SCOPE = "project:grown"


async def test_no_search_looks_at_the_whole_log(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    database = crib.kernel.database
    admin, ann = await crib.admin(), await crib.user("ann")
    (await ann.post("/api/projects", json={"name": "secret"})).raise_for_status()
    ben = await crib.user("ben")
    first = (await admin.get("/api/events?limit=1")).json()["last_seq"] + 1
    log = [
        {
            "seq": first + number,
            "at": crib.clock(),
            "actor": f"person-{number % 7}",
            "verb": "acquired",
            "kind": "asset",
            "scope": SCOPE if number % 2 else "project:secret",
            "key": f"maps/{number:05}.umap",
            "digest": Ref("asset", SCOPE, f"maps/{number:05}.umap").digest,
            "data": {},
        }
        for number in range(EVENTS)
    ]
    too_many = []
    async with rows_read(database) as read:

        async def ask(who: AsyncClient, question: str) -> None:
            before = await read.so_far()
            (await who.get(f"/api/{question}")).raise_for_status()
            if (looked := await read.so_far() - before) > MOST:
                too_many.append((question, looked))

        async with database.writes.begin() as connection:  # as a log that has grown
            for start in range(0, EVENTS, CHUNK):
                await connection.execute(insert(events), log[start : start + CHUNK])
            await connection.execute(update(event_counter).values(seq=first + EVENTS))
            if database.dialect != "sqlite":  # what servers do by themselves a minute later
                kind = "TABLE" if database.dialect == "mariadb" else ""
                await connection.execute(text(f"ANALYZE {kind} events"))
        await read.settled()
        for who, question in (
            (admin, "events?limit=100"),
            (admin, "events?key=none"),
            (admin, "events?key=maps/00001.umap"),
            (admin, "events?key=maps/00001.umap&key=none"),
            (admin, "events?prefix=maps/0000"),
            (admin, "events?scope=project:none"),
            (admin, "events?scope=project:none&verb=acquired"),
            (ben, "events?scope=project:secret"),
            (ben, "events?limit=100"),
            (ben, "events?kind=asset&limit=100"),
            (admin, "lock-history?project=grown&path=maps/00001.umap"),
        ):
            await ask(who, question)
        (await admin.post("/api/projects", json={"name": "grown"})).raise_for_status()
        await read.settled()
        for question in ("events?limit=100", "events?verb=acquired&limit=100"):
            await ask(ben, question)  # who may see nothing of all this now
    assert not too_many
    found = (await admin.get("/api/events?key=maps/00001.umap")).json()["events"]
    assert [event["seq"] for event in found] == [first + 1]
    assert (await ben.get("/api/events?scope=project:secret")).json()["events"] == []
    assert len((await ann.get("/api/events?scope=project:secret&limit=100")).json()["events"]) == 100


@pytest.mark.databases("postgresql")  # which keeps one plan for all kinds once it has been asked a few times
async def test_whether_a_list_is_new_is_told_without_a_walk_through_the_log(
    app_server: Start, database_url: str
) -> None:
    crib = await app_server(database_url=database_url)
    admin = await crib.admin()
    rows = (
        "INSERT INTO events (seq, at, actor, verb, kind, scope, key, digest, data)"
        " SELECT number, now()::timestamp, 'ann', 'acquired', 'asset', 'project:grown', 'k', md5(number::text), '{}'"
        " FROM generate_series(1000, 101000) number"
    )
    async with rows_read(crib.kernel.database) as read:
        async with crib.kernel.database.writes.begin() as connection:
            await connection.execute(text(rows))
            await connection.execute(update(event_counter).values(seq=101_000))
            await connection.execute(text("ANALYZE events"))
        for _ in range(40):  # on a few connections, each of which keeps a plan from its sixth time on
            (await admin.get("/api/locks?project=grown")).raise_for_status()
        await read.settled()
        before = await read.so_far()
        (await admin.get("/api/locks?project=grown")).raise_for_status()
        assert await read.so_far() - before < 20_000  # of 100,000; some are of its own catalogues
