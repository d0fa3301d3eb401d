"""What is done with machines later, or on a schedule."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.jobs import Job
from toolcrib.machines.hook import WORK_JOB
from toolcrib.machines.pool import pool_of
from toolcrib.machines.service import checking, confirming, sharing, warning, work


async def do_work(kernel: Kernel, now: datetime) -> None:
    """Begin bookings, serve the queue, and begin to make and remove accounts."""
    await work.start_due(pool_of(kernel), now)


async def check(kernel: Kernel, now: datetime) -> None:
    """Look whether machines answer, what they are, and which accounts are on them."""
    await checking.check_due(pool_of(kernel), now)


async def warn(kernel: Kernel, now: datetime) -> None:
    """Tell people that their reservation ends soon, or that their booking is not confirmed."""
    await warning.warn(kernel, now)
    await confirming.remind(kernel, now)


async def end_sharing(kernel: Kernel, now: datetime) -> None:
    """Take away the keys of people who may not use the machines any more."""
    await sharing.end_sharing_with_the_gone(kernel, now)


JOBS = (
    Job(WORK_JOB, do_work, every=work.EVERY),
    Job("machines.check", check, every=timedelta(minutes=1)),
    Job("machines.warn", warn, every=timedelta(minutes=1)),
    Job("machines.end_sharing", end_sharing, every=timedelta(minutes=1)),
)
