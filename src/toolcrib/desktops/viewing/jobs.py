"""What is left of views and tickets is removed by a job."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete

from toolcrib.desktops.models import tickets
from toolcrib.desktops.viewing.views import end_stale, has_stale
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.jobs import Job


async def tidy(kernel: Kernel, now: datetime) -> None:
    """Remove tickets that nobody used, and end views whose server process is gone."""
    async with kernel.database.short_write() as connection:
        await connection.execute(delete(tickets).where(tickets.c.expires_at <= now))
    async with kernel.database.read() as session:
        is_stale = await has_stale(session, now=now)
    if is_stale:
        async with kernel.database.write() as session:
            await end_stale(session, kernel.settings, now=now)


JOBS = (Job("desktops.views", tidy, every=timedelta(minutes=1)),)
