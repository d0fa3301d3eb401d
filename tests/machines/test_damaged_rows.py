"""What becomes of a reservation whose row says nothing that can be read: it stops nobody else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.machines.test_bookings import at, refusal
from toolcrib.machines.models import reservations

if TYPE_CHECKING:
    from tests.machines.pool import PoolCrib

READ = (
    "/api/available",
    "/api/pool/machines",
    "/api/pool/queue",
    "/api/pool/preview",
    "/api/pool/calendar",
    "/api/pool/reservations",
)


def damage(
    pool: PoolCrib,
    which: str,
    value: str,
    column: str = "wanted",
    *,
    table: str = reservations.name,
    key: str = "id",
) -> None:
    """Straight into the database, as no client can."""

    async def write() -> None:
        async with pool.crib.app.kernel.database.write() as session:
            statement = text(f"UPDATE {table} SET {column} = :value WHERE {key} = :which")
            await session.execute(statement, {"value": value, "which": which})

    pool.crib.run(write())


def damaged(**values: Any) -> str:
    """What a reservation wants, as it is stored, with other values in it."""
    return json.dumps({"count": 1, "at_least": 1, "names": [], "tags": None, "scope": None, **values})


@pytest.mark.every_database
@pytest.mark.parametrize("wanted", ['{"count": 1', damaged(count="x")])
def test_a_damaged_reservation_holds_up_nobody(pool: PoolCrib, wanted: str) -> None:
    check_that_it_holds_up_nobody(pool, wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        "{}",
        '{"names": 5}',
        "[]",
        '{"names": [], "count": "x"}',
        damaged(count=1.5),
        damaged(count=True),
        damaged(count=-1),
        damaged(count=2**63),
        damaged(at_least=None),
        damaged(at_least=0),
        damaged(at_least=2),
        damaged(names=[1]),
        damaged(names="abc"),
        damaged(tags="(("),
        damaged(tags=""),
        damaged(tags=["gpu"]),
        damaged(scope=5),
        damaged(more=1),
    ],
)
def test_whatever_cannot_be_wanted_is_damaged(pool: PoolCrib, wanted: str) -> None:
    check_that_it_holds_up_nobody(pool, wanted)


def check_that_it_holds_up_nobody(pool: PoolCrib, wanted: str) -> None:
    ann, bob, carol, names = pool.person(), pool.person(), pool.person(), pool.machines(2)
    held = pool.have(ann, names[:1])
    pool.have(carol, names[1:])
    waits = pool.ask(bob, names, wait=True).json()["id"]
    next_one = pool.ask(carol, names, wait=True).json()["id"]
    damage(pool, held["id"], wanted)
    damage(pool, waits, wanted)

    for address in READ:
        answer = ann.client.get(address)
        assert answer.status_code == 200, (address, answer.text)

    def read(person: Any, reservation_id: str) -> dict[str, Any]:
        answer = person.client.get(f"/api/reservations/{reservation_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    assert read(ann, held["id"])["damaged"]
    assert (read(bob, waits)["damaged"], read(carol, next_one)["damaged"]) == (True, False)
    # What it holds is given back as ever, and goes to whoever is behind the damaged one.
    assert ann.client.delete(f"/api/reservations/{held['id']}").status_code == 200
    pool.settle()
    assert [each["machine"] for each in read(carol, next_one)["machines"]] == [held["machines"][0]["machine"]]
    assert read(bob, waits)["state"] == "waiting"
    assert bob.client.delete(f"/api/reservations/{waits}").status_code == 200


@pytest.mark.parametrize("access", ["[]", '{"keys": 5}', '{"keys": {"a": 5}}', '{"keys": {"a": [1]}}'])
def test_damaged_keys_hold_up_nobody(pool: PoolCrib, access: str) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    held = pool.have(ann, names)
    damage(pool, held["id"], access, "access")
    for person in (ann, ben, pool.admin):
        for address in READ:
            answer = person.client.get(address)
            assert answer.status_code == 200, (address, answer.text)
    assert ann.client.get(f"/api/reservations/{held['id']}").json()["shared_with"] == []
    assert ben.client.get(f"/api/reservations/{held['id']}").status_code in (403, 404)
    assert ann.client.delete(f"/api/reservations/{held['id']}").status_code == 200
    pool.settle()
    assert pool.have(ben, names)["machines"]


@pytest.mark.parametrize("column", ["tags", "facts"])
@pytest.mark.parametrize(
    "value", ["[]", '{"tags": 5, "os_id": [1], "cores": {}}', '{"tags": [5, {}], "gpus": 1}']
)
def test_a_damaged_machine_holds_up_nobody(pool: PoolCrib, column: str, value: str) -> None:
    ann, names, (bad,) = pool.person(), pool.machines(), pool.machines()
    damage(pool, bad, value, column, table="machines", key="name")
    for address in (*READ, f"/api/pool/machines/{bad}"):
        assert ann.client.get(address).status_code == 200, address
    for address in ("/api/pool/inventory?format=yaml", "/api/pool/inventory?format=csv"):
        assert pool.admin.client.get(address).status_code == 200, address
    assert pool.have(ann, names)["machines"]
    changed = pool.admin.client.patch(f"/api/pool/machines/{bad}", json={"tags": ["mended"]})
    assert changed.status_code == 200, changed.text
    assert changed.json()["own_tags"] == ["mended"]


@pytest.mark.parametrize("wanted", ["{}", damaged(scope=5)])
def test_a_damaged_booking_is_not_made_one_for_other_machines(pool: PoolCrib, wanted: str) -> None:
    ann, names, others = pool.person(), pool.machines(), pool.machines()
    booked = pool.ask(ann, names, starts_at=at(pool, minutes=60)).raise_for_status().json()
    damage(pool, booked["id"], wanted)
    route = f"/api/reservations/{booked['id']}"
    changes: tuple[dict[str, Any], ...] = (
        {"minutes": 30},
        {"count": 1},
        {"at_least": 1},
        {"tags": ""},
        {"tags": others[0].rpartition("-")[0]},
        {"names": others},
    )
    for change in changes:
        assert refusal(ann.client.patch(route, json=change)) == (409, "reservation_damaged"), change
    now = ann.client.get(route).json()
    assert (now["damaged"], now["minutes"], now["booked_machines"]) == (True, booked["minutes"], names)
    assert ann.client.delete(route).status_code == 200
