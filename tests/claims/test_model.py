"""The claim engine against a model a child could check, by random histories (Hypothesis)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, update

from tests.claims.conftest import Claims
from tests.clock import FakeClock
from tests.conftest import is_full
from toolcrib.kernel.claims.models import claim_waiters
from toolcrib.kernel.claims.models import claims as claims_table
from toolcrib.kernel.claims.problems import AlreadyWaiting, ClaimHeld, ClaimNotFound, NotHolder
from toolcrib.kernel.database import Database
from toolcrib.kernel.events.writer import event_counter, events
from toolcrib.settings import Settings

pytestmark = pytest.mark.every_database

KEYS = st.sampled_from(["a", "b", "c"])
PEOPLE = st.sampled_from(["ana", "ben", "cem"])
MINUTES = st.one_of(st.none(), st.integers(1, 10))


@dataclass
class Held:
    holder: str
    until: datetime | None


@dataclass
class Model:
    """Who holds and who waits. Whatever is due ends the moment somebody acts on its key."""

    held: dict[str, Held] = field(default_factory=dict)
    queues: dict[str, list[str]] = field(default_factory=dict)
    lines: int = 0

    def settle(self, key: str, now: datetime) -> Held | None:
        held = self.held.get(key)
        if held is not None and held.until is not None and held.until <= now:
            self.end(key)
        return self.held.get(key)

    def end(self, key: str) -> None:
        del self.held[key]
        self.lines += 1
        queue = self.queues.get(key, [])
        if queue:
            self.held[key] = Held(queue.pop(0), None)
            self.lines += 1


class Machine(RuleBasedStateMachine):
    door: Any = "group_commit"
    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock()
        self.model = Model()
        self.fences: dict[str, int] = {}

    @initialize()
    def begin(self) -> None:
        self.claims = Claims(Database(self.url), self.clock, self.door)

        async def empty() -> None:
            async with self.claims.database.writes.begin() as connection:
                for table in (claims_table, claim_waiters, events):
                    await connection.execute(delete(table))
                await connection.execute(update(event_counter).values(seq=0))

        self.loop.run_until_complete(empty())

    def teardown(self) -> None:
        if hasattr(self, "claims"):
            self.loop.run_until_complete(self.claims.database.close())
        self.loop.close()

    def attempt(self, action: Any, refusal: type[Exception] | None) -> Any:
        if refusal is None:
            return self.loop.run_until_complete(action)
        with pytest.raises(refusal):
            self.loop.run_until_complete(action)
        return None

    def settled(self, key: str) -> Held | None:
        """What is held at `key` once what is due has ended. A refusal undoes that in a unit of work, which rolls
        back, but not in a group commit."""
        if self.door == "group_commit":
            return self.model.settle(key, self.clock())
        held = self.model.held.get(key)
        if held is None or held.until is None or held.until > self.clock():
            return held
        queue = self.model.queues.get(key, [])
        return Held(queue[0], None) if queue else None

    @rule(key=KEYS, who=PEOPLE, minutes=MINUTES)
    def acquire(self, key: str, who: str, minutes: int | None) -> None:
        refusal = ClaimHeld if self.settled(key) else None
        claim = self.attempt(self.claims.acquire(key, who, minutes), refusal)
        if claim:
            self.model.settle(key, self.clock())
            until = self.clock() + timedelta(minutes=minutes) if minutes else None
            self.model.held[key] = Held(who, until)
            self.model.lines += 1
            assert claim.fence > self.fences.get(key, 0)
            self.fences[key] = claim.fence

    @rule(key=KEYS, who=PEOPLE, minutes=MINUTES)
    def renew(self, key: str, who: str, minutes: int | None) -> None:
        held = self.settled(key)
        refusal = ClaimNotFound if held is None else NotHolder if held.holder != who else None
        if self.attempt(self.claims.renew(key, who, minutes), refusal):
            self.model.settle(key, self.clock())
            self.model.held[key].until = self.clock() + timedelta(minutes=minutes) if minutes else None
            self.model.lines += 1

    @rule(key=KEYS, who=PEOPLE)
    def release(self, key: str, who: str) -> None:
        held = self.settled(key)
        refusal = ClaimNotFound if held is None else NotHolder if held.holder != who else None
        if self.attempt(self.claims.release(key, who), refusal):
            self.model.settle(key, self.clock())
            self.model.end(key)

    @rule(key=KEYS, who=PEOPLE, to=PEOPLE)
    def transfer(self, key: str, who: str, to: str) -> None:
        held = self.settled(key)
        refusal = ClaimNotFound if held is None else NotHolder if held.holder != who else None
        if self.attempt(self.claims.transfer(key, who, to), refusal):
            self.model.settle(key, self.clock())
            self.model.held[key].holder = to
            queue = self.model.queues.get(key, [])
            self.model.queues[key] = [name for name in queue if name != to]
            self.model.lines += 1

    @rule(key=KEYS, who=PEOPLE)
    def wait(self, key: str, who: str) -> None:
        held = self.settled(key)
        due = self.model.held.get(key) is not held and held is not None
        queue = self.model.queues.get(key, [])[1 if due else 0 :]
        refusal: type[Exception] | None = None
        if held is None:
            refusal = ClaimNotFound
        elif held.holder == who:
            refusal = ClaimHeld
        elif who in queue:
            refusal = AlreadyWaiting
        self.attempt(self.claims.wait(key, who), refusal)
        if refusal is None:
            self.model.settle(key, self.clock())
            self.model.queues.setdefault(key, []).append(who)
            self.model.lines += 1

    @rule(minutes=st.integers(1, 12))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)

    @invariant()
    def the_database_agrees(self) -> None:
        if not hasattr(self, "claims"):
            return
        for key in ("a", "b", "c"):
            held = self.model.held.get(key)
            if held is not None and held.until is not None and held.until <= self.clock():
                held = None
            live = self.loop.run_until_complete(self.claims.live(key))
            found = (live.holder, live.expires_at) if live else None
            assert found == ((held.holder, held.until) if held else None)
            assert self.loop.run_until_complete(self.claims.queue(key)) == self.model.queues.get(key, [])
        written = self.loop.run_until_complete(self.claims.events())
        assert [event.seq for event in written] == list(range(1, self.model.lines + 1))


@pytest.mark.parametrize("door", ["group_commit", "unit_of_work"])
def test_any_history_agrees_with_the_model(
    pytestconfig: pytest.Config, new_database_url: str, database_kind: str, door: str
) -> None:
    """The rules are the same code on every database, so that most histories are tried where it is quickest."""
    machine = type(
        "Machine", (Machine,), {"url": Settings(database_url=new_database_url).database, "door": door}
    )
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25 if is_full(pytestconfig) else 10 if database_kind == "sqlite" else 5,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
