"""Looking whether machines answer, and what they are; and removing accounts of ours that nobody has any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.machines.hook import WORK_JOB
from toolcrib.machines.hosts.driver import Host, Outcome, Problem
from toolcrib.machines.models import OPEN, holds, machines
from toolcrib.machines.pool import Pool
from toolcrib.machines.service import hosts_of, told

# So many machines are looked at in one turn.
AT_ONCE = 100
# A machine that was quarantined for these reasons is well again once it answers.
_PASSING = (Problem.UNREACHABLE, Problem.TIMED_OUT, Problem.FULL)


async def check_due(pool: Pool, now: datetime) -> None:
    """Check the machines that were not looked at for a while, and remove accounts that no hold has."""
    every = timedelta(minutes=pool.kernel.settings.machines_check_minutes)
    is_due = or_(machines.c.checked_at.is_(None), machines.c.checked_at <= now - every)
    query = (
        select(machines.c.id).where(machines.c.enabled, is_due).order_by(machines.c.checked_at).limit(AT_ONCE)
    )
    async with pool.kernel.database.read() as session:
        ids = list(await session.scalars(query))
    if ids:
        await check(pool, ids)


async def check(pool: Pool, ids: Sequence[int]) -> None:
    """Look at these machines now."""
    kernel = pool.kernel
    async with kernel.database.read() as session:
        hosts = await hosts_of.read(session, kernel.secrets, ids)
    seconds = kernel.settings.machines_work_seconds
    outcomes = await pool.driver.check([*hosts.values()], seconds=seconds)
    strays: list[tuple[Host, str, str]] = []
    async with kernel.database.write() as session:
        await take_write_lock(session)
        now = kernel.clock()
        for id_, host in hosts.items():
            outcome = outcomes[host.name]
            await _checked(session, id_, host, outcome, now)
            if outcome.done:
                strays += [(host, login, mark) for login, mark in await _strays(session, id_, outcome)]
        after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
    for host, login, mark in strays:
        await pool.driver.remove([host], login, mark, home=kernel.settings.machines_homes, seconds=seconds)


async def _checked(session: AsyncSession, id_: int, host: Host, outcome: Outcome, now: datetime) -> None:
    await hosts_of.record_run(session, id_, host, "check", outcome, now)
    values: dict[str, Any] = {"checked_at": now}
    if outcome.facts is not None:
        values["facts"] = {**asdict(outcome.facts), "gpus": list(outcome.facts.gpus)}
    this = machines.c.id == id_
    await session.execute(update(machines).where(this).values(**values))
    if outcome.done:
        passed = update(machines).where(this, machines.c.quarantine.in_([str(each) for each in _PASSING]))
        returned = await session.execute(passed.values(quarantine=None, reason=None))
        if returned.rowcount:  # type: ignore[attr-defined]  # of an update
            row = (await session.execute(select(machines.c.name, machines.c.scope).where(this))).one()
            await told.of_machine(session, "machine_returned", row.name, row.scope, actor=None, now=now)
    elif outcome.problem is not None:
        await hosts_of.quarantine(session, id_, outcome.problem, outcome.text, now)


async def _strays(session: AsyncSession, id_: int, outcome: Outcome) -> list[tuple[str, str]]:
    """Return the pool's accounts on a machine that no open hold has."""
    query = select(holds.c.login, holds.c.reservation_id).where(
        holds.c.machine_id == id_, holds.c.state.in_(OPEN)
    )
    known = {(login, mark) for login, mark in await session.execute(query)}
    return [each for each in outcome.accounts.items() if each not in known]
