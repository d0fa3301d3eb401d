"""Routes with which people manage their own account."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response

from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.identity import keys, self_service, sessions
from toolcrib.kernel.identity.routes_session import forget_cookie, sign_browser_in
from toolcrib.kernel.identity.schemas import (
    ApiKeyMade,
    ApiKeyRead,
    ChangeAnswer,
    EmailChange,
    KeyScopeRead,
    NewApiKey,
    PasswordChange,
    RowId,
    Sentence,
    SessionRead,
)
from toolcrib.kernel.identity.users import EmailTaken, get_user, sign_out_everywhere
from toolcrib.kernel.openapi import PUBLIC, refusals

router = APIRouter(tags=["own account"])


@router.put("/users/me/password")
async def change_password(
    *,
    body: PasswordChange,
    request: Request,
    response: Response,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
) -> ChangeAnswer:
    """Change one's password, at once or by a mailed link. All one's tokens and sessions end; the requesting browser
    gets a new session. API keys end too if `end_api_keys` is true."""
    proved = await self_service.prove(kernel.auth.sign_in, me, body.current_password, client_address(request))
    password_hash = await kernel.auth.passwords.hash_new(body.new_password, by=me.uuid)
    async with kernel.database.write() as session:
        pending = await self_service.change_password(
            session, kernel.mailer, proved, password_hash, end_api_keys=body.end_api_keys, now=now
        )
        if me.via == "cookie" and not pending:
            user = await get_user(session, me.id)
            await sign_browser_in(request, response, kernel, session, user, now=now)
    if pending:
        text = "A link was mailed to you: follow it to change the password."
        return ChangeAnswer(msg=text, message=text, pending=True)
    text = "The password is updated."
    return ChangeAnswer(msg=text, message=text, pending=False)


@router.put("/users/me/email", responses=refusals(409))
async def change_email(
    body: EmailChange, request: Request, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> ChangeAnswer:
    """Change one's address, at once or by a link mailed to the new one."""
    proved = await self_service.prove(kernel.auth.sign_in, me, body.current_password, client_address(request))
    async with kernel.database.write() as session:
        pending = await self_service.change_email(session, kernel.mailer, proved, body.new_email, now=now)
    text = "The address is updated."
    if pending:
        text = "A link was mailed to the new address: follow it to change the address."
    return ChangeAnswer(msg=text, message=text, pending=pending)


@router.get("/confirm-password/{token}", openapi_extra=PUBLIC)
async def confirm_password(token: str, kernel: KernelDep, session: SessionDep, now: NowDep) -> Sentence:
    """Follow the link of a password change. Needs no sign-in."""
    await self_service.confirm_password(session, kernel.mailer, token, now=now)
    return Sentence.that("The password is changed. Sign in with the new one.")


@router.get("/confirm-email/{token}", openapi_extra=PUBLIC)
async def confirm_email(token: str, kernel: KernelDep, now: NowDep) -> Sentence:
    """Follow the link of a change of address. Needs no sign-in."""
    async with kernel.database.write() as session:
        confirmed = await self_service.confirm_email(session, kernel.mailer, token, now=now)
    if not confirmed:  # refused only now, so that the cancelled change is committed first
        raise EmailTaken("Another account has taken this e-mail address meanwhile.")
    return Sentence.that("The address is changed.")


@router.get("/users/me/keys")
async def list_keys(session: ReadSessionDep, me: PrincipalDep) -> list[ApiKeyRead]:
    return [ApiKeyRead.of(key) for key in await keys.list_keys(session, me.id)]


@router.get("/users/me/keys/scopes")
async def list_key_scopes(kernel: KernelDep, _: PrincipalDep) -> list[KeyScopeRead]:
    """List the scopes that a new API key may have, the least powerful first."""
    return [KeyScopeRead(name=each.name, text=each.text) for each in kernel.auth.key_scopes.choices]


@router.post("/users/me/keys", status_code=201, responses=refusals(409))
async def create_key(
    body: NewApiKey, kernel: KernelDep, session: SessionDep, me: PrincipalDep, now: NowDep
) -> ApiKeyMade:
    """Create an API key that may be used for what its scopes say. The key is in this response only and cannot be shown
    again."""
    scopes = kernel.auth.key_scopes.check(body.scopes)
    lifetime = timedelta(days=body.expires_in_days) if body.expires_in_days else None
    most = kernel.settings.api_keys_per_person
    key, secret = await keys.create_key(
        session, me, body.name, most=most, scopes=scopes, lifetime=lifetime, now=now
    )
    return ApiKeyMade.with_secret(key, secret)


@router.delete("/users/me/keys/{key_id}", status_code=204)
async def revoke_key(key_id: RowId, session: SessionDep, me: PrincipalDep, now: NowDep) -> Response:
    await keys.revoke_key(session, me, key_id, now=now)
    return Response(status_code=204)


@router.get("/users/me/sessions")
async def list_sessions(session: ReadSessionDep, me: PrincipalDep, now: NowDep) -> list[SessionRead]:
    """List the browsers in which the caller is signed in, the most recently used first."""
    return [SessionRead.of(each, me) for each in await sessions.list_sessions(session, me.id, now=now)]


@router.delete("/users/me/sessions", status_code=204)
async def end_all_sessions(kernel: KernelDep, session: SessionDep, me: PrincipalDep, now: NowDep) -> Response:
    """Sign out everywhere: all browsers, including this one, and all tokens. API keys stay."""
    await sign_out_everywhere(session, await get_user(session, me.id), now=now)
    response = Response(status_code=204)
    if me.via == "cookie":
        forget_cookie(response, kernel)
    return response


@router.delete("/users/me/sessions/{session_id}", status_code=204)
async def end_session(session_id: UUID, session: SessionDep, me: PrincipalDep, now: NowDep) -> Response:
    """Sign out one browser."""
    await sessions.end(session, me, str(session_id), now=now)
    return Response(status_code=204)
