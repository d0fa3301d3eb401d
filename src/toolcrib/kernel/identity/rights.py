"""Read from the database what a person may do, as a `Principal`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.identity.models import Project, ProjectMember, User
from toolcrib.kernel.identity.principal import ADMIN_SCOPE, CaseClashes, Grant, Principal, Role, WindowsNames
from toolcrib.kernel.spelling import folded


@dataclass(slots=True, frozen=True)
class Registry:
    """All registered project names, shared by all principals, and which company owns which. Deleted projects keep their
    name; only administrators have a role there. The rest is as in `Principal`."""

    names: frozenset[str]
    by_company: Mapping[str, tuple[str, ...]]
    spellings: Mapping[str, str]
    case_clashes: Mapping[str, CaseClashes]
    windows_names: Mapping[str, WindowsNames]


class ProjectRoles(Mapping[str, Role | None]):
    """Maps all registered names to one person's roles. The set of names is shared by all people."""

    __slots__ = ("_mine", "_names")

    def __init__(self, names: frozenset[str], mine: dict[str, Role]) -> None:
        self._names = names
        self._mine = mine

    def __getitem__(self, name: str) -> Role | None:
        role = self._mine.get(name)
        if role is None and name not in self._names:
            raise KeyError(name)
        return role

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


async def read_registry(session: AsyncSession) -> Registry:
    columns = (
        Project.id,
        Project.name,
        Project.company_id,
        Project.deleted_at,
        Project.case_clashes,
        Project.windows_names,
    )
    rows = await session.execute(select(*columns).order_by(Project.name))
    names: list[str] = []
    by_company: dict[str, tuple[str, ...]] = {}
    spellings: dict[str, str] = {}
    case_clashes: dict[str, CaseClashes] = {}
    windows_names: dict[str, WindowsNames] = {}
    for identifier, name, company_id, deleted_at, clashes, on_windows in rows:
        names.append(name)
        spellings[identifier] = name
        spellings.setdefault(folded(name), name)
        if clashes is not None:
            case_clashes[name] = clashes
        if on_windows is not None:
            windows_names[name] = on_windows
        if company_id is not None and deleted_at is None:
            by_company[company_id] = (*by_company.get(company_id, ()), name)
    return Registry(frozenset(names), by_company, spellings, case_clashes, windows_names)


async def read_principal(
    session: AsyncSession, user: User, grant: Grant | None, registry: Registry, *, open_projects: bool
) -> Principal:
    """Return the person with their rights as of now. Owners of a company own its projects.

    `grant` is None if the person does not make the request themselves. If the credential names another company than the
    account's, the person is a member there. With an API key that lacks the scope `admin`, an administrator has no
    administrator's rights."""
    company_id, company_role = user.company_id, user.company_role
    if grant and grant.company_id and grant.company_id != company_id:
        company_id, company_role = grant.company_id, "member"
    rows = await session.execute(
        select(Project.name, ProjectMember.role)
        .join(ProjectMember, ProjectMember.project_id == Project.id)
        .where(ProjectMember.user_id == user.id, Project.deleted_at.is_(None))
    )
    mine: dict[str, Role] = dict(rows.all())
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
        via=grant.via if grant else "internal",
        grant=grant,
    )
