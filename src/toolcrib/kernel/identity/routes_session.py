"""Signing in and out, and who one is."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Depends, Request, Response

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, ReadSessionDep
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.identity import users
from toolcrib.kernel.identity.credentials import COOKIE
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.schemas import LoginAnswer, LoginRequest, UserRead, WhoAmI
from toolcrib.kernel.openapi import PUBLIC, refusals
from toolcrib.kernel.problems import InvalidRequest

router = APIRouter(tags=["sign-in"])

# The cookie of a token that does not expire; browsers keep none for longer than 400 days.
COOKIE_DAYS = 365


async def count_login(request: Request, kernel: KernelDep) -> None:
    await kernel.auth.sign_in.count(client_address(request))


# Before the body is looked at: malformed attempts count too.
LoginLimit = Depends(count_login)


@router.post("/login", dependencies=[LoginLimit], responses=refusals(401, 429), openapi_extra=PUBLIC)
async def login(body: LoginRequest, request: Request, kernel: KernelDep, now: NowDep) -> LoginAnswer:
    """A token for a username and password."""
    user = await _prove(kernel, body, request)
    lifetime = await token_lifetime(kernel)
    return LoginAnswer(
        access_token=kernel.auth.tokens.issue(user, now=now, lifetime=lifetime),
        username=user.username,
        expires_in=None if lifetime is None else int(lifetime.total_seconds()),
    )


@router.post("/session", dependencies=[LoginLimit], responses=refusals(401, 403, 429), openapi_extra=PUBLIC)
async def open_session(
    *,
    body: LoginRequest,
    request: Request,
    response: Response,
    kernel: KernelDep,
    session: ReadSessionDep,
    now: NowDep,
) -> UserRead:
    """Sign a browser in: as `/login`, but the token goes into a cookie that pages cannot read."""
    kernel.auth.refuse_cross_site(request)
    user = await _prove(kernel, body, request)
    token = kernel.auth.tokens.issue(user, now=now, lifetime=(lifetime := await token_lifetime(kernel)))
    set_cookie(request, response, kernel, token, lifetime)
    return UserRead.of(user, await users.company_name(session, user.company_id))


@router.delete("/session", status_code=204, responses=refusals(403), openapi_extra=PUBLIC)
async def close_session(request: Request, kernel: KernelDep) -> Response:
    """Sign a browser out."""
    kernel.auth.refuse_cross_site(request)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path=kernel.settings.base_path or "/", httponly=True, samesite="lax")
    return response


@router.get("/currentuser")
async def current_user(me: PrincipalDep, session: ReadSessionDep) -> UserRead:
    """Who asks, in the company that counts for the request: a trusted token may name another than the account's."""
    user = await users.get_user(session, me.id)
    read = UserRead.of(user, await users.company_name(session, me.company_id))
    return read.model_copy(update={"company_id": me.company_id, "company_role": me.company_role})


@router.get("/whoami")
async def who_am_i(me: PrincipalDep) -> WhoAmI:
    return WhoAmI(user=me.username, roles=["admin"] if me.is_admin else [])


async def token_lifetime(kernel: Kernel) -> timedelta | None:
    """How long a token issued now is good; None for ever."""
    if not await kernel.config.get("jwt.expiry.enabled"):
        return None
    minutes: int = await kernel.config.get("jwt.expiry.minutes")
    return timedelta(minutes=minutes) if minutes > 0 else None


def set_cookie(
    request: Request, response: Response, kernel: Kernel, token: str, lifetime: timedelta | None
) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=int((lifetime or timedelta(days=COOKIE_DAYS)).total_seconds()),
        path=kernel.settings.base_path or "/",
        httponly=True,
        samesite="lax",
        secure=kernel.settings.cookie_secure or request.url.scheme == "https",
    )


async def _prove(kernel: Kernel, body: LoginRequest, request: Request) -> User:
    if not body.username or not body.password:
        raise InvalidRequest("username and password are required")
    return await kernel.auth.sign_in.prove(body.username, body.password, client_address(request))
