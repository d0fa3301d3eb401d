"""Which groups at the OpenID provider give which roles here, as an operator writes it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

MOST_GROUPS = 1_000
MOST_ROLES = 100

COMPANY_ROLES = ("member", "owner")
PROJECT_ROLES = ("viewer", "member", "admin", "owner")


class GroupRole(NamedTuple):
    """A role that a group gives: `name` is the company's or project's, empty for `admin`."""

    what: Literal["admin", "company", "project"]
    name: str
    role: str


def _group_roles(value: Any) -> Any:
    """Read a JSON object of groups, each with a role or a list of roles."""
    if isinstance(value, str):
        value = json.loads(value) if value.strip() else {}
    if not isinstance(value, dict) or len(value) > MOST_GROUPS:
        raise ValueError(f"write a JSON object of at most {MOST_GROUPS} groups")
    return {str(group): _roles(group, roles) for group, roles in value.items()}


def _roles(group: str, roles: Any) -> tuple[GroupRole, ...]:
    roles = [roles] if isinstance(roles, str) else roles
    if not isinstance(roles, (list, tuple)) or len(roles) > MOST_ROLES:
        raise ValueError(f"the group {group} needs a role, or a list of at most {MOST_ROLES} roles")
    return tuple(each if isinstance(each, GroupRole) else _role(each) for each in roles)


def _role(text: Any) -> GroupRole:
    """Read `admin`, `company:NAME`, `project:NAME`, or one of the latter with `:ROLE`."""
    if text == "admin":
        return GroupRole("admin", "", "admin")
    what, _, rest = str(text).partition(":")
    allowed = {"company": COMPANY_ROLES, "project": PROJECT_ROLES}.get(what, ())
    name, _, role = rest.rpartition(":")
    if role not in allowed:  # a name may hold colons
        name, role = rest, "member"
    if not allowed or not name:
        raise ValueError(
            f"{text!r} is no role: write admin, company:NAME, company:NAME:owner, or project:NAME:ROLE with one of "
            f"{', '.join(PROJECT_ROLES)}"
        )
    return GroupRole("company" if what == "company" else "project", name, role)


GroupRoles = Annotated[dict[str, tuple[GroupRole, ...]], NoDecode, BeforeValidator(_group_roles)]
