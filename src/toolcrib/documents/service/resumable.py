"""Resumable uploads, which survive a lost connection and a restart: each part is stored and gets a row when it has
arrived, and the last one makes the version.

Several requests, in several processes, may work on one upload at once. A guarded update counts each part: the first
request to store the bytes at the present offset continues, and the others are refused with the new offset.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import (
    ChecksumMismatch,
    FileTooLarge,
    OffsetMismatch,
    TooManyParts,
    UploadStalled,
)
from toolcrib.documents.models import ResumableUpload
from toolcrib.documents.paths import Place
from toolcrib.documents.service import upload_parts
from toolcrib.documents.service.content import forget_object, store_errors
from toolcrib.documents.service.incoming import PART_BYTES, Incoming
from toolcrib.documents.service.joining import CONCAT, PARTIAL, SUBMIT, conditions, finish
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.upload_limit import refuse_too_many
from toolcrib.documents.service.upload_parts import Part
from toolcrib.documents.service.uploads import (
    VersionOptions,
    may_put,
)
from toolcrib.kernel.blobs import accounts
from toolcrib.kernel.blobs.store import new_key, new_upload_key
from toolcrib.kernel.identity.principal import AccessDenied
from toolcrib.kernel.problems import Problem

ALGORITHMS = ("sha1", "sha256", "sha512")
MAX_PARTS = 10_000


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
        **conditions(options),
    )
    upload = planned(docs, caller, plan, options, now=now)
    if plan.length == 0:
        return await finish(docs, caller, upload, [], is_new=True)
    await begin(docs, caller, upload, accounts.payer(right.scope, caller.me), now=now)
    return upload


def planned(
    docs: Documents, caller: Caller, plan: Plan, options: Mapping[str, Any], *, now: datetime
) -> ResumableUpload:
    """Return the row of an upload that begins; it is not stored yet."""
    return ResumableUpload(
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
        options={**options, SUBMIT: True} if plan.submit else options,
        created_at=now,
        expires_at=now + upload_parts.lifetime(docs),
    )


async def begin(
    docs: Documents, caller: Caller, upload: ResumableUpload, account: str, *, now: datetime
) -> None:
    """Store the row of an upload, whose bytes count in `account` from now on.

    Raises:
        TooManyUploads, QuotaExceeded: as `create`.
    """
    async with docs.kernel.database.write() as session:
        await refuse_too_many(session, docs, caller, now=now)
        await accounts.reserve(session, upload.id, account, upload.length)
        session.add(upload)


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
    """Upload the bytes from `offset` on; the last of them make the version, unless the upload is partial. `size` is how
    many the client announced.

    What was stored before a failure counts, unless `checksum` is given, or `stream` raises at its end if it is not the
    `whole_body` that was announced: then either everything counts or nothing.

    Raises:
        OffsetMismatch: the upload is not at `offset`, or no longer (409).
        FileTooLarge: more than announced at the start (413).
        ChecksumMismatch: (460).
        HashMismatch: the whole is not what was announced; the upload is deleted (400). Also raised by `stream` about
            one body; then the upload stays as it was.
        UploadStalled: the client stopped sending (408).
        AccessDenied, FileLocked, VersionConflict: as for any upload; this one is kept until it expires. AccessDenied
            also if it was made of others.
    """
    upload = await upload_parts.own(docs, caller, upload_id, now=now)
    await docs.access.require(caller, upload_parts.bucket_of(upload), "write", path=upload.logical_path)
    concat = upload.options.get(CONCAT)
    if concat not in {None, PARTIAL}:
        raise AccessDenied("This upload was made of others, and takes no bytes.")
    if upload.received != offset:
        raise OffsetMismatch(upload.received)
    if size is not None and size > upload.length - offset:
        raise FileTooLarge(f"The upload was announced with {upload.length} bytes.", {"length": upload.length})
    if upload.parts >= MAX_PARTS:
        raise TooManyParts(f"This upload was sent in {upload.parts} pieces: start again with larger ones.")
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum is not None else None
    incoming = Incoming(stream, most=upload.length - offset, digest=digest)
    whole = offset == 0 and size == upload.length <= PART_BYTES and concat is None
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
        if waiting and waiting[-1].end == upload.length and concat is None:
            return await finish(docs, caller, upload, waiting)
        if waiting:
            await upload_parts.count(docs, upload.id, waiting, expires_at=_expiry(docs))
    except Problem:
        for part in waiting:  # these bytes were refused before a row named them
            await forget_object(docs, part.key)
        raise
    if incoming.broken is not None and incoming.broken.silent:
        raise UploadStalled("Nothing was received for too long. Ask for the offset and continue from there.")
    return await upload_parts.own(docs, caller, upload_id, now=now)


async def terminate(docs: Documents, caller: Caller, upload_id: str, *, now: datetime) -> None:
    """Delete an upload and its bytes. A version that it made stays.

    Raises:
        UploadNotFound, UploadExpired: as `upload_parts.own`.
    """
    await forget(docs, await upload_parts.own(docs, caller, upload_id, now=now), now=now)


async def forget(docs: Documents, upload: ResumableUpload, *, now: datetime) -> None:
    """Do what `terminate` does, but accept that the upload no longer exists."""
    await upload_parts.drop(docs, upload.id, now=now)


async def sweep_expired(docs: Documents, now: datetime) -> int:
    """Delete uploads, unfinished or finished, that have expired. Returns how many."""
    expired = await upload_parts.expired(docs, now=now)
    for upload_id in expired:
        await upload_parts.drop(docs, upload_id, ResumableUpload.expires_at <= now, now=now)
    return len(expired)


def _expiry(docs: Documents) -> datetime:
    """Return when an upload that receives bytes now expires. Reads the clock, since a body may take hours."""
    return docs.kernel.clock() + upload_parts.lifetime(docs)


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
