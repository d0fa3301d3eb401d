"""Submit a version for approval: from a work copy, or from content uploaded before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Unpack

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.audit import record_file_audit
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileNotFound, NoVersion, ObjectNotFound, VersionConflict
from toolcrib.documents.models import File, FileStatus, Upload, Version, VersionStatus
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service.content import forget_object, notice_loss, reference
from toolcrib.documents.service.direct_uploads import made_before, own_upload, taken, use_up
from toolcrib.documents.service.locks import refuse_others_lock, release_own
from toolcrib.documents.service.lookup import Documents, Where, at, bucket_of, find, record_event, still
from toolcrib.documents.service.quotas import refuse_over_quota
from toolcrib.documents.service.repeats import repeated
from toolcrib.documents.service.uploads import Saved, VersionOptions, discard_repeat, refuse_stale
from toolcrib.documents.service.version_rows import add_version, current
from toolcrib.kernel.blobs.naming import naming
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import AccessDenied


@dataclass(frozen=True, slots=True)
class _Submission:
    stored: Stored
    mime_type: str | None
    upload_key: str | None = None
    work: File | None = None
    request_key: str | None = None


async def commit_work_copy(
    docs: Documents,
    caller: Caller,
    source: Place,
    target: Place,
    *,
    changelog: str | None = None,
    request_key: str | None = None,
    now: datetime,
) -> Saved:
    """Submit the caller's work copy at `source` as the next version of the file at `target`, and release the caller's
    lock on it. The copy is kept.

    Raises:
        FileNotFound: either is missing, or `source` is not a work copy of `target` (404).
        AccessDenied: the work copy is another person's (403).
        FileLocked: somebody else holds the target (409).
        VersionConflict: the target has a newer version than the one that was copied (409).
    """
    file, right = await find(docs, caller, target, "write", archived=False)
    work, _ = await find(docs, caller, source, "read", archived=False)
    if work.owner_id != caller.me.uuid:
        raise AccessDenied("This work copy belongs to another person.")
    if work.source_file_id != file.id:
        raise FileNotFound(f"{source.address} is not a work copy of {target.address}.")
    async with docs.kernel.database.read() as session:
        await _refuse(session, caller, file, right, work, now=now)
        version = await current(session, work)
    if version is None:
        raise NoVersion("The work copy has no version.")
    async with naming(docs.kernel.database, docs.blobs) as new:
        stored = await _referred(docs, caller, version, source.bucket, target.bucket)
        new.append(stored)
        submission = _Submission(stored, version.mime_type, work=work, request_key=request_key)
        return await _submit(docs, caller, file, right, submission, changelog=changelog, now=now)


async def commit_object(
    docs: Documents,
    caller: Caller,
    where: Where,
    object_key: str,
    *,
    changelog: str | None = None,
    request_key: str | None = None,
    now: datetime,
) -> Saved:
    """Submit content uploaded before as the next version of a file: a direct upload of the caller's, or the object of a
    version of this file or of one of the caller's own.

    Raises:
        ObjectNotFound: there is no such object, or the caller may not use it (404 in both cases).
        FileLocked: somebody else holds the file (409).
    """
    file, right = await find(docs, caller, where, "write", archived=False)
    upload = await own_upload(docs, caller, object_key)
    if upload is not None and upload.version_id is not None:
        async with docs.kernel.database.read() as session:
            version = await session.get(Version, upload.version_id)
        if version is None or version.file_id == file.id or upload.is_confirmed:
            made = await made_before(docs, caller, upload, changelog=changelog)
            if made.file.id != file.id:
                raise ObjectNotFound("That upload was used before, for another file.")
            return made
    async with docs.kernel.database.read() as session:
        await _refuse(session, caller, file, right, None, now=now)
    async with naming(docs.kernel.database, docs.blobs) as new:
        if upload is not None and upload.version_id is not None:  # it has appeared where it was sent to
            submission = await _from_appeared(docs, caller, file, upload)
        elif upload is not None:
            stored = await taken(docs, caller, upload, bucket_of(file))
            submission = _Submission(stored, upload.mime_type, upload_key=object_key)
        else:
            submission = await _from_version(docs, caller, file, object_key)
        new.append(submission.stored)
        submission = replace(submission, request_key=request_key)
        committed = await _submit(docs, caller, file, right, submission, changelog=changelog, now=now)
    if submission.upload_key is not None:
        await forget_object(docs, submission.upload_key)
    return committed


async def _from_appeared(docs: Documents, caller: Caller, file: File, upload: Upload) -> _Submission:
    async with docs.kernel.database.read() as session:
        version = await session.get(Version, upload.version_id)
    if version is None:
        raise ObjectNotFound("That upload was used before, and its version is gone.")
    source = Bucket(upload.bucket_type, upload.bucket_id)
    stored = await _referred(docs, caller, version, source, bucket_of(file))
    return _Submission(stored, upload.mime_type, upload_key=upload.object_key)


async def _from_version(docs: Documents, caller: Caller, file: File, object_key: str) -> _Submission:
    query = (
        select(Version, File)
        .join(File, File.id == Version.file_id)
        .where(Version.object_key == object_key)
        .order_by(Version.created_at)
    )
    async with docs.kernel.database.read() as session:
        found = (await session.execute(query)).all()
    for version, owner in found:
        of_this_file = owner.id == file.id
        own = version.created_by == caller.me.uuid and await docs.access.may(caller, bucket_of(owner), "read")
        if of_this_file or own:
            stored = await _referred(docs, caller, version, bucket_of(owner), bucket_of(file))
            return _Submission(stored, version.mime_type)
    raise ObjectNotFound("There is no such object of yours or of this file.")


async def _referred(
    docs: Documents, caller: Caller, version: Version, source: Bucket, target: Bucket
) -> Stored:
    """Do what `reference` does, unless `target` has no room for a copy.

    Raises:
        QuotaExceeded: (507).
    """
    if source != target:
        await refuse_over_quota(docs, caller, target, version.size)
    return await reference(docs, version, source, target)


async def _submit(
    docs: Documents,
    caller: Caller,
    file: File,
    right: Right,
    submission: _Submission,
    *,
    changelog: str | None,
    now: datetime,
) -> Saved:
    await notice_loss(docs, bucket_of(file), submission.stored, now=now)
    async with docs.kernel.database.write() as session:
        file = await still(session, file.id, archived=False)
        used = await use_up(session, caller, submission.upload_key) if submission.upload_key else None
        work = await session.get(File, submission.work.id) if submission.work else None
        same = await repeated(session, caller, file, submission.stored, submission.request_key)
        if same is not None:
            saved = discard_repeat(session, file, same, submission.stored, now=now)
        else:
            claim = await _refuse(session, caller, file, right, work, now=now)
            saved = await _add_pending(
                session, caller, file, right, submission, claim, changelog=changelog, now=now
            )
        if used is not None:
            used.version_id, used.is_confirmed = saved.version.id, True
        return saved


async def submit_in(
    session: AsyncSession,
    caller: Caller,
    place: Place,
    stored: Stored,
    right: Right,
    *,
    now: datetime,
    **options: Unpack[VersionOptions],
) -> Saved:
    """Submit content that was just uploaded as the next version of the file at `place`, in the caller's transaction.
    The caller's lock on it is released. Of `options`, the name and tags are ignored: the file keeps its own.

    Raises:
        FileNotFound: there is no such file (404).
        FileLocked, VersionConflict: see `uploads.save` (409).
    """
    await take_write_lock(session)
    file = await at(session, place)
    if file is None or file.is_archived:
        raise FileNotFound("There is no such file to submit a version of.")
    request_key = options.get("request_key")
    same = await repeated(session, caller, file, stored, request_key)
    if same is not None:
        return discard_repeat(session, file, same, stored, now=now)
    claim = await refuse_stale(
        session,
        caller,
        file,
        right,
        fence=options.get("fence"),
        base_version=options.get("base_version"),
        now=now,
    )
    submission = _Submission(stored, options.get("mime_type"), request_key=request_key)
    changelog = options.get("changelog")
    return await _add_pending(session, caller, file, right, submission, claim, changelog=changelog, now=now)


async def _add_pending(
    session: AsyncSession,
    caller: Caller,
    file: File,
    right: Right,
    submission: _Submission,
    claim: Claim | None,
    *,
    changelog: str | None,
    now: datetime,
) -> Saved:
    version = await add_version(
        session,
        file,
        submission.stored,
        mime_type=submission.mime_type,
        right=right,
        caller=caller,
        status=VersionStatus.PENDING,
        changelog=changelog,
        request_key=submission.request_key,
        now=now,
    )
    file.status = FileStatus.PENDING
    file.updated_at = now
    await release_own(session, caller, claim, now=now)
    record_file_audit(session, caller, "validate", file, now=now, version_id=version.id, changelog=changelog)
    await record_event(
        session,
        caller,
        "committed",
        file,
        right.scope,
        now=now,
        version_number=version.version_number,
        changelog=changelog,
    )
    return Saved(file, version, created=False)


async def _refuse(
    session: AsyncSession, caller: Caller, file: File, right: Right, work: File | None, *, now: datetime
) -> Claim | None:
    claim = await refuse_others_lock(session, caller, file, right, now=now)
    if work is not None and work.base_version_id != file.current_version_id:
        raise VersionConflict(
            f"{file.address} has had a newer version ({file.version_number}) since you copied it.",
            {"version": file.version_number, "current_version_id": file.current_version_id},
        )
    return claim
