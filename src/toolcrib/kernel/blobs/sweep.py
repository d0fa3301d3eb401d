"""Delete what nothing refers to: rows past the grace period, then stored objects without a row.

An object without a row (an orphan) is deleted one grace period after it was first found, and only if it is at least
that old itself. So an upload whose row is about to be committed is safe, and a server started on the wrong database by
mistake deletes nothing within the grace period.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.blobs.models import Blob, PendingDeletion
from toolcrib.kernel.blobs.problems import StorageUnavailable
from toolcrib.kernel.blobs.registry import make_new_store
from toolcrib.kernel.blobs.store import KEPT, UPLOADS, ObjectInfo
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.jobs import Job

log = structlog.get_logger()

BATCH = 500
SWEEP = "blobs.sweep"


@dataclass
class Swept:
    """What one sweep did."""

    freed_rows: int = 0
    new_orphans: int = 0
    deleted_objects: int = 0


async def sweep(kernel: Kernel, now: datetime) -> Swept:
    """Run one sweep. It may run twice at the same time, and may be interrupted anywhere."""
    await make_new_store(kernel.database, kernel.blobs)  # if it could not be made at the start
    grace = timedelta(hours=kernel.settings.files_grace_hours)
    done = Swept()
    while freed := await _free_rows(kernel, now, grace):
        done.freed_rows += freed
    for prefix in (KEPT, UPLOADS):
        async for page in kernel.blobs.store.pages(prefix):
            old = [info for info in page if info.modified_at <= now - grace]
            for start in range(0, len(old), BATCH):
                done.new_orphans += await _mark_orphans(kernel, old[start : start + BATCH], now + grace)
    done.deleted_objects = await _delete_marked(kernel, now)
    await kernel.blobs.store.tidy(now - grace)
    if done != Swept():
        log.info("blobs_swept", **vars(done))
    return done


async def _free_rows(kernel: Kernel, now: datetime, grace: timedelta) -> int:
    async with kernel.database.write() as session:
        query = select(Blob.id, Blob.key).where(Blob.refs == 0, Blob.unreferenced_at <= now - grace)
        found = (await session.execute(query.limit(BATCH))).all()
        if found:
            await session.execute(insert(PendingDeletion), [{"key": key, "due_at": now} for _, key in found])
            await session.execute(delete(Blob).where(Blob.id.in_([id_ for id_, _ in found])))
        return len(found)


async def _mark_orphans(kernel: Kernel, objects: Sequence[ObjectInfo], due_at: datetime) -> int:
    keys = {info.key for info in objects}
    async with kernel.database.read() as session:  # most have a row: find that out without the write lock
        keys -= await _named(kernel, session, keys)
    if not keys:
        return 0
    async with kernel.database.write() as session:
        if keys := keys - await _named(kernel, session, keys):
            await session.execute(insert(PendingDeletion), [{"key": key, "due_at": due_at} for key in keys])
        return len(keys)


async def _named(kernel: Kernel, session: AsyncSession, keys: set[str]) -> set[str]:
    """Return those of `keys` that a row names, or that are to be deleted."""
    await take_write_lock(session)
    marked = await session.scalars(select(PendingDeletion.key).where(PendingDeletion.key.in_(keys)))
    return set(marked) | await named(kernel, session, keys)


async def named(kernel: Kernel, session: AsyncSession, keys: Set[str]) -> set[str]:
    """Return those of `keys` that a row names: a Blob, or a row of the kernel or of a kind."""
    found = set(await session.scalars(select(Blob.key).where(Blob.key.in_(keys))))
    for also in kernel.named_keys:
        found |= await also(session, keys)
    return found


async def _delete_marked(kernel: Kernel, now: datetime) -> int:
    count, last = 0, ""
    while True:
        async with kernel.database.read() as session:
            query = select(PendingDeletion.key).where(
                PendingDeletion.due_at <= now, PendingDeletion.key > last
            )
            keys = list(await session.scalars(query.order_by(PendingDeletion.key).limit(BATCH)))
        if not keys:
            return count
        last = keys[-1]
        gone = [key for key in keys if await _delete(kernel, key)]
        if gone:
            async with kernel.database.write() as session:
                await session.execute(delete(PendingDeletion).where(PendingDeletion.key.in_(gone)))
        count += len(gone)


async def _delete(kernel: Kernel, key: str) -> bool:
    """Delete an object. Returns False if the store is unavailable; the next sweep tries again."""
    try:
        await kernel.blobs.store.delete(key)
    except StorageUnavailable:
        return False
    return True


async def _run(kernel: Kernel, now: datetime) -> None:
    await sweep(kernel, now)


SWEEP_JOB = Job(SWEEP, _run, every=timedelta(hours=1), limit=timedelta(hours=1))
