"""Routes of accounts (machine-pool contract, section 4), and the search for people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from toolcrib.kernel.deps import (
    AdminDep,
    KernelDep,
    NowDep,
    PrincipalDep,
    ReadSessionDep,
    RequesterDep,
    SessionDep,
)
from toolcrib.kernel.identity import users
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.schemas import AccountRead, NewAccount, Person
from toolcrib.kernel.long_answers import PAGE, Page, array
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.problems import InvalidRequest

router = APIRouter(tags=["accounts"])


class NotOneself(InvalidRequest):
    code = "bad_request"


@router.get("/users", response_model=list[AccountRead], responses=refusals(403))
async def list_users(kernel: KernelDep, me: AdminDep) -> Response:
    async def read(me: Principal, after: int | None) -> Page[int]:
        me.require_admin()
        async with kernel.database.read() as session:
            page = await users.list_users(session, after=after, limit=PAGE)
        shown = [AccountRead.of(user).model_dump() for user, _ in page]
        return shown, page[-1][0].id if len(page) == PAGE else None

    return await array(kernel, me, read)


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


@router.get("/people")
async def find_people(
    session: ReadSessionDep, _: PrincipalDep, q: Annotated[str, Query(max_length=255)] = ""
) -> list[Person]:
    """Find people to hand something to: active people whose name contains `q`, at most 100."""
    found = await users.search_active(session, q, limit=100)
    return [Person(username=user.username, uuid=user.uuid) for user in found]
