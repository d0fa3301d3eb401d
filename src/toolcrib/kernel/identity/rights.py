"""Read from the database what a person may do, as a `Principal`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.identity.models import Project, ProjectMember, User
from toolcrib.kernel.identity.principal import ADMIN_SCOPE, CaseClashes, Grant, Principal, Role, WindowsNames
from toolcrib.kernel.identity.project_roles import ProjectNames, ProjectRoles
from toolcrib.kernel.long_work import ROWS, pieces
from toolcrib.kernel.spelling import folded


@dataclass(slots=True, frozen=True)
class Registry:
    """All registered project names, shared by all principals, and which company owns which. Deleted projects keep their
    name; only administrators have a role there. The rest is as in `Principal`."""

    names: ProjectNames
    by_company: Mapping[str, tuple[str, ...]]
    spellings: Mapping[str, str]
    case_clashes: Mapping[str, CaseClashes]
    windows_names: Mapping[str, WindowsNames]
    project_ids: Mapping[str, str]


_PROJECTS = select(
    Project.id,
    Project.name,
    Project.company_id,
    Project.deleted_at,
    Project.case_clashes,
    Project.windows_names,
).order_by(Project.name)
_ROLES = (
    select(ProjectMember.user_id, Project.name, ProjectMember.role)
    .join(ProjectMember, ProjectMember.project_id == Project.id)
    .where(Project.deleted_at.is_(None))
)


async def read_registry(session: AsyncSession) -> Registry:
    return _registry(await session.execute(_PROJECTS))


def _registry(rows: Iterable[Any]) -> Registry:
    names: list[str] = []
    by_company: dict[str, tuple[str, ...]] = {}
    spellings: dict[str, str] = {}
    case_clashes: dict[str, CaseClashes] = {}
    windows_names: dict[str, WindowsNames] = {}
    ids: dict[str, str] = {}
    for identifier, name, company_id, deleted_at, clashes, on_windows in rows:
        names.append(name)
        if deleted_at is None:
            ids[name] = identifier
        spellings[identifier] = name
        spellings.setdefault(folded(name), name)
        if clashes is not None:
            case_clashes[name] = clashes
        if on_windows is not None:
            windows_names[name] = on_windows
        if company_id is not None and deleted_at is None:
            by_company[company_id] = (*by_company.get(company_id, ()), name)
    return Registry(ProjectNames(names), by_company, spellings, case_clashes, windows_names, ids)


async def read_principal(
    session: AsyncSession, user: User, grant: Grant | None, registry: Registry, *, open_projects: bool
) -> Principal:
    """Return the person with their rights as of now. Owners of a company own its projects.

    `grant` is None if the person does not make the request themselves. If the credential names another company than the
    account's, the person is a member there. With an API key that lacks the scope `admin`, an administrator has no
    administrator's rights."""
    rows = await session.execute(_ROLES.where(ProjectMember.user_id == user.id))
    mine = {name: role for _, name, role in rows}
    return _principal(user, grant, registry, mine, open_projects=open_projects)


def principals_with(
    connection: Connection, uuids: Collection[str], *, open_projects: bool
) -> dict[str, Principal]:
    """Return these people with their rights as of now; those who are gone or disabled are left out."""
    columns = (User.id, User.uuid, User.username, User.is_admin, User.company_id, User.company_role)
    found: list[Any] = []
    roles: dict[int, dict[str, Role]] = {}
    for page in pieces(list(uuids), ROWS):
        people = connection.execute(select(*columns).where(User.uuid.in_(page), User.is_active)).all()
        found += people
        ids = [person.id for person in people]
        for user_id, name, role in connection.execute(_ROLES.where(ProjectMember.user_id.in_(ids))):
            roles.setdefault(user_id, {})[name] = role
    registry = _registry(connection.execute(_PROJECTS))
    return {
        person.uuid: _principal(person, None, registry, roles.get(person.id, {}), open_projects=open_projects)
        for person in found
    }


def _principal(
    user: Any, grant: Grant | None, registry: Registry, mine: dict[str, Role], *, open_projects: bool
) -> Principal:
    company_id, company_role = user.company_id, user.company_role
    if grant and grant.company_id and grant.company_id != company_id:
        company_id, company_role = grant.company_id, "member"
    if company_id is not None and company_role == "owner":
        mine.update(dict.fromkeys(registry.by_company.get(company_id, ()), "owner"))
    return Principal(
        id=user.id,
        uuid=user.uuid,
        username=user.username,
        is_admin=user.is_admin and (grant is None or grant.allows(ADMIN_SCOPE)),
        company_id=company_id,
        company_role=company_role,
        projects=ProjectRoles(registry.names, mine),
        open_projects=open_projects,
        spellings=registry.spellings,
        case_clashes=registry.case_clashes,
        windows_names=registry.windows_names,
        project_ids=registry.project_ids,
        via=grant.via if grant else "internal",
        grant=grant,
    )
