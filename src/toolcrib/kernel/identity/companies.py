"""Companies and their members. A person belongs to at most one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, literal, select, true
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
from toolcrib.kernel.search import by_unique, scan, text_match


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
    session: AsyncSession, me: Principal, text: str | None = None, *, after: str | None, limit: int
) -> tuple[list[tuple[Company, int]], str | None]:
    """Return up to `limit` of the companies that `me` may see, by name, beginning after the name `after`, with how many
    members each has, and where to go on (`search.scan`). With `text`, those in whose name it is."""
    rows = _with_members(Company.id == me.company_id)
    if me.is_admin:
        rows = by_unique(_with_members(true()), Company.name)
    shown = text_match(Company.name, text) if text else None
    found, following = await scan(session, rows, Company.name, shown, after=after, limit=limit)
    return [(company, members) for company, members in found], following


async def describe(session: AsyncSession, me: Principal, name_or_id: str) -> tuple[Company, int]:
    """Return a company and how many members it has.

    Raises:
        CompanyNotFound: (404).
    """
    company = await get_company(session, me, name_or_id)
    found = await session.execute(_with_members(Company.id == company.id))
    return company, found.one()[1]


def _with_members(condition: ColumnElement[bool]) -> Select[Company, int]:
    members = select(func.count()).where(User.company_id == Company.id).correlate(Company).scalar_subquery()
    return select(Company, members).where(condition)


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
    session: AsyncSession, company: Company, text: str | None = None, *, after: str | None, limit: int
) -> tuple[list[User], str | None]:
    """Return up to `limit` members by name, beginning after the name `after`, and where to go on (`search.scan`). With
    `text`, those in whose name it is."""
    rows = select(User).where(User.company_id == company.id)
    shown = text_match(User.username, text) if text else None
    found, following = await scan(session, rows, User.username, shown, after=after, limit=limit)
    return [user for (user,) in found], following


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
