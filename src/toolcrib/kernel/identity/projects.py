"""Registered projects and their members.

Owners and administrators of a project manage its members; only owners may give or take the role of owner. Owners of the
project's company, and the system's administrators, count as owners.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.access import own_projects, project_called
from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.claims.service import forget_waiting
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events.archives import archived_actors
from toolcrib.kernel.events.log import last_seq, record
from toolcrib.kernel.events.writer import events
from toolcrib.kernel.identity import provider_roles
from toolcrib.kernel.identity.companies import get_company
from toolcrib.kernel.identity.former_names import former_names
from toolcrib.kernel.identity.models import Company, Project, ProjectMember, User
from toolcrib.kernel.identity.names import check_project_name, is_storable
from toolcrib.kernel.identity.principal import (
    UNSET_WINDOWS_NAMES,
    AccessDenied,
    CaseClashes,
    Principal,
    Role,
    WindowsNames,
)
from toolcrib.kernel.limits import LimitReached
from toolcrib.kernel.problems import Conflict, NotFound
from toolcrib.kernel.search import by_unique, scan, text_match
from toolcrib.settings import Settings


class ProjectSettings(TypedDict, total=False):
    """`case_clashes` says what is done about acquiring a path that differs only in case from a held one,
    `windows_names` about new names that Windows cannot keep."""

    case_clashes: CaseClashes
    windows_names: WindowsNames


class ProjectNotFound(NotFound):
    """There is no such project, or the caller may not see it."""


class ProjectNameTaken(Conflict):
    code = "name_taken"


class ProjectNameReserved(Conflict):
    """Only an administrator may register a name that is in use already, or that a deleted project had, because its
    owner decides who may see what was recorded under that name."""

    code = "name_reserved"


class TooManyProjects(LimitReached):
    """The person registered as many projects as one person may: delete one first, or ask an administrator."""

    code, status, setting = "too_many_projects", 409, "PROJECTS_PER_PERSON"


class ProjectInUse(Conflict):
    code = "project_in_use"


class LastOwner(Conflict):
    code = "last_owner"


async def list_projects(
    session: AsyncSession, me: Principal, text: str | None = None, *, after: str | None, limit: int
) -> tuple[list[tuple[Project, int]], str | None]:
    """Return up to `limit` of the projects that `me` may read, by name, beginning after the name `after`, with how many
    members each has, and where to go on (`search.scan`). With `text`, those in whose name it is."""
    rows = _with_members(own_projects(me))
    if me.is_admin:
        rows = by_unique(_with_members(true()), Project.name)
    shown = text_match(Project.name, text) if text else None
    found, following = await scan(session, rows, Project.name, shown, after=after, limit=limit)
    return [(project, members) for project, members in found], following


async def describe(session: AsyncSession, me: Principal, name_or_id: str) -> tuple[Project, int]:
    """Return a project and how many members it has.

    Raises:
        ProjectNotFound: (404).
    """
    project = await get_project(session, me, name_or_id)
    found = await session.execute(_with_members(Project.id == project.id))
    return project, found.one()[1]


def _with_members(condition: ColumnElement[bool]) -> Select[Project, int]:
    members = (
        select(func.count())
        .where(ProjectMember.project_id == Project.id)
        .correlate(Project)
        .scalar_subquery()
    )
    return select(Project, members).where(condition, Project.deleted_at.is_(None))


async def get_project(
    session: AsyncSession, me: Principal, name_or_id: str, at_least: Role = "viewer"
) -> Project:
    """Return a project in which `me` has at least the role `at_least`, by its name or else its id.

    Raises:
        ProjectNotFound: there is none, or `me` has no role in it (404 in both cases).
        AccessDenied: the role is not enough (403).
    """
    project = await _find(session, name_or_id)
    if project is None or me.project_role(project.name) is None:
        raise ProjectNotFound("There is no such project, or you have no role in it.")
    me.require(_scope(project), at_least)
    return project


async def _find(session: AsyncSession, name_or_id: str) -> Project | None:
    return await session.scalar(project_called(name_or_id)) if is_storable(name_or_id) else None


async def create_project(
    session: AsyncSession,
    name: str,
    *,
    company_id: str | None,
    me: Principal,
    settings: Settings,
    now: datetime,
    name_use: NameUse,
) -> Project:
    """Register a project; `me` becomes its owner. `name_use` is what `read_name_use` returned just before. Flushes.

    Raises:
        Forbidden: only administrators register projects here (403).
        BadName: the name is not allowed (400).
        CompanyNotFound: `me` does not belong to this company (404).
        ProjectNameTaken, ProjectNameReserved, TooManyProjects: (409).
    """
    if settings.project_creation == "admin":
        me.require_admin()
    check_project_name(name)
    await take_write_lock(session)  # of two spellings of one name at the same moment, one is refused
    company: Company | None = await get_company(session, me, company_id) if company_id else None
    await _require_free_name(session, name, me, settings, name_use)
    if not me.is_admin:
        await _refuse_too_many(session, me, settings.projects_per_person)
    project = Project(
        name=name,
        company_id=company.id if company else None,
        registered_by=me.uuid,
        created_at=now,
        deleted_at=None,
        windows_names="warn",
    )
    session.add(project)
    await session.flush()
    session.add(ProjectMember(project_id=project.id, user_id=me.id, role="owner"))
    await _record(session, "created", project, me, now)
    return project


@dataclass(frozen=True, slots=True)
class NameUse:
    """Whether the event log shows use of a name by others, up to event `seq`."""

    seq: int
    used_by_others: bool


async def read_name_use(session: AsyncSession, name: str, me: Principal) -> NameUse:
    """Read whether others did anything under `name`. Reads the whole log, so call it before taking the write lock."""
    seq = await last_seq(session)
    scope = f"project:{name}"
    mine = [me.username, *await former_names(session, me.uuid)]
    used = select(
        or_(
            exists().where(func.lower(events.c.scope) == scope.lower(), events.c.actor.not_in(mine)),
            exists().where(archived_actors.c.scope == scope, archived_actors.c.actor.not_in(mine)),
        )
    )
    return NameUse(seq, not me.is_admin and (await session.execute(used)).scalar_one())


async def _require_free_name(
    session: AsyncSession, name: str, me: Principal, settings: Settings, name_use: NameUse
) -> None:
    # A project's name is ASCII, so that the databases' own lower() is enough.
    if await session.get(Project, name.lower()) is not None:
        raise ProjectNameTaken("This is the id of another project.")
    found = await session.execute(select(Project).where(func.lower(Project.name) == name.lower()))
    alike = list(found.scalars())
    for other in alike:
        if other.deleted_at is None or other.name != name:
            raise ProjectNameTaken(f"Another project has this name: {other.name}.")
    former = alike[0] if alike else None
    in_use = select(claims.c.scope).where(func.lower(claims.c.scope) == f"project:{name}".lower()).distinct()
    for spelling in [scope.removeprefix("project:") for scope in await session.scalars(in_use)]:
        if spelling != name:
            raise ProjectNameReserved(f"Something is held in {spelling}: register the name in that spelling.")
    if not me.is_admin:
        # Refuse a name that others hold something under, or ever used: their history and objects would become this
        # person's.
        scope = f"project:{name}"
        mine = [me.username, *await former_names(session, me.uuid)]
        held_by_others = or_(
            exists().where(claims.c.scope == scope, claims.c.holder_uuid != me.uuid),
            exists().where(events.c.seq > name_use.seq, events.c.scope == scope, events.c.actor.not_in(mine)),
        )
        if (
            former is not None
            or name_use.used_by_others
            or name.lower() == settings.default_project.lower()
            or (await session.execute(select(held_by_others))).scalar_one()
        ):
            raise ProjectNameReserved("Only an administrator may register this name: it is or was in use.")
    if former is not None:
        await session.delete(former)
        await session.flush()


async def _refuse_too_many(session: AsyncSession, me: Principal, most: int) -> None:
    mine = select(func.count()).where(Project.registered_by == me.uuid, Project.deleted_at.is_(None))
    count = (await session.execute(mine)).scalar_one()
    if count >= most:
        text = f"You registered {count} projects, of at most {most}: delete one, or ask an administrator."
        raise TooManyProjects(text, allowed=most, count=count)


async def change_project(
    session: AsyncSession, project: Project, changes: ProjectSettings, *, me: Principal, now: datetime
) -> None:
    """Change the given settings of a project, and record those that differ from before.

    Raises:
        AccessDenied: `me` is no admin of the project (403).
    """
    me.require(_scope(project), "admin")
    changed: dict[str, str] = {}
    clashes, names = changes.get("case_clashes"), changes.get("windows_names")
    if clashes is not None and clashes != (project.case_clashes or "refuse"):
        changed["case_clashes"] = project.case_clashes = clashes
    if names is not None and names != (project.windows_names or UNSET_WINDOWS_NAMES):
        changed["windows_names"] = project.windows_names = names
    if changed:
        await _record(session, "changed", project, me, now, **changed)


async def delete_project(session: AsyncSession, project: Project, *, me: Principal, now: datetime) -> None:
    """Delete a project. Only administrators can register its name again or read what the log says about it.

    Raises:
        AccessDenied: `me` is not an owner (403).
        ProjectInUse: something of it is held (409).
    """
    me.require(_scope(project), "owner")
    await take_write_lock(session)
    held = await session.execute(
        select(func.count()).where(
            claims.c.scope == _scope(project), (claims.c.expires_at.is_(None)) | (claims.c.expires_at > now)
        )
    )
    count = held.scalar_one()
    if count:
        raise ProjectInUse(f"{count} things of {project.name} are still held.", {"held": count})
    project.deleted_at, project.company_id = now, None
    await session.execute(delete(ProjectMember).where(ProjectMember.project_id == project.id))
    await _record(session, "deleted", project, me, now)


# Members


async def list_members(
    session: AsyncSession, project: Project, text: str | None = None, *, after: str | None, limit: int
) -> tuple[list[tuple[User, Role]], str | None]:
    """Return up to `limit` members by name, beginning after the name `after`, and where to go on (`search.scan`). With
    `text`, those in whose name it is."""
    rows = (
        select(User, ProjectMember.role)
        .join(ProjectMember, ProjectMember.user_id == User.id)
        .where(ProjectMember.project_id == project.id)
    )
    shown = text_match(User.username, text) if text else None
    found, following = await scan(session, rows, User.username, shown, after=after, limit=limit)
    return [(user, role) for user, role in found], following


async def set_member(
    session: AsyncSession, project: Project, user: User, role: Role, *, me: Principal, now: datetime
) -> None:
    """Give `user` a role in the project, as a new member or instead of their present role.

    Raises:
        AccessDenied: `me` may not manage members, or not owners (403).
        LastOwner: the project would have no owner (409).
    """
    me.require(_scope(project), "admin")
    member = await session.get(ProjectMember, (project.id, user.id))
    await _require_may_change_role(session, project, member, me, new_role=role)
    await provider_roles.changed_by_hand(session, user, provider_roles.of_project(project.id))
    if member is None:
        session.add(ProjectMember(project_id=project.id, user_id=user.id, role=role))
    elif member.role != role:
        member.role = role
        if role == "viewer":
            await forget_waiting(session, user.uuid, scopes=[_scope(project)])
    else:
        return
    await _record(session, "member_set", project, me, now, username=user.username, role=role)


async def remove_member(
    session: AsyncSession, project: Project, user: User, *, me: Principal, now: datetime
) -> None:
    """Remove `user` from the project. Those who manage members may remove anybody; everybody may leave.

    Raises:
        AccessDenied: `me` may not manage members, or not owners (403).
        ProjectNotFound: `user` is not a member (404).
        LastOwner: the project would have no owner (409).
    """
    if user.id != me.id:
        me.require(_scope(project), "admin")
    member = await session.get(ProjectMember, (project.id, user.id))
    if member is None:
        raise ProjectNotFound(f"{user.username} is not a member of {project.name}.")
    await _require_may_change_role(session, project, member, me, new_role=None)
    await provider_roles.changed_by_hand(session, user, provider_roles.of_project(project.id))
    await session.delete(member)
    await forget_waiting(session, user.uuid, scopes=[_scope(project)])
    await _record(session, "member_removed", project, me, now, username=user.username)


async def _require_may_change_role(
    session: AsyncSession,
    project: Project,
    member: ProjectMember | None,
    me: Principal,
    *,
    new_role: Role | None,
) -> None:
    """Check that only owners give or take the role of owner, and that one owner remains."""
    was_owner = member is not None and member.role == "owner"
    if (was_owner or new_role == "owner") and not me.may(_scope(project), "owner"):
        raise AccessDenied("Only an owner of the project may do this.")
    if was_owner and new_role != "owner":
        owners = await session.execute(
            select(func.count()).where(ProjectMember.project_id == project.id, ProjectMember.role == "owner")
        )
        if owners.scalar_one() < 2 and not me.is_admin:
            raise LastOwner("A project needs an owner: make somebody else one first.")


def _scope(project: Project) -> str:
    return f"project:{project.name}"


async def _record(
    session: AsyncSession, verb: str, project: Project, me: Principal, now: datetime, **data: str
) -> None:
    await record(
        session,
        verb,
        kind="project",
        key=project.name,
        actor=me.username,
        now=now,
        scope=_scope(project),
        **data,
    )
