"""What is done with parts later, or on a schedule."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.jobs import Job
from toolcrib.parts.conversion import jobs as conversion
from toolcrib.parts.service import idle


async def look_after_idle(kernel: Kernel, now: datetime) -> None:
    """Remind the holders of parts with which nothing happens, and return such parts to the board."""
    await idle.look_after_idle(kernel, now)


async def show_names_of_now(kernel: Kernel, now: datetime) -> None:
    """Have parts show the present names of their holders."""
    await idle.show_names_of_now(kernel, now)


JOBS: tuple[Job, ...] = (
    Job("parts.idle", look_after_idle, every=timedelta(minutes=5)),
    Job("parts.names", show_names_of_now, every=timedelta(minutes=5)),
    *conversion.JOBS,
)
