"""Documents that a client uploads as several partial uploads at once (tus concatenation)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import UploadExpired, UploadIncomplete, UploadTaken, ValidationFailed
from toolcrib.documents.models import ResumableUpload
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service import upload_parts
from toolcrib.documents.service.joining import CONCAT, MADE, PARTIAL, conditions, make_version
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.resumable import Plan, begin, planned
from toolcrib.documents.service.uploads import VersionOptions, may_put, refuse_too_large
from toolcrib.kernel.blobs import accounts
from toolcrib.kernel.blobs.problems import HashMismatch


async def create_partial(
    docs: Documents, caller: Caller, length: int, told: str, place: Place | None, *, now: datetime
) -> ResumableUpload:
    """Start an upload whose bytes become a part of a document. If the client says no `place` for that document, they
    count as the caller's own until then.

    Raises:
        AccessDenied, QuotaExceeded, FileTooLarge, TooManyUploads: as `resumable.create`.
    """
    place = place or Place(Bucket("users", caller.me.uuid), "")
    right = await docs.access.require(caller, place.bucket, "write", path=place.path)
    refuse_too_large(docs, length)
    upload = planned(docs, caller, Plan(place, length, told), {CONCAT: PARTIAL}, now=now)
    await begin(docs, caller, upload, accounts.payer(right.scope, caller.me), now=now)
    return upload


async def create_final(
    docs: Documents,
    caller: Caller,
    plan: Plan,
    options: VersionOptions,
    partial_ids: Sequence[str],
    header: str,
    *,
    now: datetime,
) -> ResumableUpload:
    """Make a version of complete partial uploads, in this order. `header` is the client's Upload-Concat. The same
    request again returns the upload that the first one made.

    Raises:
        UploadNotFound, UploadExpired: one of them is not the caller's, or has ended (404, 410).
        UploadIncomplete: one of them lacks bytes (409).
        UploadTaken: one of them became a part of another document (409).
        HashMismatch: the whole is not what was announced (400).
        AccessDenied, QuotaExceeded, FileTooLarge, FileLocked, VersionConflict, FileExists: see `uploads.put`.
    """
    async with docs.finishing.setdefault(" ".join(partial_ids), asyncio.Lock()):
        partials = [await upload_parts.own(docs, caller, each, now=now) for each in partial_ids]
        if (made := await _made_of(docs, caller, partials, header, now=now)) is not None:
            return made
        for each in partials:
            if each.options.get(CONCAT) != PARTIAL:
                raise ValidationFailed.of("Upload-Concat", "names an upload that is not a partial one")
            if each.result is not None:
                raise UploadTaken("Another document was made of these parts.")
            if each.received < each.length:
                raise UploadIncomplete("One of these uploads lacks bytes.", {"upload": each.id})
        plan = replace(plan, length=sum(each.length for each in partials))
        refuse_too_large(docs, plan.length)
        await may_put(docs, caller, plan.place, must_exist=plan.submit, now=now, **conditions(options))
        kept: Mapping[str, Any] = {**options, CONCAT: header}
        upload = planned(docs, caller, plan, kept, now=now)
        try:
            return await make_version(docs, caller, upload, [], is_new=True, partials=partials)
        except (UploadTaken, UploadExpired, HashMismatch):  # perhaps by the same request in another process
            partials = [await upload_parts.own(docs, caller, each, now=now) for each in partial_ids]
            if (made := await _made_of(docs, caller, partials, header, now=now)) is not None:
                return made
            raise


async def _made_of(
    docs: Documents, caller: Caller, partials: Sequence[ResumableUpload], header: str, *, now: datetime
) -> ResumableUpload | None:
    """Return the upload that was made of just these partial uploads."""
    made = {(each.result or {}).get(MADE) for each in partials}
    found = made.pop() if len(made) == 1 else None
    if found is None:
        return None
    upload = await upload_parts.own(docs, caller, found, now=now)
    return upload if upload.options.get(CONCAT) == header else None
