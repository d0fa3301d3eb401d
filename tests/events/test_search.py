"""Searching the log finds the same as looking at each event, however the log and its clock behave."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, update

from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.events.writer import event_counter, events

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
pytestmark = pytest.mark.every_database

MANY = 9_500
LONG = "long/" * 50  # beyond what an index has of a key
KEYS = ["a/1", "a/2", "a~/%_", "A/1", "ä/ö", "a", "b/\U0010ffff", "b/\U0010ffffc", LONG + "1", LONG + "2"]
RARE = {"actor": "rare", "verb": "odd", "kind": "few", "key": "b/\U0010ffffc"}


def rows(seed: int, first: int, begin: datetime) -> Iterator[dict[str, Any]]:
    """A log whose clock is set back by a day now and then."""
    chance = random.Random(seed)
    at = begin
    for seq in range(first, first + MANY):
        at += timedelta(seconds=chance.choice([0, 1, 60]))
        if seq % 2_900 == 0:
            at -= timedelta(days=1)
        rare = chance.random() < 0.002
        kind = RARE["kind"] if rare else chance.choice(["asset", "document"])
        key = RARE["key"] if rare else chance.choice(KEYS) if chance.random() < 0.05 else f"z/{seq % 4_000}"
        scope = chance.choice(["project:open", "project:open", "admin:"])
        yield {
            "seq": seq,
            "at": at,
            "actor": RARE["actor"] if rare else chance.choice(["ann", "ben", None]),
            "verb": RARE["verb"] if rare else chance.choice(["acquired", "released"]),
            "kind": kind,
            "scope": scope,
            "key": key,
            "digest": Ref(kind, scope, key).digest,
            "data": {},
        }


def picked(log: list[dict[str, Any]], wanted: dict[str, Any], *, admin: bool) -> list[int]:
    """The numbers of the events that match."""
    names: dict[str, set[Any]] = {
        name: set(wanted[name].split(",")) for name in ("kind", "verb") if name in wanted
    }
    names |= {name: {wanted[name]} for name in ("actor", "key", "scope") if name in wanted}
    prefix, since, until = wanted.get("prefix", ""), *(_moment(wanted, name) for name in ("since", "until"))
    after, before = wanted.get("after", 0), wanted.get("before", 10**9)
    return [
        event["seq"]
        for event in log
        if all(event[name] in values for name, values in names.items())
        and (admin or event["scope"] != "admin:")
        and event["key"].startswith(prefix)
        and (since is None or event["at"] >= since)
        and (until is None or event["at"] < until)
        and after < event["seq"] < before
    ]


def _moment(wanted: dict[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(wanted[name]) if name in wanted else None


async def test_a_search_finds_what_matches_and_nothing_else(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    clients = {True: await crib.admin(), False: await crib.user("ann")}
    first = (await clients[True].get("/api/events?limit=1")).json()["last_seq"] + 1
    log = list(rows(7, first, crib.clock() - timedelta(days=9)))
    async with crib.kernel.database.writes.begin() as connection:  # as a log that has grown
        await connection.execute(insert(events), log)
        await connection.execute(update(event_counter).values(seq=log[-1]["seq"]))
    chance = random.Random(8)
    moments = [log[chance.randrange(MANY)]["at"].isoformat() for _ in range(8)]
    choices: dict[str, list[Any]] = {
        "kind": ["asset", "few", "asset,few", "none"],
        "verb": ["released", "odd", "acquired,odd"],
        "actor": ["ann", "rare", "nobody"],
        "key": [*KEYS, "z/7"],
        "prefix": ["a", "a/", "a~/%", "z/", "z/39", "b/\U0010ffff", LONG, LONG + "2", "none"],
        "scope": ["project:open", "admin:"],
        "since": moments,
        "until": moments,
        "after": [first + 100, first + 9_000],
        "before": [first + 100, first + 9_000],
    }
    asked = [{name: value} for name, values in choices.items() for value in values]
    for _ in range(60):
        names = chance.sample(sorted(choices), chance.choice([2, 2, 3]))
        asked.append({name: chance.choice(choices[name]) for name in names})
    for wanted in asked:
        admin = chance.random() < 0.5
        order, limit = chance.choice(["asc", "desc"]), chance.choice([1, 100])
        query = {**wanted, "order": order, "limit": limit}
        page = (await clients[admin].get("/api/events", params=query)).json()
        expected = picked(log, wanted, admin=admin)
        if order == "desc":
            expected.reverse()
        found = [event["seq"] for event in page["events"] if event["seq"] >= first]
        if order == "desc" or expected[:limit]:
            own = [event for event in page["events"] if event["seq"] < first]  # from the server's start
            assert found == expected[: limit - (len(own) if order == "asc" else 0)], (wanted, order, admin)
