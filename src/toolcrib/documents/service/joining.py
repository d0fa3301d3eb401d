"""Join the parts of a resumable upload, and make its version."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import OffsetMismatch, UploadExpired
from toolcrib.documents.models import ResumableUpload
from toolcrib.documents.paths import Place
from toolcrib.documents.service import upload_parts
from toolcrib.documents.service.commits import submit_in
from toolcrib.documents.service.content import keep
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.upload_parts import Part
from toolcrib.documents.service.uploads import Conditions, Received, Saved, VersionOptions, put, save_in
from toolcrib.kernel.blobs.problems import BlobMissing, HashMismatch
from toolcrib.kernel.blobs.store import Stored

# Keys in the options of an upload's row: whether its version is to wait for approval, and how it is concatenated.
SUBMIT, CONCAT = "submit", "concat"
# The value of CONCAT for an upload that becomes a part of a document.
PARTIAL = "partial"
# The one key in the result of a partial upload: the upload that was made of it.
MADE = "upload"


def conditions(options: VersionOptions) -> Conditions:
    """Return the conditions that can be checked before the content has arrived."""
    return {
        "fence": options.get("fence"),
        "base_version": options.get("base_version"),
        "request_key": options.get("request_key"),
    }


async def finish(
    docs: Documents, caller: Caller, upload: ResumableUpload, last: list[Part], *, is_new: bool = False
) -> ResumableUpload:
    """Make the version of an upload whose `last` parts have arrived. An upload that `is_new` has no row yet.

    One request at a time does this for each upload in this process. A client that gave up waiting and sends the last
    bytes again must not have all parts joined a second time.

    Raises:
        OffsetMismatch: somebody else stored bytes, or made the version, first (409).
        HashMismatch, UploadExpired: see `_joined`; the upload is deleted.
        AccessDenied, FileLocked, VersionConflict: see `uploads.put`.
    """
    async with docs.finishing.setdefault(upload.id, asyncio.Lock()):
        return await make_version(docs, caller, upload, last, is_new=is_new)


async def make_version(
    docs: Documents,
    caller: Caller,
    upload: ResumableUpload,
    last: list[Part],
    *,
    is_new: bool,
    partials: Sequence[ResumableUpload] = (),
) -> ResumableUpload:
    """Join all parts into one object, then commit the version and the final offset in one transaction. The parts of
    `partials`, which were uploaded apart, come first.

    The body may have taken hours, so the caller's rights and the clock are read again.

    Raises:
        UploadTaken: one of `partials` became a part of another document (409).
    """
    now = docs.kernel.clock()
    start = last[0].start if last else 0
    if (
        not is_new
        and (received := (await upload_parts.own(docs, caller, upload.id, now=now)).received) != start
    ):
        raise OffsetMismatch(received)
    place = Place(upload_parts.bucket_of(upload), upload.logical_path)
    submit = SUBMIT in upload.options
    options = cast(
        "VersionOptions",
        {name: value for name, value in upload.options.items() if name not in {SUBMIT, CONCAT}},
    )
    parts = [part for each in (*partials, upload) for part in await upload_parts.of(docs, each.id)] + last
    keys: list[str] = []
    done = upload

    async def receive() -> Received:
        nonlocal keys
        stored = await _join_or_drop(docs, upload, parts)
        keys = [part.key for part in parts if part.key != stored.key]
        return Received(stored, place, options)

    async def make(session: AsyncSession, *what: Any, **how: Any) -> Saved:
        nonlocal done
        for each in partials:
            await upload_parts.use_up(session, each.id, {MADE: upload.id})
        if is_new:
            session.add(upload)
            await session.flush()
        done = await upload_parts.complete(
            session, upload.id, start, keys, expires_at=now + upload_parts.lifetime(docs), now=now
        )
        saved = await (submit_in if submit else save_in)(session, *what, **how)
        done.result = {
            "file_id": saved.file.id,
            "version_id": saved.version.id,
            "version_number": saved.version.version_number,
            "sha256": saved.version.checksum,
        }
        return saved

    await put(docs, caller, place, receive, make=make, must_exist=submit, now=now, **conditions(options))
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
