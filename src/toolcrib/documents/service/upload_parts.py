"""The rows of resumable uploads and their parts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import OffsetMismatch, UploadExpired, UploadNotFound, UploadTaken
from toolcrib.documents.models import ResumableUpload, Upload, UploadPart
from toolcrib.documents.paths import Bucket
from toolcrib.documents.row_counts import affected
from toolcrib.documents.service.content import forget_object
from toolcrib.documents.service.lookup import Documents
from toolcrib.kernel.blobs import accounts, registry
from toolcrib.kernel.blobs.problems import BlobMissing
from toolcrib.kernel.blobs.store import KEPT
from toolcrib.kernel.database import take_write_lock

DELETES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an upload, in the store. `sha256` is known only in the request that stored it."""

    start: int
    size: int
    key: str
    sha256: str | None = None

    @property
    def end(self) -> int:
        return self.start + self.size

    @property
    def may_stay(self) -> bool:
        """Return whether the object's key is one that a version may have."""
        return self.key.startswith(f"{KEPT}/")


async def own(docs: Documents, caller: Caller, upload_id: str, *, now: datetime) -> ResumableUpload:
    """Return the caller's upload with this id.

    Raises:
        UploadNotFound: there is none, or it is another person's (404 in both cases).
        UploadExpired: (410).
    """
    async with docs.kernel.database.read() as session:
        upload = await session.get(ResumableUpload, upload_id)
    if upload is None or upload.owner_id != caller.me.uuid:
        raise UploadNotFound("There is no such upload of yours.")
    if upload.expires_at <= now:
        raise UploadExpired("The upload has expired: start it again.")
    return upload


def lifetime(docs: Documents) -> timedelta:
    """Return for how long an upload is kept after its last byte arrived."""
    return timedelta(hours=docs.kernel.settings.storage_upload_hours)


def bucket_of(upload: ResumableUpload) -> Bucket:
    return Bucket(upload.bucket_type, upload.bucket_id)


async def of(docs: Documents, upload_id: str) -> list[Part]:
    async with docs.kernel.database.read() as session:
        query = select(UploadPart).where(UploadPart.upload_id == upload_id).order_by(UploadPart.start)
        return [Part(row.start, row.size, row.object_key) for row in (await session.execute(query)).scalars()]


async def count(docs: Documents, upload_id: str, parts: Sequence[Part], *, expires_at: datetime) -> None:
    """Record `parts` as received.

    Raises:
        OffsetMismatch: somebody else stored bytes there first (409).
        UploadNotFound: the upload was ended meanwhile (404).
        UploadExpired: the parts were stored so long ago that they are about to be deleted (410).
    """
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        moved = {"received": parts[-1].end, "expires_at": expires_at}
        await _move(session, upload_id, parts[0].start, parts=ResumableUpload.parts + len(parts), **moved)
        try:
            await registry.refuse_pending_deletion(session, [part.key for part in parts])
        except BlobMissing:
            raise UploadExpired("Receiving these bytes took too long: send them again.") from None
        session.add_all(
            UploadPart(upload_id=upload_id, start=part.start, size=part.size, object_key=part.key)
            for part in parts
        )


async def received(docs: Documents, upload_id: str) -> int | None:
    """Return how many bytes have been received; None if there is no such upload."""
    async with docs.kernel.database.read() as session:
        query = select(ResumableUpload.received).where(ResumableUpload.id == upload_id)
        return (await session.execute(query)).scalar_one_or_none()


async def complete(
    session: AsyncSession,
    upload_id: str,
    start: int,
    keys: Sequence[str],
    *,
    expires_at: datetime,
    now: datetime,
) -> ResumableUpload:
    """Record the upload as complete, in the transaction that makes its version. The objects `keys` will be deleted.

    Call this before checking for version conflicts: of two requests that finish the same upload, the second is refused
    here, and does not take the first one's version for somebody else's.

    Raises:
        OffsetMismatch, UploadNotFound: as `count`.
    """
    await _move(session, upload_id, start, received=ResumableUpload.length, expires_at=expires_at)
    await accounts.unreserve(session, upload_id)  # the version is about to count
    await session.execute(delete(UploadPart).where(UploadPart.upload_id == upload_id))
    registry.mark_for_deletion(session, keys, now=now)
    return await session.get_one(ResumableUpload, upload_id, populate_existing=True)


async def use_up(session: AsyncSession, upload_id: str, result: dict[str, Any]) -> None:
    """Record that a complete partial upload becomes a part of a document, in the transaction that makes its version.
    Call this before `complete`, which marks its objects for deletion.

    Raises:
        UploadTaken: it became a part of another document first (409).
    """
    complete = (ResumableUpload.received == ResumableUpload.length, ResumableUpload.result.is_(None))
    change = update(ResumableUpload).where(ResumableUpload.id == upload_id, *complete).values(result=result)
    if not await affected(session, change):
        raise UploadTaken("Another document was made of these parts.")
    await accounts.unreserve(session, upload_id)
    await session.execute(delete(UploadPart).where(UploadPart.upload_id == upload_id))


async def _move(session: AsyncSession, upload_id: str, start: int, **values: Any) -> None:
    waits_there = (
        ResumableUpload.id == upload_id,
        ResumableUpload.received == start,
        ResumableUpload.result.is_(None),
    )
    if await affected(session, update(ResumableUpload).where(*waits_there).values(**values)):
        return
    query = select(ResumableUpload.received).where(ResumableUpload.id == upload_id)
    received = (await session.execute(query)).scalar_one_or_none()
    if received is None:
        raise UploadNotFound("There is no such upload of yours.")
    raise OffsetMismatch(received)


async def expired(docs: Documents, *, now: datetime) -> list[str]:
    async with docs.kernel.database.read() as session:
        query = select(ResumableUpload.id).where(ResumableUpload.expires_at <= now)
        return list((await session.execute(query)).scalars())


async def drop(docs: Documents, upload_id: str, *only_if: ColumnElement[bool], now: datetime) -> None:
    """Delete an upload if the conditions `only_if` hold: first its rows, then its objects."""
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        gone = delete(ResumableUpload).where(ResumableUpload.id == upload_id, *only_if)
        query = select(UploadPart.object_key).where(UploadPart.upload_id == upload_id)
        keys = list((await session.execute(query)).scalars())
        if not await affected(session, gone):
            return
        await accounts.unreserve(session, upload_id)
        await session.execute(delete(UploadPart).where(UploadPart.upload_id == upload_id))
        registry.mark_for_deletion(session, keys, now=now)
    await discard(docs, keys)


async def discard(docs: Documents, keys: Sequence[str]) -> None:
    """Delete objects that are marked for deletion. The store's sweep deletes those that cannot be deleted now."""
    for start in range(0, len(keys), DELETES_AT_ONCE):
        await asyncio.gather(*(forget_object(docs, key) for key in keys[start : start + DELETES_AT_ONCE]))


async def named(session: AsyncSession, keys: Set[str]) -> set[str]:
    """Return those of `keys` that belong to an unfinished upload, resumable or direct."""
    found = set(await session.scalars(select(UploadPart.object_key).where(UploadPart.object_key.in_(keys))))
    direct = select(Upload.object_key).where(Upload.object_key.in_(keys), Upload.version_id.is_(None))
    return found | set(await session.scalars(direct))
