"""The routes of the parts contract, sections 1, 4, 5 and 8. The caller is found before anything of a body is read that
is not needed for that, so each route reads its body itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from toolcrib.kernel import long_answers
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep, ReadSessionDep, SessionDep
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.long_answers import PAGE, Page
from toolcrib.kernel.openapi import body_of, refusals
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.ratelimit import RateLimited
from toolcrib.parts import values as checks
from toolcrib.parts.caller import Caller, CallerDep, WriterDep, WrongKey, find_caller, read_json
from toolcrib.parts.errors import Beside, refusal
from toolcrib.parts.schemas import (
    Assignment,
    Authenticated,
    ContractPart,
    ContractParts,
    DetailedStats,
    Leaderboard,
    MiscInfo,
    PartFields,
    PartRemoved,
    Password,
    Review,
    Stats,
    Wiped,
)
from toolcrib.parts.service import contract, removing, stats, workflow
from toolcrib.parts.service.contract import Listing
from toolcrib.parts.service.contract_json import part_json
from toolcrib.parts.service.kept_lines import lines_of
from toolcrib.parts.service.lookup import get_part
from toolcrib.parts.shop import shop_of

router = APIRouter(tags=["parts"])

NOT_CACHED = {
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Pragma": "no-cache",
    "Expires": "0",
}
# The page asks at each load: two people behind one address reload at the same time (D8).
CHECK_RATE = "30/2 second"


def answer(found: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(found), status_code=status, media_type="application/json", headers=dict(headers or {})
    )


def _part(row: Any, now: Any, status: int = 200) -> Response:
    """Return a part, with the tag that If-Match takes."""
    return answer(part_json(row, now), status, {"ETag": f'"{row.version}"', "Cache-Control": "no-store"})


async def optional_body(request: Request) -> dict[str, Any]:
    """Return the body's object; an empty one where there is none, or something else (section 5)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return {}
    try:
        found = await read_json(request)
    except Problem as refused:
        if refused.status != 400:
            raise
        return {}
    return found if isinstance(found, dict) else {}


@router.get("/parts/auth/check", response_model=Authenticated, responses=refusals(429))
async def check(request: Request, kernel: KernelDep, now: NowDep) -> Response:
    """Say whether the key is the right one."""
    address = client_address(request)
    try:
        caller = await find_caller(request, kernel)
    except WrongKey:
        await _limited(kernel, "wrong parts key", kernel.settings.parts_wrong_key_rate, address)
        raise
    # Whose key is their own is counted by person: many may be behind one address.
    await _limited(kernel, "parts key", CHECK_RATE, address if caller.shared else caller.me.uuid)
    found = {"status": "authenticated", "message": "The key is valid.", "timestamp": now.isoformat()}
    return answer(found, headers=NOT_CACHED)


async def _limited(kernel: Any, name: str, rate: str, address: str) -> None:
    try:
        await kernel.limiter.hit(name, rate, address)
    except RateLimited as limited:
        seconds = float(limited.details["retry_after_seconds"])
        beside = Beside(retry_after=seconds, details={"retry_after_seconds": seconds})
        raise RateLimited("Rate limited", beside, headers=limited.headers) from None


def listing(request: Request, category: str | None = None) -> Listing:
    """Read the query of a list; what cannot be read counts as not given (section 4)."""
    query = request.query_params
    return Listing(
        category=category if category is not None else query.get("category") or None,
        search=(query.get("search") or "")[:500] or None,
        sort_by=query.get("sort_by") or "created_at",
        is_descending=(query.get("sort_order") or "desc") == "desc",
        limit=_number(query.get("limit")),
        offset=_number(query.get("offset")) or 0,
    )


def _number(text: str | None) -> int | None:
    try:
        found = int(text or "")
    except ValueError:
        return None
    return found if abs(found) < 2**31 else None


_QUERY: dict[str, Any] = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": {"type": kind}}
        for name, kind in (
            ("category", "string"),
            ("search", "string"),
            ("sort_by", "string"),
            ("sort_order", "string"),
            ("limit", "integer"),
            ("offset", "integer"),
        )
    ]
}


async def _list(kernel: Kernel, caller: Caller, asked: Listing, now: Any) -> Response:
    async with kernel.database.read() as session:
        heads, total = await contract.list_parts(session, caller.scope, asked)

    async def read(me: Principal, after: int | None) -> Page[int]:
        replace(caller, me=me).require("viewer")
        start = after or 0
        lines = await lines_of(kernel).of(kernel.database, heads[start : start + PAGE], now)
        end = start + PAGE
        return [orjson.Fragment(line) for line in lines], end if end < len(heads) else None

    rest = orjson.dumps({"total": total, "limit": asked.limit, "offset": asked.offset})
    parts = long_answers.items(kernel, caller.me, read)
    return await long_answers.answer(long_answers.in_text(b'{"parts":[', parts, b"]," + rest[1:]))


@router.get("/parts", include_in_schema=False)
@router.get("/parts/", response_model=ContractParts, openapi_extra=_QUERY)
async def list_parts(request: Request, kernel: KernelDep, caller: CallerDep, now: NowDep) -> Response:
    """List parts. Without a limit, all of them."""
    return await _list(kernel, caller, listing(request), now)


@router.get("/parts/categories/{category}", response_model=ContractParts, openapi_extra=_QUERY)
async def list_category(
    category: str, request: Request, kernel: KernelDep, caller: CallerDep, now: NowDep
) -> Response:
    """List the parts of a category."""
    return await _list(kernel, caller, listing(request, category), now)


@router.get("/parts/stats", response_model=Stats)
async def read_stats(session: ReadSessionDep, caller: CallerDep) -> Response:
    """Count parts by category, status and assignment."""
    return answer(await stats.stats(session, caller.scope))


@router.get("/parts/stats/detailed", response_model=DetailedStats)
async def read_detailed(session: ReadSessionDep, caller: CallerDep) -> Response:
    """Count pieces, and say how long parts took."""
    return answer(await stats.detailed(session, caller.scope))


@router.get("/parts/leaderboard", response_model=Leaderboard)
async def read_leaderboard(session: ReadSessionDep, caller: CallerDep) -> Response:
    """Score who completed parts."""
    return answer({"leaderboard": await stats.leaderboard(session, caller.scope)})


@router.post("/parts/wipe", response_model=Wiped, openapi_extra=body_of(Password), responses=refusals(403))
async def wipe(
    request: Request, session: SessionDep, kernel: KernelDep, caller: WriterDep, now: NowDep
) -> Response:
    """Remove every part and file of the project: with the shared key as the password, and an admin's right where a
    personal key is used."""
    body = await read_json(request)
    caller.require("admin")
    shown = body.get("password") if isinstance(body, dict) else None
    if not isinstance(shown, str) or not shop_of(kernel).is_app_key(shown):
        raise refusal(403, "forbidden", "Incorrect password")
    count = await removing.remove_all(session, caller.scope, caller.me, caller.by, now=now)
    return answer({"message": "All parts were removed.", "count": count})


@router.post("/parts", include_in_schema=False)
@router.post("/parts/", status_code=201, response_model=ContractPart, openapi_extra=body_of(PartFields))
async def create(
    request: Request, session: SessionDep, kernel: KernelDep, caller: WriterDep, now: NowDep
) -> Response:
    """Add a part."""
    found = checks.of_new(checks.sent(_without_key(await read_json(request))))
    is_open = kernel.settings.unknown_projects == "open"
    row = await contract.create(session, caller, found, open_projects=is_open, now=now)
    return _part(row, now, 201)


@router.get("/parts/{part_id:row}", response_model=ContractPart)
async def read(part_id: int, session: ReadSessionDep, caller: CallerDep, now: NowDep) -> Response:
    return _part(await get_part(session, caller.scope, part_id), now)


@router.put("/parts/{part_id:row}", response_model=ContractPart, openapi_extra=body_of(PartFields))
async def update(
    part_id: int, request: Request, session: SessionDep, kernel: KernelDep, caller: WriterDep, now: NowDep
) -> Response:
    """Change the fields that are sent."""
    found = checks.sent(_without_key(await read_json(request)))
    is_open = kernel.settings.unknown_projects == "open"
    row = await contract.update(session, caller, part_id, found, open_projects=is_open, now=now)
    return _part(row, now)


@router.delete("/parts/{part_id:row}", response_model=PartRemoved)
async def remove(part_id: int, session: SessionDep, caller: WriterDep, now: NowDep) -> Response:
    """Remove a part with its files."""
    await contract.delete(session, caller, part_id, now=now)
    return answer({"message": "Part deleted successfully"})


@router.post(
    "/parts/{part_id:row}/approve", response_model=ContractPart, openapi_extra=body_of(Review, required=False)
)
async def approve(
    part_id: int, request: Request, session: SessionDep, kernel: KernelDep, caller: WriterDep, now: NowDep
) -> Response:
    """Approve a part: it goes to the board of its type."""
    body = await optional_body(request)
    row = await workflow.approve(session, kernel.settings, caller, part_id, body, now=now)
    return _part(row, now)


@router.post("/parts/{part_id:row}/assign", response_model=ContractPart, openapi_extra=body_of(Assignment))
async def assign(
    part_id: int, request: Request, session: SessionDep, kernel: KernelDep, caller: WriterDep, now: NowDep
) -> Response:
    """Assign a part, whoever has it."""
    body = await optional_body(request)
    try:
        assigned = checks.checked("assigned", body.get("assigned"))
    except checks.BadValue as bad:
        raise refusal(400, "invalid_request", bad.text) from None
    if not assigned:
        await get_part(session, caller.scope, part_id)
        raise refusal(400, "invalid_request", "Assigned user required")
    row = await workflow.assign(session, kernel.settings, caller, part_id, assigned, now=now)
    return _part(row, now)


@router.post("/parts/{part_id:row}/unclaim", response_model=ContractPart)
async def unclaim(part_id: int, session: SessionDep, caller: WriterDep, now: NowDep) -> Response:
    """Have nobody assigned."""
    return _part(await workflow.unclaim(session, caller, part_id, now=now), now)


@router.post(
    "/parts/{part_id:row}/complete",
    response_model=ContractPart,
    openapi_extra=body_of(MiscInfo, required=False),
)
async def complete(
    part_id: int, request: Request, session: SessionDep, kernel: KernelDep, caller: WriterDep, now: NowDep
) -> Response:
    """Complete a part, or the step of it that is due."""
    body = await optional_body(request)
    row = await workflow.complete(session, kernel.settings, caller, part_id, body, now=now)
    return _part(row, now)


@router.post("/parts/{part_id:row}/revert", response_model=ContractPart)
async def revert(
    part_id: int, session: SessionDep, kernel: KernelDep, caller: WriterDep, now: NowDep
) -> Response:
    """Take a completed part back."""
    row = await workflow.revert(session, kernel.settings, caller, part_id, now=now)
    return _part(row, now)


def _without_key(body: Any) -> Any:
    """Return the body without the key that it may carry."""
    if isinstance(body, dict):
        return {name: value for name, value in body.items() if name != "api_key"}
    return body
