"""Which project a caller of our own routes means."""

from __future__ import annotations

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.principal import Principal, Role
from toolcrib.kernel.problems import NotFound


class NoSuchProject(NotFound):
    code = "project_not_found"


def scope_of(kernel: Kernel, me: Principal, project: str | None, at_least: Role) -> str:
    """Return the scope of a project, or of the one that the contract's routes work in.

    Raises:
        NoSuchProject: there is none, or the caller may not see it (404 alike).
        AccessDenied: the role is not enough (403).
    """
    settings = kernel.settings
    name = me.project_named(project or settings.parts_project or settings.default_project)
    scope = f"project:{name}"
    if not me.may(scope):
        raise NoSuchProject("There is no such project, or you have no role in it.")
    me.require(scope, at_least)
    return scope
