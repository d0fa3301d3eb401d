"""What becomes of a reservation whose row says nothing that can be read: it stops nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

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


def damage(pool: PoolCrib, reservation_id: str, wanted: str) -> None:
    """Straight into the database, as no client can."""

    async def write() -> None:
        async with pool.crib.app.kernel.database.write() as session:
            statement = text(f"UPDATE {reservations.name} SET wanted = :wanted WHERE id = :id")
            await session.execute(statement, {"wanted": wanted, "id": reservation_id})

    pool.crib.run(write())


@pytest.mark.every_database
@pytest.mark.parametrize("wanted", ['{"count": 1', "{}", '{"names": 5}', "[]"])
def test_a_damaged_reservation_holds_up_nobody(pool: PoolCrib, wanted: str) -> None:
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
