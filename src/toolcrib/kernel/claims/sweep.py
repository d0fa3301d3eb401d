"""Announcing the end of claims that are over, and forgiving lapses that were our own outage."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Column, Integer, Table, select, update

from toolcrib.kernel.claims import queries, service
from toolcrib.kernel.claims.commands import EndWaiting, Expire, Forgive
from toolcrib.kernel.claims.models import claim_waiters, claims
from toolcrib.kernel.claims.owed import retry_owed
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.jobs import Job
from toolcrib.kernel.tables import Base, UtcDateTime
from toolcrib.settings import Settings

log = structlog.get_logger()

NAME = "claims.announce_ends"
# So many ends make one commit at most.
PAGE = 100

# One row: when some server process last said that it was alive.
server_alive = Table(
    "server_alive",
    Base.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime(), nullable=False),
)


async def announce_ends(kernel: Kernel, now: datetime) -> None:
    """Take the places out of queues that are over, write the `expired` event of every claim that is, and serve its
    queue; then release what calls left half done, and call the hooks that are owed. Safe in any number of processes:
    each end is a conditional delete under the write lock.

    A claim that cannot be ended stops none of the others. It is logged, tried again at the next turn, and fails this
    one.

    What nobody could renew because the database took no changes, or this process stood still, is forgiven first.
    """
    extend = partial(forgive_outage, kernel.database, now, kernel.settings.heartbeat_grace)
    watch = kernel.database.watch
    if await kernel.outages.forgive(NAME, extend, is_due=watch.has_failed):
        watch.has_failed = False
    else:
        async with kernel.database.write() as session:
            await session.execute(update(server_alive).values(at=now))
    await _end_waiting(kernel, now)
    failed: list[BaseException] = []
    last: tuple[datetime, int] | None = None
    while True:
        async with kernel.database.read() as session:
            due = await queries.over(session, now=now, limit=PAGE, after=last)
        ends = [kernel.claims.submit([Expire(claim.ref, claim.fence)]) for claim in due]
        for claim, outcome in zip(due, await asyncio.gather(*ends, return_exceptions=True), strict=True):
            if isinstance(outcome, BaseException):
                log.error("claim_not_ended", kind=claim.kind, key=claim.key, error=failure_in_words(outcome))
                failed.append(outcome)
        if len(due) < PAGE:
            break
        last = (due[-1].expires_at or now, due[-1].fence)
    await kernel.claim_pieces.end_lapsed(now)
    await retry_owed(kernel.database, now)
    if failed:
        raise failed[0]


async def _end_waiting(kernel: Kernel, now: datetime) -> None:
    last: int | None = None
    while True:
        async with kernel.database.read() as session:
            due = await queries.waiting_over(session, now=now, limit=PAGE, after=last)
        if due:
            # One group each, so that what stands in the way of one stops no other.
            ends = [kernel.claims.submit([EndWaiting(each.ref, each.id)]) for each in due]
            for each, outcome in zip(due, await asyncio.gather(*ends, return_exceptions=True), strict=True):
                if isinstance(outcome, BaseException):
                    log.error(
                        "waiting_not_ended", kind=each.kind, key=each.key, error=failure_in_words(outcome)
                    )
        if len(due) < PAGE:
            return
        last = due[-1].position


async def forgive_outage(database: Database, now: datetime, grace: timedelta) -> int:
    """Let claims kept alive by heartbeats that ran out since a server process was last alive, or will before their
    clients can renew them, last until `now + grace`; likewise the places of programs that wait. At a start, and when
    the database takes changes again. Returns how many claims."""
    until = now + grace
    async with database.write() as session:
        await take_write_lock(session)
        alive_at = (await session.execute(select(server_alive.c.at))).scalar_one()
        lapsed = [claims.c.heartbeat, claims.c.expires_at > alive_at, claims.c.expires_at < until]
        found = await queries.find(session, lapsed, now=None)
        commands = [Forgive(claim.ref, claim.fence, until) for claim in found]
        await service.run_group(session, commands, now=now)
        lease = claim_waiters.c.lease_ends_at
        waiting = update(claim_waiters).where(lease > alive_at, lease < until).values(lease_ends_at=until)
        await session.execute(waiting)
        await session.execute(update(server_alive).values(at=now))
        return len(found)


def job(settings: Settings) -> Job:
    return Job(NAME, announce_ends, every=timedelta(seconds=settings.sweep_seconds))
