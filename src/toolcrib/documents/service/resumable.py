"""Resumable uploads, which survive a lost connection and a restart: each part is stored and gets a row when it has
arrived, and the last one makes the version.

Several requests, in several processes, may work on one upload at once. A guarded update counts each part: the first
request to store the bytes at the present offset continues, and the others are refused with the new offset.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import (
    ChecksumMismatch,
    FileTooLarge,
    OffsetMismatch,
    TooManyParts,
    UploadExpired,
    UploadNotFound,
    UploadStalled,
)
from toolcrib.documents.models import ResumableUpload
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service import upload_parts
from toolcrib.documents.service.commits import submit_in
from toolcrib.documents.service.content import forget_object, keep, store_errors
from toolcrib.documents.service.incoming import PART_BYTES, Incoming
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.upload_limit import refuse_too_many
from toolcrib.documents.service.upload_parts import Part
from toolcrib.documents.service.uploads import (
    Conditions,
    Received,
    Saved,
    VersionOptions,
    may_put,
    put,
    save_in,
)
from toolcrib.kernel.blobs import accounts
from toolcrib.kernel.blobs.problems import BlobMissing, HashMismatch
from toolcrib.kernel.blobs.store import Stored, new_key, new_upload_key
from toolcrib.kernel.problems import Problem

ALGORITHMS = ("sha1", "sha256", "sha512")
MAX_PARTS = 10_000
# The key, in the options of an upload's row, that says whether its version is to wait for approval.
_SUBMIT = "submit"


@dataclass(frozen=True, slots=True)
class Checksum:
    """The hash that a client announces for the bytes of one body."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be uploaded. `told` is the client's Upload-Metadata, returned unchanged; `sha256` is the announced
    hash of the whole file."""

    place: Place
    length: int
    told: str = ""
    sha256: str | None = None
    submit: bool = False


async def create(
    docs: Documents, caller: Caller, plan: Plan, options: VersionOptions, *, now: datetime
) -> ResumableUpload:
    """Start an upload. Everything that would refuse its version now refuses it here; an upload of no bytes makes its
    version at once. With `plan.submit` that version waits for approval. From now on its bytes count towards the quota.

    Raises:
        AccessDenied, QuotaExceeded, FileTooLarge, FileLocked, VersionConflict, FileExists, FileNotFound: see
            `uploads.may_put`.
        TooManyUploads: the caller has as many under way as one person may have (429).
    """
    right = await may_put(
        docs,
        caller,
        plan.place,
        size=plan.length,
        must_exist=plan.submit,
        now=now,
        **_conditions(options),
    )
    upload = ResumableUpload(
        id=uuid4().hex,
        owner_id=caller.me.uuid,
        bucket_type=plan.place.bucket.type,
        bucket_id=plan.place.bucket.id,
        logical_path=plan.place.path,
        length=plan.length,
        received=0,
        parts=0,
        sha256=plan.sha256,
        told=plan.told,
        options={**options, _SUBMIT: True} if plan.submit else options,
        created_at=now,
        expires_at=now + _lifetime(docs),
    )
    if plan.length == 0:
        return await _finish(docs, caller, upload, [], is_new=True)
    async with docs.kernel.database.write() as session:
        await refuse_too_many(session, docs, caller, now=now)
        await accounts.reserve(session, upload.id, accounts.payer(right.scope, caller.me), plan.length)
        session.add(upload)
    return upload


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


async def append(
    docs: Documents,
    caller: Caller,
    upload_id: str,
    stream: AsyncIterator[bytes],
    *,
    offset: int,
    size: int | None = None,
    checksum: Checksum | None = None,
    whole_body: bool = False,
    now: datetime,
) -> ResumableUpload:
    """Upload the bytes from `offset` on; the last of them make the version. `size` is how many the client announced.

    What was stored before a failure counts, unless `checksum` is given, or `stream` raises at its end if it is not the
    `whole_body` that was announced: then either everything counts or nothing.

    Raises:
        OffsetMismatch: the upload is not at `offset`, or no longer (409).
        FileTooLarge: more than announced at the start (413).
        ChecksumMismatch: (460).
        HashMismatch: the whole is not what was announced; the upload is deleted (400). Also raised by `stream` about
            one body; then the upload stays as it was.
        UploadStalled: the client stopped sending (408).
        AccessDenied, FileLocked, VersionConflict: as for any upload; this one is kept until it expires.
    """
    upload = await own(docs, caller, upload_id, now=now)
    await docs.access.require(caller, bucket_of(upload), "write", path=upload.logical_path)
    if upload.received != offset:
        raise OffsetMismatch(upload.received)
    if size is not None and size > upload.length - offset:
        raise FileTooLarge(f"The upload was announced with {upload.length} bytes.", {"length": upload.length})
    if upload.parts >= MAX_PARTS:
        raise TooManyParts(f"This upload was sent in {upload.parts} pieces: start again with larger ones.")
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum is not None else None
    incoming = Incoming(stream, most=upload.length - offset, digest=digest)
    whole = offset == 0 and size == upload.length <= PART_BYTES
    waiting: list[Part] = []
    try:
        while await incoming.more():
            start = offset + sum(part.size for part in waiting)
            waiting.append(await _store(docs, incoming, start, whole=whole))
            if checksum is None and not whole_body and waiting[-1].end < upload.length:
                await upload_parts.count(docs, upload.id, waiting, expires_at=_expiry(docs))
                offset, waiting = waiting[-1].end, []
        if whole_body and incoming.broken is not None:
            raise ChecksumMismatch("The body broke off, so its checksum cannot be checked. It was discarded.")
        if checksum is not None and digest is not None:
            _check(checksum, digest.digest())
        if waiting and waiting[-1].end == upload.length:
            return await _finish(docs, caller, upload, waiting)
        if waiting:
            await upload_parts.count(docs, upload.id, waiting, expires_at=_expiry(docs))
    except Problem:
        for part in waiting:  # these bytes were refused before a row named them
            await forget_object(docs, part.key)
        raise
    if incoming.broken is not None and incoming.broken.silent:
        raise UploadStalled("Nothing was received for too long. Ask for the offset and continue from there.")
    return await own(docs, caller, upload_id, now=now)


async def terminate(docs: Documents, caller: Caller, upload_id: str, *, now: datetime) -> None:
    """Delete an upload and its bytes. A version that it made stays.

    Raises:
        UploadNotFound, UploadExpired: as `own`.
    """
    await forget(docs, await own(docs, caller, upload_id, now=now), now=now)


async def forget(docs: Documents, upload: ResumableUpload, *, now: datetime) -> None:
    """Do what `terminate` does, but accept that the upload no longer exists."""
    await upload_parts.drop(docs, upload.id, now=now)


async def sweep_expired(docs: Documents, now: datetime) -> int:
    """Delete uploads, unfinished or finished, that have expired. Returns how many."""
    expired = await upload_parts.expired(docs, now=now)
    for upload_id in expired:
        await upload_parts.drop(docs, upload_id, ResumableUpload.expires_at <= now, now=now)
    return len(expired)


def bucket_of(upload: ResumableUpload) -> Bucket:
    return Bucket(upload.bucket_type, upload.bucket_id)


def _lifetime(docs: Documents) -> timedelta:
    return timedelta(hours=docs.kernel.settings.storage_upload_hours)


def _expiry(docs: Documents) -> datetime:
    """Return when an upload that receives bytes now expires. Reads the clock, since a body may take hours."""
    return docs.kernel.clock() + _lifetime(docs)


async def _store(docs: Documents, incoming: Incoming, start: int, *, whole: bool) -> Part:
    """Store and sync the next part. If it is the `whole` document, its key can be that of the version."""
    key = new_key() if whole and start == 0 else new_upload_key()
    with store_errors():
        stored = await docs.blobs.put(incoming.part(), max_bytes=docs.max_bytes, key=key)
    return Part(start, stored.size, stored.key, stored.sha256)


def _check(checksum: Checksum, found: bytes) -> None:
    if not hmac.compare_digest(checksum.digest, found):
        told = base64.b64encode(found).decode()
        raise ChecksumMismatch(
            f"The {checksum.algorithm} of the received body is {told}. The body was discarded."
        )


def _conditions(options: VersionOptions) -> Conditions:
    """Return the conditions that can be checked before the content has arrived."""
    return {
        "fence": options.get("fence"),
        "base_version": options.get("base_version"),
        "request_key": options.get("request_key"),
    }


async def _finish(
    docs: Documents, caller: Caller, upload: ResumableUpload, last: list[Part], *, is_new: bool = False
) -> ResumableUpload:
    """Make the version, one request at a time for each upload in this process. A client that gave up waiting and sends
    the last bytes again must not have all parts joined a second time."""
    turn = docs.finishing.setdefault(upload.id, asyncio.Lock())
    async with turn:
        return await _make_version(docs, caller, upload, last, is_new=is_new)


async def _make_version(
    docs: Documents, caller: Caller, upload: ResumableUpload, last: list[Part], *, is_new: bool
) -> ResumableUpload:
    """Join all parts into one object, then commit the version and the final offset in one transaction.

    The body may have taken hours, so the caller's rights and the clock are read again.
    """
    now = docs.kernel.clock()
    start = last[0].start if last else 0
    if not is_new and (received := (await own(docs, caller, upload.id, now=now)).received) != start:
        raise OffsetMismatch(received)
    place = Place(bucket_of(upload), upload.logical_path)
    submit = _SUBMIT in upload.options
    options = cast(
        "VersionOptions", {name: value for name, value in upload.options.items() if name != _SUBMIT}
    )
    parts = [*await upload_parts.of(docs, upload.id), *last]
    keys: list[str] = []
    done = upload

    async def receive() -> Received:
        nonlocal keys
        stored = await _join_or_drop(docs, upload, parts)
        keys = [part.key for part in parts if part.key != stored.key]
        return Received(stored, place, options)

    async def make(session: AsyncSession, *what: Any, **how: Any) -> Saved:
        nonlocal done
        if is_new:
            session.add(upload)
            await session.flush()
        done = await upload_parts.complete(
            session, upload.id, start, keys, expires_at=now + _lifetime(docs), now=now
        )
        saved = await (submit_in if submit else save_in)(session, *what, **how)
        done.result = {
            "file_id": saved.file.id,
            "version_id": saved.version.id,
            "version_number": saved.version.version_number,
            "sha256": saved.version.checksum,
        }
        return saved

    await put(docs, caller, place, receive, make=make, must_exist=submit, now=now, **_conditions(options))
    await upload_parts.discard(docs, keys)
    return done


async def _join_or_drop(docs: Documents, upload: ResumableUpload, parts: list[Part]) -> Stored:
    """Do what `_joined` does, but delete the upload if its parts are not the announced content.

    Raises:
        OffsetMismatch: another process has made the version and deleted the parts (409).
    """
    try:
        return await _joined(docs, upload, parts)
    except (HashMismatch, UploadExpired):
        now = docs.kernel.clock()
        await upload_parts.drop(docs, upload.id, ResumableUpload.result.is_(None), now=now)
        if (there := await upload_parts.received(docs, upload.id)) is not None:
            raise OffsetMismatch(there) from None
        raise


async def _joined(docs: Documents, upload: ResumableUpload, parts: list[Part]) -> Stored:
    """Return one stored object that holds all parts in order, copying them unless the only part can be kept as it is.

    Raises:
        HashMismatch: the content is not what was announced (400).
        UploadExpired: the store has lost a part (410).
    """
    part = parts[0] if len(parts) == 1 else None
    if part is not None and part.sha256 is not None and part.may_stay:
        if upload.sha256 not in {None, part.sha256}:
            raise HashMismatch("The content does not have the announced SHA-256.")
        return Stored(part.key, part.size, part.sha256)  # just stored: only then is its hash known
    return await keep(docs, _read(docs, parts), size=upload.length, sha256=upload.sha256)


async def _read(docs: Documents, parts: list[Part]) -> AsyncIterator[bytes]:
    for part in parts:
        try:
            stream = await docs.blobs.read(part.key)
        except BlobMissing:
            raise UploadExpired("The store has lost a part of this upload: start it again.") from None
        async for block in stream:
            yield block
