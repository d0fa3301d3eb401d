"""Routes by which administrators manage people who come from the sign-in provider (desktops contract, section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import StrictBool
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.deps import AdminDep, KernelDep, NowDep, ReadSessionDep, RequesterDep, SessionDep
from toolcrib.kernel.http_conditions import http_date
from toolcrib.kernel.identity import profiles, users
from toolcrib.kernel.identity.models import Profile, User
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.json_bodies import read_given
from toolcrib.kernel.long_answers import PAGE, Page, answer, in_text, items
from toolcrib.kernel.openapi import PUBLIC, body_of, refusals
from toolcrib.kernel.problems import Forbidden, InvalidRequest, NotFound
from toolcrib.kernel.schema import Schema

router = APIRouter(prefix="/users", tags=["accounts"])

SHORTEST_NAME = 3
LONGEST_NAME = 255
MADE = "User created successfully. User details will be filled from OIDC during first login."


class NoOracle(NotFound):
    """Whether a subject has an account is told in debug mode only."""


class DirectoryEntry(Schema):
    """A person. `sub` is the provider's subject; times are of the form that HTTP headers have."""

    id: int
    username: str
    email: str | None
    organization: str | None
    is_admin: bool
    created_at: str
    last_login: str | None
    sub: str | None
    given_name: str | None
    family_name: str | None
    name: str | None
    locale: str | None
    email_verified: bool


class AuthProvider(Schema):
    """A provider that a person signs in through."""

    provider: str
    provider_user_id: str
    provider_name: str | None
    created_at: str
    last_used: str | None


class DirectoryPerson(DirectoryEntry):
    auth_providers: list[AuthProvider]


class Directory(Schema):
    users: list[DirectoryEntry]


class DirectoryUser(Schema):
    user: DirectoryPerson


class NewPerson(Schema):
    """Somebody who will come from the provider as `sub`."""

    username: str | None = None
    sub: str | None = None
    is_admin: StrictBool = False


class PersonMade(Schema):
    id: int
    username: str
    is_admin: bool
    created_at: str
    message: str = MADE


class NamedPerson(Schema):
    username: str | None = None


class Removed(Schema):
    message: str


class Known(Schema):
    exists: bool
    user_id: int
    username: str


@router.get("/list", response_model=Directory, responses=refusals(403))
async def list_people(kernel: KernelDep, me: AdminDep) -> Response:
    """List everybody, by username."""

    async def read(me: Principal, after: str | None) -> Page[str]:
        me.require_admin()
        async with kernel.database.read() as session:
            page, following = await users.list_users(session, after=after, limit=PAGE)
            known = await profiles.of_people(session, [user.id for user, _ in page])
        shown = [DirectoryEntry(**entry_of(user, known.get(user.id))).model_dump() for user, _ in page]
        return shown, following

    return await answer(in_text(b'{"users":[', items(kernel, me, read), b"]}"))


@router.get("/verify", openapi_extra=PUBLIC, responses=refusals(400, 404))
async def verify(session: ReadSessionDep, kernel: KernelDep, sub: str | None = Query(None)) -> Known:
    """Tell whether a subject has an account: only in debug mode, since anybody may ask."""
    if not kernel.settings.debug:
        raise NoOracle("This is answered in debug mode only.")
    if not sub:
        raise InvalidRequest("Missing sub parameter")
    user = await users.by_subject(session, sub)
    if user is None:
        raise NoOracle("User not found", {"exists": False})
    return Known(exists=True, user_id=user.id, username=user.username)


@router.post(
    "/createuser",
    status_code=201,
    response_model=PersonMade,
    responses=refusals(400, 403),
    openapi_extra=body_of(NewPerson),
)
async def create_person(request: Request, session: SessionDep, me: AdminDep, now: NowDep) -> PersonMade:
    """Make an account for somebody who will sign in through the provider. It has no password."""
    body = await read_given(request, NewPerson)
    if not body.username or not body.sub:
        raise InvalidRequest("Username and sub are required")
    if len(body.username) < SHORTEST_NAME:
        raise InvalidRequest("Username must be at least 3 characters long")
    if len(body.sub) > LONGEST_NAME or not is_storable(body.sub):
        raise InvalidRequest(f"sub has at most {LONGEST_NAME} characters, and no control characters")
    user = await _create(session, body.username, body.sub, is_admin=body.is_admin, actor=me.username, now=now)
    return PersonMade(
        id=user.id,
        username=user.username,
        is_admin=user.is_admin,
        created_at=http_date(user.created_at),
    )


@router.post("/removeuser", response_model=Removed, responses=refusals(400, 403, 404, 409))
async def remove_person(
    request: Request, session: SessionDep, kernel: KernelDep, me: AdminDep, by: RequesterDep, now: NowDep
) -> Removed:
    """Delete an account, and end what the person holds or waits for."""
    body = await read_given(request, NamedPerson)
    if not body.username:
        raise InvalidRequest("Missing username in request data")
    if body.username == me.username:
        raise Forbidden("You cannot remove your own account")
    user = await person_named(session, body.username)
    await users.delete_user(session, kernel, user, actor=me, by=by, now=now)
    return Removed(message="User removed successfully")


@router.get("/{username:path}", responses=refusals(403, 404))
async def show_person(username: str, session: ReadSessionDep, _: AdminDep) -> DirectoryUser:
    """Show a person and the providers they sign in through."""
    user = await person_named(session, username)
    profile = (await profiles.of_people(session, [user.id])).get(user.id)
    person = DirectoryPerson(**entry_of(user, profile), auth_providers=_providers(user, profile))
    return DirectoryUser(user=person)


async def _create(
    session: AsyncSession, username: str, subject: str, *, is_admin: bool, actor: str, now: datetime
) -> User:
    if await users.by_subject(session, subject, locked=True) is not None:
        raise InvalidRequest("User with this OIDC subject already exists")
    try:
        user = await users.create_user(
            session,
            username=username,
            password_hash=None,
            oidc_subject=subject,
            is_admin=is_admin,
            actor=actor,
            now=now,
        )
    except users.UsernameTaken:
        raise InvalidRequest("Username already exists") from None
    await profiles.link(session, user, now=now)
    return user


async def person_named(session: AsyncSession, username: str) -> User:
    try:
        return await users.get_by_name(session, username)
    except users.UserNotFound:
        raise users.UserNotFound("User not found") from None


def entry_of(user: User, profile: Profile | None) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "organization": profile.organization if profile else None,
        "is_admin": user.is_admin,
        "created_at": http_date(user.created_at),
        "last_login": http_date(profile.last_login) if profile and profile.last_login else None,
        "sub": user.oidc_subject,
        "given_name": profile.given_name if profile else None,
        "family_name": profile.family_name if profile else None,
        "name": profile.name if profile else None,
        "locale": profile.locale if profile else None,
        "email_verified": profile.email_verified if profile else False,
    }


def _providers(user: User, profile: Profile | None) -> Sequence[AuthProvider]:
    if user.oidc_subject is None:
        return []
    since = profile.linked_at if profile and profile.linked_at else user.created_at
    used = profile.used_at if profile else None
    return [
        AuthProvider(
            provider="oidc",
            provider_user_id=user.oidc_subject,
            provider_name=None,
            created_at=http_date(since),
            last_used=http_date(used) if used else None,
        )
    ]
