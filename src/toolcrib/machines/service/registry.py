"""Registering machines and changing what is known of them: for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.machines.errors import (
    JumpsTooFar,
    MachineExists,
    MachineInUse,
    MachineNotFound,
    MachineReserved,
)
from toolcrib.machines.hook import WORK_JOB
from toolcrib.machines.models import CURRENT, OPEN, HoldState, bookings, holds, machines
from toolcrib.machines.service import told
from toolcrib.machines.service.addresses import Address, address_of, check_free, read_addresses
from toolcrib.settings import Settings

# Not while somebody has an account on it: the claim and the clean-up go by them.
_FIXED_IN_USE = frozenset({"scope", "host", "port", "user"})


async def register(
    session: AsyncSession,
    settings: Settings,
    values: dict[str, Any],
    *,
    actor: str,
    now: datetime,
    taken: dict[Address, str] | None = None,
) -> Row[Any]:
    """Add a machine to the pool. Nobody contacts it yet. Who registers many gives, as `taken`, all that
    `read_addresses` returned before the first; each is added to it.

    Raises:
        MachineExists: (409).
        AddressTaken: another machine is the same host, where MACHINES_UNIQUE_HOSTS is on (409).
        MachineNotFound: there is no machine with the name of its jump host (404).
    """
    await take_write_lock(session)
    known = select(machines.c.id).where(machines.c.name == values["name"])
    if (await session.execute(known)).first() is not None:
        raise MachineExists
    await _check_jump(session, values.get("jump"), values["name"])
    address = address_of(values["host"], values["port"], values.get("jump"))
    if taken is None:
        taken = await read_addresses(session, settings, values["host"])
    check_free(address, values["name"], taken)
    taken[address] = values["name"]
    row = {
        "scope": "",
        "sudo": False,
        "enabled": True,
        "maintenance": False,
        "tags": {},
        "facts": {},
        "created_at": now,
        "created_by": actor,
        **values,
    }
    await session.execute(insert(machines).values(**row))
    await told.of_machine(session, "machine_added", row["name"], row["scope"], actor=actor, now=now)
    return await get(session, row["name"])


async def change(
    session: AsyncSession, settings: Settings, name: str, values: dict[str, Any], *, actor: str, now: datetime
) -> Row[Any]:
    """Change what is known of a machine. Its host key is forgotten with its address.

    Raises:
        MachineNotFound: (404).
        MachineInUse: it is held, or the last account on it is not known to be gone; or it is to be for other people,
            and somebody has booked it (409).
        AddressTaken: another machine is the same host, where MACHINES_UNIQUE_HOSTS is on (409).
    """
    await take_write_lock(session)
    machine = await get(session, name)
    changed = {key: value for key, value in values.items() if getattr(machine, key) != value}
    if _FIXED_IN_USE & set(changed) and await _has_hold(session, machine.id, OPEN):
        raise MachineInUse(f"{name} is in use: its {', '.join(sorted(_FIXED_IN_USE & set(changed)))} stays.")
    if "scope" in changed and await _is_booked(session, machine.id):
        raise MachineInUse(f"{name} is booked: its scope stays.")
    await _check_jump(session, changed.get("jump"), name)
    if {"host", "port", "jump"} & set(changed):
        host, port, jump = (changed.get(part, getattr(machine, part)) for part in ("host", "port", "jump"))
        check_free(address_of(host, port, jump), name, await read_addresses(session, settings, host))
    if {"host", "port"} & set(changed):
        changed |= {"host_key": None, "offered_host_key": None, "is_online": None}
    if changed:
        await session.execute(update(machines).where(machines.c.id == machine.id).values(**changed))
        secret = {"password", "private_key"}
        named = sorted(set(values) & set(changed) | (secret & set(changed)))
        scope = changed.get("scope", machine.scope)
        await told.of_machine(session, "machine_changed", name, scope, actor=actor, now=now, changed=named)
    return await get(session, name)


async def remove(session: AsyncSession, name: str, *, actor: str, now: datetime) -> None:
    """Take a machine out of the pool, with all that is known of it. Nothing is changed on the machine.

    Raises:
        MachineNotFound: (404).
        MachineReserved: somebody has it, or its last account may still be there (400). One that is in quarantine can
            be removed with such an account on it: it may never answer again.
        MachineInUse: others are reached through it, or it is booked (409). One that is in quarantine can be removed all
            the same: bookings of it get another one, where one fits.
    """
    await take_write_lock(session)
    machine = await get(session, name)
    if await _has_hold(session, machine.id, CURRENT if machine.quarantine else OPEN):
        raise MachineReserved
    if not machine.quarantine and await _is_booked(session, machine.id):
        raise MachineInUse(f"{name} is booked; cancel the bookings first, or put it in quarantine.")
    if behind := await _behind(session, name):
        raise MachineInUse(f"{', '.join(behind[:5])} is reached through {name}.")
    await session.execute(delete(machines).where(machines.c.id == machine.id))
    left = update(holds).where(holds.c.machine_id == machine.id, holds.c.state == HoldState.CLEANING)
    await session.execute(left.values(state=HoldState.GONE, gone_at=now))
    await told.of_machine(session, "machine_removed", name, machine.scope, actor=actor, now=now)


async def get(session: AsyncSession, name: str, me: Principal | None = None) -> Row[Any]:
    """Return a machine, if `me` may see it.

    Raises:
        MachineNotFound: (404).
    """
    row = (await session.execute(select(machines).where(machines.c.name == name))).first()
    if row is None or (me is not None and not me.may(row.scope)):
        raise MachineNotFound
    return row


async def set_maintenance(
    session: AsyncSession, name: str, reason: str | None, *, on: bool, actor: str, now: datetime
) -> Row[Any]:
    """Begin or end maintenance: nobody new gets the machine, and whoever has it keeps it."""
    await take_write_lock(session)
    machine = await get(session, name)
    kept = {} if machine.quarantine else {"reason": reason if on else None}
    values = {"maintenance": on, **kept}
    await session.execute(update(machines).where(machines.c.id == machine.id).values(**values))
    verb = "machine_maintenance_begun" if on else "machine_maintenance_ended"
    await told.of_machine(
        session, verb, name, machine.scope, actor=actor, now=now, **({"reason": reason} if reason else {})
    )
    return await get(session, name)


async def set_quarantine(
    session: AsyncSession, name: str, reason: str | None, *, on: bool, actor: str, now: datetime
) -> Row[Any]:
    """Take a machine out of the pool for a reason, or give it back to the pool."""
    await take_write_lock(session)
    machine = await get(session, name)
    values = {"quarantine": "by_admin" if on else None, "reason": reason if on else None}
    await session.execute(update(machines).where(machines.c.id == machine.id).values(**values))
    verb = "machine_quarantined" if on else "machine_returned"
    await told.of_machine(
        session, verb, name, machine.scope, actor=actor, now=now, **({"reason": reason} if reason else {})
    )
    return await get(session, name)


async def accept_host_key(
    session: AsyncSession, name: str, host_key: str, *, actor: str, now: datetime
) -> Row[Any]:
    """Pin the other host key that a machine has shown.

    Raises:
        MachineInUse: it has shown another one than `host_key` (409).
    """
    await take_write_lock(session)
    machine = await get(session, name)
    if machine.offered_host_key != host_key:
        raise MachineInUse(f"{name} has not shown this host key.")
    values: dict[str, Any] = {"host_key": host_key, "offered_host_key": None}
    if machine.quarantine == "host_key_changed":
        values |= {"quarantine": None, "reason": None}
    await session.execute(update(machines).where(machines.c.id == machine.id).values(**values))
    await told.of_machine(session, "machine_host_key_accepted", name, machine.scope, actor=actor, now=now)
    return await get(session, name)


async def _has_hold(session: AsyncSession, machine_id: int, states: tuple[HoldState, ...]) -> bool:
    query = select(holds.c.id).where(holds.c.machine_id == machine_id, holds.c.state.in_(states)).limit(1)
    return (await session.execute(query)).first() is not None


async def _is_booked(session: AsyncSession, machine_id: int) -> bool:
    query = select(bookings.c.machine_id).where(bookings.c.machine_id == machine_id).limit(1)
    return (await session.execute(query)).first() is not None


async def _check_jump(session: AsyncSession, jump: str | None, name: str) -> None:
    """A machine is reached through one other at most, which is reached directly.

    Raises:
        MachineNotFound: (404).
        JumpsTooFar: (400).
    """
    if jump is None:
        return
    through = await get(session, jump)
    if jump == name or through.jump is not None or await _behind(session, name):
        raise JumpsTooFar("A jump host is reached directly, not through another machine.")


async def _behind(session: AsyncSession, name: str) -> list[str]:
    """Return the machines that are reached through this one."""
    query = select(machines.c.name).where(machines.c.jump == name).order_by(machines.c.name)
    return list(await session.scalars(query))


def nudge(session: AsyncSession, kernel: Kernel) -> None:
    """Have the queue looked at once this has committed: there may be machines for somebody."""
    after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
