"""Announcing the end of claims that are over, and forgiving lapses that were our own outage."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Column, Integer, Table, select, update

from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims.commands import Expire
from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import Database
from toolcrib.kernel.jobs import Job
from toolcrib.kernel.tables import Base, UtcDateTime
from toolcrib.settings import Settings

PAGE = 500

# One row: when some server process last said that it was alive.
server_alive = Table(
    "server_alive",
    Base.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime(), nullable=False),
)


async def announce_ends(kernel: Kernel, now: datetime) -> None:
    """Write the `expired` event of every claim that is over, and serve its queue. Safe in any number of processes:
    each end is a conditional delete under the write lock."""
    async with kernel.database.write() as session:
        await session.execute(update(server_alive).values(at=now))
    while True:
        async with kernel.database.read() as session:
            due = await queries.over(session, now=now, limit=PAGE)
        for claim in due:
            await kernel.claims.submit([Expire(claim.ref, claim.fence)])
        if len(due) < PAGE:
            return


async def forgive_outage(database: Database, now: datetime, grace: timedelta) -> int:
    """At a start: claims kept alive by heartbeats that ran out while nobody could renew them, or will before
    their clients can, last until `now + grace`. Returns how many."""
    async with database.write() as session:
        alive_at = (await session.execute(select(server_alive.c.at))).scalar_one()
        forgiven = await session.execute(
            update(claims)
            .where(claims.c.heartbeat, claims.c.expires_at > alive_at, claims.c.expires_at < now + grace)
            .values(expires_at=now + grace)
        )
        await session.execute(update(server_alive).values(at=now))
        return forgiven.rowcount  # type: ignore[attr-defined,no-any-return]  # an UPDATE's result has one


def job(settings: Settings) -> Job:
    return Job("claims.announce_ends", announce_ends, every=timedelta(seconds=settings.sweep_seconds))
