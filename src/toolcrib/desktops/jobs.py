"""What is done with desktops later, or on a schedule."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolcrib.desktops.desk import desk_of
from toolcrib.desktops.hook import WORK_JOB
from toolcrib.desktops.service import sweeping, timing, work
from toolcrib.desktops.service.volumes import finish_volumes
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.jobs import Job


async def do_work(kernel: Kernel, now: datetime) -> None:
    """End what is over, serve the queue, and begin to start, stop and delete desktops."""
    desk = desk_of(kernel)
    await timing.do_what_is_due(desk, now)
    await work.start_due(desk, now)


async def reconcile(kernel: Kernel, _now: datetime) -> None:
    """Hold the rows against what the platform really runs."""
    await sweeping.reconcile(desk_of(kernel))
    await finish_volumes(desk_of(kernel))


async def look_for_orphans(kernel: Kernel, _now: datetime) -> None:
    """As `reconcile`, where there is no desktop at all, too."""
    await sweeping.reconcile(desk_of(kernel), orphans=True)


JOBS = (
    Job(WORK_JOB, do_work, every=work.EVERY),
    Job(sweeping.NAME, reconcile, every=timedelta(seconds=30)),
    Job("desktops.orphans", look_for_orphans, every=timedelta(hours=1)),
)
