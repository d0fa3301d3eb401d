"""Routes of locks (document contract, section 9)."""

from __future__ import annotations

from fastapi import Request, Response

from toolcrib.documents import answers, schemas
from toolcrib.documents.errors import BucketNotFound
from toolcrib.documents.paths import BUCKETS, PLAIN, Place, as_uuid, read_place
from toolcrib.documents.responses import bare, lock_as_dict, success
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
    where,
)
from toolcrib.documents.service import lock_listing, locks
from toolcrib.documents.service.locks import Lock
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.deps import NowDep
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.openapi import body_of, refusals

router = new_router()

MAX_LOCKS = 10_000


@router.post(
    "/lock",
    response_model=answers.Success,
    openapi_extra=body_of(schemas.DocumentLockRequest),
    responses=refusals(404, 409),
)
async def lock(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Lock a file. 409 if anybody holds it, including the caller; `details` says who."""
    body = await json_body(request)
    asked = checked(schemas.DocumentLockRequest, body)
    held = await locks.lock(
        docs,
        caller,
        where(caller.me, body),
        lock_type=asked.lock_type,
        reason=asked.reason,
        expires_at=asked.end(now),
        now=now,
    )
    return _locked("file locked", held)


@router.post(
    "/lock/renew",
    response_model=answers.Success,
    openapi_extra=body_of(schemas.DocumentRenewRequest),
    responses=refusals(404, 409),
)
async def renew(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Change when one's own lock ends; without `expires_in` it lasts until it is released."""
    body = await json_body(request)
    asked = checked(schemas.DocumentRenewRequest, body)
    return _locked(
        "lock renewed",
        await locks.renew(docs, caller, where(caller.me, body), expires_at=asked.end(now), now=now),
    )


def _locked(message: str, held: Lock) -> Response:
    shown = lock_as_dict(held.claim, held.file)
    wanted = ("lock_id", "expires_at", "file_id", "fence", "locked_by", "locked_at", "lock_type")
    return success(message, {name: shown[name] for name in wanted})


@router.post(
    "/unlock",
    response_model=answers.Success,
    openapi_extra=body_of(schemas.DocumentUnlockRequest),
    responses=refusals(404),
)
async def unlock(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Release one's own lock or, with `force` and authority, another person's; without a `reason`, one is filled in."""
    body = await json_body(request)
    asked = checked(schemas.DocumentUnlockRequest, body)
    ended = await locks.unlock(
        docs, caller, where(caller.me, body), force=asked.force, reason=asked.reason, now=now
    )
    released = {"lock_id": locks.lock_id(ended), "locked_by": ended.holder_uuid, "file_id": ended.key}
    return success("file unlocked", released)


@router.get(
    "/locks",
    response_model=answers.LockList,
    openapi_extra=query_params(*PLACE, mine=BOOLEAN, limit=INTEGER, offset=INTEGER),
    responses=refusals(403),
)
async def list_locks(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """List current locks in buckets the caller may read. If a project service does not answer, a list of one project is
    refused; any other leaves its projects out and says so in `warnings`."""
    query = query_of(request)
    limit = number(query, "limit", MAX_LOCKS, least=1, most=MAX_LOCKS)
    offset = number(query, "offset", 0, least=0)
    file_id = as_uuid(query["file_id"], "file_id") if query.get("file_id") else None
    below, bucket_type = _filter(caller.me, query)
    found = await lock_listing.listing(
        docs,
        caller,
        below=below,
        bucket_type=bucket_type,
        file_id=file_id,
        mine=flag(query, "mine"),
        offset=offset,
        limit=limit,
        now=now,
    )
    shown = [lock_as_dict(each.claim, each.file) for each in found.locks]
    return bare(
        {
            "status": "success",
            "data": {"locks": shown, "total": found.total},
            "warnings": found.warnings,
            "timestamp": iso_format(now),
        }
    )


def _filter(me: Principal, query: dict[str, str]) -> tuple[Place | None, str | None]:
    """Return the filter of a list: a folder to look below, or only a bucket type."""
    named = [query[name] for name in PLAIN.bucket if query.get(name)]
    placed = any(query.get(name) for name in (*PLAIN.id, *PLAIN.path))
    if placed:
        return read_place(me, query, folder=True), None
    if named and named[0] not in BUCKETS:
        raise BucketNotFound("The bucket types are users, companies and projects.")
    return None, named[0] if named else None
