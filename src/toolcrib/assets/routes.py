"""Routes of asset locks: the contract's routes 3 to 8, and further ones."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ValidationError
from sqlalchemy import ColumnElement

from toolcrib.assets import alerts, listing, service, waiting
from toolcrib.assets.history import digests
from toolcrib.assets.paths import from_url, normalise
from toolcrib.assets.schemas import (
    AssetCheckRequest,
    AssetForceReleaseRequest,
    AssetLock,
    AssetLockRequest,
    AssetRenewRequest,
    AssetsChecked,
    BranchReleased,
    BranchRequest,
    BulkDone,
    BulkRequest,
    LockChanged,
    LockFilter,
    LockQueued,
    Message,
    NotifyRequest,
    Released,
    lock_as_dict,
)
from toolcrib.kernel import long_answers, long_work
from toolcrib.kernel.claims import etag
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.schemas import MAX_ID
from toolcrib.kernel.claims.waiting import Waiting
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, ReadSessionDep
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.archives import archived_through
from toolcrib.kernel.events.routes import EventPage
from toolcrib.kernel.events.writer import events
from toolcrib.kernel.fast_routes import FastResponse, header
from toolcrib.kernel.identity.disabled_holders import holding_though_disabled
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.json_bodies import malformed, read_long_model, read_model
from toolcrib.kernel.openapi import body_of, refusals

router = APIRouter(tags=["assets"])

JSON = "application/json"


# The routes read the path from the raw URL, because the query string belongs to it.
_PATH: dict[str, Any] = {
    "parameters": [{"name": "asset_path", "in": "path", "required": True, "schema": {"type": "string"}}]
}


def _parameters_of(model: type[BaseModel]) -> dict[str, Any]:
    properties = model.model_json_schema()["properties"]
    return {"parameters": [{"name": n, "in": "query", "schema": each} for n, each in properties.items()]}


# The most frequent routes take the bare request: see `kernel.fast_routes`.


@router.post(
    "/locks",
    status_code=201,
    response_model=LockChanged,
    responses={
        **refusals(409),
        202: {"model": LockQueued, "description": "`wait` was asked for and the path is held"},
    },
    openapi_extra=body_of(AssetLockRequest),
)
async def create_lock(request: Request) -> Response:
    """Lock a path. 409 if anybody holds it, including the caller; `details` says who, since when and until when."""
    kernel: Kernel = request.app.state.kernel
    # reading the body may take long, so it comes before reading the rights, which may end meanwhile
    await request.body()
    me = await kernel.auth.principal(request)
    body = await read_model(request, AssetLockRequest)
    now = kernel.clock()
    project = me.project_named(body.project or kernel.settings.default_project)
    if body.wait:
        return await _lock_or_wait(request, kernel, me, project, body)
    claim = await service.lock(
        kernel.claims,
        me,
        project,
        body.asset_path,
        branch=body.branch,
        comment=body.comment,
        expires_at=body.end(now),
        upstream=body.upstream_branch,
    )
    return await _locked(kernel, me, project, claim)


async def _locked(kernel: Kernel, me: Principal, project: str, claim: Claim) -> Response:
    answer = {"msg": "locked", "lock": lock_as_dict(claim), **await _warning(kernel, me, project, [claim])}
    return FastResponse(201, orjson.dumps(answer))


async def _warning(kernel: Kernel, me: Principal, project: str, taken: list[Claim]) -> dict[str, str]:
    """Return the `warning` of paths that differ only in case, where the project wants one."""
    if service.policy(me, project) != "warn":
        return {}
    async with kernel.database.read() as session:
        found = await service.spelled_otherwise(session, me, project, taken, now=kernel.clock())
    if not found:
        return {}
    held = ", ".join(f"{claim.key} ({claim.holder})" for claim in found[:10])
    return {"warning": f"Held in another spelling, which differs only in upper and lower case: {held}."}


async def _lock_or_wait(
    request: Request, kernel: Kernel, me: Principal, project: str, body: AssetLockRequest
) -> Response:
    now = kernel.clock()
    end = body.end(now)
    how = Waiting(
        program=body.program,
        program_id=body.program_id,
        timeout=timedelta(seconds=body.timeout_seconds) if body.timeout_seconds else None,
        branch=body.branch,
        comment=body.comment,
        ttl_seconds=body.expires_in,
        ends_at=end if body.expires_at else None,
    )
    found = await waiting.lock_or_wait(
        kernel, me, project, body.asset_path, how, expires_at=end, upstream=body.upstream_branch
    )
    if isinstance(found, Claim):
        return await _locked(kernel, me, project, found)
    held, place = found
    details = {**held.details, "url": request.app.state.site.claim_url(request.scope, held.claim)}
    answer = {"msg": f"waiting: {held.detail}", **place.as_dict(kernel), "held": details}
    return Response(orjson.dumps(answer), status_code=202, media_type=JSON)


@router.get(
    "/locks",
    response_model=list[AssetLock],
    openapi_extra=_parameters_of(LockFilter),
    responses=refusals(403),
)
async def list_locks(request: Request) -> Response:
    """List the locks of a project, as a JSON array. With `limit`, the header `X-Next-Cursor` names where to continue if
    there are more, also where fewer than `limit` are listed: a search for a text (`q`) then looks at a few thousand
    locks for one answer.

    `If-None-Match` with the last `ETag` answers 304 without reading a row if nothing has changed."""
    kernel: Kernel = request.app.state.kernel
    me = await kernel.auth.principal(request)
    lists: etag.Lists = kernel.kinds[service.KIND]
    question: bytes = request.scope["query_string"]
    view = lists.view(me, question)
    if view is None:
        project = me.project_named(_wanted(request).project or kernel.settings.default_project)
        me.require(f"project:{project}")
        view = etag.view_of(me, project, question)
        lists.keep(me, question, view)
    seq = await lists.position.current()
    now = kernel.clock()
    good = etag.still_good(header(request, b"if-none-match"), seq, view, now)
    if good:
        return FastResponse(304, b"", (b"etag", good.encode("latin-1")))

    return await listing.answer(kernel, me, _wanted(request), view, seq, now)


def _wanted(request: Request) -> LockFilter:
    try:
        return LockFilter.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise malformed(error, "query") from None


@router.post("/locks/auto-release", response_model=BranchReleased)
async def auto_release(body: BranchRequest, kernel: KernelDep, me: PrincipalDep) -> dict[str, Any]:
    """Release every lock taken on exactly this branch, by its local or its upstream name, whoever holds it; for merge
    scripts."""
    project = me.project_named(body.project or kernel.settings.default_project)
    released = await service.release_branch(kernel.claim_pieces, me, project, body.branch)
    noun = "lock" if len(released) == 1 else "locks"
    return {"msg": f"released {len(released)} {noun} on {body.branch}", "released": len(released)}


@router.post(
    "/locks/bulk",
    response_model=BulkDone,
    responses={**refusals(404, 409), 201: {"model": BulkDone}},
    openapi_extra=body_of(BulkRequest),
)
async def bulk(request: Request, kernel: KernelDep) -> Response:
    """Lock or release up to 10,000 paths: all of them or none.

    A large change is made in pieces, between which others are served. Until it is answered, others may see a part of
    it, and be refused by locks that are released again because the whole cannot be had.
    """
    body = await read_long_model(request, BulkRequest)
    me = await kernel.auth.principal(request)
    project = me.project_named(body.project or kernel.settings.default_project)
    if body.action == "lock":
        done = await service.lock_many(
            kernel.claim_pieces,
            me,
            project,
            body.paths,
            branch=body.branch,
            comment=body.comment,
            expires_at=body.end(kernel.clock()),
            upstream=body.upstream_branch,
            still=partial(long_answers.refreshed, kernel, me),
        )
    else:
        done = await service.release_many(kernel.claim_pieces, me, project, body.paths)
    word, status = ("locked", 201) if body.action == "lock" else ("released", 200)
    head = {"msg": f"{word} {len(done)} paths", "count": len(done)}
    if body.action == "lock":
        head |= await _warning(kernel, me, project, done)
    locks = long_work.encoded(lock_as_dict, done)
    text = long_answers.in_text(b'%b,"locks":' % orjson.dumps(head)[:-1], locks, b"}")
    return await long_answers.answer(text, status_code=status)


@router.post("/locks/check", response_model=AssetsChecked, openapi_extra=body_of(AssetCheckRequest))
async def check(request: Request, kernel: KernelDep, now: NowDep) -> Response:
    """Tell which of up to 10,000 paths are locked, by others and by the caller."""
    body = await read_long_model(request, AssetCheckRequest)
    me = await kernel.auth.principal(request)
    project = me.project_named(body.project or kernel.settings.default_project)
    async with kernel.database.read() as session:
        held, mine = (
            await service.check(session, me, project, body.paths, now=now) if body.paths else ([], [])
        )
        disabled = await holding_though_disabled(session) if held else frozenset()
    others = long_work.encoded(
        lambda claim: {**lock_as_dict(claim), "holder_disabled": claim.holder_uuid in disabled}, held
    )
    own = long_work.encoded(lock_as_dict, mine)
    return await long_answers.answer(long_answers.in_text(b'{"held":', others, b',"mine":', own, b"}"))


@router.post("/locks/renew", response_model=LockChanged, responses=refusals(404))
async def renew(body: AssetRenewRequest, kernel: KernelDep, me: PrincipalDep, now: NowDep) -> dict[str, Any]:
    """Change when one's own lock ends; without an end in the body it no longer expires."""
    project = me.project_named(body.project or kernel.settings.default_project)
    claim = await service.renew(kernel.claims, me, project, body.asset_path, body.end(now))
    return {"msg": "renewed", "lock": lock_as_dict(claim)}


@router.post("/locks/force-release", response_model=Released, responses=refusals(404))
async def force_release(
    body: AssetForceReleaseRequest, kernel: KernelDep, me: PrincipalDep
) -> dict[str, Any]:
    """Release locks of others, with a reason: for administrators and the project's owners and admins."""
    project = me.project_named(body.project or kernel.settings.default_project)
    done = await service.force_release(kernel.claim_pieces, me, project, body.paths, body.reason)
    return {"msg": f"released {len(done)} paths", "count": len(done)}


@router.get("/lock-history", response_model=EventPage, responses=refusals(403))
async def history(
    session: ReadSessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    path: str,
    project: str | None = None,
    before: Annotated[int | None, Query(ge=0, le=MAX_ID)] = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List everything that happened to a path, newest first."""
    target = service.ref(me.project_named(project or kernel.settings.default_project), normalise(path))
    me.require(target.scope)
    same = await digests(session, me, target)
    conditions: list[ColumnElement[bool]] = [events.c.digest.in_(same)]
    if before is not None:
        conditions.append(events.c.seq < before)
    limit = min(max(limit, 1), 1000)
    found = await event_log.search(session, conditions, newest_first=True, limit=limit + 1)
    more, found = len(found) > limit, found[:limit]
    return {
        "events": [event.as_dict() for event in found],
        "next_before": found[-1].seq if more else None,
        "next_after": None,
        "last_seq": await event_log.last_seq(session),
        "archived_through": await archived_through(session),
    }


@router.get(
    "/locks/{asset_path:path}", response_model=AssetLock, responses=refusals(403), openapi_extra=_PATH
)
async def read_lock(
    request: Request, session: ReadSessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> dict[str, Any]:
    claim = await service.find_lock(session, me, _meant(request, kernel, me, "/locks/"), now=now)
    return lock_as_dict(claim)


@router.delete(
    "/locks/{asset_path:path}", response_model=Message, responses=refusals(409), openapi_extra=_PATH
)
async def delete_lock(request: Request) -> Response:
    """Release one's own lock. Administrators cannot release others' locks here."""
    kernel: Kernel = request.app.state.kernel
    me = await kernel.auth.principal(request)
    meant = _meant(request, kernel, me, "/locks/")
    claim = await service.unlock_meant(kernel.claims, kernel.database, me, meant, now=kernel.clock())
    return FastResponse(200, orjson.dumps({"msg": f"released {claim.key}"}))


@router.post(
    "/locks/path/{asset_path:path}/notify",
    response_model=Message,
    openapi_extra={**_PATH, **body_of(NotifyRequest, required=False)},
)
async def notify(request: Request, kernel: KernelDep, now: NowDep) -> dict[str, str]:
    """Mail the holder of a path that somebody else needs it."""
    raw = await request.body()
    me = await kernel.auth.principal(request)
    body = await read_model(request, NotifyRequest) if raw.strip() else NotifyRequest()
    candidates = _meant(request, kernel, me, "/locks/path/", suffix="/notify", project=body.project)
    async with kernel.database.read() as session:
        claim = await service.find_lock(session, me, candidates, now=now)
    await alerts.notify_holder(kernel, me, claim, body.message, now=now)
    return {"msg": f"{claim.holder} has been told"}


def _meant(
    request: Request,
    kernel: Kernel,
    me: Principal,
    prefix: str,
    *,
    suffix: str = "",
    project: str | None = None,
) -> list[tuple[str, str]]:
    """Return the (project, path) pairs that the URL may mean, the most likely first.

    `?project=NAME` alone names a project, unless a file has just that name: in the contract the query string is part of
    the path, so the literal reading comes first.
    """
    raw = request.scope["raw_path"].split(b"?", 1)[0].removesuffix(suffix.encode())
    query: bytes = request.scope["query_string"]
    default = me.project_named(project or kernel.settings.default_project)
    found = [(default, path) for path in from_url(raw, query, prefix)]
    if query.startswith(b"project=") and b"&" not in query:
        named = me.project_named(request.query_params["project"])
        found += [(named, path) for path in from_url(raw, b"", prefix)]
    return found
