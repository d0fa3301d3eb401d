"""What is done with desktops later, or on a schedule."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolcrib.desktops.hook import WORK_JOB
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.jobs import Job


async def do_work(kernel: Kernel, now: datetime) -> None:
    """Serve the queue, and begin to start, stop and delete desktops."""


JOBS = (Job(WORK_JOB, do_work, every=timedelta(seconds=10)),)
