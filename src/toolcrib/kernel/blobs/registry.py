"""Which content is stored and how many references it has: functions for use inside a write transaction.

The order matters. Content is stored before a row names it. A row is deleted before its content, and a PendingDeletion
is written with it: from then on no row can refer to that key again, so the deletion needs no transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.blobs import accounts
from toolcrib.kernel.blobs.models import Blob, PendingDeletion
from toolcrib.kernel.blobs.problems import BlobMissing, StorageUnavailable
from toolcrib.kernel.blobs.store import Blobs, Stored
from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.failure_words import failure_in_words

log = structlog.get_logger()

# A start waits so long for the file store.
START_SECONDS = 15.0

# In one statement.
KEYS_AT_ONCE = 5_000


async def make_new_store(database: Database, blobs: Blobs) -> None:
    """Create the store of a new server.

    Only looks at it if there are rows that name content: then an absent store means that its disk is not mounted, or
    its bucket gone. A newly created store would hide that, and files written to it would be missing once the disk is
    mounted.

    Whatever ails the store is logged, and reported by the health check until it is repaired. The server starts, and the
    sweep calls this again. Once this process has found the store, it is not made any more: it would not be new.
    """
    if blobs.was_found:
        return
    async with database.read() as session:
        is_new = (await session.scalars(select(Blob.id).limit(1))).first() is None
    try:
        async with asyncio.timeout(START_SECONDS):
            if is_new:
                await blobs.store.make()
            await blobs.check()
        blobs.was_found = True
    except (StorageUnavailable, TimeoutError) as error:
        log.error("file_store_unusable", reason=failure_in_words(error))


async def notice_loss(
    database: Database, blobs: Blobs, tenant: str, stored: Stored, *, now: datetime
) -> None:
    """Check that the store still has the tenant's existing copy of this content; if not, mark it lost.

    Call before the transaction that calls `adopt`, which then uses the new copy in place of the lost one.

    Raises:
        StorageUnavailable: the store does not respond (503).
    """
    async with database.read() as session:
        query = select(Blob).where(Blob.tenant == tenant, Blob.sha256 == stored.sha256)
        kept = (await session.execute(query)).scalar_one_or_none()
    if kept is None or kept.lost_at is not None or kept.key == stored.key:
        return
    try:
        if (await blobs.head(kept.key)).size == kept.size:
            return
    except BlobMissing:
        pass
    async with database.write() as session:
        await mark_lost(session, kept.id, kept.key, now=now)


async def adopt(session: AsyncSession, tenant: str, stored: Stored, *, account: str, now: datetime) -> Blob:
    """Add a reference to this content of `tenant`, and count it in `account` if it is the first. Flushes, so that `id`
    is set.

    If the tenant has the content already, the new copy is marked for deletion, unless the old one was lost. `naming`
    deletes it after the commit.

    Raises:
        BlobMissing: the content was stored so long ago that it is about to be deleted: upload it again (404).
        QuotaExceeded: the account may not store so much (507).
    """
    await refuse_pending_deletion(session, [stored.key])
    query = select(Blob).where(Blob.tenant == tenant, Blob.sha256 == stored.sha256)
    blob = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if blob is None or blob.refs == 0:
        await accounts.charge(session, account, stored.size)
    if blob is None:
        blob = Blob(
            tenant=tenant, sha256=stored.sha256, size=stored.size, key=stored.key, refs=0, created_at=now
        )
        session.add(blob)
    elif blob.lost_at is not None:
        session.add(PendingDeletion(key=blob.key, due_at=now))
        blob.key, blob.lost_at = stored.key, None
    elif blob.key != stored.key:
        session.add(PendingDeletion(key=stored.key, due_at=now))
    if blob.refs == 0:
        blob.account = account
    blob.refs += 1
    blob.unreferenced_at = None
    await session.flush()
    return blob


async def refuse_pending_deletion(session: AsyncSession, keys: Sequence[str]) -> None:
    """Check that none of `keys` is marked for deletion. Call before committing a row that names them.

    Raises:
        BlobMissing: the content was stored so long ago that it is about to be deleted: upload it again (404).
    """
    await take_write_lock(session)  # so that what is read from here on cannot change before the commit
    for start in range(0, len(keys), KEYS_AT_ONCE):
        marked = PendingDeletion.key.in_(keys[start : start + KEYS_AT_ONCE])
        if (await session.scalars(select(PendingDeletion.key).where(marked).limit(1))).first():
            raise BlobMissing("The upload waited too long to be confirmed. Upload it again.")


def mark_for_deletion(session: AsyncSession, keys: Sequence[str], *, now: datetime) -> None:
    """Have the next sweep delete the content of `keys`, which no row names any more."""
    session.add_all([PendingDeletion(key=key, due_at=now) for key in keys])


async def release(session: AsyncSession, blob_id: int, *, now: datetime) -> None:
    """Remove a reference. Content without references is kept for the grace period, and no longer counts."""
    await take_write_lock(session)
    blob = await session.get_one(Blob, blob_id, populate_existing=True)
    if blob.refs < 1:
        raise ValueError(f"blob {blob_id} has no reference to release")
    blob.refs -= 1
    if blob.refs == 0:
        blob.unreferenced_at = now
        await accounts.give_back(session, blob.account, blob.size)
        blob.account = None


async def mark_lost(session: AsyncSession, blob_id: int, key: str, *, now: datetime) -> bool:
    """Record that the store has no content under `key`. The next upload of the same content replaces it.

    Returns False if such an upload has replaced it already.
    """
    await take_write_lock(session)
    blob = await session.get(Blob, blob_id, populate_existing=True)
    if blob is None or blob.key != key:
        return False
    if blob.lost_at is None:
        blob.lost_at = now
    return True
