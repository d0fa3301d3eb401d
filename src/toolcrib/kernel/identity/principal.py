"""The `Principal`: who makes a request, and what they may see and do. Every way to sign in produces one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from toolcrib.kernel.claims.models import HIDDEN, Holder
from toolcrib.kernel.identity.project_roles import ProjectRoles
from toolcrib.kernel.problems import Forbidden, Problem
from toolcrib.kernel.spelling import composed, folded

Role = Literal["owner", "admin", "member", "viewer"]
# What a project does about acquiring a name that differs from a held one only in case.
CaseClashes = Literal["refuse", "warn", "allow"]
WindowsNames = Literal["refuse", "warn", "allow"]
# Of names that no registered project says anything about, and of projects that were registered before they could.
UNSET_WINDOWS_NAMES: WindowsNames = "warn"
Via = Literal["bearer", "cookie", "api_key", "api_token", "basic", "internal"]
# The scope an API key needs for using an administrator's rights.
ADMIN_SCOPE = "admin"
ONLY_ADMINS = "Only an administrator may do this."
# Reasons of a 401 that some clients have words of their own for (`kernel.wording`).
NO_CREDENTIAL = "Missing Bearer token"
BAD_BASIC = "Malformed Basic credentials"
DISABLED = "This account is disabled."
ACCOUNT_GONE = "This account no longer exists."
RANK: dict[str, int] = {"viewer": 1, "member": 2, "admin": 3, "owner": 4}


class Unauthorized(Problem):
    """There are no credentials, or they are not valid. Never raised for missing rights: on a 401 clients discard their
    stored password."""

    code, status = "unauthorized", 401


class AccessDenied(Forbidden):
    code = "access_denied"


class MissingScope(Forbidden):
    """The API key lacks a scope (`key_scopes`): any one of `details.scopes` would be enough."""

    code = "missing_scope"

    def __init__(self, scopes: list[str]) -> None:
        what = f"the scope {scopes[0]}" if len(scopes) == 1 else f"all of the scopes {', '.join(scopes)}"
        text = f"This API key lacks {what}. Scopes are chosen when a key is made: make another one."
        super().__init__(text, {"scopes": scopes})


class SignInNeeded(Forbidden):
    """No API key may do this, whatever its scopes."""

    code = "sign_in_needed"


@dataclass(slots=True, frozen=True)
class Grant:
    """What a verified credential proved, kept so that it can be checked against the database again.

    `digest` stands for the credential. `version` is the person's token version at that time: passwords and tokens end
    when it is increased. API keys are independent of it and end when their own row is deleted; a browser's session ends
    with either. An API token (as `via` says) is an API key that may be used for whatever its person may do.
    `company_id` is the company that the credential itself names, if it is trusted to; otherwise the account's company
    counts. `scopes` are those of an API key; None means all, as for other credentials.
    """

    digest: bytes
    via: Via
    user_id: int
    version: int | None
    api_key_id: int | None = None
    session_id: str | None = None
    expires_at: datetime | None = None
    company_id: str | None = None
    scopes: frozenset[str] | None = None

    def allows(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes


@dataclass(slots=True, frozen=True)
class Principal:
    """A signed-in person, with rights as the database has them (read at most a second ago).

    `projects` maps the name of every registered project to this person's role there, None where they have
    none; `open_projects` says whether names that nobody registered are open to them. `spellings` leads from folded
    names and ids to registered names, and `project_ids` from those to ids. `case_clashes` says what registered projects
    do about names that differ only in case, `windows_names` about new names that Windows cannot keep. `must_enrol` is
    true of an administrator who must set up two-step sign-in before anything else.
    """

    id: int
    uuid: str
    username: str
    is_admin: bool
    company_id: str | None = None
    company_role: Literal["owner", "member"] | None = None
    projects: ProjectRoles = field(default_factory=ProjectRoles)
    open_projects: bool = True
    spellings: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    case_clashes: Mapping[str, CaseClashes] = field(default_factory=dict, repr=False, compare=False)
    windows_names: Mapping[str, WindowsNames] = field(default_factory=dict, repr=False, compare=False)
    project_ids: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    via: Via = "bearer"
    grant: Grant | None = field(default=None, repr=False, compare=False)
    must_enrol: bool = False

    @property
    def holder(self) -> Holder:
        return Holder(self.username, self.uuid)

    @property
    def sight(self) -> Hashable:
        """Return a key that is equal for people who may see the same, apart from a person's own scope (`user:`)."""
        if self.is_admin:
            return None
        return self.company_id, self.open_projects, self.projects.names.digest, frozenset(self.projects.mine)

    @property
    def key_scopes(self) -> frozenset[str] | None:
        """Return the scopes of the API key in use; None if it has all, or if no key was used."""
        return self.grant.scopes if self.grant is not None else None

    def project_named(self, name: str) -> str:
        """Return the registered project that `name` names, if there is one, by its name or else its id: upper and lower
        case do not matter. Else `name`, composed: nobody sees how it was typed."""
        return name if name in self.projects else self.spellings.get(folded(name), composed(name))

    def project_id(self, name: str) -> str | None:
        """Return the id of the registered project that `name` names, as `project_named` does; None if there is none, or
        this person has no role in it."""
        registered = self.project_named(name)
        known = registered in self.projects and self.project_role(registered) is not None
        return self.project_ids.get(registered) if known else None

    def scope_named(self, scope: str) -> str:
        """Return `scope` with the name of the registered project that it names, as `project_named` does."""
        family, _, name = scope.partition(":")
        return f"project:{self.project_named(name)}" if family == "project" else scope

    def project_role(self, name: str) -> Role | None:
        """Return the role in project `name`. If unregistered projects are open, everybody signed in is a member of
        those."""
        if self.is_admin:
            return "owner"
        if name in self.projects:
            return self.projects[name]
        return "member" if self.open_projects else None

    def may(self, scope: str, at_least: Role = "viewer") -> bool:
        """Return whether this person has the role in `scope` (see `claims.models.Ref`): a viewer reads, a member holds,
        an admin ends the claims of others. Nobody may do anything in a hidden one."""
        if scope.startswith(HIDDEN):
            return False
        if self.is_admin:
            return True
        family, _, name = scope.partition(":")
        if family == "project":
            role = self.project_role(name)
            return role is not None and RANK[role] >= RANK[at_least]
        if family == "user":
            return name == self.uuid
        if family == "company":
            return name == self.company_id and (
                RANK[at_least] < RANK["admin"] or self.company_role == "owner"
            )
        return scope == "" and RANK[at_least] < RANK["admin"]

    def require(self, scope: str, at_least: Role = "viewer") -> None:
        """Check that the person has at least the role `at_least` in `scope`.

        Raises:
            AccessDenied: the person lacks the role in `scope` (403).
        """
        if not self.may(scope, at_least):
            family, _, name = scope.partition(":")
            what = f"project {name}" if family == "project" else "this"
            raise AccessDenied(f"You have no {at_least} right on {what}.")

    def require_scope(self, scope: str) -> None:
        """Check that the API key in use, if any, may be used for this.

        Raises:
            MissingScope: the key lacks `scope` (403).
        """
        if self.grant is not None and not self.grant.allows(scope):
            raise MissingScope([scope])

    def require_admin(self) -> None:
        """Check that the person is an administrator, and that their API key, if one is in use, may be used for it.

        Raises:
            MissingScope: the key lacks the scope `admin` (403).
            Forbidden: the person is not an administrator (403).
        """
        self.require_scope(ADMIN_SCOPE)
        if not self.is_admin:
            raise Forbidden(ONLY_ADMINS)
