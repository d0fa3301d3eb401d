"""Reserving as the machine-pool contract has it (section 6): the answer comes once all accounts are there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import Conflict
from toolcrib.kernel.progress import made_progress
from toolcrib.kernel.requester import Requester
from toolcrib.kernel.waits import set_within
from toolcrib.machines.errors import NotEnoughMachines, PoolRefusal, ProvisioningFailed, ReservationOver
from toolcrib.machines.hook import WORK_JOB
from toolcrib.machines.logins import check_login, may_be_login
from toolcrib.machines.models import CURRENT, State, holds, machines, reservations
from toolcrib.machines.pool import Pool
from toolcrib.machines.service import access
from toolcrib.machines.service.confirming import is_learnt
from toolcrib.machines.service.deciding import GiveBack, Reserve, decisions_of
from toolcrib.machines.service.reserving import Terms
from toolcrib.machines.wanted import Wanted

# An account that is not there by then does not come: all tries at all machines together.
LONGEST_WAIT_SECONDS = 170.0
LOOK_SECONDS = 2.0
# A reservation whose client has not been told of it by then ends: this process was killed.
LEARN = timedelta(seconds=LONGEST_WAIT_SECONDS + 30)


class TooFewFree(NotEnoughMachines):
    """As the contract has it."""

    status = 400


class Interrupted(Conflict):
    """The reservation ended before its accounts were there."""

    code = "reservation_over"


@dataclass(frozen=True, slots=True)
class Granted:
    """A reservation whose accounts are all there."""

    login: str
    password: str
    minutes: int
    ends_at: datetime
    machines: list[tuple[str, str, int]]


async def reserve_and_wait(
    pool: Pool,
    me: Principal,
    by: Requester,
    *,
    username: str | None,
    password: str | None,
    count: int,
    minutes: int,
    hung_up: Callable[[], Awaitable[bool]],
    now: datetime,
) -> Granted:
    """Reserve `count` machines, and wait until the accounts are there. No transaction is open meanwhile.

    The password comes back in this answer alone. So when the client has `hung_up` by then, everything is given back.

    Raises:
        PoolRefusal: a value is not allowed (400).
        NotEnoughMachines: fewer are free (400).
        ProvisioningFailed: on a failure everything is given back (500).
        Interrupted: it ended meanwhile, or the client hung up (409).
    """
    kernel = pool.kernel
    settings = kernel.settings
    if not 1 <= count <= settings.machines_max_count:
        raise PoolRefusal(f"count must be between 1 and {settings.machines_max_count}.")
    if not 1 <= minutes <= settings.machines_max_minutes:
        raise PoolRefusal(f"duration must be between 1 and {settings.machines_max_minutes} minutes.")
    login = (username or "").strip() or me.username
    if not username and not may_be_login(login):
        raise PoolRefusal("Your own username cannot be one on a machine: give another one in `username`.")
    check_login(login)
    chosen = password or access.new_password()
    terms = Terms(login, await access.access_of(kernel.secrets, me.uuid, chosen, []), minutes * 60)
    wanted = Wanted(count=count, at_least=count)
    wish = Reserve(me, by, wanted, terms, too_few=TooFewFree, confirm_by=now + LEARN)
    made = await decisions_of(kernel).reserve(wish)
    reservation_id = made if isinstance(made, str) else made.id
    row = await _wait(pool, reservation_id, hung_up)
    if await hung_up():
        await _give_back(pool, me, by, row, "The client hung up.")
        raise Interrupted("The client hung up.")
    if row.state != State.READY:
        await _give_back(pool, me, by, row, "The accounts took too long.")
        if row.state == State.ENDED:
            raise Interrupted(row.reason or "The reservation has ended.")
        raise ProvisioningFailed(row.reason or "It took too long.")
    async with kernel.database.write() as session:
        if not await is_learnt(session, reservation_id):
            raise Interrupted("The reservation has ended.")
        query = (
            select(machines.c.name, machines.c.host, machines.c.port)
            .join(holds, holds.c.machine_id == machines.c.id)
            .where(holds.c.reservation_id == reservation_id, holds.c.state.in_(CURRENT))
            .order_by(holds.c.id)
        )
        found = [(each.name, each.host, each.port) for each in await session.execute(query)]
    return Granted(login, chosen, minutes, row.ends_at, found)


async def _wait(pool: Pool, reservation_id: str, hung_up: Callable[[], Awaitable[bool]]) -> Row[Any]:
    """Return the reservation as soon as it is no longer being prepared, or as it is when the time is over or the client
    has hung up."""
    query = select(reservations).where(reservations.c.id == reservation_id)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LONGEST_WAIT_SECONDS
    with pool.changes(reservation_id) as changed:
        pool.kernel.jobs.nudge(WORK_JOB)
        while True:
            changed.clear()
            async with pool.kernel.database.read() as session:
                row = (await session.execute(query)).one()
            left = deadline - loop.time()
            if row.state != State.PREPARING or left <= 0 or await hung_up():
                return row
            await set_within(changed, min(left, LOOK_SECONDS))
            made_progress()


async def _give_back(pool: Pool, me: Principal, by: Requester, row: Row[Any], reason: str) -> None:
    with suppress(ReservationOver):
        await decisions_of(pool.kernel).give_back(GiveBack(me, by, row.id, reason))
