"""Registering all machines of an inventory."""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import Problem
from toolcrib.machines.errors import MachineExists
from toolcrib.machines.models import machines
from toolcrib.machines.service import inventory, registry, values
from toolcrib.machines.service.addresses import read_addresses
from toolcrib.machines.views import Imported, Inventory, Skipped


async def import_all(
    session: AsyncSession, kernel: Kernel, me: Principal, body: Inventory, *, now: datetime
) -> Imported:
    """Register the machines that are not there yet. Entries that cannot be registered are named with the reason.

    Raises:
        BadInventory: the text is none (400).
    """
    entries = await asyncio.to_thread(inventory.read, body.text, body.format)
    done = Imported(added=[], existing=[], skipped=[])
    known = set(await session.scalars(select(machines.c.name)))
    new = []
    for entry in entries:
        name = entry.get("name")
        if isinstance(name, str) and name in known:  # whatever else is said of it: exports have no passwords
            done.existing.append(name)
            continue
        try:
            new.append(
                (entry, values.for_storage(kernel.secrets, inventory.checked(entry, me, kernel.settings)))
            )
        except Problem as problem:
            done.skipped.append(Skipped.of(entry, problem))
    await take_write_lock(session)
    taken = await read_addresses(session, kernel.settings)
    for entry, sealed in new:
        try:
            machine = await registry.register(
                session, kernel.settings, sealed, actor=me.username, now=now, taken=taken
            )
            done.added.append(machine.name)
        except MachineExists:
            done.existing.append(sealed["name"])
        except Problem as problem:
            done.skipped.append(Skipped.of(entry, problem))
    registry.nudge(session, kernel)
    return done
