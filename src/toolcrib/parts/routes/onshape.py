"""Onshape as the earlier pages know it: connect an account there, and fetch drawings (parts contract, section 9)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row
from starlette.responses import RedirectResponse

from toolcrib.kernel.blobs.problems import BlobMissing
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.openapi import PUBLIC, refusals
from toolcrib.kernel.problems import InvalidRequest, NotFound, Problem
from toolcrib.kernel.schema import Schema
from toolcrib.parts.caller import Caller, CallerDep, KeyNeeded, WriterDep, find_caller
from toolcrib.parts.errors import refusal
from toolcrib.parts.onshape import drawings
from toolcrib.parts.onshape.client import Drawing, NotAccepted, ProviderFailed, drawing_at
from toolcrib.parts.onshape.connecting import (
    NotConfigured,
    NotConnected,
    SignIn,
    UnknownRedirect,
    connections_of,
    has_lapsed,
)
from toolcrib.parts.routes.contract import answer
from toolcrib.parts.routes.files import BYTES, serve_file
from toolcrib.parts.service.files import PDF, current_file
from toolcrib.parts.service.lookup import get_part
from toolcrib.parts.shop import shop_of

router = APIRouter(tags=["parts"])
# Beside the API, because people open it in a browser.
root_router = APIRouter(tags=["parts"])

HAND = "hand"
NOT_CONFIGURED = "Onshape OAuth is not configured"
CONNECT_FIRST = "Connect to Onshape first."
# What went wrong on the way back, as our page reads it.
INCOMPLETE, EXPIRED, OTHER_PERSON = "incomplete", "expired", "other_person"
NO_DRAWING_FILE = "Drawing file not found"
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PREFIXES = ("/auth/onshape", "/parts/auth/onshape")
_FOUND: dict[int | str, dict[str, Any]] = {302: {"description": "On to the next page"}}


class AuthorizationUrl(Schema):
    authorization_url: str


class OnshapeUser(Schema):
    id: str | None
    email: str | None
    name: str | None


class OnshapeStatus(Schema):
    """`user` and `authenticated_at` are there if `connected`."""

    connected: bool
    user: OnshapeUser | None = None
    authenticated_at: str | None = None


class OnshapeDisconnected(Schema):
    success: bool
    message: str


class DrawingNotFound(NotFound):
    code = "drawing_not_found"


def of_person(me: Principal) -> str:
    return f"user:{me.uuid}"


def of_shop(kernel: Kernel) -> str:
    """One connection for each key (contract, section 9), which it does not tell."""
    return f"key:{shop_of(kernel).key_digest.hex()}"


def _owner(kernel: Kernel, caller: Caller) -> str:
    return of_shop(kernel) if caller.shared else of_person(caller.me)


# Connecting


async def connect(
    kernel: KernelDep, caller: WriterDep, now: NowDep, redirect_uri: str | None = Query(None, max_length=2000)
) -> Response:
    """Begin to connect to Onshape. `redirect_uri` may be one of the addresses that are configured."""
    try:
        url = await connections_of(kernel).begin(_owner(kernel, caller), redirect_uri or None, now=now)
    except NotConfigured:
        raise refusal(500, "onshape_not_configured", "Configuration error", message=NOT_CONFIGURED) from None
    except UnknownRedirect:
        text = "This address is none of those configured."
        raise refusal(400, "invalid_request", "Invalid redirect_uri", message=text) from None
    return answer({"authorization_url": url}, headers={"Cache-Control": "no-store"})


async def callback(
    request: Request,
    kernel: KernelDep,
    now: NowDep,
    code: str | None = Query(None, max_length=4000),
    state: str | None = Query(None, max_length=4000),
    error: str | None = Query(None, max_length=4000),
) -> Response:
    """Where Onshape sends people back to. Whoever began to connect an account of their own has to be signed in here, in
    this browser."""
    sign_in = await connections_of(kernel).come_back(state, now=now) if state else None
    problem = await _problem_of_return(request, kernel, sign_in, code=code, state=state, error=error)
    if sign_in is not None and sign_in.return_to is not None:
        path, _, query = sign_in.return_to.partition("?")
        told = urlencode([*parse_qsl(query, keep_blank_values=True), ("onshape", problem or "connected")])
        url = request.app.state.site.page_url(request.scope, f"{path}?{told}")
        return RedirectResponse(url, 302, headers={"Cache-Control": "no-store"})
    if problem == INCOMPLETE:
        text = "Onshape's answer has no code or no state. Connect again."
        raise refusal(400, "invalid_request", "Invalid callback", message=text)
    if problem == EXPIRED:
        text = "This sign-in was used already, or began more than five minutes ago. Connect again."
        raise refusal(400, "invalid_state", "Invalid state", message=text)
    if problem == OTHER_PERSON:
        text = "Whoever began this is not signed in here, in this browser. Sign in, and connect again."
        raise refusal(400, "invalid_state", "Invalid state", message=text)
    return _to_page(kernel, **({"onshape_error": problem} if problem else {"onshape_connected": "true"}))


async def _problem_of_return(
    request: Request,
    kernel: Kernel,
    sign_in: SignIn | None,
    *,
    code: str | None,
    state: str | None,
    error: str | None,
) -> str | None:
    """Connect whoever has come back; else return a word for what is wrong."""
    if error:
        return error if _CODE.fullmatch(error) else "unknown"
    if not kernel.settings.has_onshape:
        return "config"
    if not code or not state:
        return INCOMPLETE
    if sign_in is None or sign_in.is_late:
        return EXPIRED
    if not await _may_finish(request, kernel, sign_in):
        return OTHER_PERSON
    try:
        await connections_of(kernel).finish(sign_in, code)
    except (ProviderFailed, NotAccepted):
        return "callback_failed"
    return None


async def _may_finish(request: Request, kernel: Kernel, sign_in: SignIn) -> bool:
    """Return whether this browser may finish a sign-in. A person's own must come back in a browser where they are
    signed in: else they could send somebody else to Onshape and be given that account. The workshop's connection is
    begun on pages of other sites too, which have no cookie here, so that the state alone counts."""
    if sign_in.owner == of_shop(kernel):
        return True
    try:
        me = await kernel.auth.principal(request)
    except Problem:
        return False
    return sign_in.owner == of_person(me)


def _to_page(kernel: Kernel, **query: str) -> Response:
    return RedirectResponse(
        f"{kernel.settings.base_path}/?{urlencode(query)}", 302, headers={"Cache-Control": "no-store"}
    )


async def status(kernel: KernelDep, caller: CallerDep, now: NowDep) -> Response:
    """Say whether the caller's key is connected to Onshape, and as whom."""
    return answer(connection_shown(await connections_of(kernel).find(_owner(kernel, caller)), now))


def connection_shown(row: Row[Any] | None, now: datetime) -> dict[str, Any]:
    if row is None or has_lapsed(row, now):
        return {"connected": False}
    return {
        "connected": True,
        "user": {"id": row.user_id, "email": row.email, "name": row.name},
        "authenticated_at": row.authenticated_at.isoformat(),
    }


async def disconnect(kernel: KernelDep, caller: WriterDep) -> Response:
    """Forget the connection to Onshape."""
    return await forget_connection(kernel, _owner(kernel, caller))


async def forget_connection(kernel: Kernel, owner: str) -> Response:
    was_there = await connections_of(kernel).disconnect(owner)
    text = "Disconnected from Onshape." if was_there else "There was no connection to Onshape."
    return answer({"success": was_there, "message": text})


for _prefix in _PREFIXES:
    router.get(f"{_prefix}/connect", response_model=AuthorizationUrl, responses=refusals(400, 500))(connect)
    router.get(
        f"{_prefix}/callback",
        response_class=Response,
        status_code=302,
        responses=_FOUND | refusals(400),
        openapi_extra=PUBLIC,
    )(callback)
    router.get(f"{_prefix}/status", response_model=OnshapeStatus, response_model_exclude_unset=True)(status)
    router.post(f"{_prefix}/disconnect", response_model=OnshapeDisconnected)(disconnect)


@router.get("/onshape/start", response_class=Response, status_code=302, responses=_FOUND)
@root_router.get("/onshape/start", response_class=Response, status_code=302, include_in_schema=False)
async def start(
    request: Request,
    kernel: KernelDep,
    now: NowDep,
    redirect_uri: str | None = Query(None, max_length=2000),
) -> Response:
    """Send a browser to Onshape to sign in there: with the workshop's key, or as whoever is signed in here."""
    try:
        caller = await find_caller(request, kernel)
        caller.require("member")
        owner = _owner(kernel, caller)
    except KeyNeeded:
        me = await kernel.auth.principal(request)
        me.require(me.scope_named(shop_of(kernel).scope), "member")
        owner = of_person(me)
    try:
        url = await connections_of(kernel).begin(owner, redirect_uri or None, now=now)
    except NotConfigured:
        return _to_page(kernel, onshape_error="config")
    except UnknownRedirect:
        raise InvalidRequest("redirect_uri is none of the addresses that are configured.") from None
    return RedirectResponse(url, 302, headers={"Cache-Control": "no-store"})


# Drawings


@router.get(
    "/parts/{part_id:row}/drawing", response_class=Response, responses=BYTES | refusals(400, 404, 502)
)
async def read_drawing(
    part_id: int, request: Request, kernel: KernelDep, caller: CallerDep, refresh: str = ""
) -> Response:
    """Return the drawing of a part that is made by hand. With `refresh=true`, or if there is none, it is fetched from
    Onshape."""
    async with kernel.database.read() as session:
        part = await get_part(session, caller.scope, part_id)
        kept = await current_file(session, part_id, PDF)
    if (part.type or HAND) != HAND:
        raise refusal(400, "invalid_request", "Drawing downloads are only available for hand fab parts")
    wants_new = refresh.strip().lower() in {"true", "1", "yes"}
    if not wants_new:
        if kept is not None:
            return await _drawing(request, kernel, kept)
        if (part.file or "").lower().endswith(".pdf"):
            raise refusal(404, "file_not_found", NO_DRAWING_FILE)
    drawing = _drawing_of(part, wants_new=wants_new)
    caller.require("member")
    owners = [of_shop(kernel)] if caller.shared else [of_person(caller.me), of_shop(kernel)]
    try:
        await drawings.fetch(
            connections_of(kernel), part, drawing, owners, caller.me, names_its_sender=not caller.shared
        )
    except NotConnected:
        raise refusal(
            401, "onshape_not_connected", "Onshape authentication required", message=CONNECT_FIRST
        ) from None
    except ProviderFailed as failed:
        raise refusal(502, "onshape_failed", "Failed to fetch the drawing", message=str(failed)) from None
    async with kernel.database.read() as session:
        kept = await current_file(session, part_id, PDF)
    if kept is None:
        raise refusal(404, "file_not_found", NO_DRAWING_FILE)
    return await _drawing(request, kernel, kept)


def _drawing_of(part: Row[Any], *, wants_new: bool) -> Drawing:
    if not part.onshape_url:
        if wants_new:
            raise refusal(400, "no_onshape_url", "No Onshape URL to refresh from")
        raise refusal(404, "drawing_not_found", "No drawing available for this part")
    drawing = drawing_at(part.onshape_url)
    if drawing is None:
        raise refusal(400, "no_onshape_url", "The Onshape URL names no drawing")
    return drawing


async def _drawing(request: Request, kernel: Kernel, kept: Any) -> Response:
    try:
        return await serve_file(request, kernel, kept, inline=False)
    except BlobMissing:
        raise refusal(404, "file_not_found", NO_DRAWING_FILE) from None
