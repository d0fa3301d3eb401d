"""Which rows of a shared table a person may see, as SQL. The rule itself is `Principal.may`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from toolcrib.kernel.identity.principal import Principal


def visible(principal: Principal, scope: Any) -> ColumnElement[bool]:
    """A condition on a `scope` column that holds exactly where `principal.may(scope)` does."""
    if principal.is_admin:
        return true()
    mine = ["", f"user:{principal.uuid}"]
    if principal.company_id:
        mine.append(f"company:{principal.company_id}")
    mine += [f"project:{name}" for name, role in principal.projects.items() if role is not None]
    registered = [f"project:{name}" for name in principal.projects]
    unregistered = (
        and_(scope.like("project:%"), scope.not_in(registered)) if principal.open_projects else false()
    )
    return or_(scope.in_(mine), unregistered)
