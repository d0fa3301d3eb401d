"""A server that is killed while a booking begins, and down while another should: both are held from its next start on,
once and whole."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.servers.crib import Crib
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer
from toolcrib.kernel.database import Database
from toolcrib.kernel.events.writer import event_counter
from toolcrib.machines.models import bookings, holds, machines
from toolcrib.settings import Settings


@pytest.fixture
def silent_ports() -> Iterator[list[int]]:
    """Two hosts that accept connections and say nothing: accounts on them are being made for as long as the test
    lasts."""
    with ExitStack() as open_:
        silent = [open_.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100)) for _ in range(2)]
        yield [listening.getsockname()[1] for listening in silent]


@pytest.fixture
async def rows(database_url: str) -> AsyncIterator[Database]:
    database = Database(Settings(database_url=database_url).database)
    yield database
    await database.close()


def register(crib: Crib, **ports: int) -> None:
    for name, port in ports.items():
        body = {"name": name, "host": "127.0.0.1", "port": port, "user": "root", "password": "secret"}
        crib.admin().client.post("/api/machines", json=body).raise_for_status()


def book(crib: Crib, name: str, starts_at: datetime) -> tuple[Any, str]:
    person = crib.person()
    body = {"names": [name], "password": "a password", "starts_at": starts_at.isoformat(), "login": "ann"}
    made = person.client.post("/api/reservations", json=body).raise_for_status()
    return person, f"/api/reservations/{made.json()['id']}"


async def is_write_lock_held(database: Database) -> bool:
    """Whether somebody has had the write lock for a second."""
    for _ in range(20):
        async with database.writes.connect() as connection:
            query = select(event_counter.c.seq).with_for_update(skip_locked=True)
            if (await connection.execute(query)).first() is not None:
                return False
        await asyncio.sleep(0.05)  # another process is looked at
    return True


@pytest.mark.databases("postgresql", "mariadb")
async def test_a_kill_between_a_booking_s_start_and_its_hold_loses_nothing(
    server: Callable[..., ToolcribServer], database_url: str, rows: Database, silent_ports: list[int]
) -> None:
    settings = {"MACHINES_WORK_SECONDS": "600", "MACHINES_CONFIRM_MINUTES": "0"}
    process = server(DATABASE_URL=database_url, TRUST_TOKEN_ISSUERS="*", **settings)
    crib = Crib(process)
    register(crib, m1=silent_ports[0], m2=silent_ports[1])
    async with rows.writes.begin() as connection:  # or they would be checked
        await connection.execute(update(machines).values(checked_at=datetime.now(UTC)))
    start = datetime.now(UTC) + timedelta(seconds=2)
    booked = [book(crib, "m1", start), book(crib, "m2", start + timedelta(seconds=2))]
    # The server comes as far as taking the booking's rows away, after it has written claim and hold, and no further.
    async with rows.writes.connect() as ours:
        await ours.execute(select(bookings).with_for_update())
        while not await is_write_lock_held(rows):
            pass
        assert datetime.now(UTC) > start
        process.kill()
    process.start()
    for person, url in booked:
        wait_until(lambda p=person, u=url: p.client.get(u).json()["state"] != "booked", "the hold", 30)  # type: ignore[misc]
    async with rows.read() as session:
        assert list(await session.execute(select(bookings))) == []
        held = list(await session.execute(select(holds.c.machine, holds.c.holder).order_by(holds.c.machine)))
    assert held == [(name, person.username) for name, (person, _) in zip(("m1", "m2"), booked, strict=True)]
    query = {"kind": "machine", "verb": "acquired"}
    told = crib.admin().client.get("/api/events", params=query).json()["events"]
    assert sorted(event["key"] for event in told) == ["m1", "m2"]
    crib.close()
