"""Companies and their members. A person belongs to at most one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.claims.service import forget_waiting
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events.log import record
from toolcrib.kernel.identity import provider_roles
from toolcrib.kernel.identity.models import Company, CompanyRole, Project, User
from toolcrib.kernel.identity.names import check_label, is_storable
from toolcrib.kernel.identity.principal import AccessDenied, Principal
from toolcrib.kernel.identity.tokens import as_uuid
from toolcrib.kernel.problems import Conflict, NotFound


class CompanyNotFound(NotFound):
    """There is no such company, or the caller may not see it."""


class CompanyNameTaken(Conflict):
    code = "name_taken"


class CompanyInUse(Conflict):
    code = "company_in_use"


class OtherCompany(Conflict):
    """The person belongs to another company. They must leave it first, or an administrator moves them."""

    code = "other_company"


async def list_companies(
    session: AsyncSession, me: Principal, *, after: str | None = None, limit: int | None = None
) -> list[tuple[Company, int]]:
    """Return the companies that `me` may see, by name, with the number of members of each: at most `limit`, from the
    first after the name `after`."""
    mine: ColumnElement[bool] = true() if me.is_admin else Company.id == me.company_id
    if after is not None:
        mine = and_(mine, Company.name > after)
    return await _with_members(session, mine, limit)


async def describe(session: AsyncSession, me: Principal, name_or_id: str) -> tuple[Company, int]:
    """Return a company and how many members it has.

    Raises:
        CompanyNotFound: (404).
    """
    company = await get_company(session, me, name_or_id)
    return (await _with_members(session, Company.id == company.id))[0]


async def _with_members(
    session: AsyncSession, condition: ColumnElement[bool], limit: int | None = None
) -> list[tuple[Company, int]]:
    members = select(func.count()).where(User.company_id == Company.id).correlate(Company).scalar_subquery()
    query = select(Company, members).where(condition).order_by(Company.name).limit(limit)
    return list(await session.execute(query))


async def get_company(session: AsyncSession, me: Principal, name_or_id: str) -> Company:
    """Return a company that `me` may see, by its id or else its name.

    Raises:
        CompanyNotFound: there is none, or `me` does not belong to it (404 in both cases).
    """
    identifier = as_uuid(name_or_id)
    company = await session.get(Company, identifier) if identifier else None
    if company is None and is_storable(name_or_id):
        company = await session.scalar(select(Company).where(Company.name == name_or_id))
    if company is None or not _may_see(me, company.id):
        raise CompanyNotFound("There is no such company.")
    return company


def role_in(me: Principal, company: Company) -> CompanyRole | None:
    return me.company_role if me.company_id == company.id else None


async def create_company(session: AsyncSession, name: str, *, me: Principal, now: datetime) -> Company:
    """Create a company. Administrators only.

    Raises:
        CompanyNameTaken: (409).
    """
    me.require_admin()
    check_label(name)
    await _require_free_name(session, name)
    company = Company(name=name, created_at=now)
    session.add(company)
    await session.flush()
    await _record(session, "created", company, me.username, now)
    return company


async def rename_company(
    session: AsyncSession, company: Company, name: str, *, me: Principal, now: datetime
) -> None:
    """Rename a company.

    Raises:
        AccessDenied: not an owner of it (403).
        CompanyNameTaken: (409).
    """
    _require_owner(me, company)
    check_label(name)
    if name == company.name:
        return
    await _require_free_name(session, name)
    before, company.name = company.name, name
    await _record(session, "renamed", company, me.username, now, before=before)


async def delete_company(session: AsyncSession, company: Company, *, me: Principal, now: datetime) -> None:
    """Delete a company that has no members, projects or claims. Administrators only.

    Raises:
        CompanyInUse: people or projects belong to it, or something of it is held (409).
    """
    me.require_admin()
    await take_write_lock(session)
    scope = f"company:{company.id}"
    for what, found in (
        ("People belong", select(User.id).where(User.company_id == company.id)),
        ("Projects belong", select(Project.id).where(Project.company_id == company.id)),
        ("Things held belong", select(claims.c.digest).where(claims.c.scope == scope)),
    ):
        if (await session.execute(found.limit(1))).first() is not None:
            raise CompanyInUse(f"{what} to {company.name} still.")
    await session.delete(company)
    await session.flush()
    await _record(session, "deleted", company, me.username, now)


async def list_members(
    session: AsyncSession, company: Company, *, after: str | None, limit: int
) -> Sequence[User]:
    """Return members by name: at most `limit`, from the first after the name `after`."""
    query = select(User).where(User.company_id == company.id).order_by(User.username).limit(limit)
    if after is not None:
        query = query.where(User.username > after)
    return (await session.scalars(query)).all()


async def set_member(
    session: AsyncSession, company: Company, user: User, role: CompanyRole, *, me: Principal, now: datetime
) -> None:
    """Add `user` to the company with `role`, or change their role.

    Raises:
        AccessDenied: not an owner of it (403).
        OtherCompany: `user` belongs to another one (409).
    """
    _require_owner(me, company)
    if not me.is_admin and user.company_id not in {None, company.id}:
        raise OtherCompany(f"{user.username} belongs to another company.")
    if user.company_id not in {None, company.id}:
        await _leave(session, user, actor=me.username, now=now)
    await provider_roles.changed_by_hand(session, user, provider_roles.of_company(company.id))
    if (user.company_id, user.company_role) == (company.id, role):
        return
    await _join(session, company, user, role, actor=me.username, now=now)


async def follow(session: AsyncSession, company: Company, user: User, *, now: datetime) -> None:
    """Move `user` into the company that a trusted token names, as a member; someone already in it keeps their role. The
    caller holds the write lock."""
    if user.company_id == company.id:
        return
    if user.company_id is not None:
        await _leave(session, user, actor=None, now=now)
    await _join(session, company, user, "member", actor=None, now=now)


async def follow_groups(
    session: AsyncSession, company: Company, user: User, role: CompanyRole | None, *, now: datetime
) -> None:
    """Give `user` the role in the company that their groups at the sign-in provider say; None takes it away. The caller
    holds the write lock, and has seen that the person belongs to no other company."""
    if role is None:
        await _end_membership(session, company, user, actor=None, now=now, by="provider")
    else:
        await _join(session, company, user, role, actor=None, now=now, by="provider")


async def remove_member(
    session: AsyncSession, company: Company, user: User, *, me: Principal, now: datetime
) -> None:
    """Remove `user` from the company. Owners may remove anybody; everybody may leave.

    Raises:
        AccessDenied: (403).
        CompanyNotFound: `user` does not belong to it (404).
    """
    if user.id != me.id:
        _require_owner(me, company)
    if user.company_id != company.id:
        raise CompanyNotFound(f"{user.username} does not belong to {company.name}.")
    await _leave(session, user, actor=me.username, now=now)


async def _join(
    session: AsyncSession,
    company: Company,
    user: User,
    role: CompanyRole,
    *,
    actor: str | None,
    now: datetime,
    **data: str,
) -> None:
    user.company_id, user.company_role = company.id, role
    await _record(session, "member_set", company, actor, now, username=user.username, role=role, **data)


async def _leave(session: AsyncSession, user: User, *, actor: str | None, now: datetime) -> None:
    company = await session.get_one(Company, user.company_id)
    await provider_roles.changed_by_hand(session, user, provider_roles.of_company(company.id))
    await _end_membership(session, company, user, actor=actor, now=now)


async def _end_membership(
    session: AsyncSession, company: Company, user: User, *, actor: str | None, now: datetime, **data: str
) -> None:
    projects = select(literal("project:") + Project.name).where(Project.company_id == company.id)
    await forget_waiting(session, user.uuid, scopes=[f"company:{company.id}"])
    await forget_waiting(session, user.uuid, scopes=projects)
    user.company_id = user.company_role = None
    await _record(session, "member_removed", company, actor, now, username=user.username, **data)


async def clear_company(session: AsyncSession, user: User, *, me: Principal, now: datetime) -> None:
    """Remove `user` from their company. Administrators only."""
    me.require_admin()
    if user.company_id is not None:
        await _leave(session, user, actor=me.username, now=now)


def _may_see(me: Principal, company_id: str) -> bool:
    return me.is_admin or me.company_id == company_id


def _require_owner(me: Principal, company: Company) -> None:
    if not me.is_admin and role_in(me, company) != "owner":
        raise AccessDenied("Only an owner of the company may do this.")


async def _require_free_name(session: AsyncSession, name: str) -> None:
    await take_write_lock(session)
    if (await session.execute(select(Company.id).where(Company.name == name))).first() is not None:
        raise CompanyNameTaken("Another company has this name.")


async def _record(
    session: AsyncSession, verb: str, company: Company, actor: str | None, now: datetime, **data: str
) -> None:
    await record(
        session,
        verb,
        kind="company",
        key=company.name,
        actor=actor,
        now=now,
        scope=f"company:{company.id}",
        **data,
    )
