"""Many requests at once are decided in one transaction, each as if it had come alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.requester import Requester
from toolcrib.machines.errors import LimitReached, MachineNotFound, NotEnoughMachines, UnknownTag
from toolcrib.machines.models import CURRENT, holds, reservations
from toolcrib.machines.reservation_views import ReservationRead
from toolcrib.machines.service.deciding import GiveBack, Reserve
from toolcrib.machines.service.reserving import Patience, Terms
from toolcrib.machines.wanted import Wanted

if TYPE_CHECKING:
    from tests.machines.pool import PoolCrib
    from tests.servers.crib import Person


class Batch:
    """Requests that all come while somebody else has the write lock, so that they are decided together."""

    def __init__(self, pool: PoolCrib) -> None:
        self.pool = pool
        self.kernel = pool.crib.app.kernel
        self.asked: list[Reserve | GiveBack] = []

    def reserve(
        self, person: Person, *, wait: bool = False, purpose: str | None = None, **wanted: Any
    ) -> None:
        now = self.kernel.clock()
        me = self.principal(person)
        terms = Terms("bench", {"keys": {}, "certificate": True}, 3_600, purpose)
        patience = Patience(now + timedelta(hours=1)) if wait else None
        by = Requester(me.username, me.uuid)
        self.asked.append(Reserve(me, by, Wanted(**wanted), terms, patience))

    def give_back(self, person: Person, reservation_id: str) -> None:
        me = self.principal(person)
        self.asked.append(GiveBack(me, Requester(me.username, me.uuid), reservation_id, None))

    def principal(self, person: Person) -> Any:
        return self.pool.crib.run(self.kernel.auth.principal_with_uuid(person.uuid))

    def answers(self) -> list[Any]:
        return list(self.pool.crib.run(self._answers()))

    async def _answers(self) -> list[Any]:
        decisions = self.pool.pool.decisions
        async with self.kernel.database.write() as session:
            await take_write_lock(session)
            tasks = [
                asyncio.ensure_future(
                    decisions.reserve(each) if isinstance(each, Reserve) else decisions.give_back(each)
                )
                for each in self.asked
            ]
            await asyncio.sleep(0)  # they ask before the lock is given up
        return await asyncio.gather(*tasks, return_exceptions=True)


def commits(pool: PoolCrib, answers: list[Any]) -> int:
    """How many transactions decided: all reservations of one have the same moment, and the test's clock stands still,
    so they are told apart by the numbers of their events, which follow each other."""
    fences: list[int] = sorted(
        machine.fence for each in answers if not isinstance(each, Exception) for machine in each.machines
    )
    return sum(later != earlier + 1 for earlier, later in pairwise(fences)) + 1


@pytest.mark.every_database
def test_each_of_a_batch_has_its_own_answer(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines(3)
    tag = names[0].rpartition("-")[0]
    batch = Batch(pool)
    batch.reserve(ann, tags=f"{tag} && !nothing-has-this")
    batch.reserve(ann, names=("nowhere",))
    batch.reserve(ben, tags=f"{tag} && !(linux && !nothing-has-this)")
    batch.reserve(ben, tags=tag, count=2, at_least=2)
    batch.reserve(ann, tags=tag)
    first, missing, unknown, pair, late = batch.answers()
    assert isinstance(first, ReservationRead)
    assert isinstance(pair, ReservationRead)
    assert [type(each) for each in (missing, unknown, late)] == [
        MachineNotFound,
        UnknownTag,
        NotEnoughMachines,
    ]
    held = [machine.machine for each in (first, pair) for machine in each.machines]
    assert sorted(held) == names
    assert commits(pool, [first, pair]) == 1
    pool.settle()
    for person, made in ((ann, first), (ben, pair)):
        shown = person.client.get(f"/api/reservations/{made.id}").json()
        assert (shown["holder"], shown["state"], len(shown["machines"])) == (
            person.username,
            "ready",
            len(made.machines),
        )


@pytest.mark.every_database
def test_what_a_batch_cannot_have_it_waits_for_in_its_order(pool: PoolCrib) -> None:
    names = pool.machines(10)
    tag = names[0].rpartition("-")[0]
    people = [pool.person() for _ in range(5)]
    batch = Batch(pool)
    for number in range(50):
        batch.reserve(people[number % 5], tags=tag, wait=True)
    answers = batch.answers()
    granted = [each for each in answers if isinstance(each, ReservationRead)]
    assert Counter(machine.machine for each in granted for machine in each.machines) == Counter(names)
    waiting = [each for each in answers if isinstance(each, str)]
    assert len(waiting) == 40
    assert answers[:10] == granted
    places = pool.admin.client.get("/api/pool/queue").json()["queue"]
    mine = [each["id"] for each in places if each["tags"] == tag]
    assert mine == waiting
    pool.settle()
    for person in people:
        for each in person.client.get("/api/pool/reservations").json()["reservations"]:
            assert person.client.delete(f"/api/reservations/{each['id']}").status_code == 200
    pool.settle()


@pytest.mark.every_database
def test_a_large_request_of_a_batch_is_promised_what_later_ones_would_take(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines(3)
    tag = names[0].rpartition("-")[0]
    pool.have(ann, names)
    batch = Batch(pool)
    batch.reserve(ann, tags=tag, count=3, at_least=3, wait=True)
    batch.reserve(ben, tags=tag)
    large, small = batch.answers()
    assert isinstance(large, str)
    assert isinstance(small, NotEnoughMachines)
    assert small.details["available"] == 0
    assert ann.client.delete(f"/api/reservations/{large}").status_code == 200


def test_limits_hold_within_a_batch(tmp_path: Path) -> None:
    from tests.machines.pool import PoolCrib  # noqa: PLC0415 - loads the whole server
    from tests.servers.crib import Crib  # noqa: PLC0415

    crib = Crib.start(tmp_path / "data", machines_per_person=2)
    try:
        pool = PoolCrib(crib, tmp_path / "hosts")
        ann, ben, names = pool.person(), pool.person(), pool.machines(5)
        batch = Batch(pool)
        for person in (ann, ann, ann, ben, ann):
            batch.reserve(person, tags=names[0].rpartition("-")[0])
        kinds = [type(each) for each in batch.answers()]
        assert kinds == [ReservationRead] * 2 + [LimitReached, ReservationRead, LimitReached]
        pool.settle()
    finally:
        crib.close()


@pytest.mark.every_database
def test_a_value_that_cannot_be_stored_fails_its_own_request_alone(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines(3)
    tag = names[0].rpartition("-")[0]
    batch = Batch(pool)
    batch.reserve(ann, tags=tag)
    batch.reserve(ann, tags=tag, purpose="\ud800")
    batch.reserve(ann, tags=tag)
    first, poison, last = batch.answers()
    assert isinstance(poison, Exception)
    assert {machine.machine for each in (first, last) for machine in each.machines} < set(names)
    assert pool.crib.run(_held(pool, ann.username)) == (2, 2)


async def _held(pool: PoolCrib, holder: str) -> tuple[int, int]:
    async with pool.crib.app.kernel.database.read() as session:
        current = select(func.count()).where(holds.c.holder == holder, holds.c.state.in_(CURRENT))
        made = select(func.count()).where(reservations.c.holder == holder)
        return ((await session.execute(current)).scalar_one(), (await session.execute(made)).scalar_one())


@pytest.mark.every_database
def test_machines_are_given_back_together(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines(3)
    made = [pool.have(ann, names)["id"] for _ in range(3)]
    batch = Batch(pool)
    batch.give_back(ann, made[0])
    batch.give_back(ben, made[1])  # not theirs
    batch.give_back(ann, made[2])
    batch.give_back(ann, made[2])  # over by then
    one, refused, two, again = batch.answers()
    assert (one.state, two.state) == ("ended", "ended")
    assert (refused.status, again.status) == (404, 409)
    pool.settle()
    assert sorted(pool.state(name)["state"] for name in names) == ["free", "free", "held"]
