"""Registering all machines of an inventory."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import Problem
from toolcrib.machines.errors import MachineExists
from toolcrib.machines.service import inventory, registry, values
from toolcrib.machines.views import Imported, Inventory, Skipped


async def import_all(
    session: AsyncSession, kernel: Kernel, me: Principal, body: Inventory, *, now: datetime
) -> Imported:
    """Register the machines that are not there yet. Entries that cannot be registered are named with the reason.

    Raises:
        BadInventory: the text is none (400).
    """
    entries = inventory.read(body.text, body.format)
    done = Imported(added=[], existing=[], skipped=[])
    await take_write_lock(session)
    for entry in entries:
        try:
            found = inventory.checked(entry, me)
            sealed = values.for_storage(kernel.secrets, found)
            machine = await registry.register(session, sealed, actor=me.username, now=now)
            done.added.append(machine.name)
        except MachineExists:
            done.existing.append(found["name"])
        except Problem as problem:
            name, reason = inventory.said_of(entry, problem)
            done.skipped.append(Skipped(entry=name, reason=reason))
    registry.nudge(session, kernel)
    return done
