"""The content of documents: store it, refer to it, read it, and mark it lost or intact."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.errors import FileTooLarge, ObjectMissing, StoreUnavailable
from toolcrib.documents.models import File, Version, VersionStatus
from toolcrib.documents.paths import Bucket
from toolcrib.documents.service.lookup import Documents, bucket_of, record_event
from toolcrib.kernel.blobs import registry
from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.blobs.naming import forgetting_refused
from toolcrib.kernel.blobs.problems import BlobMissing, BlobTooLarge, StorageUnavailable
from toolcrib.kernel.blobs.store import Stored

log = structlog.get_logger()

# A function called between the pieces of a copy, which raises when the client has disconnected.
ClientCheck = Callable[[], Awaitable[None]]


def tenant_of(bucket: Bucket) -> str:
    """Return the tenant within which equal content is stored once: a bucket. Content is not shared between buckets, so
    that nobody can find out what others have."""
    return f"documents:{bucket}"


@contextmanager
def store_errors() -> Iterator[None]:
    """Translate the file store's errors into those of the documents contract."""
    try:
        yield
    except StorageUnavailable as error:
        raise StoreUnavailable(error.detail, headers=error.headers) from error
    except BlobTooLarge as error:
        raise FileTooLarge(error.detail, error.details) from None


async def keep(
    docs: Documents,
    stream: AsyncIterable[bytes],
    *,
    size: int | None = None,
    sha256: str | None = None,
) -> Stored:
    """Store the content of `stream`, hashed and synced. The sweep deletes it unless a version names it.

    Raises:
        FileTooLarge: it is larger than the limit (413).
        StoreUnavailable: the file store does not work now (503).
    """
    with store_errors():
        return await docs.blobs.put(
            stream, max_bytes=docs.max_bytes, expected_size=size, expected_sha256=sha256
        )


async def forget_object(docs: Documents, object_key: str) -> None:
    """Delete an object that no row names. If that fails, the store's sweep deletes it."""
    try:
        await docs.blobs.store.delete(object_key)
    except StorageUnavailable:
        log.warning("used_upload_kept")


async def blob_of(session: AsyncSession, version: Version) -> Blob:
    return await session.get_one(Blob, version.blob_id)


async def reference(
    docs: Documents, version: Version, source: Bucket, target: Bucket, client_check: ClientCheck | None = None
) -> Stored:
    """Return the version's content as something that `target` may adopt.

    Within one bucket that is the same stored object. For another bucket it is copied, until `client_check` raises: call
    within `naming`.

    Raises:
        ObjectMissing: the store has lost the content (404).
    """
    async with docs.kernel.database.read() as session:
        blob = await blob_of(session, version)
    if source == target:
        with store_errors():
            try:
                await docs.blobs.head(blob.key)
            except BlobMissing:
                raise ObjectMissing("The store has lost the bytes of this version.") from None
        return Stored(blob.key, blob.size, blob.sha256, is_named=True)
    stream = await open_bytes(docs, version)
    if client_check is not None:
        stream = _checking_client(stream, client_check)
    async with forgetting_refused(docs.blobs) as new:
        new.append(await keep(docs, stream, size=blob.size, sha256=blob.sha256))
        await notice_loss(docs, target, new[0], now=docs.kernel.clock())
        return new[0]


async def _checking_client(stream: AsyncIterator[bytes], client_check: ClientCheck) -> AsyncIterator[bytes]:
    async for piece in stream:
        await client_check()
        yield piece


async def open_bytes(
    docs: Documents, version: Version, start: int = 0, end: int | None = None
) -> AsyncIterator[bytes]:
    """Read the version's content.

    Raises:
        ObjectMissing: the store has lost the content (404).
    """
    async with docs.kernel.database.read() as session:
        blob = await blob_of(session, version)
    with store_errors():
        try:
            return await docs.blobs.read(blob.key, start, end)
        except BlobMissing:
            raise ObjectMissing("The store has lost the bytes of this version.") from None


async def notice_loss(docs: Documents, bucket: Bucket, stored: Stored, *, now: datetime) -> None:
    """Check whether the store has lost earlier copies of `stored`. Call before a transaction that adopts it for
    `bucket`: see `registry.notice_loss`."""
    with store_errors():
        await registry.notice_loss(docs.kernel.database, docs.blobs, tenant_of(bucket), stored, now=now)


async def adopt(
    session: AsyncSession, bucket: Bucket, stored: Stored, *, account: str, now: datetime
) -> Blob:
    """Add a reference to stored content, counted in `account`. Versions that had lost the same content are restored.

    Raises:
        QuotaExceeded: the account may not store so much (507).
    """
    blob = await registry.adopt(session, tenant_of(bucket), stored, account=account, now=now)
    await mark_sound(session, blob.id, now=now)
    return blob


async def mark_sound(session: AsyncSession, blob_id: int, *, now: datetime) -> None:
    """Restore the earlier status of corrupted versions of this content."""
    await session.execute(
        update(Version)
        .where(Version.blob_id == blob_id, Version.status == VersionStatus.CORRUPTED)
        .values(status=Version.sound_status, sound_status=None, updated_at=now)
        .execution_options(synchronize_session=False)
    )


async def mark_lost(docs: Documents, blob_id: int, key: str, *, now: datetime) -> list[str]:
    """Mark all versions of this content as corrupted, since the store has lost it. Returns the ids of those newly
    marked."""
    async with docs.kernel.database.read() as session:
        query = (
            select(File).join(Version, File.id == Version.file_id).where(Version.blob_id == blob_id).limit(1)
        )
        one = (await session.execute(query)).scalars().first()
    if one is None:
        return []
    scope = await docs.access.scope_of(bucket_of(one))  # a blob belongs to one bucket
    async with docs.kernel.database.write() as session:
        if not await registry.mark_lost(session, blob_id, key, now=now):
            return []
        found = (
            select(Version, File)
            .join(File, File.id == Version.file_id)
            .where(Version.blob_id == blob_id, Version.status != VersionStatus.CORRUPTED)
        )
        ids: list[str] = []
        for version, file in (await session.execute(found)).all():
            version.sound_status, version.status = version.status, VersionStatus.CORRUPTED
            version.updated_at = now
            ids.append(version.id)
            await record_event(
                session, None, "corrupted", file, scope, now=now, version_number=version.version_number
            )
        return ids
