"""Routes with which administrators manage accounts."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.arrays import ArrayDep, array
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.deps import AdminDep, KernelDep, NowDep, ReadSessionDep, RequesterDep, SessionDep
from toolcrib.kernel.identity import companies, keys, provider_roles, users
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.renaming import rename_user as rename
from toolcrib.kernel.identity.schemas import (
    CompanyChange,
    EmailReset,
    GroupRoleRead,
    NewUser,
    NewUsername,
    PasswordReset,
    ProviderLink,
    RowId,
    Sentence,
    StatusChange,
    UserRead,
)
from toolcrib.kernel.long_answers import Page
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.problems import InvalidRequest

router = APIRouter(prefix="/admin/users", tags=["accounts"])


async def _read(session: AsyncSession, user: User) -> UserRead:
    return UserRead.of(user, await users.company_name(session, user.company_id))


@router.get("", response_model=list[UserRead])
async def list_users(kernel: KernelDep, me: AdminDep, wanted: ArrayDep) -> Response:
    """List accounts by username: all of them, or up to `limit` with the header `X-Next-Cursor`. `q` is a part of the
    username, address or company; a search looks at a few thousand accounts for one answer."""

    async def read(me: Principal, after: str | None, limit: int) -> Page[str]:
        me.require_admin()
        async with kernel.database.read() as session:
            page, following = await users.list_users(session, wanted.q, after=after, limit=limit)
        return [UserRead.of(user, company).model_dump() for user, company in page], following

    return await array(kernel, me, read, wanted)


@router.post("", status_code=201)
async def create_user(
    *, body: NewUser, kernel: KernelDep, session: SessionDep, me: AdminDep, now: NowDep
) -> UserRead:
    password_hash = await kernel.auth.passwords.hash_new(body.password, by=me.uuid)
    user = await users.create_user(
        session,
        username=body.username,
        password_hash=password_hash,
        email=body.email,
        is_admin=body.is_admin,
        actor=me.username,
        now=now,
    )
    return await _read(session, user)


@router.get("/{user_id}", responses=refusals(403))
async def show_user(user_id: RowId, session: ReadSessionDep, _: AdminDep) -> UserRead:
    return await _read(session, await users.get_user(session, user_id))


@router.get("/{user_id}/provider", responses=refusals(403))
async def show_provider(user_id: RowId, session: ReadSessionDep, _: AdminDep) -> ProviderLink:
    """Return what connects an account with the sign-in provider, and which of its roles come from groups there."""
    user = await users.get_user(session, user_id)
    roles = await provider_roles.of_person(session, user)
    return ProviderLink(
        subject=user.oidc_subject,
        roles=[
            GroupRoleRead(**{**each._asdict(), "granted_at": iso_format(each.granted_at)}) for each in roles
        ],
    )


@router.delete("/{user_id}", status_code=204)
async def delete_user(
    user_id: RowId, session: SessionDep, kernel: KernelDep, me: AdminDep, by: RequesterDep, now: NowDep
) -> Response:
    """Delete an account. What it holds is released, or passed on if the setting DISABLED_HOLDERS says so."""
    await users.delete_user(session, kernel, await users.get_user(session, user_id), actor=me, by=by, now=now)
    return Response(status_code=204)


@router.put("/{user_id}/password")
async def set_password(
    *,
    user_id: RowId,
    body: PasswordReset,
    kernel: KernelDep,
    session: SessionDep,
    me: AdminDep,
    now: NowDep,
) -> Sentence:
    password_hash = await kernel.auth.passwords.hash_new(body.new_password, by=me.uuid)
    user = await users.get_user(session, user_id)
    await users.set_password(session, user, password_hash, actor=me.username, now=now)
    if body.end_api_keys:
        await keys.revoke_all(session, user, actor=me.username, now=now)
    return Sentence.that(f"The password of {user.username} is changed.")


@router.put("/{user_id}/username", responses=refusals(409))
async def rename_user(
    user_id: RowId, body: NewUsername, session: SessionDep, me: AdminDep, now: NowDep
) -> UserRead:
    """Give an account another username. Everything stays with the person: sign-ins, keys, roles, what they hold and
    wait for, and documents. The former name still leads to them, and nobody else can get it."""
    user = await users.get_user(session, user_id)
    await rename(session, user, body.username, actor=me.username, now=now)
    return await _read(session, user)


@router.put("/{user_id}/email", responses=refusals(409))
async def set_email(
    user_id: RowId, body: EmailReset, session: SessionDep, me: AdminDep, now: NowDep
) -> Sentence:
    user = await users.get_user(session, user_id)
    await users.set_email(session, user, body.new_email, actor=me.username, now=now)
    return Sentence.that(f"The e-mail address of {user.username} is changed.")


@router.put("/{user_id}/status")
async def set_status(
    *,
    user_id: RowId,
    body: StatusChange,
    session: SessionDep,
    kernel: KernelDep,
    me: AdminDep,
    by: RequesterDep,
    now: NowDep,
) -> UserRead:
    """Grant or revoke administrator rights, or enable or disable an account. What a disabled person holds ends, except
    locks, which follow the setting DISABLED_HOLDERS."""
    if body.is_admin is None and body.is_active is None:
        raise InvalidRequest("is_admin or is_active is required.")
    user = await users.get_user(session, user_id)
    await users.set_status(
        session, kernel, user, is_admin=body.is_admin, is_active=body.is_active, actor=me, by=by, now=now
    )
    return await _read(session, user)


@router.put("/{user_id}/company")
async def set_company(
    user_id: RowId, body: CompanyChange, session: SessionDep, me: AdminDep, now: NowDep
) -> UserRead:
    user = await users.get_user(session, user_id)
    if body.company_id is None:
        await companies.clear_company(session, user, me=me, now=now)
    else:
        company = await companies.get_company(session, me, str(body.company_id))
        await companies.set_member(session, company, user, body.role, me=me, now=now)
    return await _read(session, user)
