"""Write to the event log, and read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.database import event_writer_of, take_write_lock
from toolcrib.kernel.events.writer import Event, EventWriter, event_counter, events

_COLUMNS = [
    events.c[name] for name in ("seq", "at", "actor", "verb", "kind", "scope", "key", "digest", "data")
]


async def record(
    session: AsyncSession,
    verb: str,
    *,
    kind: str,
    key: str,
    actor: str | None,
    now: datetime,
    scope: str = "",
    **data: Any,
) -> int:
    """Write one event in the caller's transaction. Returns its `seq`, which is final if the transaction commits.

    `data` is shown to everyone who may see `scope`, so it must never hold a secret or a mail address.
    """
    await take_write_lock(session)
    return note(event_writer_of(session), verb, kind=kind, key=key, actor=actor, now=now, scope=scope, **data)


def note(
    writer: EventWriter,
    verb: str,
    *,
    kind: str,
    key: str,
    actor: str | None,
    now: datetime,
    scope: str = "",
    **data: Any,
) -> int:
    """As `record`, where the transaction's writer is at hand."""
    return writer.append(
        at=now,
        actor=actor,
        verb=verb,
        kind=kind,
        scope=scope,
        key=key,
        digest=Ref(kind, scope, key).digest,
        data=data,
    )


async def last_seq(session: AsyncSession) -> int:
    """Return the number of the newest committed event; 0 if there is none."""
    seq: int = (await session.execute(select(event_counter.c.seq))).scalar_one()
    return seq


async def read_after(session: AsyncSession, seq: int, limit: int) -> list[Event]:
    """Return the events after `seq`, oldest first, at most `limit`."""
    rows = await session.execute(
        select(*_COLUMNS).where(events.c.seq > seq).order_by(events.c.seq).limit(limit)
    )
    return [Event(*row) for row in rows]


async def search(
    session: AsyncSession, conditions: Sequence[ColumnElement[bool]], *, newest_first: bool, limit: int
) -> list[Event]:
    order = events.c.seq.desc() if newest_first else events.c.seq
    rows = await session.execute(select(*_COLUMNS).where(*conditions).order_by(order).limit(limit))
    return [Event(*row) for row in rows]
