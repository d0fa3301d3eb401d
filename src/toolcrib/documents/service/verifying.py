"""Compare database and file store: is the content of every version, and each file of old events, there and unchanged?

Objects without a row are only counted here; `kernel.blobs.sweep` deletes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import structlog
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.models import File, Version, VersionStatus
from toolcrib.documents.service.content import mark_lost, mark_sound
from toolcrib.documents.service.lookup import Documents, bucket_of, record_event
from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.blobs.problems import BlobMissing
from toolcrib.kernel.blobs.store import KEPT
from toolcrib.kernel.blobs.sweep import named
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events import archives

log = structlog.get_logger()

BATCH = 500


@dataclass
class Report:
    """The result of a verification. `objects` counts those that a row names, `orphans` those that none names; orphans
    are deleted after the grace period. `damaged_archives` are files of old events that are missing or damaged."""

    versions: int = 0
    objects: int = 0
    bytes_read: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    archives: int = 0
    damaged_archives: list[str] = field(default_factory=list)
    orphans: int = 0
    orphan_bytes: int = 0

    @property
    def is_sound(self) -> bool:
        return not (self.missing or self.damaged or self.damaged_archives)

    def as_dict(self) -> dict[str, object]:
        return {**vars(self), "is_sound": self.is_sound}


async def is_bare(docs: Documents) -> bool:
    """Return whether the store is empty although versions name objects in it. That is more likely the wrong store, or a
    disk that is not mounted, than the loss of all content."""
    async for page in docs.blobs.store.pages(KEPT):
        if page:
            return False
    return bool(await _batch(docs, 0))


async def verify(
    docs: Documents, *, hashes: bool = False, now: datetime, report: Report | None = None
) -> Report:
    """Mark versions whose content is missing or wrong as corrupted, and restore the status of those whose content is
    back.

    With `hashes` every byte is read. Without, sizes are compared, and only content that was missing before is read.
    `report` is filled in while this runs, so that another task can show progress.

    Raises:
        StorageUnavailable: the store does not respond; no version is marked because of that (503).
    """
    report = report or Report()
    sizes = await _sizes(docs)
    after = 0
    while batch := await _batch(docs, after):
        after = batch[-1].id
        for blob in batch:
            await _verify_blob(docs, blob, sizes, report, hashes=hashes, now=now)
    await _verify_archives(docs, sizes, report, hashes=hashes)
    await _count_orphans(docs, sizes, report)
    if report.missing or report.damaged or report.recovered:
        log.warning(
            "documents_verified",
            missing=len(report.missing),
            damaged=len(report.damaged),
            recovered=len(report.recovered),
        )
    return report


async def _sizes(docs: Documents) -> dict[str, int]:
    found: dict[str, int] = {}
    async for page in docs.blobs.store.pages(KEPT):
        found |= {info.key: info.size for info in page}
    return found


async def _batch(docs: Documents, after: int) -> Sequence[Blob]:
    """Return the next blobs that any version refers to."""
    used = exists().where(Version.blob_id == Blob.id)
    async with docs.kernel.database.read() as session:
        query = select(Blob).where(Blob.id > after, used).order_by(Blob.id).limit(BATCH)
        return (await session.execute(query)).scalars().all()


async def _verify_blob(
    docs: Documents, blob: Blob, sizes: dict[str, int], report: Report, *, hashes: bool, now: datetime
) -> None:
    async with docs.kernel.database.read() as session:
        ids, corrupted = await _versions(session, blob.id)
    report.versions += len(ids)
    size = sizes.get(blob.key)
    if size is None:
        size = await _size(docs, blob.key)  # it may have been stored after the listing
    if size is None:
        report.missing += ids
        await mark_lost(docs, blob.id, blob.key, now=now)
        return
    suspect = bool(corrupted) or blob.lost_at is not None
    if size != blob.size or ((hashes or suspect) and not await _is_intact(docs, blob, report)):
        report.damaged += ids
        await mark_lost(docs, blob.id, blob.key, now=now)
    elif suspect:
        report.recovered += await _recover(docs, blob.id, now=now)


async def _versions(session: AsyncSession, blob_id: int) -> tuple[list[str], list[str]]:
    rows = await session.execute(select(Version.id, Version.status).where(Version.blob_id == blob_id))
    found = rows.all()
    return [id_ for id_, _ in found], [id_ for id_, status in found if status == VersionStatus.CORRUPTED]


async def _size(docs: Documents, key: str) -> int | None:
    try:
        return (await docs.blobs.head(key)).size
    except BlobMissing:
        return None


async def _is_intact(docs: Documents, blob: Blob, report: Report) -> bool:
    digest = sha256()
    try:
        async for block in await docs.blobs.read(blob.key):
            digest.update(block)
            report.bytes_read += len(block)
    except BlobMissing:
        return False
    return digest.hexdigest() == blob.sha256


async def _recover(docs: Documents, blob_id: int, *, now: datetime) -> list[str]:
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        blob = await session.get(Blob, blob_id)
        if blob is None:
            return []
        blob.lost_at = None
        found = await session.execute(
            select(File, Version)
            .join(Version, Version.file_id == File.id)
            .where(Version.blob_id == blob_id, Version.status == VersionStatus.CORRUPTED)
        )
        restored = found.all()
        await mark_sound(session, blob_id, now=now)
        for file, version in restored:
            scope = await docs.access.scope_of(bucket_of(file))
            await record_event(
                session, None, "recovered", file, scope, now=now, version_number=version.version_number
            )
    return [version.id for _, version in restored]


async def _verify_archives(docs: Documents, sizes: dict[str, int], report: Report, *, hashes: bool) -> None:
    after = 0
    while True:
        async with docs.kernel.database.read() as session:
            files = await archives.next_archives(session, after, BATCH)
        for file in files:
            report.archives += 1
            if file.key in sizes and not hashes:
                continue  # its size is in no row: whether it is whole shows when it is read
            try:
                content = await archives.read_archive(docs.kernel, file)
                report.bytes_read += len(content)
                await archives.unpack(file, content, lambda _: False)
            except archives.ArchiveDamaged:
                report.damaged_archives.append(file.key)
        if len(files) < BATCH:
            return
        after = files[-1].last_seq


async def _count_orphans(docs: Documents, sizes: dict[str, int], report: Report) -> None:
    keys = list(sizes)
    for start in range(0, len(keys), BATCH):
        chunk = keys[start : start + BATCH]
        async with docs.kernel.database.read() as session:
            kept = await named(docs.kernel, session, set(chunk))
        orphans = [key for key in chunk if key not in kept]
        report.orphans += len(orphans)
        report.orphan_bytes += sum(sizes[key] for key in orphans)
    report.objects = len(sizes) - report.orphans
