"""Routes of accounts (machine-pool contract, section 4), and the search for people."""

from __future__ import annotations

from fastapi import APIRouter, Response

from toolcrib.kernel.arrays import ArrayDep, array
from toolcrib.kernel.deps import (
    AdminDep,
    KernelDep,
    NowDep,
    PrincipalDep,
    RequesterDep,
    SessionDep,
)
from toolcrib.kernel.identity import users
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.schemas import AccountRead, NewAccount, Person
from toolcrib.kernel.long_answers import Page
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.problems import InvalidRequest

router = APIRouter(tags=["accounts"])

# So many people are listed unless more or fewer are asked for.
PEOPLE = 100


class NotOneself(InvalidRequest):
    code = "bad_request"


@router.get("/users", response_model=list[AccountRead], responses=refusals(403))
async def list_users(kernel: KernelDep, me: AdminDep, wanted: ArrayDep) -> Response:
    """List accounts by username: all of them, or up to `limit` with the header `X-Next-Cursor`. `q` is a part of the
    username, address or company; a search looks at a few thousand accounts for one answer."""

    async def read(me: Principal, after: str | None, limit: int) -> Page[str]:
        me.require_admin()
        async with kernel.database.read() as session:
            page, following = await users.list_users(session, wanted.q, after=after, limit=limit)
        return [AccountRead.of(user).model_dump() for user, _ in page], following

    return await array(kernel, me, read, wanted)


@router.post("/users", status_code=201, responses=refusals(409))
async def create_user(
    *, body: NewAccount, kernel: KernelDep, session: SessionDep, me: AdminDep, now: NowDep
) -> AccountRead:
    if not body.username or not body.password:
        raise InvalidRequest("username and password are required")
    password_hash = await kernel.auth.passwords.hash_new(body.password, by=me.uuid)
    user = await users.create_user(
        session,
        username=body.username,
        password_hash=password_hash,
        is_admin=body.is_admin,
        actor=me.username,
        now=now,
    )
    return AccountRead.of(user)


@router.delete("/users/{username:path}")
async def delete_user(
    username: str, session: SessionDep, kernel: KernelDep, me: AdminDep, by: RequesterDep, now: NowDep
) -> dict[str, str]:
    if username == me.username:
        raise NotOneself("You cannot delete your own account.")
    await users.delete_user(
        session, kernel, await users.get_by_name(session, username), actor=me, by=by, now=now
    )
    return {"message": "deleted"}


@router.get("/people", response_model=list[Person])
async def find_people(kernel: KernelDep, me: PrincipalDep, wanted: ArrayDep) -> Response:
    """Find people to hand something to: active people whose name contains `q`, by name: the first 100, or up to `limit`
    with the header `X-Next-Cursor`. With `limit`, a search looks at a few thousand people for one answer."""

    async def read(_me: Principal, after: str | None, limit: int) -> Page[str]:
        async with kernel.database.read() as session:
            page, following = await users.search_active(session, wanted.q, after=after, limit=limit)
        return [{"username": user.username, "uuid": user.uuid} for user in page], following

    return await array(kernel, me, read, wanted, usual=PEOPLE)
