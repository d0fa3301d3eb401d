"""Which bytes are kept and how often each content is referred to: verbs inside a write unit of work.

Order is everything. Bytes are stored before a row names them. A row goes before its bytes do, and leaves a
DoomedObject: from then on nothing can refer to that key again, so the deletion needs no transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.blobs.models import Blob, DoomedObject
from toolcrib.kernel.blobs.problems import BlobMissing, StorageUnavailable
from toolcrib.kernel.blobs.store import Blobs, Stored
from toolcrib.kernel.database import Database, take_write_lock


async def make_new_store(database: Database, blobs: Blobs) -> None:
    """Make the store of a new server. One that rows name things in is never made anew: it would look sound, and take
    files that are gone when the right one is back."""
    async with database.read() as session:
        if (await session.scalars(select(Blob.id).limit(1))).first() is not None:
            return
    try:
        await blobs.store.make()
    except StorageUnavailable:
        return  # told in the log; health tells until it is mended


async def notice_loss(
    database: Database, blobs: Blobs, tenant: str, stored: Stored, *, now: datetime
) -> None:
    """Before the unit of work that adopts `stored`: whether the store still has the bytes that are kept of this
    content. Where it has not, `adopt` takes those that came now instead.

    Raises:
        StorageUnavailable: the store does not answer (503).
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


async def adopt(session: AsyncSession, tenant: str, stored: Stored, *, now: datetime) -> Blob:
    """One more reference to this content of `tenant`, which it has once. Flushes: `id` is set.

    If the content was there already, the bytes that came now are garbage and the sweep takes them, unless the
    old ones were lost.

    Raises:
        BlobMissing: the bytes waited so long for a row that the sweep has doomed them: upload again (404).
    """
    await refuse_doomed(session, [stored.key])
    query = select(Blob).where(Blob.tenant == tenant, Blob.sha256 == stored.sha256)
    blob = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if blob is None:
        blob = Blob(
            tenant=tenant, sha256=stored.sha256, size=stored.size, key=stored.key, refs=0, created_at=now
        )
        session.add(blob)
    elif blob.lost_at is not None:
        session.add(DoomedObject(key=blob.key, due_at=now))
        blob.key, blob.lost_at = stored.key, None
    elif blob.key != stored.key:
        session.add(DoomedObject(key=stored.key, due_at=now))
    blob.refs += 1
    blob.unreferenced_at = None
    await session.flush()
    return blob


async def refuse_doomed(session: AsyncSession, keys: Sequence[str]) -> None:
    """For whoever is about to commit a row that names `keys`.

    Raises:
        BlobMissing: the bytes waited so long for it that the sweep has doomed them: upload again (404).
    """
    await take_write_lock(session)  # nothing read from here on changes before the commit
    if (await session.scalars(select(DoomedObject.key).where(DoomedObject.key.in_(keys)).limit(1))).first():
        raise BlobMissing("The upload waited too long to be confirmed. Upload it again.")


def doom(session: AsyncSession, keys: Sequence[str], *, now: datetime) -> None:
    """No row names `keys` any more: the next sweep takes the bytes, if `discard` has not after the commit."""
    session.add_all([DoomedObject(key=key, due_at=now) for key in keys])


async def release(session: AsyncSession, blob_id: int, *, now: datetime) -> None:
    """One reference less. Bytes that nothing refers to are kept for the grace period."""
    await take_write_lock(session)
    blob = await session.get_one(Blob, blob_id, populate_existing=True)
    if blob.refs < 1:
        raise ValueError(f"blob {blob_id} has no reference to give up")
    blob.refs -= 1
    if blob.refs == 0:
        blob.unreferenced_at = now


async def mark_lost(session: AsyncSession, blob_id: int, key: str, *, now: datetime) -> bool:
    """The store was found without the bytes under `key`. The next upload of the same content mends it; False if
    one has done so since the look."""
    await take_write_lock(session)
    blob = await session.get(Blob, blob_id, populate_existing=True)
    if blob is None or blob.key != key:
        return False
    if blob.lost_at is None:
        blob.lost_at = now
    return True
