"""Which rows of a shared table a person may see, as SQL. The rule itself is `Principal.may`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, literal, not_, or_, select

from toolcrib.kernel.claims.models import HIDDEN
from toolcrib.kernel.identity.models import Project, ProjectMember
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.tokens import as_uuid
from toolcrib.kernel.search import unindexed
from toolcrib.kernel.spelling import folded

_PROJECT = "project:"
# A statement may name so many scopes.
SCOPES_MAX = 500


def visible(principal: Principal, scope: Any) -> ColumnElement[bool]:
    """A condition on a `scope` column that holds exactly where `principal.may(scope)` does. The database looks projects
    up, because there may be more than a statement can name. It checks row by row, in the order that is wanted: by an
    index on scopes, SQLite collects and sorts all rows that a person may see, for the first few of them."""
    if principal.is_admin:
        shown: ColumnElement[bool] = not_(scope.startswith(HIDDEN, autoescape=True))
        return shown
    mine = ["", f"user:{principal.uuid}"]
    if principal.company_id:
        mine.append(f"company:{principal.company_id}")
    scope = unindexed(scope)
    names = select(literal(_PROJECT) + Project.name).where(own_projects(principal))
    registered = exists().where(Project.name == func.substr(scope, len(_PROJECT) + 1))
    unregistered = and_(scope.like(f"{_PROJECT}%"), ~registered) if principal.open_projects else false()
    return or_(scope.in_(mine), scope.in_(names), unregistered)


def visible_scopes(principal: Principal) -> list[str] | None:
    """Return the scopes that `visible` holds for; None where a statement cannot name them all."""
    if principal.is_admin or principal.open_projects:
        return None
    found = ["", f"user:{principal.uuid}"]
    if principal.company_id:
        found.append(f"company:{principal.company_id}")
    found += [_PROJECT + name for name in principal.projects.mine]
    return found if len(found) <= SCOPES_MAX else None


def project_called(name: str) -> Select[Project]:
    """The registered project that `name` names, if there is one: by its name, ignoring case but the exact one first, or
    else by its id. As `Principal.project_named`, for those who are not asked for their rights."""
    alike = or_(func.lower(Project.name) == folded(name), Project.id == (as_uuid(name) or ""))
    return select(Project).where(alike, Project.deleted_at.is_(None)).order_by(Project.name != name).limit(1)


def own_projects(principal: Principal) -> ColumnElement[bool]:
    """A condition that holds for the projects in which the person, who is no administrator, has a role."""
    member = select(ProjectMember.project_id).where(ProjectMember.user_id == principal.id)
    roles: ColumnElement[bool] = Project.id.in_(member)
    if principal.company_id is not None and principal.company_role == "owner":
        roles = or_(roles, Project.company_id == principal.company_id)
    return and_(roles, Project.deleted_at.is_(None))
