"""The rows of conversions: who converts a content is decided here, by the database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.blobs.registry import mark_for_deletion
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.database import event_writer_of, take_write_lock
from toolcrib.kernel.events import log as event_log
from toolcrib.parts.conversion.outcomes import TEXTS, Problem, limits_of
from toolcrib.parts.conversion.tables import State, conversions
from toolcrib.parts.models import KIND, part_files, parts
from toolcrib.settings import Settings

CONVERT_JOB = "parts.convert"
# Whoever converts says so by then, again and again. After that, others go on with it.
LEASE = timedelta(seconds=20)
# A content whose conversion was so often heard no end of is given up: it may be what ends the server.
ATTEMPTS = 3
# Of our own troubles, such as a full disk.
LATER = timedelta(seconds=30)
# More parts with the same content than anybody looks at are not told of it one by one.
MOST_TOLD = 100


async def request(session: AsyncSession, sha256: str, *, now: datetime, again: bool = False) -> None:
    """Have this content converted, unless it is or its failure is remembered. `again` forgets the failure."""
    await take_write_lock(session)
    row = await find(session, sha256)
    settings: Settings = session.sync_session.info["settings"]
    fresh = {"state": State.PENDING, "attempts": 0, "next_at": now, "requested_at": now, "changed_at": now}
    if row is None:
        await session.execute(insert(conversions).values(sha256=sha256, **fresh))
    elif row.state == State.FAILED and (again or row.limits != limits_of(settings)):
        await session.execute(_of(sha256).values(**fresh, problem=None, reason=None, worker=None))
    else:
        await session.execute(_of(sha256).values(requested_at=now))
        if row.state in (State.DONE, State.FAILED):
            return
    event_writer_of(session).nudges.add(CONVERT_JOB)


async def lost(session: AsyncSession, sha256: str, model_key: str, *, now: datetime) -> None:
    """Have a content converted anew whose model is gone from the file store."""
    await take_write_lock(session)
    row = await find(session, sha256)
    if row is None or row.state != State.DONE or row.model_key != model_key:
        return
    keys = [key for key in (row.model_key, row.picture_key) if key is not None]
    mark_for_deletion(session, keys, now=now)
    fresh = {"state": State.PENDING, "attempts": 0, "next_at": now, "changed_at": now}
    await session.execute(_of(sha256).values(**fresh, model_key=None, picture_key=None, figures=None))
    event_writer_of(session).nudges.add(CONVERT_JOB)


async def find(session: AsyncSession, sha256: str) -> Row[Any] | None:
    return (await session.execute(select(conversions).where(conversions.c.sha256 == sha256))).first()


async def find_all(session: AsyncSession, contents: Collection[str]) -> dict[str, Row[Any]]:
    if not contents:
        return {}
    rows = await session.execute(select(conversions).where(conversions.c.sha256.in_(contents)))
    return {row.sha256: row for row in rows}


def _of(sha256: str) -> Any:
    return update(conversions).where(conversions.c.sha256 == sha256)


def _is_due(now: datetime) -> Any:
    return or_(
        and_(conversions.c.state == State.PENDING, conversions.c.next_at <= now),
        and_(conversions.c.state == State.RUNNING, conversions.c.lease_until <= now),
    )


async def is_any_due(session: AsyncSession, now: datetime) -> bool:
    return (
        await session.execute(select(conversions.c.sha256).where(_is_due(now)).limit(1))
    ).first() is not None


async def take(session: AsyncSession, worker: str, settings: Settings, *, now: datetime) -> str | None:
    """Take the content that waits longest for `worker`. Returns its SHA-256; None if none is due.

    Those of which no end was heard too often are given up on the way.
    """
    await take_write_lock(session)
    while True:
        oldest = select(conversions).where(_is_due(now)).order_by(conversions.c.next_at).limit(1)
        row = (await session.execute(oldest)).first()
        if row is None:
            return None
        if row.attempts >= ATTEMPTS:
            await _fail(session, row.sha256, Problem.DIED, settings, now=now)
            continue
        await session.execute(
            _of(row.sha256).values(
                state=State.RUNNING,
                worker=worker,
                lease_until=now + LEASE,
                attempts=row.attempts + 1,
                changed_at=now,
            )
        )
        await _tell(session, row.sha256, "conversion_started", now)
        return str(row.sha256)


async def source_keys(session: AsyncSession, sha256: str) -> list[str]:
    """Return the keys of the file store under which this content is kept; empty if no part has it any more."""
    query = (
        select(Blob.key)
        .join(part_files, part_files.c.blob_id == Blob.id)
        .where(part_files.c.sha256 == sha256, Blob.lost_at.is_(None))
        .distinct()
    )
    return list(await session.scalars(query))


def keep(worker: str, *, until: datetime) -> Any:
    """Return the statement that says that `worker` still converts what it has taken."""
    mine = conversions.c.worker == worker, conversions.c.state == State.RUNNING
    return update(conversions).where(*mine).values(lease_until=until)


async def _is_mine(session: AsyncSession, sha256: str, worker: str) -> bool:
    await take_write_lock(session)
    row = await find(session, sha256)
    return row is not None and row.state == State.RUNNING and row.worker == worker


async def converted(
    session: AsyncSession,
    sha256: str,
    worker: str,
    *,
    model: Stored,
    picture: Stored | None,
    figures: dict[str, Any],
    now: datetime,
) -> bool:
    """Record the model of a content. Returns False if it is no longer `worker`'s."""
    if not await _is_mine(session, sha256, worker):
        return False
    await session.execute(
        _of(sha256).values(
            state=State.DONE,
            problem=None,
            reason=None,
            worker=None,
            lease_until=None,
            changed_at=now,
            model_key=model.key,
            model_size=model.size,
            model_sha256=model.sha256,
            picture_key=picture.key if picture else None,
            picture_size=picture.size if picture else None,
            figures=figures,
        )
    )
    await _tell(session, sha256, "conversion_done", now)
    return True


async def failed(
    session: AsyncSession, sha256: str, worker: str, problem: Problem, settings: Settings, *, now: datetime
) -> None:
    """Remember that this content cannot be converted within these limits."""
    if await _is_mine(session, sha256, worker):
        await _fail(session, sha256, problem, settings, now=now)


async def _fail(
    session: AsyncSession, sha256: str, problem: Problem, settings: Settings, *, now: datetime
) -> None:
    await session.execute(
        _of(sha256).values(
            state=State.FAILED,
            problem=problem,
            reason=TEXTS[problem],
            limits=limits_of(settings),
            worker=None,
            lease_until=None,
            changed_at=now,
        )
    )
    await _tell(session, sha256, "conversion_failed", now, problem=problem, reason=TEXTS[problem])


async def put_back(
    session: AsyncSession, sha256: str, worker: str, *, counts: bool, delay: timedelta, now: datetime
) -> None:
    """Let the content be taken again after `delay`. Unless this `counts`, the attempt does not."""
    if not await _is_mine(session, sha256, worker):
        return
    attempts = conversions.c.attempts if counts else conversions.c.attempts - 1
    again = _of(sha256).values(
        state=State.PENDING,
        worker=None,
        lease_until=None,
        attempts=attempts,
        next_at=now + delay,
        changed_at=now,
    )
    await session.execute(again)
    if not delay:
        event_writer_of(session).nudges.add(CONVERT_JOB)


async def forget_unused(session: AsyncSession, *, before: datetime, now: datetime, limit: int) -> int:
    """Forget up to `limit` contents that no part has any more, and that nobody asked for since `before`."""
    await take_write_lock(session)
    is_used = exists().where(part_files.c.sha256 == conversions.c.sha256)
    unused = (
        select(conversions)
        .where(~is_used, conversions.c.requested_at < before, conversions.c.state != State.RUNNING)
        .limit(limit)
    )
    rows = list(await session.execute(unused))
    keys = [key for row in rows for key in (row.model_key, row.picture_key) if key is not None]
    mark_for_deletion(session, keys, now=now)
    await session.execute(conversions.delete().where(conversions.c.sha256.in_([row.sha256 for row in rows])))
    return len(rows)


async def _tell(session: AsyncSession, sha256: str, verb: str, now: datetime, **data: Any) -> None:
    """Write the event for each part that has this content."""
    query = (
        select(parts.c.id, parts.c.scope, parts.c.name, parts.c.part_number, part_files.c.revision)
        .join(part_files, part_files.c.part_id == parts.c.id)
        .where(part_files.c.sha256 == sha256)
        .order_by(part_files.c.id.desc())
        .limit(MOST_TOLD)
    )
    for row in await session.execute(query):
        await event_log.record(
            session,
            verb,
            kind=KIND,
            key=str(row.id),
            actor=None,
            now=now,
            scope=row.scope,
            label=f"{row.part_number} {row.name}" if row.name else row.part_number,
            revision=row.revision,
            sha256=sha256,
            **data,
        )
