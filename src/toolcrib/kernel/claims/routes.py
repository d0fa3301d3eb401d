"""Everything held right now, whatever its kind, and what can be done about it."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from sqlalchemy import ColumnElement, or_
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.access import visible, visible_scopes
from toolcrib.kernel.claims import clashes, etag, queries, verbs, waiting
from toolcrib.kernel.claims.models import Claim, claim_keys, claims
from toolcrib.kernel.claims.permissions import Caller
from toolcrib.kernel.claims.schemas import (
    MAX_ID,
    ClaimChanged,
    ClaimPage,
    ClaimRead,
    ClashList,
    ForceReleaseRequest,
    Queued,
    QueuePlace,
    QueueRequest,
    RenewRequest,
    Text,
    TransferRequest,
    WaitingRead,
    claim_as_dict,
)
from toolcrib.kernel.claims.waiting import Place
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, PrincipalDep, ReadSessionDep, RequesterDep
from toolcrib.kernel.events.log import last_seq
from toolcrib.kernel.identity.disabled_holders import holding_though_disabled
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.long_answers import JSON, PAGE
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.search import prefix_match, text_match, unindexed
from toolcrib.kernel.site import Site

router = APIRouter(prefix="/claims", tags=["claims"])
admin_router = APIRouter(prefix="/admin", tags=["claims"])

Fence = Annotated[int, Path(ge=1, le=MAX_ID)]
WaiterId = Annotated[str, Path(max_length=36, pattern="^[0-9a-f-]+$")]


async def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


SiteDep = Annotated[Site, Depends(_site)]


@router.get("", response_model=ClaimPage)
async def list_claims(
    session: ReadSessionDep,
    kernel: KernelDep,
    site: SiteDep,
    me: PrincipalDep,
    kind: Text | None = None,
    holder: Text | None = None,
    mine: bool = False,
    prefix: Text | None = None,
    branch: Text | None = None,
    project: Text | None = None,
    q: Text | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    cursor: Annotated[int | None, Query(ge=0, le=MAX_ID)] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Live claims the caller may see, in the order they were acquired. Go on with `cursor=next_cursor` while there is
    one, also where a page has fewer than `limit`: a search for a text looks at a few thousand claims for one answer."""
    seq = await last_seq(session)
    mail = await kernel.config.mail_may_send(session)
    view = etag.view_of(me, mail, kind, holder, mine, prefix, branch, project, q, limit, cursor)
    good = etag.still_good(if_none_match, seq, view, kernel.clock())
    if good:
        return Response(status_code=304, headers={"ETag": good})
    scope = None if project is None else f"project:{me.project_named(project)}"
    within = [] if scope is None else [claims.c.scope == scope]
    conditions = [visible(me, claims.c.scope)]
    narrow: list[ColumnElement[bool]] = []
    if holder:
        is_theirs, is_indexed = await queries.held_by(session, holder)
        conditions.append(is_theirs)
        if is_indexed:
            narrow.append(is_theirs)
    if mine:
        conditions.append(unindexed(claims.c.holder_uuid) == me.uuid)
        narrow.append(claims.c.holder_uuid == me.uuid)
    if branch is not None:
        conditions.append(claims.c.branch == branch)
        narrow.append(conditions[-1])
    if kind:
        conditions.append(unindexed(claims.c.kind).in_(kind.split(",")))
        narrow.append(claims.c.kind.in_(kind.split(",")))
    if prefix:
        conditions.append(prefix_match(claims.c.key, prefix))
        narrow.append(claim_keys.begins(prefix, kernel.database.dialect))
    if q:
        columns = (claims.c.key, claims.c.holder, claims.c.comment, claims.c.branch)
        conditions.append(or_(*(text_match(column, q) for column in columns)))
    if scopes := visible_scopes(me):
        narrow.append(claims.c.scope.in_(scopes))
    wanted = queries.Filters(within, conditions, narrow)
    now = kernel.clock()
    caller = await _caller(session, kernel, me)
    found: list[Claim] = []
    pieces: list[bytes] = []
    page = queries.Scanned([], cursor)
    size = 0
    while len(page.claims) == size and len(found) < limit and (page.after is not None or not pieces):
        # In pages, so that others are served in between.
        size = min(limit - len(found), PAGE)
        page = await queries.scan(session, wanted, now=now, limit=size, after=page.after)
        lengths = await queries.queue_lengths(session, [claim.digest for claim in page.claims], now=now)
        shown = [_shown(claim, lengths.get(claim.digest, 0), site, kernel, caller) for claim in page.claims]
        pieces.append(orjson.dumps(shown)[1:-1])
        found += page.claims
    rest = orjson.dumps({"next_cursor": str(page.after) if page.after is not None else None, "seq": seq})
    return Response(
        b'{"claims":[' + b",".join(filter(None, pieces)) + b"]," + rest[1:],
        media_type=JSON,
        headers={"ETag": etag.make(seq, view, found)},
    )


@router.get("/{fence}", response_model=ClaimRead)
async def read_claim(
    fence: Fence, session: ReadSessionDep, kernel: KernelDep, site: SiteDep, me: PrincipalDep
) -> dict[str, Any]:
    claim = await verbs.look_up(kernel, me, fence)
    lengths = await queries.queue_lengths(session, [claim.digest], now=kernel.clock())
    caller = await _caller(session, kernel, me)
    return _shown(claim, lengths.get(claim.digest, 0), site, kernel, caller)


@router.post("/{fence}/renew", response_model=ClaimChanged, responses=refusals(409))
async def renew(
    fence: Fence, body: RenewRequest, kernel: KernelDep, site: SiteDep, me: PrincipalDep, by: RequesterDep
) -> dict[str, Any]:
    """Move the end of a claim of one's own; an empty body means no end."""
    claim = await verbs.renew(kernel, me, by, fence, body.end(kernel.clock()))
    return await _changed("renewed", claim, kernel, site, me)


@router.post("/{fence}/release", response_model=ClaimChanged, responses=refusals(409))
async def release(
    fence: Fence, kernel: KernelDep, site: SiteDep, me: PrincipalDep, by: RequesterDep
) -> dict[str, Any]:
    claim = await verbs.release(kernel, me, by, fence)
    return await _changed("released", claim, kernel, site, me)


@router.post("/{fence}/force-release", response_model=ClaimChanged, responses=refusals(409))
async def force_release(
    fence: Fence,
    body: ForceReleaseRequest,
    kernel: KernelDep,
    site: SiteDep,
    me: PrincipalDep,
    by: RequesterDep,
) -> dict[str, Any]:
    """End somebody's claim, saying why: for administrators and the project's owner and admins."""
    claim = await verbs.force_release(kernel, me, by, fence, body.reason)
    return await _changed("released", claim, kernel, site, me)


@router.post("/{fence}/transfer", response_model=ClaimChanged, responses=refusals(409))
async def transfer(
    fence: Fence, body: TransferRequest, kernel: KernelDep, site: SiteDep, me: PrincipalDep, by: RequesterDep
) -> dict[str, Any]:
    """Hand a claim over. It gets a new fence: what the earlier holder still sends is refused."""
    claim = await verbs.transfer(kernel, me, by, fence, body.to, body.comment)
    return await _changed(f"handed over to {claim.holder}", claim, kernel, site, me)


@router.post("/{fence}/queue", response_model=Queued, status_code=201, responses=refusals(409))
async def join_queue(fence: Fence, body: QueueRequest, kernel: KernelDep, me: PrincipalDep) -> dict[str, Any]:
    """Wait for a thing: to be given it when it frees (`take`, first come first served), or to be told.

    A person keeps the place for `timeout_seconds`, at most seven days. A `program` renews it at
    `/claims/waiting/{waiter_id}/renew` before `lease_seconds` are over, and keeps what it is given by
    `/claims/{fence}/confirm` within `confirm_seconds`; else the next in line is given it."""
    place = await verbs.wait(kernel, me, fence, body.how())
    return place.as_dict(kernel)


@router.post("/waiting/{waiter_id}/renew", response_model=WaitingRead, responses=refusals(404))
async def keep_waiting(
    waiter_id: WaiterId, kernel: KernelDep, site: SiteDep, me: PrincipalDep
) -> dict[str, Any]:
    """Keep a program's place in line. Answers with the place, or with the `claim` that the program has been given and
    has to confirm. 404: the place has ended; wait again."""
    found = await waiting.keep(kernel, me, waiter_id)
    if isinstance(found, Place):
        return {"place": found.as_dict(kernel), "claim": None}
    async with kernel.database.read() as session:
        caller = await _caller(session, kernel, me)
    return {"place": None, "claim": _shown(found, 0, site, kernel, caller)}


@router.delete("/waiting/{waiter_id}", status_code=204, responses=refusals(404))
async def stop_waiting(
    waiter_id: WaiterId, kernel: KernelDep, me: PrincipalDep, by: RequesterDep
) -> Response:
    """Leave the line. A claim that the program was given and has not confirmed passes on to the next."""
    await waiting.leave(kernel, me, by, waiter_id)
    return Response(status_code=204)


@router.post("/{fence}/confirm", response_model=ClaimChanged, responses=refusals(409))
async def confirm(
    fence: Fence, kernel: KernelDep, site: SiteDep, me: PrincipalDep, by: RequesterDep
) -> dict[str, Any]:
    """Keep a claim that came from the queue to a program. Confirming again changes nothing."""
    claim = await verbs.confirm(kernel, me, by, fence)
    return await _changed("confirmed", claim, kernel, site, me)


@router.delete("/{fence}/queue", status_code=204)
async def leave_queue(fence: Fence, kernel: KernelDep, me: PrincipalDep) -> Response:
    await verbs.stop_waiting(kernel, me, fence)
    return Response(status_code=204)


@router.get("/{fence}/queue", response_model=list[QueuePlace])
async def show_queue(
    fence: Fence, session: ReadSessionDep, kernel: KernelDep, me: PrincipalDep
) -> list[dict[str, Any]]:
    claim = await verbs.look_up(kernel, me, fence)
    return [
        {
            "username": waiter.holder,
            "since": iso_format(waiter.since),
            "take": waiter.take,
            "position": place,
            "program": waiter.lease_ends_at is not None,
        }
        for place, waiter in enumerate(await queries.queue(session, claim.ref, now=kernel.clock()), 1)
    ]


@admin_router.get("/claim-clashes", response_model=ClashList, responses=refusals(403))
async def list_clashes(
    session: ReadSessionDep,
    kernel: KernelDep,
    site: SiteDep,
    me: PrincipalDep,
    cursor: Annotated[str, Query(pattern="^[0-9a-f]{40}$")] | None = None,
) -> dict[str, Any]:
    """List claims on names that differ only in upper and lower case or in composition. Some are older than the rule,
    others in a project that only warns; projects that allow it are left out. All but one claim of each should be
    released.

    One answer looks at about 2,000 claims, in an order without meaning, and lists at most 100 such names, with at most
    100 of the claims of each. `more` says that there are claims that were not looked at yet, of which none, some or all
    may clash: go on with `cursor=next_cursor` while there is one, also where an answer lists nothing."""
    me.require_admin()
    now = kernel.clock()
    found = await clashes.find(session, me, now=now, start=cursor or "")
    lengths = await queries.queue_lengths(
        session, [claim.digest for group in found.groups for claim in group], now=now
    )
    caller = await _caller(session, kernel, me)
    shown = [
        [_shown(claim, lengths.get(claim.digest, 0), site, kernel, caller) for claim in group]
        for group in found.groups
    ]
    return {
        "clashes": [{"claims": group} for group in shown],
        "more": found.following is not None,
        "next_cursor": found.following,
    }


async def _caller(session: AsyncSession, kernel: Kernel, me: Principal) -> Caller:
    return Caller(
        me,
        kernel.clock(),
        mail=await kernel.config.mail_may_send(session),
        waiting=await queries.waited_for(session, me.uuid, now=kernel.clock()),
        disabled=await holding_though_disabled(session),
    )


def _shown(claim: Claim, queue: int, site: Site, kernel: Kernel, caller: Caller) -> dict[str, Any]:
    cannot = kernel.permissions.refusals(claim, caller)
    return claim_as_dict(
        claim,
        queue,
        site.claim_path(claim),
        cannot=cannot,
        holder_disabled=claim.holder_uuid in caller.disabled,
        waiting=claim.digest in caller.waiting,
    )


async def _changed(msg: str, claim: Claim, kernel: Kernel, site: Site, me: Principal) -> dict[str, Any]:
    async with kernel.database.read() as session:
        caller = await _caller(session, kernel, me)
    return {"msg": msg, "claim": _shown(claim, 0, site, kernel, caller)}
