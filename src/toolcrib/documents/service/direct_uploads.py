"""Direct uploads: the client sends the content to a signed URL of the store, then confirms it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ObjectNotFound
from toolcrib.documents.models import File, Upload, Version
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.row_counts import affected
from toolcrib.documents.service import links
from toolcrib.documents.service.content import forget_object, keep, store_errors
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.quotas import refuse_arrived_over_quota, usage_of
from toolcrib.documents.service.upload_limit import refuse_too_many
from toolcrib.documents.service.uploads import Received, Saved, VersionOptions, may_put, put, save_in
from toolcrib.kernel.blobs import accounts
from toolcrib.kernel.blobs.problems import BlobMissing, HashMismatch, SizeMismatch
from toolcrib.kernel.blobs.signing import LONGEST, Signer, presign
from toolcrib.kernel.blobs.store import Stored, new_upload_key
from toolcrib.kernel.database import take_write_lock

UPLOAD_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Address:
    """A signed address: an absolute URL for S3, a path and query for the local store."""

    url: str
    object_key: str
    expires_in: int
    expires_at: datetime


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
    """Return a signed address for one upload, which is not visible until it is committed or confirmed. An announced
    `size` counts from now on, and no more can be sent; else what is sent counts when it has arrived. Of what is sent to
    S3's own address we know nothing until it is confirmed: there only an announced size counts earlier.

    Raises:
        QuotaExceeded: there is no room for it (507).
        TooManyUploads: the caller has as many under way as one person may have (429).
    """
    right = await may_put(docs, caller, place, size=size, now=now)
    found = await usage_of(docs, caller, place.bucket)
    most = docs.max_bytes if found.left is None else min(docs.max_bytes, found.left)
    lifetime = min(timedelta(seconds=expires_in), LONGEST)
    key = new_upload_key()
    kernel = docs.kernel
    url = await presign(
        docs.blobs,
        Signer(kernel.secrets, kernel.settings),
        "PUT",
        key,
        links.upload_by(caller),
        now=now,
        expires_in=lifetime,
        max_bytes=most if size is None else size,
    )
    async with kernel.database.write() as session:
        await refuse_too_many(session, docs, caller, now=now)
        await accounts.reserve(session, key, accounts.payer(right.scope, caller.me), size or 0)
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
    request_key: str | None = None,
    appears: bool = False,
    now: datetime,
) -> Saved:
    """Make the content sent to a reserved key the newest version of its file. `size` and `sha256` are what the client
    says it sent. With `appears` nobody asked for it (`arrivals`): there must be no file, and a client may still confirm
    it.

    Raises:
        SizeMismatch, HashMismatch: the stored content is different (400).
        ObjectNotFound: nothing was sent, or it is not the caller's (404).
    """

    async def before(used: Upload) -> Saved:
        if appears:  # not a confirmation: the client's own is still to come
            raise ObjectNotFound("It has appeared already.")
        return await made_before(docs, caller, used, size=size, sha256=sha256, changelog=changelog)

    upload = await own_upload(docs, caller, object_key)
    if upload is None:
        raise ObjectNotFound("There is no such upload of yours.")
    if upload.version_id is not None:
        return await before(upload)
    place = Place(Bucket(upload.bucket_type, upload.bucket_id), upload.logical_path)

    async def receive() -> Received:
        stored = await taken(docs, caller, upload, place.bucket, size=size, sha256=sha256)
        options: VersionOptions = {
            "mime_type": upload.mime_type,
            "changelog": changelog,
            "request_key": request_key,
        }
        return Received(stored, place, {**options, "base_version": 0} if appears else options)

    async def make(session: AsyncSession, caller: Caller, *stored: Any, **options: Any) -> Saved:
        await take_write_lock(session)
        row = await use_up(session, caller, object_key)
        if row.version_id is not None:
            raise ObjectNotFound("It has appeared by itself in this moment.")
        saved = await save_in(session, caller, *stored, **options)
        row.version_id, row.is_confirmed = saved.version.id, not appears
        return saved

    try:
        saved = await put(docs, caller, place, receive, make=make, request_key=request_key, now=now)
    except ObjectNotFound:  # because another request has used it meanwhile?
        used = await own_upload(docs, caller, object_key)
        if used is None or used.version_id is None:
            raise
        return await before(used)
    await forget_object(docs, object_key)
    return saved


async def own_upload(docs: Documents, caller: Caller, object_key: str) -> Upload | None:
    async with docs.kernel.database.read() as session:
        upload = await session.get(Upload, object_key)
    return upload if upload is not None and upload.owner_id == caller.me.uuid else None


async def made_before(
    docs: Documents,
    caller: Caller,
    upload: Upload,
    *,
    size: int | None = None,
    sha256: str | None = None,
    changelog: str | None = None,
) -> Saved:
    """Return the version that a direct upload has become, for a client that asks again. If it has appeared by itself,
    the first to ask confirms it: to them it is new, and `changelog` becomes the version's.

    Raises:
        SizeMismatch, HashMismatch: it is not what the client says it sent (400).
        ObjectNotFound: that version is gone (404).
    """
    bucket = Bucket(upload.bucket_type, upload.bucket_id)
    await docs.access.require(caller, bucket, "write", path=upload.logical_path)
    async with docs.kernel.database.read() as session:
        version = await session.get(Version, upload.version_id)
        file = await session.get(File, version.file_id) if version is not None else None
    if version is None or file is None:
        raise ObjectNotFound("That upload was used before, and its version is gone.")
    if size not in {None, version.size}:
        raise SizeMismatch(f"{version.size} bytes were sent, {size} were announced.")
    if sha256 is not None and sha256.lower() != version.checksum:
        raise HashMismatch("The content does not have the announced SHA-256.")
    is_new = not upload.is_confirmed and await _is_first(docs, upload, changelog)
    return Saved(file, version, created=is_new, is_new=is_new)


async def _is_first(docs: Documents, upload: Upload, changelog: str | None) -> bool:
    """Confirm what has appeared. Returns False if another request has done that."""
    unconfirmed = Upload.object_key == upload.object_key, Upload.is_confirmed.is_(False)
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        if not await affected(session, update(Upload).where(*unconfirmed).values(is_confirmed=True)):
            return False
        if changelog is not None:
            told = update(Version).where(Version.id == upload.version_id).values(changelog=changelog)
            await session.execute(told)
        return True


async def taken(
    docs: Documents,
    caller: Caller,
    upload: Upload,
    bucket: Bucket,
    *,
    size: int | None = None,
    sha256: str | None = None,
) -> Stored:
    """Copy the content sent to a reserved key to a new key, which the sender does not know and so cannot overwrite. It
    is to be a version in `bucket`.

    Raises:
        ObjectNotFound: nothing was sent (404).
        QuotaExceeded: the bucket has no room for it (507).
    """
    with store_errors():
        try:
            there = await docs.blobs.head(upload.object_key)
            await refuse_arrived_over_quota(docs, caller, bucket, upload.object_key, there.size)
            stream = await docs.blobs.read(upload.object_key)
        except BlobMissing:
            raise ObjectNotFound("Nothing was uploaded to that address.") from None
    return await keep(docs, stream, size=size, sha256=sha256)


async def use_up(session: AsyncSession, caller: Caller, object_key: str) -> Upload:
    """Return the row of a direct upload that nobody has used; it may have appeared by itself. The caller must hold the
    write lock, and set in it the version's id and that it is confirmed.

    Raises:
        ObjectNotFound: it is another person's, or was used already (404).
    """
    upload = await session.get(Upload, object_key, populate_existing=True)
    if upload is None or upload.owner_id != caller.me.uuid or (upload.version_id and upload.is_confirmed):
        raise ObjectNotFound("That upload was used before.")
    await accounts.unreserve(session, object_key)
    return upload


async def sweep_abandoned(docs: Documents, now: datetime) -> int:
    """Delete uploads that were neither committed nor confirmed. Returns how many."""
    before = now - timedelta(hours=docs.kernel.settings.storage_upload_hours)
    old = Upload.created_at < before, Upload.expires_at <= now
    async with docs.kernel.database.read() as session:
        keys = list((await session.execute(select(Upload.object_key).where(*old))).scalars())
    for key in keys:
        async with docs.kernel.database.write() as session:
            gone = await affected(session, delete(Upload).where(Upload.object_key == key, *old))
            if gone:
                await accounts.unreserve(session, key)
        if gone:
            await forget_object(docs, key)
    return len(keys)
