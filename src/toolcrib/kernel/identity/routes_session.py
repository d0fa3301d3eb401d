"""Routes for signing in and out, and for who is signed in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.identity import oidc_logout, profiles, sessions, users
from toolcrib.kernel.identity.credentials import COOKIE, find
from toolcrib.kernel.identity.enrolment import must_enrol
from toolcrib.kernel.identity.models import BrowserSession, User
from toolcrib.kernel.identity.principal import SignInNeeded, Unauthorized
from toolcrib.kernel.identity.schemas import (
    CurrentUser,
    LoginAnswer,
    LoginRequest,
    Otp,
    RefreshedToken,
    UserRead,
    WhoAmI,
)
from toolcrib.kernel.identity.second_step import HEADER
from toolcrib.kernel.openapi import PUBLIC, refusals
from toolcrib.kernel.problems import InvalidRequest

router = APIRouter(tags=["sign-in"])


async def count_login(request: Request, kernel: KernelDep) -> None:
    await kernel.auth.sign_in.count(client_address(request))


OtpHeader = Annotated[Otp | None, Header(alias=HEADER)]

# Attempts whose JSON has the wrong shape count too.
LoginLimit = Depends(count_login)


@router.post("/login", dependencies=[LoginLimit], responses=refusals(401, 429), openapi_extra=PUBLIC)
async def login(
    *, body: LoginRequest, request: Request, kernel: KernelDep, now: NowDep, otp: OtpHeader = None
) -> LoginAnswer:
    """Exchange a username and password for a token. People with two-step sign-in add a code, in `otp` or in the header
    `X-OTP`; without one they are refused with the code `otp_required`."""
    user = await _prove(kernel, body, otp, request)
    lifetime = await token_lifetime(kernel)
    await profiles.came_in_if_possible(kernel.database, user, now=now)
    return LoginAnswer(
        access_token=kernel.auth.tokens.issue(user, now=now, lifetime=lifetime),
        username=user.username,
        expires_in=None if lifetime is None else int(lifetime.total_seconds()),
    )


@router.post("/auth/refresh", responses=refusals(403))
async def refresh(me: PrincipalDep, session: SessionDep, kernel: KernelDep, now: NowDep) -> RefreshedToken:
    """Exchange a token that is still valid for one that lasts as long as a new one. Only what `/login` or the sign-in
    provider gave is exchanged: no API key, and no browser's session."""
    lifetime = await token_lifetime(kernel)
    session_id = me.grant.session_id if me.grant is not None else None
    is_exchanged = me.via == "bearer" and me.key_scopes is None
    if is_exchanged and session_id is not None:
        async with kernel.database.write() as write:
            is_exchanged = await sessions.extend(write, session_id, lifetime or sessions.LONGEST, now=now)
    if not is_exchanged:
        raise SignInNeeded("Only a token from signing in can be exchanged for a new one.")
    user = await users.get_user(session, me.id)
    token = kernel.auth.tokens.issue(user, now=now, lifetime=lifetime, session_id=session_id)
    return RefreshedToken(token=token)


@router.post("/session", dependencies=[LoginLimit], responses=refusals(401, 403, 429), openapi_extra=PUBLIC)
async def open_session(
    *,
    body: LoginRequest,
    request: Request,
    response: Response,
    kernel: KernelDep,
    session: SessionDep,
    now: NowDep,
    otp: OtpHeader = None,
) -> CurrentUser:
    """Sign a browser in: as `/login`, but the token is put into a cookie that pages cannot read, and ends with the
    browser's session."""
    kernel.auth.refuse_cross_site(request)
    user = await _prove(kernel, body, otp, request)
    await profiles.came_in(session, user, now=now)
    await sign_browser_in(request, response, kernel, session, user, now=now)
    read = UserRead.of(user, await users.company_name(session, user.company_id))
    return CurrentUser(**read.model_dump(), must_enrol=await must_enrol(session, kernel.settings, user))


@router.delete("/session", status_code=204, responses=refusals(403), openapi_extra=PUBLIC)
async def close_session(request: Request, kernel: KernelDep, now: NowDep) -> Response:
    """Sign a browser out and end its session."""
    kernel.auth.refuse_cross_site(request)
    carried = find(request.scope["headers"])
    if carried is not None and carried[0] == "cookie":
        await end_session_of(request, kernel, now)
    response = Response(status_code=204)
    forget_cookie(response, kernel)
    return response


async def end_session_of(request: Request, kernel: Kernel, now: datetime) -> str | None:
    """End the session that the request's credential names, if any. Returns where to sign out at the sign-in provider,
    if the person came from there."""
    try:
        me = await kernel.auth.principal(request)
    except Unauthorized:  # the session has ended already
        return None
    if me.grant is None or me.grant.session_id is None:
        return None
    provider, id_token, came = kernel.auth.oidc, None, False
    try:
        async with kernel.database.write() as session:
            came, id_token = await oidc_logout.id_token_of(session, kernel.secrets, me.grant.session_id)
            await sessions.end(session, me, me.grant.session_id, now=now)
    except sessions.SessionNotFound:  # another request ended it at the same moment
        return None
    if provider is None or not came or kernel.settings.oidc_sign_out != "provider":
        return None
    site = request.app.state.site
    return_to = kernel.settings.oidc_signed_out_url or site.page_url(request.scope, "/login")
    return await provider.sign_out_url(id_token, return_to)


@router.get("/currentuser")
async def current_user(me: PrincipalDep, session: ReadSessionDep) -> CurrentUser:
    """Return who makes the request, with the company that counts for it: a trusted token may name another than the
    account's. With an API key that lacks the scope `admin`, `is_admin` is false."""
    user = await users.get_user(session, me.id)
    read = UserRead.of(user, await users.company_name(session, me.company_id))
    mine = {"company_id": me.company_id, "company_role": me.company_role, "is_admin": me.is_admin}
    return CurrentUser(**read.model_dump() | mine, must_enrol=me.must_enrol)


@router.get("/whoami")
async def who_am_i(me: PrincipalDep) -> WhoAmI:
    return WhoAmI(user=me.username, roles=["admin"] if me.is_admin else [])


async def token_lifetime(kernel: Kernel) -> timedelta | None:
    """Return how long a token issued now is valid; None means that it does not expire."""
    if not await kernel.config.get("jwt.expiry.enabled"):
        return None
    minutes: int = await kernel.config.get("jwt.expiry.minutes")
    return timedelta(minutes=minutes) if minutes > 0 else None


async def sign_browser_in(
    request: Request,
    response: Response,
    kernel: Kernel,
    session: AsyncSession,
    user: User,
    *,
    now: datetime,
) -> BrowserSession:
    """Start a session for a person who has just authenticated, and give the browser its cookie."""
    longest = timedelta(days=kernel.settings.session_days)
    lifetime = min(await token_lifetime(kernel) or longest, longest)
    started = await sessions.start(
        session,
        user,
        user_agent=request.headers.get("user-agent"),
        lifetime=lifetime,
        most=kernel.settings.sessions_per_person,
        now=now,
    )
    response.set_cookie(
        COOKIE,
        kernel.auth.tokens.issue(user, now=now, lifetime=lifetime, session_id=started.id),
        max_age=int(lifetime.total_seconds()),
        path=kernel.settings.base_path or "/",
        httponly=True,
        samesite="lax",
        secure=kernel.settings.cookie_secure or request.url.scheme == "https",
    )
    return started


def forget_cookie(response: Response, kernel: Kernel) -> None:
    response.delete_cookie(COOKIE, path=kernel.settings.base_path or "/", httponly=True, samesite="lax")


async def _prove(kernel: Kernel, body: LoginRequest, otp: str | None, request: Request) -> User:
    if not body.username or not body.password:
        raise InvalidRequest("username and password are required")
    address = client_address(request)
    return await kernel.auth.sign_in.prove(body.username, body.password, body.otp or otp, address)
