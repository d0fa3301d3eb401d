"""Routes of copies, and of versions submitted from them (document contract, section 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from toolcrib.documents import answers, schemas
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.paths import SOURCE, TARGET, Place, as_uuid, read_place
from toolcrib.documents.responses import success
from toolcrib.documents.routes.common import (
    CallerDep,
    DocumentsDep,
    checked,
    json_body,
    new_router,
    where,
)
from toolcrib.documents.routes.uploads import REPEATS
from toolcrib.documents.service import commits, copying
from toolcrib.documents.service.locks import lock_id
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.repeats import HEADER, read_key
from toolcrib.documents.service.uploads import Saved
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.deps import NowDep
from toolcrib.kernel.identity.principal import AccessDenied, Principal
from toolcrib.kernel.openapi import body_of, refusals

router = new_router()


@router.post(
    "/copy",
    status_code=201,
    response_model=answers.Success,
    openapi_extra=body_of(schemas.CopyRequest),
    responses=refusals(404, 507),
)
async def copy(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Copy a file. A copy from a project into one's own bucket is a work copy, and locks the source."""
    body = await json_body(request)
    asked = checked(schemas.CopyRequest, body)
    source = read_place(caller.me, body, SOURCE)
    target = _target(caller.me, body, asked.new_filename or source.name)
    found = await copying.copy(
        docs,
        caller,
        source,
        target,
        filename=asked.new_filename,
        all_versions=asked.copy_versions,
        now=now,
    )
    claim = found.claim
    return success(
        "file copied",
        {
            "file_id": found.file.id,
            "destination_path": found.file.logical_path,
            "source_file_id": found.source.id,
            "copy_file_id": found.file.id,
            "copy_path": found.file.address,
            "lock_id": lock_id(claim) if claim else None,
            "locked_at": iso_format(claim.acquired_at) if claim else None,
        },
        201,
    )


def _target(me: Principal, body: Mapping[str, Any], name: str) -> Place:
    """Return where the copy goes: a path that ends in `/` is a folder, in which the copy is called `name`."""
    path = body.get("target_path")
    if isinstance(path, str) and path.endswith("/"):
        return read_place(me, {**body, "target_path": path + name}, TARGET)
    return read_place(me, body, TARGET)


@router.post(
    "/versions/commit",
    status_code=201,
    response_model=answers.Success,
    openapi_extra=body_of(schemas.CommitRequest) | {"parameters": [REPEATS]},
    responses=refusals(404, 409, 422, 507),
)
async def commit(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Submit a version for approval: from a work copy, or from content uploaded before."""
    body = await json_body(request)
    asked = checked(schemas.CommitRequest, body)
    request_key = read_key(request.headers.get(HEADER))
    changelog = asked.changelog if asked.changelog is not None else asked.message
    if asked.object_key is None:
        if asked.source_path is None and asked.target_path is None:
            raise ValidationFailed.of("object_key", "is missing")
        source, target = read_place(caller.me, body, SOURCE), read_place(caller.me, body, TARGET)
        found = await commits.commit_work_copy(
            docs, caller, source, target, changelog=changelog, request_key=request_key, now=now
        )
    else:
        found = await _commit_object(
            docs, caller, body, asked, changelog=changelog, request_key=request_key, now=now
        )
    version = found.version
    return success(
        "version submitted",
        {
            "version_id": version.id,
            "status": version.status,
            "version_number": version.version_number,
            "file_id": found.file.id,
        },
        201,
    )


async def _commit_object(
    docs: Documents,
    caller: Caller,
    body: Mapping[str, Any],
    asked: schemas.CommitRequest,
    *,
    changelog: str | None,
    request_key: str | None,
    now: NowDep,
) -> Saved:
    target = where(caller.me, body)
    if asked.created_by is not None and as_uuid(asked.created_by, "created_by") != caller.me.uuid:
        raise AccessDenied("Only the person who made a version may submit it.")
    return await commits.commit_object(
        docs,
        caller,
        target,
        asked.object_key or "",
        changelog=changelog,
        request_key=request_key,
        now=now,
    )
