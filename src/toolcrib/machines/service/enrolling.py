"""A key of the pool's own in place of a machine's registered password."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Row, update

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.progress import made_progress
from toolcrib.machines.errors import NotEnrolled
from toolcrib.machines.hosts.certificates import KeyPair
from toolcrib.machines.hosts.driver import Host, Outcome
from toolcrib.machines.models import SECRETS, machines
from toolcrib.machines.pool import Pool
from toolcrib.machines.service import hosts_of, registry, told
from toolcrib.machines.service.pool_keys import KeyName, make_key

# For each of the two sign-ins: a request that makes no progress for longer is refused.
LONGEST_SECONDS = 25.0
# What the host was reached by. If any was changed meanwhile, the new values stay.
_REACHED_BY = ("host", "port", "user", "password", "private_key", "sudo", "jump")


async def enroll(pool: Pool, name: str, *, actor: str) -> None:
    """Have the pool sign in on a machine by its own key, and forget the registered password. A machine without a
    password has been enrolled, or was registered with a key: nothing is done.

    The password is forgotten only after the key alone has signed in and become root. Until then the machine works by
    its password, so a crash at any point leaves one that works, and the same request begins again.

    Raises:
        MachineNotFound: (404).
        NotEnrolled: the host does not let the key in, or it was changed meanwhile; the password stays (409).
    """
    kernel = pool.kernel
    async with kernel.database.write() as session:
        await take_write_lock(session)
        machine = await registry.get(session, name)
        if machine.password is None:
            return
        key = await make_key(session, kernel.secrets, KeyName.MANAGER, kernel.clock())
        host = (await hosts_of.read(session, kernel.secrets, [machine.id]))[machine.id]
    outcome = await _install(pool, host, key)
    async with kernel.database.write() as session:
        await take_write_lock(session)
        now = kernel.clock()
        latest = await registry.get(session, name)
        await hosts_of.record_run(session, machine.id, host, "enroll", outcome, now)
        is_same = latest.id == machine.id and _reached_by(latest) == _reached_by(machine)
        if outcome.done and is_same:
            sealed = kernel.secrets.seal(SECRETS["private_key"], key.private)
            mine = update(machines).where(machines.c.id == machine.id)
            await session.execute(mine.values(private_key=sealed, password=None))
            await told.of_machine(session, "machine_enrolled", name, latest.scope, actor=actor, now=now)
    if not outcome.done:
        raise NotEnrolled(
            f"{name} still has its password: {outcome.text or outcome.problem}",
            {"problem": str(outcome.problem)},
        )
    if not is_same:
        raise NotEnrolled(f"{name} was changed meanwhile: try again.", {"problem": "changed"})


async def _install(pool: Pool, host: Host, key: KeyPair) -> Outcome:
    """Let the key in on the host, and prove that it alone signs in and becomes root."""
    seconds = min(pool.kernel.settings.machines_work_seconds, LONGEST_SECONDS)
    installed = (await pool.driver.enroll([host], key.private, seconds=seconds))[host.name]
    made_progress()
    if not installed.done:
        return installed
    host_key = installed.host_key or host.host_key
    alone = replace(host, password=None, private_key=key.private, host_key=host_key)
    proof = (await pool.driver.check([alone], seconds=seconds))[host.name]
    if not proof.done and host.sudo:
        text = f"{host.user} must be able to use sudo without a password. ({proof.text})"
        return replace(proof, text=text)
    return proof


def _reached_by(machine: Row[Any]) -> list[Any]:
    return [getattr(machine, each) for each in _REACHED_BY]
