"""Older routes of the desktops contract (section 16), for front ends that still call them."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request
from pydantic import StrictBool

from toolcrib.kernel.deps import AdminDep, KernelDep, NowDep, ReadSessionDep, RequesterDep, SessionDep
from toolcrib.kernel.identity import profiles, users
from toolcrib.kernel.identity.models import PROFILE_LENGTH, Profile
from toolcrib.kernel.identity.names import is_storable
from toolcrib.kernel.identity.routes_directory import (
    DirectoryEntry,
    NewPerson,
    PersonMade,
    create_person,
    entry_of,
    person_named,
)
from toolcrib.kernel.json_bodies import read_given
from toolcrib.kernel.openapi import PUBLIC, body_of, refusals
from toolcrib.kernel.problems import InvalidRequest, NotFound
from toolcrib.kernel.schema import Schema

router = APIRouter(tags=["accounts"])


class NoPasswords(InvalidRequest):
    """At this address nobody signs in with a password."""

    code = "passwords_disabled"


class PersonChange(Schema):
    """What to change of a person; what is absent stays, null clears the organization."""

    email: str | None = None
    organization: str | None = None
    is_admin: StrictBool | None = None


class PersonChanged(Schema):
    message: str
    user: DirectoryEntry


class Exists(Schema):
    exists: bool
    user_id: int
    username: str


@router.get("/users/check", responses=refusals(400, 403, 404))
async def check_person(
    session: ReadSessionDep, _: AdminDep, username: str | None = Query(None, max_length=255)
) -> Exists:
    """Tell whether a username is somebody's."""
    if not username:
        raise InvalidRequest("Missing username parameter")
    try:
        user = await users.get_by_name(session, username)
    except users.UserNotFound:
        raise NotFound("User not found", {"exists": False}) from None
    return Exists(exists=True, user_id=user.id, username=user.username)


@router.post(
    "/users/update/{username:path}",
    response_model=PersonChanged,
    responses=refusals(400, 403, 404, 409),
    openapi_extra=body_of(PersonChange),
)
async def update_person(
    *,
    username: str,
    request: Request,
    session: SessionDep,
    kernel: KernelDep,
    me: AdminDep,
    by: RequesterDep,
    now: NowDep,
) -> PersonChanged:
    """Change what an administrator may change of a person: address, organization, and whether they administer."""
    change = await read_given(request, PersonChange)
    organization = change.organization
    if organization is not None and (len(organization) > PROFILE_LENGTH or not is_storable(organization)):
        raise InvalidRequest(
            f"organization has at most {PROFILE_LENGTH} characters, and no control characters"
        )
    user = await person_named(session, username)
    if change.email is not None and change.email != user.email:
        await users.set_email(session, user, change.email, actor=me.username, now=now)
    if change.is_admin is not None and change.is_admin != user.is_admin:
        await users.set_status(session, kernel, user, is_admin=change.is_admin, actor=me, by=by, now=now)
    if "organization" in change.model_fields_set:
        await profiles.set_organization(session, user, organization)
    profile = await session.get(Profile, user.id)
    return PersonChanged(message="User updated successfully", user=DirectoryEntry(**entry_of(user, profile)))


@router.post(
    "/auth/register",
    status_code=201,
    response_model=PersonMade,
    responses=refusals(400, 403),
    openapi_extra=body_of(NewPerson),
)
async def register(request: Request, session: SessionDep, me: AdminDep, now: NowDep) -> PersonMade:
    """Make an account for somebody who will sign in through the provider, as `/users/createuser` does."""
    return await create_person(request, session, me, now)


@router.post("/auth/login", response_model=None, openapi_extra=PUBLIC, responses=refusals(400))
async def refuse_passwords() -> None:
    """Refuse to sign anybody in: passwords are for `/login`."""
    raise NoPasswords(
        "Password sign-in is disabled here: sign in through the provider (/api/auth/oidc/login), or at /api/login"
    )
