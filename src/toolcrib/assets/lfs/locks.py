"""The Git LFS locking API. It uses the same locks as the REST API.

A lock holds on every branch. The branch it was taken on is recorded without `refs/heads/`, as the REST API and the CLI
write it, but lists and verifications are not filtered by it: they would show a held file as free.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from sqlalchemy import ColumnElement

from toolcrib.assets import service
from toolcrib.assets.lfs import responses
from toolcrib.assets.lfs.schemas import (
    MAX_LOCKS,
    LfsLockChanged,
    LfsLockList,
    LfsLockRequest,
    LfsRef,
    LfsRefused,
    LfsUnlockRequest,
    LfsVerifiableLocks,
    LfsVerifyRequest,
    LockFilter,
    lock_as_lfs,
)
from toolcrib.kernel.claims.models import Claim, claims
from toolcrib.kernel.claims.problems import ClaimHeld, day_and_minute
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import kernel_of
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.json_bodies import malformed
from toolcrib.kernel.numbers import whole_number

router = APIRouter(tags=["git lfs"])

UNKNOWN_BRANCH = "unknown_branch"


# Like the fast REST routes, these take the bare request and validate it with the same schemas.


@responses.at(
    router,
    "/locks",
    "POST",
    body=LfsLockRequest,
    status_code=201,
    response_model=LfsLockChanged,
    responses={
        409: {"model": LfsRefused, "description": "Somebody holds it; `message` says who, until when, why"}
    },
)
async def create(request: Request) -> Response:
    """Lock a path."""
    kernel = kernel_of(request)
    await request.body()  # before the rights are read, as in `assets.routes.create_lock`
    me = await kernel.auth.principal(request)
    project = responses.project_of(request, me)
    body = await responses.read(request, LfsLockRequest)
    try:
        claim = await service.lock(
            kernel.claims,
            me,
            project,
            body.path,
            branch=branch_of(body.ref),
            comment=None,
            expires_at=None,
        )
    except ClaimHeld as held:
        url = request.app.state.site.claim_url(request.scope, held.claim)
        text = held_text(held.claim, me, url)
        return responses.answer({"lock": lock_as_lfs(held.claim), **responses.refusal(text)}, 409)
    return responses.answer({"lock": lock_as_lfs(claim)}, 201)


@responses.at(router, "/locks", "GET", query=LockFilter, response_model=LfsLockList)
async def list_locks(request: Request) -> Response:
    """List the locks of a project on all branches, oldest first; by `path` or `id`, in pages of `limit`."""
    kernel = kernel_of(request)
    me = await kernel.auth.principal(request)
    project = responses.project_of(request, me)
    try:
        wanted = LockFilter.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise malformed(error, "query") from None
    conditions: list[ColumnElement[bool]] = []
    if wanted.path is not None:
        conditions.append(claims.c.digest.in_(service.digests(project, wanted.path)))
    if wanted.id is not None:
        conditions.append(claims.c.fence == fence_of(wanted.id))
    found, after = await _page(kernel, me, project, conditions, limit=wanted.limit, cursor=wanted.cursor)
    return responses.answer({"locks": [lock_as_lfs(claim) for claim in found], **after})


@responses.at(router, "/locks/verify", "POST", body=LfsVerifyRequest, response_model=LfsVerifiableLocks)
async def verify(request: Request) -> Response:
    """List the locks of a project, in two lists: the caller's, and those of others, whose files a push must not change.

    A client that gets 404 or 501 here never checks locks again in that clone.
    """
    kernel = kernel_of(request)
    await request.body()  # before the rights are read, as in `assets.routes.create_lock`
    me = await kernel.auth.principal(request)
    project = responses.project_of(request, me)
    body = await responses.read(request, LfsVerifyRequest)
    found, after = await _page(kernel, me, project, [], limit=body.limit, cursor=body.cursor)
    ours = [lock_as_lfs(claim) for claim in found if claim.holder_uuid == me.uuid]
    theirs = [lock_as_lfs(claim) for claim in found if claim.holder_uuid != me.uuid]
    return responses.answer({"ours": ours, "theirs": theirs, **after})


@responses.at(router, "/locks/{lock_id}/unlock", "POST", body=LfsUnlockRequest, response_model=LfsLockChanged)
async def unlock(request: Request) -> Response:
    """Release a lock; with `force`, another person's, by authority over the project."""
    kernel = kernel_of(request)
    await request.body()  # before the rights are read, as in `assets.routes.create_lock`
    me = await kernel.auth.principal(request)
    project = responses.project_of(request, me)
    body = await responses.read(request, LfsUnlockRequest)
    fence = fence_of(request.path_params["lock_id"])
    async with kernel.database.read() as session:
        claim = await service.by_id(session, me, project, fence, now=kernel.clock())
    if claim.holder_uuid != me.uuid and body.force:
        claim = await service.unlock_by_force(kernel.claims, me, claim, "git lfs unlock --force")
    else:
        claim = await service.unlock(kernel.claims, me, claim)
    return responses.answer({"lock": lock_as_lfs(claim)})


async def _page(
    kernel: Kernel,
    me: Principal,
    project: str,
    conditions: list[ColumnElement[bool]],
    *,
    limit: int,
    cursor: str,
) -> tuple[list[Claim], dict[str, Any]]:
    """Return locks after `cursor`, and the `next_cursor` if there are more. An index answers each of the conditions."""
    limit = min(limit or MAX_LOCKS, MAX_LOCKS)
    async with kernel.database.read() as session:
        found = await service.listing(
            session,
            me,
            project,
            conditions,
            now=kernel.clock(),
            limit=limit + 1,
            after=fence_of(cursor) if cursor else None,
        )
    if len(found) <= limit:
        return found, {}
    return found[:limit], {"next_cursor": str(found[limit - 1].fence)}


def fence_of(text: str) -> int:
    """Return the number in an id or cursor; -1, which no lock has, if it is not a number."""
    number = whole_number(text)
    return -1 if number is None else number


def branch_of(ref: LfsRef | None) -> str:
    """Return the branch in the REST API's form: without `refs/heads/`; other refs are unchanged."""
    name = ref.name.removeprefix("refs/heads/") if ref is not None else ""
    return name or UNKNOWN_BRANCH


def held_text(claim: Claim, me: Principal, url: str) -> str:
    """Return the text of a refusal, which is all that the client shows: who, since when, until when, why, and where to
    look."""
    who = "you" if claim.holder_uuid == me.uuid else claim.holder
    until = day_and_minute(claim.expires_at) if claim.expires_at else "it is released"
    why = f' ("{claim.comment}")' if claim.comment else ""
    since = day_and_minute(claim.acquired_at)
    return f"{claim.label} is locked by {who} since {since}, until {until}{why}. See {url}"
