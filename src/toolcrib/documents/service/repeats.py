"""Uploads that say they may be repeats, with an Idempotency-Key: the same content makes no second version."""

from __future__ import annotations

from hashlib import blake2b

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.models import File, Version, VersionStatus
from toolcrib.documents.service.version_rows import current
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.problems import Problem

HEADER = "Idempotency-Key"
MAX_BYTES = 255


class IdempotencyKeyReused(Problem):
    """The same person sent other content for the same file with the same Idempotency-Key before."""

    code, status = "idempotency_key_reused", 422


def read_key(header: str | None) -> str | None:
    """Return the digest of an Idempotency-Key, under which versions keep it; None if there is no such header.

    Raises:
        ValidationFailed: it is empty, or too long (400).
    """
    if header is None:
        return None
    key = header.strip()
    if not key or len(key) > MAX_BYTES:
        raise ValidationFailed.of(HEADER, f"must have 1 to {MAX_BYTES} characters")
    return blake2b(key.encode(), digest_size=20).hexdigest()


async def made_by(
    session: AsyncSession, caller: Caller, file: File | None, key: str | None
) -> Version | None:
    """Return the version of `file` that the caller made with this key, or None."""
    if key is None or file is None or file.is_archived:
        return None
    query = (
        select(Version)
        .where(Version.file_id == file.id, Version.created_by == caller.me.uuid, Version.request_key == key)
        .order_by(Version.version_number.desc())
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def repeated(
    session: AsyncSession, caller: Caller, file: File | None, stored: Stored, key: str | None
) -> Version | None:
    """Return the version that the caller made of this content with this key, or None if they used it for none.

    Raises:
        IdempotencyKeyReused: that version has other content (422).
    """
    found = await made_by(session, caller, file, key)
    if found is not None and found.checksum != stored.sha256:
        raise IdempotencyKeyReused(
            f"You sent other content with this {HEADER} before: it is version {found.version_number}.",
            {"version_id": found.id, "version": found.version_number},
        )
    return found


async def unchanged(
    session: AsyncSession, file: File | None, stored: Stored, key: str | None
) -> Version | None:
    """Return the current version if the upload has a key and the same content, or None."""
    if key is None or file is None or file.is_archived:
        return None
    found = await current(session, file)
    if found is None or found.checksum != stored.sha256 or found.status == VersionStatus.CORRUPTED:
        return None
    return found
