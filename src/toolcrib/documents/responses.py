"""Responses about documents, with the names of the document contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from fastapi import Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.models import AuditEntry, File, Version
from toolcrib.documents.service.locks import lock_id
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.clock import iso_format, system_clock
from toolcrib.kernel.identity.users import usernames
from toolcrib.kernel.stored_json import MARK, is_damaged

JSON = "application/json"
CHUNK = 10_000  # ids in one query: more would be too many parameters for some databases
Names = dict[str, str]


def bare(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type=JSON)


def with_data(body: dict[str, Any]) -> Response:
    """Return the fields of `body` at the top and again in `data`: earlier clients read them in either place."""
    return bare({**body, "status": "success", "data": body})


def success(message: str, data: dict[str, Any] | None = None, status: int = 200) -> Response:
    body: dict[str, Any] = {"success": True, "status": "success", "message": message}
    if data is not None:
        body["data"] = data
    return bare({**body, "timestamp": iso_format(system_clock())}, status)


async def names_of(
    session: AsyncSession, files: Iterable[File] = (), versions: Iterable[Version] = ()
) -> Names:
    """Return the user names of the people that these rows mention, by UUID."""
    wanted = {file.owner_id for file in files}
    for version in versions:
        wanted |= {version.created_by, version.validated_by or version.created_by}
    return await usernames(session, wanted)


async def files_as_dicts(
    session: AsyncSession, files: Sequence[File], held: Mapping[str, Claim]
) -> list[dict[str, Any]]:
    """Return files for a list, also with the status of their current versions. That differs from the file's own status,
    which is `validated` from the first upload on."""
    names = await names_of(session, files)
    ids = [file.current_version_id for file in files if file.current_version_id]
    statuses: dict[str, str] = {}
    for start in range(0, len(ids), CHUNK):
        query = select(Version.id, Version.status).where(Version.id.in_(ids[start : start + CHUNK]))
        statuses |= {id_: status for id_, status in await session.execute(query)}  # noqa: C416 - rows are no pairs to mypy
    return [
        {
            **file_as_dict(file, held.get(file.id), names),
            "version_status": statuses.get(file.current_version_id or ""),
        }
        for file in files
    ]


def file_as_dict(file: File, claim: Claim | None, names: Names) -> dict[str, Any]:
    return {
        "id": file.id,
        "file_id": file.id,
        "bucket_type": file.bucket_type,
        "bucket_id": file.bucket_id,
        "logical_path": file.logical_path,
        "bucket": file.bucket_type,
        "path": file.address,
        "name": file.name,
        "filename": file.filename,
        "owner_id": file.owner_id,
        "owner_name": names.get(file.owner_id),
        "status": file.status,
        "current_version_id": file.current_version_id,
        "version": file.version_number,
        "source_file_id": file.source_file_id,
        "tags": file.tags,
        "damaged": is_damaged(file.tags, "document_files", file.id),
        "mime_type": file.mime_type,
        "size": file.size,
        "is_deleted": file.is_archived,
        "locked": claim is not None,
        "locked_by": claim.holder_uuid if claim else None,
        "locked_by_name": claim.holder if claim else None,
        "locked_at": iso_format(claim.acquired_at) if claim else None,
        "created_at": iso_format(file.created_at),
        "updated_at": iso_format(file.updated_at),
    }


def version_as_dict(version: Version, names: Names) -> dict[str, Any]:
    return {
        "id": version.id,
        "version_id": version.id,
        "file_id": version.file_id,
        "version_number": version.version_number,
        "object_key": version.object_key,
        "size": version.size,
        "mime_type": version.mime_type,
        "checksum": version.checksum,
        "changelog": version.changelog,
        "status": version.status,
        "created_by": version.created_by,
        "created_by_name": names.get(version.created_by),
        "validated_by": version.validated_by,
        "validated_by_name": names.get(version.validated_by) if version.validated_by else None,
        "validated_at": iso_format(version.validated_at) if version.validated_at else None,
        "validation_comment": version.validation_comment,
        "created_at": iso_format(version.created_at),
        "updated_at": iso_format(version.updated_at),
    }


def lock_as_dict(claim: Claim, file: File) -> dict[str, Any]:
    """Return a lock with the contract's names, as also used inside metadata."""
    return {
        "lock_id": lock_id(claim),
        "id": lock_id(claim),
        "file_id": file.id,
        "fence": claim.fence,
        "locked_by": claim.holder_uuid,
        "locked_by_name": claim.holder,
        "locked_at": iso_format(claim.acquired_at),
        "created_at": iso_format(claim.acquired_at),
        "updated_at": iso_format(claim.renewed_at),
        "is_active": True,
        "reason": claim.comment,
        "lock_type": claim.data.get("lock_type", "edit"),
        "expires_at": iso_format(claim.expires_at) if claim.expires_at else None,
        "bucket_type": file.bucket_type,
        "bucket_id": file.bucket_id,
        "logical_path": file.logical_path,
        "path": file.address,
    }


def audit_as_dict(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "file_id": entry.file_id,
        "version_id": entry.version_id,
        "action": entry.action,
        "user_id": entry.user_id,
        "username": entry.username,
        "details": MARK if is_damaged(entry.details, "document_audit", entry.id) else entry.details,
        "ip_address": entry.ip_address,
        "user_agent": entry.user_agent,
        "created_at": iso_format(entry.created_at),
    }
