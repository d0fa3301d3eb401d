"""Direct uploads to new paths appear by themselves: clients of the earlier service confirm nothing (document contract,
section 17).

The local store says when content has arrived. S3 does not: there we look when somebody asks for the path or for a
folder above it, and in a job, which also finds what arrived just before a crash. Content for a path that has a file
waits until it is committed or confirmed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, or_, select

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ObjectNotFound
from toolcrib.documents.models import Upload
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service.content import store_errors
from toolcrib.documents.service.direct_uploads import confirm
from toolcrib.documents.service.lookup import Documents, at
from toolcrib.kernel.blobs.problems import BlobMissing
from toolcrib.kernel.blobs.signing import LinkUse
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.problems import Problem

log = structlog.get_logger()

# How many uploads are looked for when somebody asks, and in one run of the job: the newest.
LOOKED_FOR = 20
LOOKED_FOR_IN_JOB = 500


async def look(docs: Documents, place: Place) -> bool:
    """Let what has arrived for `place`, or below it, appear. Returns whether anything did."""
    here: list[ColumnElement[bool]] = [
        Upload.bucket_type == place.bucket.type,
        Upload.bucket_id == place.bucket.id,
    ]
    if place.path:
        inside = Upload.logical_path.startswith(f"{place.path}/", autoescape=True)
        here.append(or_(Upload.logical_path == place.path, inside))
    return await _appear_all(docs, here, docs.kernel.clock(), limit=LOOKED_FOR)


async def sweep(docs: Documents, now: datetime) -> None:
    """Let all that has arrived appear."""
    await _appear_all(docs, [], now, limit=LOOKED_FOR_IN_JOB)


async def arrived(docs: Documents, kernel: Kernel, use: LinkUse) -> list[str]:
    """Let what was just sent to a signed address of the local store appear. Returns what to warn its sender of, also
    why it does not appear."""
    async with kernel.database.read() as session:
        upload = await session.get(Upload, use.key)
    warnings: list[str] = []
    if upload is not None and upload.version_id is None:
        await _appear(docs, upload, kernel.clock(), use=use, warnings=warnings)
    return warnings


async def _appear_all(
    docs: Documents, conditions: list[ColumnElement[bool]], now: datetime, *, limit: int
) -> bool:
    waiting = select(Upload).where(Upload.version_id.is_(None), *conditions)
    async with docs.kernel.database.read() as session:
        found = list(await session.scalars(waiting.order_by(Upload.created_at.desc()).limit(limit)))
    appeared = [await _appear(docs, upload, now) for upload in found]
    return any(appeared)


async def _appear(
    docs: Documents,
    upload: Upload,
    now: datetime,
    *,
    use: LinkUse | None = None,
    warnings: list[str] | None = None,
) -> bool:
    place = Place(Bucket(upload.bucket_type, upload.bucket_id), upload.logical_path)
    warnings = [] if warnings is None else warnings
    async with docs.kernel.database.read() as session:
        if await at(session, place) is not None:
            return False
    try:
        with store_errors():
            await docs.blobs.head(upload.object_key)
        owner = await docs.kernel.auth.principal_with_uuid(upload.owner_id)
        caller = Caller(owner, warnings=warnings)
        if use is not None:
            caller = replace(caller, ip_address=use.ip_address, user_agent=use.user_agent)
        await confirm(docs, caller, upload.object_key, appears=True, now=now)
    except (BlobMissing, ObjectNotFound):  # not there yet, or used meanwhile
        return False
    except Problem as refusal:  # it waits for its confirmation, which says why it cannot be
        # Whoever has the address may not know the project: its people and its names are not for them.
        warnings[:] = [f"This does not appear among the documents until it is confirmed ({refusal.code})."]
        log.info("upload_does_not_appear", key=upload.object_key, reason=refusal.code)
        return False
    return True
