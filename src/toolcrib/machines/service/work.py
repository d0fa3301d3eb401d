"""Work on hosts: accounts are made and removed, and what came of it is recorded.

A hold is a row with a state. Whoever works on its host has taken the row (`worker`, `busy_until`), so that no two
processes make and remove the same account at the same time; after a crash the lease runs out, and the work, which is
safe to repeat, is done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import Row, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.machines.hook import WORK_JOB
from toolcrib.machines.hosts.certificates import principal_of
from toolcrib.machines.hosts.driver import Account, Host, Outcome, Problem
from toolcrib.machines.models import KIND, OPEN, HoldState, State, holds, machines, reservations
from toolcrib.machines.pool import LEASE, Pool
from toolcrib.machines.service import beginning, confirming, filling, hosts_of, resetting, told
from toolcrib.machines.service.ending import end_claims
from toolcrib.machines.service.pool_keys import public_ca_key
from toolcrib.machines.service.reserving import serve_queue
from toolcrib.machines.wanted import keys_of

log = structlog.get_logger()

# How often this is done anyhow.
EVERY = timedelta(seconds=10)
TAKEN_AT_ONCE = 200
FIRST_DELAY = timedelta(seconds=10)
LONGEST_DELAY = timedelta(hours=1)
# A machine whose clean-up has failed so often is quarantined; the clean-up goes on.
CLEANING_TRIES = 3
CLEANING = "cleaning_failed"
# Problems that a server has with every host while it stands still itself.
TIMEOUT_PROBLEMS = (Problem.TIMED_OUT, Problem.UNREACHABLE)


async def start_due(pool: Pool, now: datetime) -> None:
    """End what nobody confirms, begin bookings, serve the queue, and begin whatever is to be done on hosts now."""
    await pool.kernel.outages.forgive(WORK_JOB, partial(confirming.forgive_outage, pool.kernel))
    await confirming.end_unconfirmed(pool.kernel, now)
    await beginning.begin_due(pool.kernel, now)
    async with pool.kernel.database.write() as session:
        await serve_queue(session, pool.kernel.settings, now=now)
    due = await _take(pool, now)
    key = lambda hold: (hold.reservation_id, hold.state, hold.login)  # noqa: E731 - for sorting and grouping
    for (_, state, _), group in groupby(sorted(due, key=key), key):
        work = _prepare if state == HoldState.PREPARING else _clean
        pool.start(work(pool, list(group)))
    await _come_back(pool, now)


async def _come_back(pool: Pool, now: datetime) -> None:
    """Have the next booking begin, and what is not confirmed end, on time, not at the next turn."""
    starts = select(func.min(reservations.c.starts_at)).where(
        reservations.c.state == State.BOOKED, reservations.c.starts_at > now
    )
    ends = select(func.min(reservations.c.confirm_by)).where(
        reservations.c.state.in_(confirming.GOING_ON), reservations.c.confirm_by > now
    )
    async with pool.kernel.database.read() as session:
        found = [(await session.execute(query)).scalar() for query in (starts, ends)]
    coming = [at for at in found if at is not None and at - now <= EVERY]
    if coming:
        pool.kernel.jobs.nudge_after(WORK_JOB, (min(coming) - now).total_seconds())


async def _take(pool: Pool, now: datetime) -> list[Row[Any]]:
    """Take the holds that are due and on whose host nothing else is to be done before."""
    older = holds.alias()
    is_idle = or_(holds.c.busy_until.is_(None), holds.c.busy_until <= now)
    comes_first = exists().where(
        older.c.machine_id == holds.c.machine_id, older.c.id < holds.c.id, older.c.state.in_(OPEN)
    )
    query = (
        select(holds)
        .where(
            holds.c.state.in_((HoldState.PREPARING, HoldState.CLEANING)),
            holds.c.next_at <= now,
            is_idle,
            ~comes_first,
        )
        .order_by(holds.c.next_at)
        .limit(TAKEN_AT_ONCE)
    )
    async with pool.kernel.database.read() as session:
        if (await session.execute(query.limit(1))).first() is None:
            return []
    async with pool.kernel.database.write() as session:
        await take_write_lock(session)
        due = list(await session.execute(query))
        ids = [hold.id for hold in due]
        taken = update(holds).where(holds.c.id.in_(ids))
        await session.execute(taken.values(worker=pool.worker, busy_until=now + LEASE))
    return due


async def _prepare(pool: Pool, group: Sequence[Row[Any]]) -> None:
    """Make the accounts of one reservation."""
    kernel = pool.kernel
    try:
        async with kernel.database.read() as session:
            mine = select(reservations).where(reservations.c.id == group[0].reservation_id)
            reservation = (await session.execute(mine)).one()
            hosts = await hosts_of.read(session, kernel.secrets, [hold.machine_id for hold in group])
        account = _account(pool, reservation)
        if account.principals:
            ca_key = await public_ca_key(kernel.database, kernel.secrets, kernel.clock())
            hosts = {id_: replace(host, ca_key=ca_key) for id_, host in hosts.items()}
        seconds, before = kernel.settings.machines_work_seconds, kernel.outages.count
        outcomes = await pool.driver.create([*hosts.values()], account, seconds=seconds)
        await kernel.outages.look()
        was_away = kernel.outages.count != before
        async with kernel.database.write() as session:
            await take_write_lock(session)
            now = kernel.clock()
            latest = (await session.execute(mine)).one()
            for hold in group:
                if (host := hosts.get(hold.machine_id)) is not None:
                    outcome = outcomes[host.name]
                    is_current = latest.access == reservation.access
                    caused_by_our_outage = was_away and outcome.problem in TIMEOUT_PROBLEMS
                    await _prepared(
                        session,
                        hold,
                        host,
                        outcome,
                        now,
                        is_current=is_current,
                        caused_by_our_outage=caused_by_our_outage,
                    )
            await filling.settle(session, kernel.settings, reservation.id, now=now)
            after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
    except Exception as error:
        await _put_off(pool, group, error)
        raise


def _account(pool: Pool, reservation: Row[Any]) -> Account:
    access = reservation.access
    sealed = access.get("password")
    keys = tuple(key for of_person in keys_of(access).values() for key in of_person)
    people = {reservation.holder_uuid, *keys_of(access)} if access.get("certificate") else set()
    return Account(
        login=reservation.login,
        mark=reservation.id,
        password_hash=pool.kernel.secrets.open(sealed) if sealed else None,
        public_keys=keys,
        principals=tuple(principal_of(reservation.id, person) for person in sorted(people)),
    )


async def _prepared(
    session: AsyncSession,
    hold: Row[Any],
    host: Host,
    outcome: Outcome,
    now: datetime,
    *,
    is_current: bool,
    caused_by_our_outage: bool,
) -> None:
    """Record what came of making an account. `is_current`: the keys were not changed meanwhile.
    `caused_by_our_outage`: if it failed, that was not the host's fault."""
    await hosts_of.record_run(session, hold.machine_id, host, "create", outcome, now, hold_id=hold.id)
    mine = update(holds).where(holds.c.id == hold.id)
    await session.execute(mine.values(worker=None, busy_until=None))
    state = (await session.execute(select(holds.c.state).where(holds.c.id == hold.id))).scalar_one()
    if state != HoldState.PREPARING:
        return  # it ended meanwhile: what was made is removed next
    scope = await _scope(session, hold.machine_id)
    if outcome.done and not is_current:
        return  # the keys were changed meanwhile: it is made again, with the new ones
    if outcome.done:
        ready = mine.values(state=HoldState.READY, ready_at=now, attempts=0, problem=None)
        await session.execute(ready)
        await told.of_hold(session, "machine_ready", hold, scope, now)
        return
    problem = outcome.problem or Problem.FAILED
    if caused_by_our_outage or hold.ready_at is not None:
        # Its keys or password are to be changed; somebody may be at work with it.
        await _try_later(session, hold, outcome, now)
        return
    await session.execute(mine.values(problem=outcome.text or problem, is_failed=True))
    if problem not in (Problem.LOGIN_EXISTS, Problem.INVALID):
        await hosts_of.quarantine(session, hold.machine_id, problem, outcome.text, now)
    why = f"No account could be made: {outcome.text or problem}"
    await end_claims(session, [(Ref(KIND, scope, hold.machine), hold.fence)], why, now=now)
    if problem in (Problem.LOGIN_EXISTS, Problem.INVALID):  # nothing of ours is there
        await session.execute(mine.values(state=HoldState.GONE, gone_at=now))
    await told.of_hold(session, "machine_failed", hold, scope, now, problem=str(problem))


async def _clean(pool: Pool, group: Sequence[Row[Any]]) -> None:
    """Remove the accounts of holds that are over, and verify that they are gone."""
    kernel = pool.kernel
    settings = kernel.settings
    try:
        ids = [hold.machine_id for hold in group]
        async with kernel.database.read() as session:
            hosts = await hosts_of.read(session, kernel.secrets, ids)
            policies = await resetting.policies(session, ids)
        outcomes = await _remove(pool, group[0], hosts, policies)
        gone = [host for host in hosts.values() if _is_gone(outcomes[host.name])]
        resets: dict[str, Outcome] = {}
        if settings.machines_reset_command and gone:
            resets = await pool.driver.run(
                gone, settings.machines_reset_command, seconds=settings.machines_work_seconds
            )
            gone = [host for host in gone if resets[host.name].done]
        programs = {policies[id_].name: policies[id_].reset for id_, host in hosts.items() if host in gone}
        resets |= await resetting.reset(gone, programs, settings)
        async with kernel.database.write() as session:
            await take_write_lock(session)
            now = kernel.clock()
            for hold in group:
                host = hosts.get(hold.machine_id)
                if host is None:  # the machine was removed from the pool
                    await _cleaned(session, hold, None, now)
                    continue
                removed = outcomes[host.name]
                await hosts_of.record_run(
                    session, hold.machine_id, host, "remove", removed, now, hold_id=hold.id
                )
                if (reset := resets.get(host.name)) is not None:
                    await hosts_of.record_run(session, hold.machine_id, host, "reset", reset, now)
                failed = next((each for each in _failures(removed, reset)), None)
                await _cleaned(session, hold, failed, now)
            after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
    except Exception as error:
        await _put_off(pool, group, error)
        raise


async def _remove(
    pool: Pool, hold: Row[Any], hosts: Mapping[int, Host], policies: Mapping[int, Row[Any]]
) -> dict[str, Outcome]:
    """Remove the accounts of one reservation, at once where homes are handled alike."""
    settings = pool.kernel.settings
    found: dict[str, Outcome] = {}
    for home in ("wipe", "archive"):
        alike = [
            host for id_, host in hosts.items() if (policies[id_].homes or settings.machines_homes) == home
        ]
        if alike:
            seconds = settings.machines_work_seconds
            found |= await pool.driver.remove(
                alike, hold.login, hold.reservation_id, home=home, seconds=seconds
            )
    return found


def _is_gone(outcome: Outcome) -> bool:
    """A login without our mark is none of ours, so ours is gone."""
    return outcome.done or outcome.problem == Problem.LOGIN_EXISTS


def _failures(removed: Outcome, reset: Outcome | None) -> Iterable[Outcome]:
    if not _is_gone(removed):
        yield removed
    elif reset is not None and not reset.done:
        yield reset


async def _cleaned(session: AsyncSession, hold: Row[Any], failed: Outcome | None, now: datetime) -> None:
    mine = update(holds).where(holds.c.id == hold.id)
    await session.execute(mine.values(worker=None, busy_until=None))
    scope = await _scope(session, hold.machine_id)
    if failed is None:
        await session.execute(mine.values(state=HoldState.GONE, gone_at=now))
        lifted = and_(machines.c.id == hold.machine_id, machines.c.quarantine == CLEANING)
        await session.execute(update(machines).where(lifted).values(quarantine=None, reason=None))
        await told.of_hold(session, "machine_cleaned", hold, scope, now)
        return
    problem = await _try_later(session, hold, failed, now)
    if hold.attempts + 1 >= CLEANING_TRIES:
        await hosts_of.quarantine(session, hold.machine_id, CLEANING, problem, now)


async def _try_later(session: AsyncSession, hold: Row[Any], failed: Outcome, now: datetime) -> str:
    """Have the same done again, each time after a longer delay. Returns what went wrong."""
    delay = min(FIRST_DELAY * 2 ** min(hold.attempts, 16), LONGEST_DELAY)
    problem = failed.text or str(failed.problem)
    mine = update(holds).where(holds.c.id == hold.id)
    await session.execute(mine.values(attempts=hold.attempts + 1, next_at=now + delay, problem=problem))
    return problem


async def _put_off(pool: Pool, group: Sequence[Row[Any]], error: Exception) -> None:
    """Our own failure, not the hosts': let the holds be taken again later."""
    log.error("machine_work_failed", error=type(error).__name__, holds=[hold.id for hold in group])
    mine = update(holds).where(holds.c.id.in_([hold.id for hold in group]), holds.c.worker == pool.worker)
    async with pool.kernel.database.short_write() as connection:
        at = pool.kernel.clock() + FIRST_DELAY
        await connection.execute(mine.values(worker=None, busy_until=None, next_at=at))


async def _scope(session: AsyncSession, machine_id: int) -> str:
    found = (await session.execute(select(machines.c.scope).where(machines.c.id == machine_id))).scalar()
    return found or ""
