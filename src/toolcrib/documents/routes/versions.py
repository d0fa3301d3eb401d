"""Routes of the version history and of decisions (document contract, section 10)."""

from __future__ import annotations

from fastapi import Request, Response

from toolcrib.documents import answers, schemas
from toolcrib.documents.paths import as_uuid
from toolcrib.documents.responses import bare, file_as_dict, names_of, success, version_as_dict, with_data
from toolcrib.documents.routes.common import (
    INTEGER,
    PLACE,
    CallerDep,
    DocumentsDep,
    checked,
    json_body,
    new_router,
    number,
    query_of,
    query_params,
    status,
    where,
)
from toolcrib.documents.routes.uploads import saved_as_dict
from toolcrib.documents.service import versions
from toolcrib.kernel.deps import NowDep
from toolcrib.kernel.openapi import body_of, refusals

router = new_router()

MAX_LIMIT = 200


@router.get(
    "/versions",
    response_model=answers.VersionList,
    openapi_extra=query_params(*PLACE, "status", limit=INTEGER, offset=INTEGER),
    responses=refusals(403),
)
async def history(request: Request, docs: DocumentsDep, caller: CallerDep) -> Response:
    """List a file's versions, newest first."""
    query = query_of(request)
    limit = number(query, "limit", 50, least=1, most=MAX_LIMIT)
    offset = number(query, "offset", 0, least=0)
    wanted = status(query, schemas.VERSION_STATUSES)
    found = await versions.history(
        docs, caller, where(caller.me, query), status=wanted, limit=limit, offset=offset
    )
    async with docs.kernel.database.read() as session:
        names = await names_of(session, versions=found.versions)
    shown = [version_as_dict(each, names) for each in found.versions]
    return with_data({"file_id": found.file.id, "versions": shown, "total_count": found.total})


@router.get("/versions/waiting", response_model=answers.WaitingList)
async def waiting(docs: DocumentsDep, caller: CallerDep) -> Response:
    """List versions that wait for a decision the caller may make. Projects whose project service does not answer are
    left out, which `warnings` says."""
    found = await versions.waiting(docs, caller)
    files, submitted = [each.file for each in found.versions], [each.version for each in found.versions]
    async with docs.kernel.database.read() as session:
        names = await names_of(session, files, submitted)
    shown = [
        {"file": file_as_dict(each.file, None, names), "version": version_as_dict(each.version, names)}
        for each in found.versions
    ]
    return bare({"waiting": shown, "total": len(shown), "warnings": found.warnings})


@router.post(
    "/versions/{version_id}/approve",
    response_model=answers.Success,
    openapi_extra=body_of(schemas.DecideRequest, required=False),
    responses=refusals(409),
)
async def approve(
    version_id: str, request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep
) -> Response:
    """Make another person's waiting version the current one."""
    comment = await _comment(request)
    found = await versions.approve(docs, caller, as_uuid(version_id, "version_id"), comment=comment, now=now)
    return success(
        "version approved",
        {
            "version_id": found.version.id,
            "status": found.version.status,
            "file_id": found.file.id,
            "is_current": True,
        },
    )


@router.post(
    "/versions/{version_id}/reject",
    response_model=answers.Success,
    openapi_extra=body_of(schemas.DecideRequest, required=False),
    responses=refusals(409),
)
async def reject(
    version_id: str, request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep
) -> Response:
    """Reject another person's waiting version."""
    comment = await _comment(request)
    found = await versions.reject(docs, caller, as_uuid(version_id, "version_id"), comment=comment, now=now)
    return success(
        "version rejected",
        {
            "version_id": found.version.id,
            "status": found.version.status,
            "file_id": found.file.id,
            "rejection_reason": comment,
        },
    )


@router.post("/versions/{version_id}/restore", status_code=201, response_model=answers.Success)
async def restore(version_id: str, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Make an earlier version's content the newest version, and current."""
    saved = await versions.bring_back(docs, caller, as_uuid(version_id, "version_id"), now=now)
    return success("version restored", saved_as_dict(saved), 201)


async def _comment(request: Request) -> str | None:
    body = await json_body(request, optional=True)
    return checked(schemas.DecideRequest, body).comment
