"""Routes that list files, and show and change one file (document contract, section 6)."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from toolcrib.documents import answers, schemas
from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.paths import read_place
from toolcrib.documents.responses import (
    audit_as_dict,
    bare,
    file_as_dict,
    files_as_dicts,
    lock_as_dict,
    names_of,
    success,
    version_as_dict,
    with_data,
)
from toolcrib.documents.routes.common import (
    BOOLEAN,
    INTEGER,
    PLACE,
    CallerDep,
    DocumentsDep,
    checked,
    flag,
    json_body,
    new_router,
    number,
    query_of,
    query_params,
    status,
    where,
)
from toolcrib.documents.service import event_keys, files, moving, removal, restoring
from toolcrib.kernel.deps import NowDep
from toolcrib.kernel.openapi import body_of, refusals

router = new_router()

MAX_LIMIT = 1_000


@router.get(
    "/list",
    response_model=answers.FileList,
    openapi_extra=query_params(
        "bucket", "id", "path", "bucket_type", "bucket_id", "status", "q", page=INTEGER, limit=INTEGER
    ),
    responses=refusals(403),
)
async def list_files(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """List all files below a folder, by path, in pages."""
    query = query_of(request)
    page = number(query, "page", 1, least=1)
    limit = number(query, "limit", 50, least=1, most=MAX_LIMIT)
    wanted = status(query, schemas.FILE_STATUSES)
    folder = read_place(caller.me, query, folder=True)
    found = await files.listing(
        docs, caller, folder, status=wanted, q=query.get("q"), page=page, limit=limit, now=now
    )
    async with docs.kernel.database.read() as session:
        shown = await files_as_dicts(session, found.files, found.held)
    pages = -(-found.total // limit)
    pagination = {"page": page, "limit": limit, "total_items": found.total, "total_pages": pages}
    return bare({"files": shown, "pagination": pagination})


@router.get(
    "/metadata",
    response_model=answers.FileMetadata,
    openapi_extra=query_params(
        *PLACE, include_versions=BOOLEAN, include_locks=BOOLEAN, include_audit=BOOLEAN
    ),
    responses=refusals(403, 404),
)
async def metadata(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Return one file, archived or not, with its versions, locks and audit."""
    query = query_of(request)
    with_versions, with_locks = flag(query, "include_versions"), flag(query, "include_locks")
    with_audit = flag(query, "include_audit")
    target = where(caller.me, query)
    found = await files.details(docs, caller, target, versions=with_versions, audit=with_audit, now=now)
    shown = [*found.versions, *([found.current] if found.current else [])]
    async with docs.kernel.database.read() as session:
        names = await names_of(session, [found.file], shown)
    body: dict[str, Any] = {
        "file": file_as_dict(found.file, found.claim, names),
        "current_version": version_as_dict(found.current, names) if found.current else None,
    }
    if with_versions:
        body["versions"] = [version_as_dict(each, names) for each in found.versions]
    if with_locks:
        body["locks"] = [lock_as_dict(found.claim, found.file)] if found.claim else []
    if with_audit:
        body["audit_logs"] = [audit_as_dict(each) for each in found.audit]
    return with_data(body)


@router.get(
    "/event-keys",
    response_model=answers.EventKeys,
    openapi_extra=query_params("bucket", "id", "path", "bucket_type", "bucket_id", "logical_path"),
    responses=refusals(403),
)
async def keys_of_events(request: Request, docs: DocumentsDep, caller: CallerDep) -> Response:
    """Return the `key`s for `GET /api/events` that find what happened to a path: to the document or folder there, under
    whatever names it has had, and to documents that had this path before."""
    keys = await event_keys.event_keys(docs, caller, read_place(caller.me, query_of(request), folder=True))
    return bare({"keys": keys})


@router.patch(
    "/metadata",
    response_model=answers.Success,
    openapi_extra={**query_params(*PLACE), **body_of(schemas.Changes)},
    responses=refusals(409),
)
async def describe(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Replace a file's tags, and set its description."""
    body = await json_body(request)
    target = where(caller.me, query_of(request))
    changes = checked(schemas.Changes, body).model_dump(exclude_unset=True)
    if not changes:
        raise ValidationFailed.of("body", "must contain tags or description")
    file = await files.describe(docs, caller, target, changes, now=now)
    return success("metadata updated", {"file_id": file.id, "updated_fields": changes})


@router.delete(
    "/delete",
    response_model=answers.Success,
    openapi_extra=body_of(schemas.DeleteRequest),
    responses=refusals(409),
)
async def delete(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Archive a file or, with `physical`, destroy it."""
    body = await json_body(request)
    asked = checked(schemas.DeleteRequest, body)
    file = await removal.remove(
        docs,
        caller,
        where(caller.me, body),
        physical=asked.physical,
        force=asked.force,
        reason=asked.reason,
        now=now,
    )
    what = "file destroyed" if asked.physical else "file archived"
    return success(what, {"file_id": file.id, "logical_delete": True, "physical_delete": asked.physical})


@router.post(
    "/restore",
    response_model=answers.Success,
    openapi_extra=body_of(schemas.Addressed),
    responses=refusals(404),
)
async def restore(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Restore an archived file. If another file has its name now, it gets a similar one: `logical_path` says which."""
    body = await json_body(request)
    found = await restoring.restore(docs, caller, where(caller.me, body), now=now)
    file = found.file
    return success(
        "file restored",
        {
            "file_id": file.id,
            "status": file.status,
            "logical_path": file.logical_path,
            "path": file.address,
            "name": file.name,
            "renamed": found.renamed,
        },
    )


@router.post(
    "/move",
    response_model=answers.Success,
    openapi_extra=body_of(schemas.MoveRequest),
    responses=refusals(404, 409),
)
async def move(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Move a file to another path in its bucket: `target_path`, below the bucket's root."""
    body = await json_body(request)
    source = read_place(caller.me, body)
    asked = checked(schemas.MoveRequest, body)
    target = read_place(
        caller.me,
        {"bucket_type": source.bucket.type, "bucket_id": source.bucket.id, "logical_path": asked.target_path},
    )
    file = await moving.move_file(docs, caller, source, target, now=now)
    return success("file moved", {"file_id": file.id, "path": file.address})
