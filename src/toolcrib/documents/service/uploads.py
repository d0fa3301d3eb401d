"""Bytes coming in: sent through us, or straight to the store under a key handed out before."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack

import structlog
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.audit import Act, record_file_audit
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import (
    FileTooLarge,
    ObjectNotFound,
    VersionConflict,
)
from toolcrib.documents.models import File, Upload, Version
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.row_counts import affected
from toolcrib.documents.service.content import keep, notice_loss, store_words
from toolcrib.documents.service.locks import refuse_locked_folder, refuse_others_lock, release_own
from toolcrib.documents.service.lookup import Documents, at, record_event
from toolcrib.documents.service.version_rows import add_version, file_at, make_current
from toolcrib.kernel.blobs.problems import BlobMissing, StorageUnavailable
from toolcrib.kernel.blobs.signing import LONGEST, Signer, presign
from toolcrib.kernel.blobs.store import Stored, new_upload_key
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.database import take_write_lock

log = structlog.get_logger()

UPLOAD_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Saved:
    """A version that is now what people get. `created` says whether its file is new or came back to life."""

    file: File
    version: Version
    created: bool


class Conditions(TypedDict, total=False):
    """`fence` is the caller's lock that must still hold, `base_version` the version number that must still be
    current (0 for no file), `base_id` that version's id. `locks` are fences of claims that must still be the
    caller's, by the claims' digests: on the file, or on folders it lies in. `release` gives the caller's lock
    back in the same transaction."""

    fence: int | None
    base_version: int | None
    base_id: str | None
    locks: Mapping[str, int]
    release: bool


class VersionOptions(Conditions, total=False):
    """What may be asked of a new version. `tags` are added to the file's."""

    filename: str | None
    mime_type: str | None
    changelog: str | None
    tags: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Address:
    """A signed address: absolute on S3, path and query of ours on a local store."""

    url: str
    object_key: str
    expires_in: int
    expires_at: datetime


async def may_put(
    docs: Documents, caller: Caller, place: Place, *, size: int | None = None, now: datetime
) -> Right:
    """Whether an upload to `place` would be taken, asked before its bytes come.

    Raises:
        AccessDenied: the caller may not write there (403).
        FileTooLarge: it is announced larger than the cap (413).
        FileLocked: somebody else holds the file (409).
    """
    right = await docs.access.require(caller, place.bucket, "write", path=place.path)
    refuse_too_large(docs, size)
    async with docs.kernel.database.read() as session:
        file = await at(session, place)
        if file is not None:
            await refuse_others_lock(session, caller, file, right, now=now)
        await refuse_locked_folder(session, caller, place, right, members=not _is_live(file), now=now)
    return right


async def may_still_put(docs: Documents, caller: Caller, place: Place) -> tuple[Caller, Right]:
    """`may_put` once more with the caller's rights of now, after bytes that may have taken hours to come. Whose
    lock it is by then `save` finds out.

    Raises:
        Unauthorized: the caller's credential ended meanwhile (401).
        AccessDenied: the right did (403).
    """
    caller = replace(caller, me=await docs.kernel.auth.refresh(caller.me))
    return caller, await docs.access.require(caller, place.bucket, "write", path=place.path)


def _is_live(file: File | None) -> bool:
    return file is not None and not file.is_archived


def refuse_too_large(docs: Documents, size: int | None) -> None:
    if size is not None and size > docs.max_bytes:
        raise FileTooLarge(f"A document may have {docs.max_bytes} bytes.", {"max_bytes": docs.max_bytes})


async def put(
    docs: Documents,
    caller: Caller,
    place: Place,
    stream: AsyncIterable[bytes],
    *,
    size: int | None = None,
    sha256: str | None = None,
    now: datetime,
    **options: Unpack[VersionOptions],
) -> Saved:
    """Store `stream` as the newest and current version of the file at `place`, made where it is missing.

    `size` and `sha256` are what the sender announced.

    Raises:
        FileLocked: somebody else holds the file (409).
        VersionConflict: `fence` or `base_version` no longer holds (409).
    """
    await may_put(docs, caller, place, size=size, now=now)
    stored = await keep(docs, stream, size=size, sha256=sha256)
    caller, right = await may_still_put(docs, caller, place)
    # The bytes may have taken hours.
    return await save(docs, caller, place, stored, right, now=docs.kernel.clock(), **options)


async def save(
    docs: Documents,
    caller: Caller,
    place: Place,
    stored: Stored,
    right: Right,
    *,
    upload_key: str | None = None,
    now: datetime,
    **options: Unpack[VersionOptions],
) -> Saved:
    """As `put`, of bytes that are in the store already. `upload_key` is the reserved key they came by, which
    is used up by this."""
    await notice_loss(docs, place.bucket, stored, now=now)
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        if upload_key is not None:
            await use_up(session, caller, upload_key)
        return await save_in(session, caller, place, stored, right, now=now, **options)


async def save_in(
    session: AsyncSession,
    caller: Caller,
    place: Place,
    stored: Stored,
    right: Right,
    *,
    filename: str | None = None,
    mime_type: str | None = None,
    changelog: str | None = None,
    tags: dict[str, Any] | None = None,
    fence: int | None = None,
    base_version: int | None = None,
    base_id: str | None = None,
    locks: Mapping[str, int] | None = None,
    release: bool = False,
    now: datetime,
) -> Saved:
    """`save`, in the caller's unit of work."""
    await take_write_lock(session)
    before = await at(session, place)
    claim = await refuse_stale(
        session, caller, before, right, fence=fence, base_version=base_version, now=now
    )
    if base_id is not None and (
        before is None or not _is_live(before) or before.current_version_id != base_id
    ):
        raise VersionConflict("The file was changed meanwhile.")
    await _refuse_ended(session, caller, locks or {}, now=now)
    await refuse_locked_folder(session, caller, place, right, members=not _is_live(before), now=now)
    file, created = await file_at(session, place, owner_id=caller.me.uuid, now=now)
    version = await add_version(
        session,
        file,
        stored,
        mime_type=mime_type,
        created_by=caller.me.uuid,
        changelog=changelog,
        now=now,
    )
    make_current(file, version, now=now)
    file.filename = filename or file.filename
    if tags:
        file.tags = {**file.tags, **tags}
    verb: Act = "restore" if created and before is not None else "upload"
    record_file_audit(
        session, caller, verb, file, now=now, version_id=version.id, version_number=version.version_number
    )
    await record_event(
        session,
        caller,
        "uploaded",
        file,
        right.scope,
        now=now,
        version_number=version.version_number,
        size=version.size,
    )
    if release:
        await release_own(session, caller, file, claim, now=now)
    return Saved(file, version, created)


async def refuse_stale(
    session: AsyncSession,
    caller: Caller,
    file: File | None,
    right: Right,
    *,
    fence: int | None,
    base_version: int | None,
    now: datetime,
) -> Claim | None:
    """The caller's own lock on the file, or None where it is free.

    Raises:
        FileLocked: somebody else holds it (409).
        VersionConflict: `fence` or `base_version` no longer holds (409).
    """
    claim = None if file is None else await refuse_others_lock(session, caller, file, right, now=now)
    if fence is not None and (claim is None or claim.fence != fence):
        raise VersionConflict("Your lock on this file has ended.")
    live = file is not None and not file.is_archived
    number = file.version_number if file is not None and live else 0
    if base_version is not None and number != base_version:
        raise VersionConflict(f"The file is at version {number} now.", {"version": number})
    return claim


async def _refuse_ended(
    session: AsyncSession, caller: Caller, locks: Mapping[str, int], *, now: datetime
) -> None:
    held = await queries.by_digest(session, list(locks), now=now)
    for digest, fence in locks.items():
        claim = held.get(digest)
        if claim is None or (claim.fence, claim.holder_uuid) != (fence, caller.me.uuid):
            raise VersionConflict("A lock that this save came under has ended.")


# Straight to the store


async def reserve(
    docs: Documents,
    caller: Caller,
    place: Place,
    *,
    mime_type: str | None,
    size: int | None = None,
    expires_in: int = UPLOAD_SECONDS,
    now: datetime,
) -> Address:
    """A signed address that takes one upload. Nothing is seen of it until it is committed or confirmed."""
    await may_put(docs, caller, place, size=size, now=now)
    lifetime = min(timedelta(seconds=expires_in), LONGEST)
    key = new_upload_key()
    kernel = docs.kernel
    url = await presign(
        docs.blobs,
        Signer(kernel.secrets, kernel.settings),
        "PUT",
        key,
        now=now,
        expires_in=lifetime,
        max_bytes=docs.max_bytes,
    )
    async with kernel.database.write() as session:
        session.add(
            Upload(
                object_key=key,
                owner_id=caller.me.uuid,
                bucket_type=place.bucket.type,
                bucket_id=place.bucket.id,
                logical_path=place.path,
                mime_type=mime_type,
                created_at=now,
                expires_at=now + lifetime,
            )
        )
    return Address(url, key, int(lifetime.total_seconds()), now + lifetime)


async def confirm(
    docs: Documents,
    caller: Caller,
    object_key: str,
    *,
    size: int | None = None,
    sha256: str | None = None,
    changelog: str | None = None,
    now: datetime,
) -> Saved:
    """Make what was sent to a reserved key the newest version of the file it was reserved for. `size` and `sha256`
    are what the sender says it sent.

    Raises:
        SizeMismatch, HashMismatch: something else is there (400).
        ObjectNotFound: nothing was sent, or it was used before, or it is not the caller's (404).
    """
    upload = await own_upload(docs, caller, object_key)
    if upload is None:
        raise ObjectNotFound("There is no such upload of yours.")
    place = Place(Bucket(upload.bucket_type, upload.bucket_id), upload.logical_path)
    right = await may_put(docs, caller, place, now=now)
    stored = await taken(docs, upload, size=size, sha256=sha256)
    saved = await save(
        docs,
        caller,
        place,
        stored,
        right,
        mime_type=upload.mime_type,
        changelog=changelog,
        upload_key=object_key,
        now=now,
    )
    await forget_object(docs, object_key)
    return saved


async def own_upload(docs: Documents, caller: Caller, object_key: str) -> Upload | None:
    async with docs.kernel.database.read() as session:
        upload = await session.get(Upload, object_key)
    return upload if upload is not None and upload.owner_id == caller.me.uuid else None


async def taken(
    docs: Documents, upload: Upload, *, size: int | None = None, sha256: str | None = None
) -> Stored:
    """The bytes sent to a reserved key, under another that its sender never knew and cannot send to again.

    Raises:
        ObjectNotFound: nothing was sent (404).
    """
    with store_words():
        try:
            stream = await docs.blobs.read(upload.object_key)
        except BlobMissing:
            raise ObjectNotFound("Nothing was uploaded to that address.") from None
    return await keep(docs, stream, size=size, sha256=sha256)


async def use_up(session: AsyncSession, caller: Caller, object_key: str) -> None:
    """Raises:
    ObjectNotFound: somebody else's, or used up by another call (404).
    """
    used = delete(Upload).where(Upload.object_key == object_key, Upload.owner_id == caller.me.uuid)
    if not await affected(session, used):
        raise ObjectNotFound("That upload was used before.")


async def forget_object(docs: Documents, object_key: str) -> None:
    """Delete what a reserved key held, once its bytes were taken. Failing this, the store's sweep does it."""
    try:
        await docs.blobs.store.delete(object_key)
    except StorageUnavailable:
        log.warning("used_upload_kept")


async def sweep_abandoned(docs: Documents, now: datetime) -> int:
    """Forget uploads that nobody committed or confirmed. Returns how many."""
    before = now - timedelta(hours=docs.kernel.settings.storage_upload_hours)
    old = Upload.created_at < before, Upload.expires_at <= now
    async with docs.kernel.database.read() as session:
        keys = list((await session.execute(select(Upload.object_key).where(*old))).scalars())
    for key in keys:
        async with docs.kernel.database.write() as session:
            gone = await affected(session, delete(Upload).where(Upload.object_key == key, *old))
        if gone:
            await forget_object(docs, key)
    return len(keys)
