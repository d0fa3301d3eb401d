"""Requests and responses about people, companies and projects. Unknown keys are ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path
from pydantic import BeforeValidator, Field, StrictBool

from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.identity.models import ApiKey, BrowserSession, CompanyRole, User
from toolcrib.kernel.identity.principal import CaseClashes, Principal, Role, WindowsNames
from toolcrib.kernel.schema import Schema

PASSWORD_LENGTH = 1024  # longer than any password, but short enough to hash


def _decimal(value: Any) -> Any:
    if isinstance(value, str) and not (value.isascii() and value.isdecimal()):
        raise ValueError("not a number")
    return value


# A path with anything but a plain positive number in its place does not exist: 404.
RowId = Annotated[int, BeforeValidator(_decimal), Path(ge=1, le=2**63 - 1)]
Secret = Annotated[str, Field(max_length=PASSWORD_LENGTH)]
Otp = Annotated[str, Field(max_length=64)]


class Sentence(Schema):
    """A sentence for people, under two keys, because different pages read different ones."""

    msg: str
    message: str

    @classmethod
    def that(cls, text: str) -> Sentence:
        return cls(msg=text, message=text)


# People


class UserRead(Schema):
    id: int
    uuid: str
    username: str
    email: str
    is_admin: bool
    is_active: bool
    company_id: str | None
    company_name: str | None
    company_role: CompanyRole | None
    created_at: str

    @classmethod
    def of(cls, user: User, company_name: str | None) -> UserRead:
        return cls(
            id=user.id,
            uuid=user.uuid,
            username=user.username,
            email=user.email or "",
            is_admin=user.is_admin,
            is_active=user.is_active,
            company_id=user.company_id,
            company_name=company_name,
            company_role=user.company_role,
            created_at=iso_format(user.created_at),
        )


class CurrentUser(UserRead):
    """The person who makes the request. `must_enrol`: an administrator who must set up two-step sign-in before anything
    else."""

    must_enrol: bool


class Person(Schema):
    username: str
    uuid: str


class WhoAmI(Schema):
    user: str
    roles: list[Literal["admin"]]


class LoginRequest(Schema):
    """`otp` is a code of the person's app, or a recovery code, if they have two-step sign-in."""

    username: str | None = None
    password: Secret | None = None
    otp: Otp | None = None


class LoginAnswer(Schema):
    access_token: str
    username: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int | None


class RefreshedToken(Schema):
    token: str


class Provider(Schema):
    name: str
    label: str
    login_url: str


class Providers(Schema):
    oidc: list[Provider]
    password: bool = True


class OidcDeparture(Schema):
    authorization_url: str


class OidcCallback(Schema):
    code: str | None = None
    state: str | None = None


class OidcUser(Schema):
    id: int
    username: str
    email: str
    is_admin: bool


class OidcAnswer(Schema):
    token: str
    expires_in: int | None
    user: OidcUser


class GroupRoleRead(Schema):
    """A role that comes from a group at the sign-in provider. `own_role` was given by hand, and stays without the
    group."""

    what: Literal["admin", "company", "project"]
    name: str
    role: str
    own_role: str | None
    group: str
    granted_at: str


class ProviderLink(Schema):
    """What connects an account with the sign-in provider: the subject there, and the roles of the person's groups."""

    subject: str | None
    roles: list[GroupRoleRead]


class SignedOut(Schema):
    """`redirect_url` is the page of the sign-in provider on which the browser signs out there, too."""

    redirect_url: str | None


class PasswordChange(Schema):
    """A new password. `end_api_keys`: also revoke all one's API keys when the password changes."""

    current_password: Secret
    new_password: Secret
    end_api_keys: StrictBool = False


class EmailChange(Schema):
    new_email: str
    current_password: Secret


class ChangeAnswer(Sentence):
    """The result of a change. `pending`: a link was mailed, and nothing changes until it is followed."""

    pending: bool


class NewUser(Schema):
    username: str
    password: Secret
    email: str
    is_admin: StrictBool = False


class PasswordReset(Schema):
    """A new password for a user. `end_api_keys`: also revoke all the person's API keys."""

    new_password: Secret
    end_api_keys: StrictBool = False


class NewUsername(Schema):
    username: str


class EmailReset(Schema):
    new_email: str


class StatusChange(Schema):
    is_admin: StrictBool | None = None
    is_active: StrictBool | None = None


class CompanyChange(Schema):
    company_id: UUID | None
    role: CompanyRole = "member"


# API keys


class KeyScopeRead(Schema):
    """A scope that an API key may have; `text` says what a key with it may do."""

    name: str
    text: str


class ApiKeyRead(Schema):
    """An API key or token. `scopes` is null for those that have all scopes: tokens, and keys that are older than
    scopes. `token_id` is set for tokens."""

    id: int
    name: str
    prefix: str
    scopes: list[str] | None
    created_at: str
    last_used_at: str | None
    expires_at: str | None
    token_id: str | None

    @classmethod
    def of(cls, key: ApiKey) -> ApiKeyRead:
        return cls(**_api_key(key))


class ApiKeyMade(ApiKeyRead):
    """A new API key. This is the only response that contains the key itself."""

    key: str

    @classmethod
    def with_secret(cls, key: ApiKey, secret: str) -> ApiKeyMade:
        return cls(**_api_key(key), key=secret)


def _api_key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": None if key.scopes is None else key.scopes.split(),
        "created_at": iso_format(key.created_at),
        "last_used_at": iso_format(key.last_used_at) if key.last_used_at else None,
        "expires_at": iso_format(key.expires_at) if key.expires_at else None,
        "token_id": key.token_id,
    }


class SessionRead(Schema):
    """A browser that is signed in."""

    id: str
    device: str
    created_at: str
    last_used_at: str
    expires_at: str
    is_current: bool

    @classmethod
    def of(cls, session: BrowserSession, me: Principal) -> SessionRead:
        return cls(
            id=session.id,
            device=session.device,
            created_at=iso_format(session.created_at),
            last_used_at=iso_format(session.last_used_at),
            expires_at=iso_format(session.expires_at),
            is_current=me.grant is not None and me.grant.session_id == session.id,
        )


class NewApiKey(Schema):
    """An API key to create. Without `scopes` it may only read."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    expires_in_days: Annotated[int, Field(ge=1, le=3660, strict=True)] | None = None
    scopes: Annotated[list[str], Field(min_length=1, max_length=50)] = ["read"]


# Companies and projects


class CompanyRead(Schema):
    id: str
    name: str
    role: CompanyRole | None
    members: int
    created_at: str


class CompanyName(Schema):
    name: str


class CompanyMember(Person):
    """`from_provider`: the role comes from a group at the sign-in provider, and goes with it."""

    role: CompanyRole
    from_provider: bool


class NewCompanyRole(Schema):
    role: CompanyRole


class ProjectRead(Schema):
    id: str
    name: str
    company_id: str | None
    role: Role | None
    members: int
    created_at: str
    case_clashes: CaseClashes
    windows_names: WindowsNames


class ProjectChange(Schema):
    """`case_clashes`: what is done about locking a path that differs from a locked one only in upper and lower case.
    `windows_names`: what is done about new names that Windows cannot keep. What is left out stays as it is."""

    case_clashes: CaseClashes | None = None
    windows_names: WindowsNames | None = None


class NewProject(Schema):
    name: str
    company_id: UUID | None = None


class ProjectMemberRead(Person):
    """`from_provider`: the role comes from a group at the sign-in provider, and goes with it."""

    role: Role
    from_provider: bool


class NewProjectRole(Schema):
    role: Role


# Accounts as their administrators see them (machine-pool contract, section 4)


class AccountRead(Schema):
    username: str
    is_admin: bool
    created_at: str  # UTC, without offset

    @classmethod
    def of(cls, user: User) -> AccountRead:
        created_at = user.created_at.replace(microsecond=0, tzinfo=None).isoformat()
        return cls(username=user.username, is_admin=user.is_admin, created_at=created_at)


class NewAccount(Schema):
    username: str | None = None
    password: Secret | None = None
    is_admin: StrictBool = False
