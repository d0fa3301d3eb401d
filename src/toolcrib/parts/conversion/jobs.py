"""What is done with models later, or on a schedule."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.jobs import Job
from toolcrib.parts.conversion import rows
from toolcrib.parts.conversion.rows import CONVERT_JOB
from toolcrib.parts.conversion.workshop import workshop_of

AT_ONCE = 200


async def convert(kernel: Kernel, _now: datetime) -> None:
    """Begin to convert what waits, also what a process that died has left."""
    await workshop_of(kernel).start_due()


async def forget_unused(kernel: Kernel, now: datetime) -> None:
    """Delete models whose content no part has any more."""
    before = now - timedelta(hours=kernel.settings.files_grace_hours)
    count = AT_ONCE
    while count == AT_ONCE:
        async with kernel.database.write() as session:
            count = await rows.forget_unused(session, before=before, now=now, limit=AT_ONCE)


JOBS = (
    Job(CONVERT_JOB, convert, every=timedelta(seconds=10)),
    Job("parts.forget_models", forget_unused, every=timedelta(hours=1)),
)
