"""The queue over sets of machines against a model: thousands of random requests, each looked at as it is served."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from toolcrib.machines.service.fairness import Want, estimates, forecast, plan

START = datetime(2026, 1, 1, tzinfo=UTC)
MACHINES = 12
# Half of the machines have a tag, a third another; requests want any, or one of these.
POOLS = (list(range(MACHINES)), list(range(MACHINES // 2)), list(range(0, MACHINES, 3)))


@dataclass
class Model:
    """What a pool does, one event after the other: requests come, are served in order, and give back what they had."""

    chance: random.Random
    early: bool
    now: datetime = START
    free: set[int] = field(default_factory=lambda: set(range(MACHINES)))
    ends: dict[int, datetime] = field(default_factory=dict)
    held: dict[int, str] = field(default_factory=dict)
    queue: list[Want] = field(default_factory=list)
    came: dict[str, int] = field(default_factory=dict)
    served: dict[str, datetime] = field(default_factory=dict)
    wants: dict[str, Want] = field(default_factory=dict)
    told: dict[str, datetime] = field(default_factory=dict)
    back: list[tuple[datetime, int, tuple[int, ...]]] = field(default_factory=list)

    def come(self, number: int) -> None:
        usable = self.chance.choice(POOLS)
        count = self.chance.randint(1, len(usable)) if self.chance.random() < 0.2 else 1
        at_least = self.chance.randint(1, count)
        want = Want(f"r{number}", count, at_least, usable, self.chance.randint(600, 7200))
        self.wants[want.id], self.came[want.id] = want, number
        self.queue.append(want)
        self.told[want.id] = estimates(self.queue, self.free, self.ends, self.now)[want.id]
        self.serve()

    def serve(self) -> None:
        before = list(self.queue)
        planned = plan(before, self.free)
        for id_, chosen in planned.granted.items():
            want = self.wants[id_]
            assert want.at_least <= len(chosen) <= want.count
            assert set(chosen) <= self.free & set(want.usable), (
                "only free machines, and only those that would do"
            )
            # Nobody who came before and still waits could have used any of them.
            for other in before[: before.index(want)]:
                assert other.id in planned.granted or not set(chosen) & set(other.usable), "overtaken"
            self.free -= set(chosen)
            for machine in chosen:
                assert machine not in self.held, "held twice"
                self.held[machine] = id_
                self.ends[machine] = self.now + timedelta(seconds=want.seconds)
            stays = want.seconds * (self.chance.uniform(0.2, 1) if self.early else 1)
            heapq.heappush(
                self.back, (self.now + timedelta(seconds=stays), self.came[id_], tuple(sorted(chosen)))
            )
            self.served[id_] = self.now
        self.queue = [want for want in before if want.id not in planned.granted]

    def give_back_until(self, moment: datetime) -> None:
        while self.back and self.back[0][0] <= moment:
            self.now, _, machines = heapq.heappop(self.back)
            for machine in machines:
                del self.held[machine], self.ends[machine]
            self.free |= set(machines)
            self.serve()
        self.now = max(self.now, moment)


def run(requests: int, seed: int, *, early: bool) -> Model:
    model = Model(random.Random(seed), early)
    at = START
    for number in range(requests):
        at += timedelta(seconds=model.chance.expovariate(1 / 1500))
        model.give_back_until(at)
        model.come(number)
    model.give_back_until(datetime.max.replace(tzinfo=UTC))
    return model


@pytest.mark.parametrize(("requests", "early"), [(2_000, False), (10_000, True)])
def test_everybody_is_served_in_order_and_no_machine_is_held_twice(requests: int, early: bool) -> None:
    model = run(requests, 1, early=early)
    assert not model.queue, "somebody starves"
    assert len(model.served) == requests
    late = [(model.served[id_] - model.told[id_]).total_seconds() for id_ in model.served]
    others = sum(1 for seconds in late if seconds)
    print(
        f"{others} of {requests} were served at another moment than told; "
        f"the latest {max(late):.0f} s later, the mean {sum(late) / len(late):.0f} s"
    )
    assert early or not others, "who comes later, or gives nothing back early, changes nothing"


def test_what_the_pool_could_never_give_holds_nobody_up() -> None:
    impossible = Want("impossible", 5, 5, [1, 2], 60)
    small = Want("small", 1, 1, [1, 2], 60)
    planned = plan([impossible, small], {1, 2})
    assert (dict(planned.granted), set(planned.promised)) == ({"small": [1]}, set())


def test_nothing_is_foreseen_twice_or_into_a_booking() -> None:
    chance = random.Random(7)

    def times(count: int) -> list[tuple[datetime, datetime]]:
        found: list[tuple[datetime, datetime]] = []
        for _ in range(count):
            start = START + timedelta(minutes=chance.randint(0, 600))
            end = start + timedelta(minutes=chance.randint(1, 90))
            if all(end <= begins or start >= ends for begins, ends in found):
                found.append((start, end))
        return sorted(found)

    for _ in range(200):
        booked = {machine: times(3) for machine in range(MACHINES)}
        held = {each: START + timedelta(minutes=chance.randint(1, 60)) for each in range(0, MACHINES, 2)}
        queue = [
            Want(f"r{number}", count, chance.randint(1, count), usable, chance.randint(600, 7200))
            for number in range(15)
            for usable in [chance.choice(POOLS)]
            for count in [chance.randint(1, len(usable) // 2)]
        ]
        turns = forecast(queue, set(range(MACHINES)) - set(held), held, START, booked)
        assert len(turns) == len(queue), "everybody is served in the end"
        taken = {machine: [*times, (START, held.get(machine, START))] for machine, times in booked.items()}
        for turn in turns.values():
            for machine in turn.machines:
                for start, end in taken[machine]:
                    assert turn.ends_at <= start or turn.at >= end
                taken[machine].append((turn.at, turn.ends_at))
