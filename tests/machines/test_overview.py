"""The overview of the pool in pages and parts, and the order of the queue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import insert

from toolcrib.machines.models import State, reservations
from toolcrib.machines.wanted import Wanted

if TYPE_CHECKING:
    from tests.machines.pool import PoolCrib
    from tests.servers.crib import Person
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
LONG = 2_000


def page(person: Person, **query: Any) -> tuple[list[str], str | None]:
    answer = person.client.get("/api/pool/machines", params=query)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return [each["name"] for each in found["machines"]], found["next"]


def test_machines_come_in_pages_and_parts(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines(5)
    tag = names[0].rpartition("-")[0]
    assert page(ann, tags=tag) == (names, None)
    assert page(ann, tags=tag, limit=2) == (names[:2], names[1])
    assert page(ann, tags=tag, limit=2, after=names[1]) == (names[2:4], names[3])
    assert page(ann, tags=tag, limit=2, after=names[3]) == (names[4:], None)
    assert page(ann, tags=tag, limit=5) == (names, None)
    pool.have(ann, names)
    (held,), _ = page(ann, tags=tag, state="held")
    assert len(page(ann, tags=tag, state="free")[0]) == 4
    assert page(ann, tags=tag, q=held.upper()) == ([held], None)
    assert page(ann, tags=tag, q=ann.username) == ([held], None)
    assert page(ann, tags=tag, q="nothing like it") == ([], None)
    both = ann.client.get("/api/pool/machines", params=[("tags", tag), ("state", "held"), ("state", "free")])
    assert len(both.json()["machines"]) == 5
    for query in ({"limit": 0}, {"limit": 10**6}, {"state": "odd"}, {"q": "x" * 300}):
        assert ann.client.get("/api/pool/machines", params=query).status_code in (400, 422), query


def test_priorities_order_the_queue(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines()
    held = pool.have(ann, names)
    people = [pool.person() for _ in range(4)]
    made = [pool.ask(person, names, wait=True).json()["id"] for person in people]
    admin = pool.admin.client

    def order() -> list[str]:
        queue = admin.get("/api/pool/queue").json()["queue"]
        return [each["id"] for each in queue if each["id"] in made]

    def give(id_: str, priority: int) -> None:
        body = {"priority": priority, "reason": "A deadline."}
        answer = admin.post(f"/api/pool/queue/{id_}/priority", json=body)
        assert answer.status_code == 200, answer.text

    give(made[3], 5)
    give(made[2], 5)
    give(made[0], -1)
    assert order() == [made[2], made[3], made[1], made[0]]
    shown = people[3].client.get(f"/api/reservations/{made[3]}").json()
    assert shown["queue"]["priority"] == 5
    place = admin.get(f"/api/reservations/{made[3]}").json()["queue"]["place"]
    body = {"place": place, "reason": "First things first."}
    admin.post(f"/api/pool/queue/{made[0]}/move", json=body).raise_for_status()
    assert order() == [made[2], made[0], made[3], made[1]]
    query = {"kind": "machine", "verb": "queue_moved"}
    told = people[3].client.get("/api/events", params=query).json()["events"]
    assert [event["data"]["reason"] for event in told] == ["A deadline."]
    body = {"priority": 1, "reason": "x"}
    url = f"/api/pool/queue/{made[1]}/priority"
    assert people[1].client.post(url, json=body).status_code == 403
    assert pool.crib.client().post(url, json=body).status_code == 401
    for bad in ({"priority": 101, "reason": "x"}, {"priority": 1}, {"priority": 1, "reason": " "}):
        assert admin.post(url, json=bad).status_code == 400
    ann.client.delete(f"/api/reservations/{held['id']}")
    pool.settle()
    assert people[2].client.get(f"/api/reservations/{made[2]}").json()["state"] == "ready"


async def test_a_long_queue_comes_in_pages(app_server: Start, silent_port: int) -> None:
    crib = await app_server()
    admin, ann = await crib.admin(), await crib.user("ann")
    uuid = (await ann.get("/api/currentuser")).json()["uuid"]
    machine = {"name": "m1", "host": "127.0.0.1", "port": silent_port, "user": "root", "password": "x"}
    (await admin.post("/api/machines", json=machine)).raise_for_status()
    (await ann.post("/api/reservations", json={"names": ["m1"], "certificate": True})).raise_for_status()
    ids = [str(uuid4()) for _ in range(LONG)]
    rows = [
        {
            "id": id_,
            "place": place,
            "holder": "ann",
            "holder_uuid": uuid,
            "login": "ann",
            "state": State.WAITING,
            "wanted": Wanted().as_json(),
            "access": {},
            "seconds": 60,
            "created_at": crib.clock(),
        }
        for place, id_ in enumerate(ids, start=1)
    ]
    async with crib.kernel.database.write() as session:
        await session.execute(insert(reservations), rows)
    first = (await admin.get("/api/pool/queue")).json()
    assert (first["total"], [each["id"] for each in first["queue"]]) == (LONG, ids[:500])
    last = (await admin.get("/api/pool/queue", params={"offset": LONG - 2, "limit": 5})).json()
    assert [each["queue"]["place"] for each in last["queue"]] == [LONG - 1, LONG]
    held = 3_600
    assert _seconds(first["queue"][0], crib.clock()) == pytest.approx(held, abs=1)
    assert _seconds(last["queue"][-1], crib.clock()) == pytest.approx(held + 60 * (LONG - 1), abs=1)
    for query in ({"offset": -1}, {"limit": 0}, {"limit": 501}):
        assert (await admin.get("/api/pool/queue", params=query)).status_code == 400, query


def _seconds(shown: dict[str, Any], now: datetime) -> float:
    return (datetime.fromisoformat(shown["queue"]["estimate"]) - now).total_seconds()
