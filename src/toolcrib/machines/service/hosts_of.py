"""Machines as the hosts that the drivers reach, and what is remembered of runs on them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.secrets import Secrets
from toolcrib.machines.hosts.driver import Host, Outcome, Problem
from toolcrib.machines.models import holds, machines
from toolcrib.machines.service import told

# Problems by which nobody was reached at all.
_OFFLINE = (Problem.UNREACHABLE, Problem.TIMED_OUT)


async def read(session: AsyncSession, secrets: Secrets, ids: Collection[int]) -> dict[int, Host]:
    """Return the hosts of these machines, by the machine's id."""
    rows = list(await session.execute(select(machines).where(machines.c.id.in_(ids))))
    return {row.id: await _host(session, secrets, row) for row in rows}


async def _host(session: AsyncSession, secrets: Secrets, row: Row[Any]) -> Host:
    jump = None
    if row.jump:
        through = (await session.execute(select(machines).where(machines.c.name == row.jump))).one()
        jump = await _host(session, secrets, through)
    password = private_key = unusable = None
    try:
        password = secrets.open(row.password) if row.password else None
        private_key = secrets.open(row.private_key) if row.private_key else None
    except ValueError:
        unusable = (
            f"What the pool signs in by on {row.name} was encrypted with another secret of the server: set that in "
            "JWT_SECRET_PREVIOUS, or give the machine its password or key again."
        )
    return Host(
        name=row.name,
        address=row.host,
        port=row.port,
        user=row.user,
        password=password,
        private_key=private_key,
        sudo=row.sudo,
        host_key=row.host_key,
        jump=jump,
        unusable=unusable,
    )


async def record_run(
    session: AsyncSession,
    machine_id: int,
    host: Host,
    what: str,
    outcome: Outcome,
    now: datetime,
    *,
    hold_id: int | None = None,
) -> None:
    """Remember what a run said, for its hold too if there is one. The first host key that a machine shows is pinned;
    another one is only offered."""
    said: dict[str, Any] = {
        "last_run": what,
        "last_problem": str(outcome.problem) if outcome.problem else None,
        "last_output": outcome.output,
        "last_run_at": now,
    }
    if hold_id is not None:
        await session.execute(update(holds).where(holds.c.id == hold_id).values(**said))
    values = {**said, "is_online": outcome.problem not in _OFFLINE}
    if outcome.host_key and host.host_key is None:
        values["host_key"] = outcome.host_key
    elif outcome.host_key and outcome.problem == Problem.HOST_KEY_CHANGED:
        values["offered_host_key"] = outcome.host_key
    await session.execute(update(machines).where(machines.c.id == machine_id).values(**values))


async def quarantine(
    session: AsyncSession, machine_id: int, code: str, reason: str, now: datetime, *, actor: str | None = None
) -> None:
    """Take a machine out of the pool until it is well, or an administrator says so. The first reason is kept."""
    this = machines.c.id == machine_id
    row = (
        await session.execute(select(machines.c.name, machines.c.scope, machines.c.quarantine).where(this))
    ).first()
    if row is None or row.quarantine is not None:
        return
    await session.execute(
        update(machines).where(this).values(quarantine=str(code), reason=reason or str(code))
    )
    await told.of_machine(
        session, "machine_quarantined", row.name, row.scope, actor=actor, now=now, reason=reason or str(code)
    )
