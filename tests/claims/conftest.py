"""Both doors to the claim engine, on every database, behind one small interface."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Literal

import pytest
from sqlalchemy import select

from tests.claims.room_keys import hook, tables
from tests.claims.rooms import Rooms
from tests.clock import FakeClock
from toolcrib.kernel import logs
from toolcrib.kernel.claims import queries, service
from toolcrib.kernel.claims.commands import (
    Acquire,
    Command,
    Confirm,
    EndWaiting,
    Expire,
    ForceRelease,
    KeepWaiting,
    Release,
    Renew,
    StopWaiting,
    Transfer,
    Wait,
)
from toolcrib.kernel.claims.models import Claim, Holder, Ref
from toolcrib.kernel.claims.writer import ClaimWriter
from toolcrib.kernel.database import Database
from toolcrib.kernel.events.log import read_after
from toolcrib.kernel.events.writer import Event, event_counter
from toolcrib.settings import Settings

Door = Literal["unit_of_work", "group_commit"]


class Claims:
    """What the tests say: names instead of refs, minutes instead of moments."""

    def __init__(self, database: Database, clock: FakeClock, door: Door) -> None:
        self.database = database
        self.clock = clock
        self.door = door
        self.writer = ClaimWriter(database, clock)

    async def run(self, *commands: Command) -> list[Claim | None]:
        if self.door == "group_commit":
            return await self.writer.submit(commands)
        async with self.database.write() as session:
            return await service.run_group(session, commands, now=self.clock())

    async def one(self, command: Command) -> Claim:
        (claim,) = await self.run(command)
        assert claim is not None
        return claim

    def ref(self, key: str) -> Ref:
        return Ref("thing", "", key)

    def acquisition(
        self, key: str, holder: str, minutes: float | None = None, *, heartbeat: bool = False
    ) -> Acquire:
        ends = self.clock() + timedelta(minutes=minutes) if minutes is not None else None
        return Acquire(self.ref(key), person(holder), expires_at=ends, heartbeat=heartbeat)

    async def acquire(
        self, key: str, holder: str, minutes: float | None = None, *, heartbeat: bool = False
    ) -> Claim:
        return await self.one(self.acquisition(key, holder, minutes, heartbeat=heartbeat))

    async def renew(self, key: str, holder: str, minutes: float | None, fence: int | None = None) -> Claim:
        ends = self.clock() + timedelta(minutes=minutes) if minutes is not None else None
        return await self.one(Renew(self.ref(key), person(holder), ends, fence))

    async def release(self, key: str, holder: str, fence: int | None = None) -> Claim:
        return await self.one(Release(self.ref(key), person(holder), fence))

    async def force_release(self, key: str, actor: str, reason: str, fence: int | None = None) -> Claim:
        return await self.one(ForceRelease(self.ref(key), actor, reason, fence))

    async def transfer(self, key: str, holder: str | None, to: str, actor: str = "root") -> Claim:
        by = person(holder) if holder else None
        return await self.one(Transfer(self.ref(key), holder or actor, person(to), by))

    async def expire(self, key: str, fence: int) -> Claim | None:
        (claim,) = await self.run(Expire(self.ref(key), fence))
        return claim

    async def wait(self, key: str, holder: str, *, take: bool = True, minutes: float | None = None) -> None:
        until = self.clock() + timedelta(minutes=minutes) if minutes is not None else None
        await self.run(
            Wait(self.ref(key), place(key, holder, "person"), person(holder), take=take, until=until)
        )

    async def wait_as_program(
        self,
        key: str,
        holder: str,
        program: str = "",
        *,
        lease: int = 60,
        confirm: int = 30,
        ttl: int | None = None,
        ends_at: datetime | None = None,
    ) -> None:
        """Wait with a lease of so many seconds, and as many to confirm; as one of the holder's programs."""
        ends = self.clock() + timedelta(seconds=lease)
        command = Wait(
            self.ref(key),
            place(key, holder, program),
            person(holder),
            until=self.clock() + timedelta(days=7),
            ttl_seconds=ttl,
            ends_at=ends_at,
            lease_ends_at=ends,
            confirm_seconds=confirm,
        )
        await self.run(command)

    async def keep_waiting(self, key: str, holder: str, program: str = "", lease: int = 60) -> None:
        ends = self.clock() + timedelta(seconds=lease)
        await self.run(KeepWaiting(self.ref(key), person(holder), place(key, holder, program), ends))

    async def confirm(self, key: str, holder: str, fence: int) -> Claim:
        return await self.one(Confirm(self.ref(key), person(holder), fence))

    async def end_waiting(self, key: str, holder: str, program: str = "") -> None:
        await self.run(EndWaiting(self.ref(key), place(key, holder, program)))

    async def stop_waiting(self, key: str, holder: str) -> None:
        await self.run(StopWaiting(self.ref(key), person(holder)))

    async def live(self, key: str) -> Claim | None:
        async with self.database.read() as session:
            return await queries.get(session, self.ref(key), now=self.clock())

    async def queue(self, key: str) -> list[str]:
        async with self.database.read() as session:
            return [waiter.holder for waiter in await queries.queue(session, self.ref(key), now=self.clock())]

    async def places(self, key: str) -> list[str]:
        """As `queue`, by the names of places."""
        async with self.database.read() as session:
            return [waiter.id for waiter in await queries.queue(session, self.ref(key), now=self.clock())]

    async def events(self) -> list[Event]:
        async with self.database.read() as session:
            return await read_after(session, 0, 10_000)

    async def told(self) -> list[tuple[str, str | None, str]]:
        """The log as (verb, actor, key)."""
        return [(event.verb, event.actor, event.key) for event in await self.events()]

    async def counter(self) -> int:
        async with self.database.read() as session:
            seq: int = (await session.execute(select(event_counter.c.seq))).scalar_one()
            return seq


def place(key: str, holder: str, program: str = "") -> str:
    return f"{key}/{holder}/{program}"


def person(name: str) -> Holder:
    return Holder(name, f"uuid-of-{name}")


@pytest.fixture
async def engine(new_database_url: str) -> AsyncIterator[Database]:
    database = Database(Settings(database_url=new_database_url).database)
    yield database
    await database.close()


@pytest.fixture(params=["unit_of_work", "group_commit"])
def claims(request: pytest.FixtureRequest, engine: Database, clock: FakeClock) -> Claims:
    return Claims(engine, clock, request.param)


@pytest.fixture
async def rooms(claims: Claims) -> Rooms:
    """The hook of `room_keys` is told of the claims, as if they were its kind's."""
    logs.configure(Settings())  # as a server does: the library's own way to print a traceback takes seconds
    async with claims.database.writes.begin() as connection:
        await connection.run_sync(tables.create_all)
    claims.database.claim_hooks = {"thing": hook}
    return Rooms(claims)
