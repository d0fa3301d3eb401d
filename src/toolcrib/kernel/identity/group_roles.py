"""Give people the roles of their groups at the OpenID provider at each sign-in, and take away those of groups that they
have left. What was given by hand stays (`provider_roles`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.access import project_called
from toolcrib.kernel.claims.service import forget_waiting
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events.log import record
from toolcrib.kernel.identity import companies, provider_roles, users
from toolcrib.kernel.identity.models import (
    GROUP_LENGTH,
    Company,
    CompanyRole,
    Project,
    ProjectMember,
    ProviderRole,
    User,
)
from toolcrib.kernel.identity.principal import RANK, Role
from toolcrib.settings.group_roles import GroupRole

log = structlog.get_logger()

Mapped = Mapping[str, tuple[GroupRole, ...]]


async def apply(
    session: AsyncSession, user: User, groups: frozenset[str], mapping: Mapped, *, now: datetime
) -> None:
    """Give `user` the roles of `groups`, and take away those that other groups gave. Takes the write lock.

    The last administrator and the last owner of a project keep their role, until there is another one."""
    await take_write_lock(session)
    await session.flush()
    rows = await session.scalars(select(ProviderRole).where(ProviderRole.user_id == user.id))
    had = {row.target: row for row in rows}
    wanted = await _wanted(session, groups, mapping)
    for target, row in had.items():
        if target not in wanted and await _take(session, user, row, now):
            await session.delete(row)
    for target, (role, group) in wanted.items():
        await _give(session, user, had.get(target), target, role, group, now)
    await session.flush()


async def _wanted(
    session: AsyncSession, groups: frozenset[str], mapping: Mapped
) -> dict[str, tuple[str, str]]:
    """Return the highest role in each target, and the group that gives it. Of several companies the first counts."""
    wanted: dict[str, tuple[str, str]] = {}
    for group, roles in mapping.items():
        for given in roles if group in groups else ():
            target = await _target(session, given)
            if target is None:
                log.warning("oidc_group_names_nothing", group=group, what=given.what, name=given.name)
                continue
            others = [each for each in wanted if each.startswith("company:") and each != target]
            if given.what == "company" and others:
                log.warning("oidc_groups_of_two_companies", group=group, name=given.name)
            elif target not in wanted or _rank(given.role) > _rank(wanted[target][0]):
                wanted[target] = given.role, group[:GROUP_LENGTH]
    return wanted


async def _target(session: AsyncSession, given: GroupRole) -> str | None:
    if given.what == "admin":
        return provider_roles.ADMIN
    if given.what == "company":
        found = await session.execute(
            select(Company.id).where((Company.name == given.name) | (Company.id == given.name))
        )
        company_id = found.scalars().first()
        return provider_roles.of_company(company_id) if company_id else None
    project = await session.scalar(project_called(given.name))
    return provider_roles.of_project(project.id) if project is not None else None


async def _give(
    session: AsyncSession,
    user: User,
    row: ProviderRole | None,
    target: str,
    role: str,
    group: str,
    now: datetime,
) -> None:
    what, _, identifier = target.partition(":")
    if what == "company" and user.company_id not in {None, identifier}:
        log.warning("oidc_group_of_another_company", username=user.username, group=group)
        return
    has = await _present(session, user, target)
    own = has if row is None else row.own_role
    highest = role if own is None or _rank(role) > _rank(own) else own
    if has != highest and not await _set(session, user, target, highest, now):
        return
    if row is None:
        row = ProviderRole(user_id=user.id, target=target, own_role=own, granted_at=now)
        session.add(row)
    row.role, row.group_name = highest, group


async def _take(session: AsyncSession, user: User, row: ProviderRole, now: datetime) -> bool:
    """Go back to the role that was given by hand. Returns false if the person must keep the present one."""
    has = await _present(session, user, row.target)
    return has is None or has == row.own_role or await _set(session, user, row.target, row.own_role, now)


async def _present(session: AsyncSession, user: User, target: str) -> str | None:
    what, _, identifier = target.partition(":")
    if what == "admin":
        return "admin" if user.is_admin else None
    if what == "company":
        return user.company_role if user.company_id == identifier else None
    member = await session.get(ProjectMember, (identifier, user.id))
    return member.role if member is not None else None


async def _set(session: AsyncSession, user: User, target: str, role: str | None, now: datetime) -> bool:
    """Set the role in `target`; None takes it away. Returns false if that must not be."""
    what, _, identifier = target.partition(":")
    if what == "admin":
        return await _set_admin(session, user, now, is_admin=role is not None)
    if what == "company":
        company = await session.get_one(Company, identifier)
        await companies.follow_groups(session, company, user, cast("CompanyRole | None", role), now=now)
        return True
    project = await session.get(Project, identifier)
    return project is None or await _set_in_project(session, user, project, cast("Role | None", role), now)


async def _set_admin(session: AsyncSession, user: User, now: datetime, *, is_admin: bool) -> bool:
    if not is_admin:
        try:
            await users.require_another_admin(session, user)
        except users.LastAdmin:
            log.warning("oidc_last_admin_kept", username=user.username)
            return False
    await users.set_admin(session, user, is_admin=is_admin, actor=None, now=now, by="provider")
    return True


async def _set_in_project(
    session: AsyncSession, user: User, project: Project, role: Role | None, now: datetime
) -> bool:
    member = await session.get(ProjectMember, (project.id, user.id))
    if member is not None and member.role == "owner" and await _owners(session, project) < 2:
        log.warning("oidc_last_owner_kept", username=user.username, project=project.name)
        return False
    scope = f"project:{project.name}"
    if member is None:
        session.add(ProjectMember(project_id=project.id, user_id=user.id, role=cast("Role", role)))
    elif role is None:
        await session.delete(member)
    else:
        member.role = role
    if role in {None, "viewer"}:
        await forget_waiting(session, user.uuid, scopes=[scope])
    told = {"username": user.username} if role is None else {"username": user.username, "role": role}
    verb = "member_removed" if role is None else "member_set"
    await record(
        session,
        verb,
        kind="project",
        key=project.name,
        actor=None,
        now=now,
        scope=scope,
        by="provider",
        **told,
    )
    return True


async def _owners(session: AsyncSession, project: Project) -> int:
    count = await session.scalar(
        select(func.count()).where(ProjectMember.project_id == project.id, ProjectMember.role == "owner")
    )
    return count or 0


def _rank(role: str) -> int:
    return RANK[role]
