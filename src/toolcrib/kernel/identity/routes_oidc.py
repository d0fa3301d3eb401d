"""Routes for signing in through the OpenID provider (desktops contract, section 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, unquote, urlencode

from fastapi import APIRouter, Cookie, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.identity import oidc, oidc_logout, sessions
from toolcrib.kernel.identity.models import BrowserSession, ProviderSession, User
from toolcrib.kernel.identity.routes_session import (
    end_session_of,
    forget_cookie,
    sign_browser_in,
    token_lifetime,
)
from toolcrib.kernel.identity.schemas import (
    OidcAnswer,
    OidcCallback,
    OidcDeparture,
    OidcUser,
    Provider,
    Providers,
    SignedOut,
)
from toolcrib.kernel.json_bodies import read_given
from toolcrib.kernel.openapi import PUBLIC, body_of, refusals
from toolcrib.kernel.problems import InvalidRequest, NotFound, Problem
from toolcrib.kernel.site import PAGE_PATH

if TYPE_CHECKING:
    from toolcrib.kernel.identity.oidc_provider import Arrival, OidcProvider

router = APIRouter(prefix="/auth", tags=["sign-in"])

COOKIE = "toolcrib_oidc"
NEXT_COOKIE = "toolcrib_next"
PATH = "/api/auth/oidc"

LOGOUT_TOKEN_LENGTH = 16_384
# From one address, which is the provider's: it tells of everybody's sign-outs.
BACK_CHANNEL_RATE = "600/minute"

Browser = Annotated[str | None, Cookie(alias=COOKIE)]


class NotConfigured(NotFound):
    code = "oidc_not_configured"


@router.get("/providers", openapi_extra=PUBLIC)
async def list_providers(kernel: KernelDep) -> Providers:
    """List the ways to sign in, for the sign-in page."""
    if kernel.auth.oidc is None:
        return Providers(oidc=[])
    login_url = f"{kernel.settings.base_path}{PATH}/login?redirect=1"
    return Providers(oidc=[Provider(name="oidc", label=kernel.settings.oidc_label, login_url=login_url)])


@router.get(
    "/oidc/login",
    response_model=OidcDeparture,
    responses={**refusals(404, 429, 502), 302: {"description": "To the provider"}},
    openapi_extra=PUBLIC,
)
async def login(
    *,
    request: Request,
    response: Response,
    kernel: KernelDep,
    now: NowDep,
    redirect: bool = False,
    next_page: Annotated[str, Query(alias="next")] = "/",
) -> OidcDeparture | Response:
    """Start a sign-in. With `redirect=1` the browser is sent to the provider, and in the end to page `next`."""
    provider = _provider(kernel)
    await kernel.limiter.hit("oidc", kernel.settings.login_rate, client_address(request))
    own = request.app.state.site.url(request.scope, f"{PATH}/callback")
    redirect_uri = own if redirect else _client_callback(kernel) or own
    async with kernel.database.write() as session:
        started = await oidc.start_sign_in(session, kernel.secrets, redirect_uri=redirect_uri, now=now)
    url = await provider.authorization_url(
        redirect_uri=redirect_uri, state=started.state, nonce=started.nonce, verifier=started.verifier
    )
    if redirect:
        response = RedirectResponse(url, status_code=302)
    for name, value in ((COOKIE, started.browser), (NEXT_COOKIE, quote(next_page, safe="/"))):
        response.set_cookie(
            name,
            value,
            max_age=int(oidc.STATE_LIFETIME.total_seconds()),
            path=kernel.settings.base_path + PATH,
            httponly=True,
            samesite="lax",
            secure=kernel.settings.cookie_secure or request.url.scheme == "https",
        )
    return response if redirect else OidcDeparture(authorization_url=url)


@router.post(
    "/oidc/callback",
    response_model=OidcAnswer,
    responses=refusals(401, 403, 404, 409, 429, 502),
    openapi_extra=PUBLIC | body_of(OidcCallback),
)
async def finish(request: Request, kernel: KernelDep, now: NowDep, browser: Browser = None) -> OidcAnswer:
    """Finish a sign-in that a client started: exchange the provider's code for a token."""
    body = await read_given(request, OidcCallback)
    if not body.code or not body.state:
        raise InvalidRequest("Missing required parameters")
    # Clients without cookies cannot send one; our own page can.
    bound = request.headers.get("sec-fetch-site") == "same-origin"
    user, arrival = await _sign_in(kernel, body.code, body.state, browser, bound=bound)
    lifetime = await token_lifetime(kernel)
    async with kernel.database.write() as session:
        started = await sessions.start(
            session,
            user,
            user_agent=request.headers.get("user-agent"),
            lifetime=lifetime or sessions.LONGEST,
            most=kernel.settings.sessions_per_person,
            now=now,
        )
        session.add(_note(kernel, started, arrival, is_browser=False))
    return OidcAnswer(
        token=kernel.auth.tokens.issue(user, now=now, lifetime=lifetime, session_id=started.id),
        expires_in=None if lifetime is None else int(lifetime.total_seconds()),
        user=OidcUser(id=user.id, username=user.username, email=user.email or "", is_admin=user.is_admin),
    )


@router.get("/oidc/callback", response_class=RedirectResponse, status_code=302, openapi_extra=PUBLIC)
async def return_from_provider(
    *,
    request: Request,
    kernel: KernelDep,
    now: NowDep,
    code: str | None = None,
    state: str | None = None,
    error: str | None = None,
    browser: Browser = None,
    next_page: Annotated[str, Cookie(alias=NEXT_COOKIE)] = "/",
) -> Response:
    """Sign in the browser that the provider sends back, and redirect it to the site."""
    home = kernel.settings.base_path
    page_path = request.app.state.site.page_path
    try:
        _provider(kernel)
        if not code or not state:
            raise InvalidRequest(
                "the sign-in provider refused the sign-in"
                if error
                else "the sign-in provider's response is incomplete"
            )
        user, arrival = await _sign_in(kernel, code, state, browser, bound=True)
        page = unquote(next_page)
        response = RedirectResponse(page_path(page if PAGE_PATH.fullmatch(page) else "/"), status_code=302)
        async with kernel.database.write() as session:
            started = await sign_browser_in(request, response, kernel, session, user, now=now)
            session.add(_note(kernel, started, arrival, is_browser=True))
    except (
        Problem
    ) as problem:  # a person sees this response, so redirect to the sign-in page, which shows the reason
        told = urlencode({"error": problem.detail})
        response = RedirectResponse(page_path(f"/login?{told}"), status_code=302)
    for name in (COOKIE, NEXT_COOKIE):
        response.delete_cookie(name, path=home + PATH, httponly=True, samesite="lax")
    return response


def _client_callback(kernel: Kernel) -> str:
    """Return the page of another web front end that the provider returns to; empty if there is none."""
    front_end = kernel.settings.frontend_url
    return kernel.settings.oidc_callback_url or (f"{front_end}/auth/oidc/callback" if front_end else "")


@router.post("/logout", responses=refusals(403), openapi_extra=PUBLIC)
async def sign_out(request: Request, response: Response, kernel: KernelDep, now: NowDep) -> SignedOut:
    """Sign out: end the session that the cookie or token names. Whoever came from the sign-in provider is told where to
    send the browser to sign out there, too."""
    kernel.auth.refuse_cross_site(request)
    redirect_url = await end_session_of(request, kernel, now)
    forget_cookie(response, kernel)
    return SignedOut(redirect_url=redirect_url)


@router.post(
    "/oidc/backchannel-logout", status_code=200, responses=refusals(404, 429, 502), openapi_extra=PUBLIC
)
async def hear_of_sign_out(
    *,
    logout_token: Annotated[str, Form(max_length=LOGOUT_TOKEN_LENGTH)],
    request: Request,
    response: Response,
    kernel: KernelDep,
    now: NowDep,
) -> SignedOut:
    """Hear from the sign-in provider that a person has signed out there, and end their sessions here (OpenID Connect
    Back-Channel Logout 1.0)."""
    provider = _provider(kernel)
    await kernel.limiter.hit("back-channel", BACK_CHANNEL_RATE, client_address(request))
    message = await provider.read_logout_token(logout_token, now=now)
    async with kernel.database.write() as session:
        await oidc_logout.end_sessions(session, message, now=now)
    response.headers["Cache-Control"] = "no-store"
    return SignedOut(redirect_url=None)


def _note(kernel: Kernel, started: BrowserSession, arrival: Arrival, *, is_browser: bool) -> ProviderSession:
    return oidc_logout.note_provider(
        kernel.secrets, started.id, sid=arrival.sid, id_token=arrival.id_token, is_browser=is_browser
    )


async def _sign_in(
    kernel: Kernel, code: str, state: str, browser: str | None, *, bound: bool
) -> tuple[User, Arrival]:
    """Redeem the state, ask the provider, and find the account: three steps, so that no transaction is open while the
    provider is asked."""
    provider = _provider(kernel)
    async with kernel.database.write() as session:
        redeemed = await oidc.redeem_state(
            session, kernel.secrets, state, browser, bound=bound, now=kernel.clock()
        )
    if redeemed is None:
        raise oidc.InvalidState("Invalid or expired state")
    arrival = await provider.redeem(
        code,
        redirect_uri=redeemed.redirect_uri,
        verifier=redeemed.verifier,
        nonce=redeemed.nonce,
        now=kernel.clock(),
    )
    async with kernel.database.write() as session:
        user = await oidc.find_or_create_user(
            session,
            arrival.identity,
            create=kernel.settings.creates_oidc_users,
            roles_of_groups=kernel.settings.oidc_group_roles,
            now=kernel.clock(),
        )
    return user, arrival


def _provider(kernel: Kernel) -> OidcProvider:
    if kernel.auth.oidc is None:
        raise NotConfigured("Single sign-on is not configured.")
    return kernel.auth.oidc
