"""Routes of API tokens (desktops contract, section 9), under `/tokens` and, as that contract's documentation calls
them, `/token`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from toolcrib.kernel.deps import AdminDep, KernelDep, NowDep, ReadSessionDep, SessionDep
from toolcrib.kernel.http_conditions import http_date
from toolcrib.kernel.identity import api_tokens
from toolcrib.kernel.identity.models import DESCRIPTION_LENGTH, ApiKey
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.json_bodies import read_given
from toolcrib.kernel.openapi import PUBLIC, body_of, refusals
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.schema import Schema


class NewToken(Schema):
    """An API token to create."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    description: Annotated[str, Field(max_length=DESCRIPTION_LENGTH)] | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=365)] = 30


class TokenMade(Schema):
    """A new API token. This is the only response that contains the token itself."""

    token: str
    token_id: str
    name: str
    expires_at: str
    created_by: str


class TokenRead(Schema):
    """An API token. Times are of the form that HTTP headers have."""

    id: int
    token_id: str
    name: str
    description: str | None
    created_at: str
    expires_at: str
    created_by: str
    last_used: str | None
    revoked: bool
    revoked_at: str | None

    @classmethod
    def of(cls, token: ApiKey, created_by: str) -> TokenRead:
        return cls(
            id=token.id,
            token_id=token.token_id or "",
            name=token.name,
            description=token.description,
            created_at=http_date(token.created_at),
            expires_at=http_date(token.expires_at) if token.expires_at else "",
            created_by=created_by,
            last_used=http_date(token.last_used_at) if token.last_used_at else None,
            revoked=token.revoked_at is not None,
            revoked_at=http_date(token.revoked_at) if token.revoked_at else None,
        )


class TokenList(Schema):
    tokens: list[TokenRead]


class OneToken(Schema):
    token: TokenRead


class TokenRevoked(Schema):
    message: str = "Token successfully revoked"


class ShownToken(Schema):
    token: str | None = None


class TokenPerson(Schema):
    """For whom an API token acts."""

    username: str
    is_admin: bool
    email: str | None


routes = APIRouter(tags=["own account"])


@routes.post(
    "",
    status_code=201,
    response_model=TokenMade,
    responses=refusals(403, 409),
    openapi_extra=body_of(NewToken),
)
async def create_token(
    request: Request, session: SessionDep, kernel: KernelDep, me: AdminDep, now: NowDep
) -> TokenMade:
    """Create an API token, which acts for the caller with whatever rights they have when it is used. It is in this
    response only and cannot be shown again."""
    body = await read_given(request, NewToken)
    if body.description is not None and not is_storable(body.description):
        raise InvalidRequest("description: no control characters")
    token, secret = await api_tokens.create_token(
        session,
        me,
        kernel.auth.tokens,
        body.name,
        description=body.description,
        lifetime=timedelta(days=body.expires_in_days),
        most=kernel.settings.api_keys_per_person,
        now=now,
    )
    read = TokenRead.of(token, me.username)
    return TokenMade(
        token=secret,
        token_id=read.token_id,
        name=read.name,
        expires_at=read.expires_at,
        created_by=read.created_by,
    )


@routes.get("", responses=refusals(403))
async def list_tokens(session: ReadSessionDep, me: AdminDep) -> TokenList:
    """List the caller's API tokens, newest first, with those that have expired or were revoked."""
    found = await api_tokens.list_tokens(session, me)
    return TokenList(tokens=[TokenRead.of(token, me.username) for token in found])


@routes.post(
    "/api-login",
    response_model=TokenPerson,
    responses=refusals(400),
    openapi_extra=PUBLIC | body_of(ShownToken),
)
async def sign_in_by_token(request: Request, kernel: KernelDep, now: NowDep) -> TokenPerson:
    """Tell for whom an API token acts. Tries are not counted, since nobody can guess one."""
    body = await read_given(request, ShownToken)
    if not body.token:
        raise InvalidRequest("Token is required")
    async with kernel.database.read() as session:
        token, user = await api_tokens.person_of(session, body.token, now=now)
    kernel.auth.note_use(token, now=now)
    return TokenPerson(username=user.username, is_admin=user.is_admin, email=user.email)


@routes.get("/{token_id}", responses=refusals(403, 404))
async def show_token(token_id: str, session: ReadSessionDep, _: AdminDep) -> OneToken:
    """Show an API token, of any administrator."""
    token, user = await api_tokens.get_token(session, token_id)
    return OneToken(token=TokenRead.of(token, user.username))


@routes.delete("/{token_id}", responses=refusals(403, 404))
async def revoke_token(token_id: str, session: SessionDep, me: AdminDep, now: NowDep) -> TokenRevoked:
    """Revoke an API token, of any administrator. It stays in the list."""
    await api_tokens.revoke_token(session, me, token_id, now=now)
    return TokenRevoked()


router = APIRouter()
router.include_router(routes, prefix="/tokens")
router.include_router(routes, prefix="/token", include_in_schema=False)
