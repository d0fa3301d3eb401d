"""Hooks that failed where nobody could refuse the change: the calls that their kinds are still owed.

The row is written in the transaction of the change, so no crash loses it. The sweep calls the hook again, after 10 s
at first and an hour at most. Calls about one claim are made in order: a later one is made after those that are owed,
or is owed too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Column, Connection, Index, Integer, Table, delete, func, insert, select, update

from toolcrib.kernel.claims.changes import Change, Hooks, change_as_json, change_from_json
from toolcrib.kernel.database import Database
from toolcrib.kernel.due_times import is_due
from toolcrib.kernel.events.writer import EventWriter
from toolcrib.kernel.stored_json import is_damaged
from toolcrib.kernel.tables import Base, BigId, JsonText, UtcDateTime, exact_string

log = structlog.get_logger()

FIRST_DELAY = timedelta(seconds=10)
LONGEST_DELAY = timedelta(hours=1)
PAGE = 100

# `seq` is the change's event, `fence` the claim's number after it (or when it ended).
owed_claim_hooks = Table(
    "owed_claim_hooks",
    Base.metadata,
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("kind", exact_string(32), nullable=False),
    Column("fence", BigId, nullable=False),
    Column("told", JsonText(), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcDateTime(), nullable=False),
    Column("error", exact_string(200), nullable=False),
    Index("ix_owed_claim_hooks_fence", "fence"),
    Index("ix_owed_claim_hooks_next_at", "next_at"),
)
_owed = owed_claim_hooks.c


def owed_for(connection: Connection, change: Change) -> list[Change]:
    """What must be told before `change`: all that is owed about the same claim, oldest first."""
    return _of(connection, change.before.fence) if change.before is not None else []


def _of(connection: Connection, fence: int) -> list[Change]:
    query = select(_owed.seq, _owed.told).where(_owed.fence == fence).order_by(_owed.seq)
    found = connection.execute(query)
    return [change_from_json(told) for seq, told in found if not is_damaged(told, owed_claim_hooks.name, seq)]


def owe(connection: Connection, change: Change, error: Exception, now: datetime) -> None:
    """Remember a call that failed. What is owed about the claim already goes with it when it gets a new fence."""
    fence = change.claim.fence
    if change.before is not None and change.before.fence != fence:
        connection.execute(
            update(owed_claim_hooks).where(_owed.fence == change.before.fence).values(fence=fence)
        )
    row = {
        "seq": change.event.seq,
        "kind": change.event.kind,
        "fence": fence,
        "told": change_as_json(change),
        "attempts": 1,
        "next_at": now + FIRST_DELAY,
        "error": type(error).__name__[:200],
    }
    connection.execute(insert(owed_claim_hooks), [row])


def pay(connection: Connection, change: Change) -> None:
    """The hook has been told `change`."""
    connection.execute(delete(owed_claim_hooks).where(_owed.seq == change.event.seq))


def log_failure(change: Change, error: Exception) -> None:
    event = change.event
    log.error(
        "claim_hook_failed", kind=event.kind, key=event.key, verb=event.verb, seq=event.seq, exc_info=error
    )


async def retry_owed(database: Database, now: datetime) -> None:
    """Call the hooks that are owed and due again, one transaction each. Those of one claim are called in order, up to
    the first that fails again."""
    while True:
        async with database.read() as session:
            query = (
                select(_owed.fence)
                .where(is_due(_owed.next_at, now, LONGEST_DELAY))
                .group_by(_owed.fence)
                .order_by(func.min(_owed.next_at), func.min(_owed.seq))
                .limit(PAGE)
            )
            due = list((await session.execute(query)).scalars())
        for fence in due:
            while await database.group_write(
                partial(_retry, fence=fence, hooks=database.claim_hooks, now=now)
            ):
                pass
        if len(due) < PAGE:
            return


def _retry(connection: Connection, events: EventWriter, *, fence: int, hooks: Hooks, now: datetime) -> bool:
    """Call the oldest hook owed about the claim. Returns whether it went well, so that the next can follow."""
    oldest = select(owed_claim_hooks).where(_owed.fence == fence).order_by(_owed.seq).limit(1)
    row = connection.execute(oldest).first()
    if row is None:
        return False
    if is_damaged(row.told, owed_claim_hooks.name, row.seq):
        # Nothing is left to tell. Kept, it would hold up those behind it for ever.
        connection.execute(delete(owed_claim_hooks).where(_owed.seq == row.seq))
        return True
    change = change_from_json(row.told)
    savepoint = connection.begin_nested()
    try:
        hooks[row.kind](connection, change)
        pay(connection, change)
    except Exception as error:
        if connection.invalidated:
            raise
        savepoint.rollback()
        log_failure(change, error)
        delay = min(FIRST_DELAY * 2 ** min(row.attempts, 16), LONGEST_DELAY)
        failed = _owed.seq == row.seq
        connection.execute(
            update(owed_claim_hooks)
            .where(failed)
            .values(attempts=row.attempts + 1, error=type(error).__name__[:200])
        )
        # Those behind it wait as long, and never stand in front of other claims' hooks.
        connection.execute(update(owed_claim_hooks).where(_owed.fence == fence).values(next_at=now + delay))
        return False
    savepoint.commit()
    events.nudges |= change.nudges
    return True
