"""List files, return one with its details, and change its tags and description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from toolcrib.documents.audit import entries, record_file_audit
from toolcrib.documents.caller import Caller
from toolcrib.documents.models import AuditEntry, File, FileStatus, Version
from toolcrib.documents.paths import Place
from toolcrib.documents.service.locks import held_now, holder_of, refuse_others_lock
from toolcrib.documents.service.lookup import Documents, Where, below, find, record_event, still
from toolcrib.documents.service.tags import check_tags
from toolcrib.documents.service.version_rows import current
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.search import text_match

VERSIONS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the files below a folder, by path. `held` are the current claims on them, by file id."""

    files: Sequence[File]
    held: dict[str, Claim]
    total: int


@dataclass(frozen=True, slots=True)
class Details:
    """A file with the details that were requested, newest first."""

    file: File
    current: Version | None
    claim: Claim | None
    versions: Sequence[Version] = field(default_factory=tuple)
    audit: Sequence[AuditEntry] = field(default_factory=tuple)


async def listing(
    docs: Documents,
    caller: Caller,
    folder: Place,
    *,
    status: str | None = None,
    q: str | None = None,
    page: int = 1,
    limit: int = 50,
    now: datetime,
) -> Page:
    """List all files below `folder`, by path; archived ones only if `status` asks for them."""
    right = await docs.access.require(caller, folder.bucket, "read", path=folder.path)
    if docs.look_for is not None:
        await docs.look_for(folder)
    conditions = [*below(folder), _status(status), File.is_litter.is_(False)]
    if q:
        conditions.append(text_match(File.logical_path, q))
    async with docs.kernel.database.read() as session:
        total = (
            await session.execute(select(func.count()).select_from(File).where(*conditions))
        ).scalar_one()
        query = select(File).where(*conditions).order_by(File.logical_path)
        found = (await session.execute(query.limit(limit).offset((page - 1) * limit))).scalars().all()
        return Page(found, await held_now(session, found, right, now=now), total)


def _status(wanted: str | None) -> ColumnElement[bool]:
    return File.status != FileStatus.ARCHIVED if wanted is None else File.status == wanted


async def details(
    docs: Documents,
    caller: Caller,
    where: Where,
    *,
    versions: bool = False,
    audit: bool = False,
    now: datetime,
) -> Details:
    """Return a file, archived or not, with its details.

    Raises:
        FileNotFound: (404).
    """
    file, right = await find(docs, caller, where, "read")
    async with docs.kernel.database.read() as session:
        history: Sequence[Version] = ()
        if versions:
            query = select(Version).where(Version.file_id == file.id).order_by(Version.version_number.desc())
            history = (await session.execute(query.limit(VERSIONS_SHOWN))).scalars().all()
        return Details(
            file,
            await current(session, file),
            await holder_of(session, file, right, now=now),
            history,
            await entries(session, file.id) if audit else (),
        )


async def describe(
    docs: Documents,
    caller: Caller,
    where: Where,
    changes: dict[str, Any],
    *,
    now: datetime,
) -> File:
    """Replace the file's `tags`, and set or remove its `description`, as far as `changes` has them.

    Raises:
        FileLocked: somebody else holds the file, or a folder it is in (409).
        ValidationFailed: the tags would be too many, too large or too deep (400).
    """
    file, right = await find(docs, caller, where, "write")
    async with docs.kernel.database.write() as session:
        file = await still(session, file.id)
        await refuse_others_lock(session, caller, file, right, now=now)
        tags = dict(changes["tags"] or {}) if "tags" in changes else dict(file.tags)
        if "description" in changes:
            tags.pop("description", None)
            if changes["description"] is not None:
                tags["description"] = changes["description"]
        check_tags(tags)
        file.tags = tags
        file.updated_at = now
        record_file_audit(session, caller, "metadata", file, now=now, fields=sorted(changes))
        await record_event(session, caller, "described", file, right.scope, now=now, fields=sorted(changes))
    return file
