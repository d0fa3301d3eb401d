"""Parts to look at in a new installation for development (parts contract, section 11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.requester import Requester
from toolcrib.parts.caller import Caller
from toolcrib.parts.models import parts
from toolcrib.parts.service import contract
from toolcrib.parts.service.writing import write
from toolcrib.parts.shop import DEVELOPMENT, shop_of

SAMPLES: tuple[dict[str, Any], ...] = (
    {"name": "Gearbox plate", "type": "cnc", "material": "Aluminum", "subsystem": "Drivetrain", "amount": 2},
    {"name": "Arm pivot", "type": "cnc", "material": "Steel", "subsystem": "Arm"},
    {
        "name": "Intake side plate",
        "type": "cnc",
        "material": "Aluminum",
        "subsystem": "Intake",
        "amount": 2,
        "category": "cnc",
        "status": "In Progress",
        "assigned": "Mira",
    },
    {
        "name": "Battery bracket",
        "type": "hand",
        "material": "Steel",
        "subsystem": "Electrical",
        "category": "hand",
        "status": "In Progress",
        "assigned": "Jonas",
    },
    {
        "name": "Bumper corner",
        "type": "hand",
        "material": "Aluminum",
        "subsystem": "Bumpers",
        "amount": 4,
        "category": "completed",
        "status": "Completed",
        "assigned": "Jonas",
    },
)


async def add_samples(kernel: Kernel) -> None:
    """Add the samples where there are no parts at all, in development only."""
    if kernel.settings.environment.lower() != DEVELOPMENT:
        return
    async with kernel.database.read() as session:
        if (await session.execute(select(parts.c.id).limit(1))).first() is not None:
            return
    shop = shop_of(kernel)
    account = await shop.service_account()
    if account is None:
        return
    by = Requester(account.username, account.uuid, None, None)
    caller = Caller(account, by, shop.scope, shared=True)
    now = kernel.clock()
    is_open = kernel.settings.unknown_projects == "open"
    async with kernel.database.write() as session:
        await take_write_lock(session)
        if (await session.execute(select(parts.c.id).limit(1))).first() is not None:
            return  # another process was first
        for number, sample in enumerate(SAMPLES, 1):
            values = {**sample, "part_number": f"SAMPLE-{number}"}
            row = await contract.create(session, caller, values, open_projects=is_open, now=now)
            if row.assigned:
                await write(session, row, {"claimed_at": now - timedelta(days=1)}, now)
