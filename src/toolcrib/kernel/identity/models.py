"""Tables: people, their credentials, and the companies and projects they belong to."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import uuid4

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from toolcrib.kernel.identity.principal import CaseClashes, Role, WindowsNames
from toolcrib.kernel.tables import Base, exact_string, exact_text

CompanyRole = Literal["owner", "member"]
Purpose = Literal["email", "password"]

USERNAME_LENGTH = 255
EMAIL_LENGTH = 254  # RFC 5321, section 4.5.3.1.3
EMAIL_KEY_LENGTH = 320  # case folding may lengthen a text
PROJECT_NAME_LENGTH = 255
COMPANY_NAME_LENGTH = 255
DEVICE_LENGTH = 100
PROFILE_LENGTH = 255
SCOPES_LENGTH = 1024
DESCRIPTION_LENGTH = 1000
SID_LENGTH = 255
GROUP_LENGTH = 255


def new_uuid() -> str:
    return str(uuid4())


class Company(Base):
    __tablename__ = "companies"

    id: Mapped[str] = mapped_column(exact_string(36), primary_key=True, default=new_uuid)
    name: Mapped[str] = mapped_column(exact_string(COMPANY_NAME_LENGTH), unique=True)
    created_at: Mapped[datetime]


class User(Base):
    """A person. Usernames are compared exactly, mail addresses ignoring case (`email_key`).

    A token counts if it was issued for this `uuid` at this `token_version`. One without a version (older tokens, and
    those of other services) counts if issued after `tokens_valid_from`; None there means that any time is accepted.
    """

    __tablename__ = "users"
    # Clients keep ids long after the row is deleted, so an id is never used again.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    uuid: Mapped[str] = mapped_column(exact_string(36), unique=True, default=new_uuid)
    username: Mapped[str] = mapped_column(exact_string(USERNAME_LENGTH), unique=True)
    email: Mapped[str | None] = mapped_column(exact_string(EMAIL_LENGTH))
    email_key: Mapped[str | None] = mapped_column(exact_string(EMAIL_KEY_LENGTH), unique=True)
    password_hash: Mapped[str | None] = mapped_column(exact_string(255))
    oidc_subject: Mapped[str | None] = mapped_column(exact_string(255), unique=True)
    is_admin: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    company_id: Mapped[str | None] = mapped_column(exact_string(36), ForeignKey("companies.id"), index=True)
    company_role: Mapped[CompanyRole | None] = mapped_column(exact_string(16))
    token_version: Mapped[int] = mapped_column(default=1)
    tokens_valid_from: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Profile(Base):
    """What is known of a person beside the account, most of it from the sign-in provider, and when they last signed in.

    `linked_at` and `used_at` say since when the provider's person is this one, and when they last came from it."""

    __tablename__ = "user_profiles"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str | None] = mapped_column(exact_string(PROFILE_LENGTH))
    given_name: Mapped[str | None] = mapped_column(exact_string(PROFILE_LENGTH))
    family_name: Mapped[str | None] = mapped_column(exact_string(PROFILE_LENGTH))
    organization: Mapped[str | None] = mapped_column(exact_string(PROFILE_LENGTH))
    locale: Mapped[str | None] = mapped_column(exact_string(PROFILE_LENGTH))
    email_verified: Mapped[bool] = mapped_column(default=False)
    last_login: Mapped[datetime | None]
    linked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class RetiredName(Base):
    """A name that somebody has no longer.

    With a `user_uuid` it is the former username of that person, who was renamed: it still leads to them, and nobody
    else gets it. Otherwise it is a name (username, UUID or OIDC subject) of a deleted person: tokens issued before the
    deletion must not become valid again when another person gets the name."""

    __tablename__ = "retired_names"

    name: Mapped[str] = mapped_column(exact_string(255), primary_key=True)
    retired_at: Mapped[datetime]
    user_uuid: Mapped[str | None] = mapped_column(exact_string(36), index=True)


class ApiKey(Base):
    """A secret that a user created for programs. Only its SHA-256 is stored; people tell keys apart by `prefix`.

    `scopes` are names separated by spaces; None means all scopes, as for keys that are older than scopes.

    One with a `token_id` is an API token: its secret is a JWT, it has all scopes and an end, and its row stays after it
    was revoked. The row of another key is deleted then."""

    __tablename__ = "api_keys"
    __table_args__ = (
        Index("ix_api_keys_token_id", "token_id", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(exact_string(255))
    prefix: Mapped[str] = mapped_column(exact_string(16))
    digest: Mapped[str] = mapped_column(exact_string(64), unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    scopes: Mapped[str | None] = mapped_column(exact_string(SCOPES_LENGTH))
    token_id: Mapped[str | None] = mapped_column(exact_string(36))
    description: Mapped[str | None] = mapped_column(exact_string(DESCRIPTION_LENGTH))
    revoked_at: Mapped[datetime | None]

    @property
    def scope_names(self) -> frozenset[str] | None:
        return None if self.scopes is None else frozenset(self.scopes.split())


class BrowserSession(Base):
    """A browser that is signed in. The token in its cookie names this row, and is valid only while the row exists."""

    __tablename__ = "browser_sessions"

    id: Mapped[str] = mapped_column(exact_string(36), primary_key=True, default=new_uuid)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    device: Mapped[str] = mapped_column(exact_string(DEVICE_LENGTH))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ProviderSession(Base):
    """Says of a session that the person came from the OpenID provider: in which session there (`sid`, if the provider
    names it), and the ID token, sealed, for signing out there. `is_browser` is false of sessions whose token was given
    to a client, not put into a cookie."""

    __tablename__ = "provider_sessions"

    session_id: Mapped[str] = mapped_column(
        exact_string(36), ForeignKey("browser_sessions.id", ondelete="CASCADE"), primary_key=True
    )
    sid: Mapped[str | None] = mapped_column(exact_string(SID_LENGTH), index=True)
    id_token: Mapped[str | None] = mapped_column(exact_text())
    is_browser: Mapped[bool]


class LogoutToken(Base):
    """A message of the OpenID provider that ended sessions, by the digest of its id, so that it counts once."""

    __tablename__ = "logout_tokens"

    digest: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ProviderRole(Base):
    """A role that a person has through a group at the OpenID provider: `role` in `target`, which is `admin`,
    `company:<id>` or `project:<id>`. `own_role` is the role that they were given by hand and keep without the group."""

    __tablename__ = "provider_roles"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    target: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    role: Mapped[str] = mapped_column(exact_string(16))
    own_role: Mapped[str | None] = mapped_column(exact_string(16))
    group_name: Mapped[str] = mapped_column(exact_string(GROUP_LENGTH))
    granted_at: Mapped[datetime]


class SecondFactor(Base):
    """The app of a person that shows codes for signing in (RFC 6238). It counts once it is confirmed by a first code.
    `last_step` is the time step of the newest code that was used: that code and older ones are no longer taken."""

    __tablename__ = "second_factors"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret: Mapped[str] = mapped_column(exact_string(255))  # sealed
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None]


class RecoveryCode(Base):
    """A code that stands in for the app once. Only its hash is stored."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    digest: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    used_at: Mapped[datetime | None]


class Project(Base):
    """A registered project. A deleted one keeps its row, so that nobody else can see its history by registering the
    name: only an administrator may register it again.

    `registered_by` is the UUID of the person in whose limit it counts; None where nobody knows any more."""

    __tablename__ = "projects"

    id: Mapped[str] = mapped_column(exact_string(36), primary_key=True, default=new_uuid)
    name: Mapped[str] = mapped_column(exact_string(PROJECT_NAME_LENGTH), unique=True)
    company_id: Mapped[str | None] = mapped_column(exact_string(36), ForeignKey("companies.id"), index=True)
    registered_by: Mapped[str | None] = mapped_column(exact_string(36), index=True)
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    case_clashes: Mapped[CaseClashes | None] = mapped_column(exact_string(8))
    windows_names: Mapped[WindowsNames | None] = mapped_column(exact_string(8))


class ProjectMember(Base):
    __tablename__ = "project_members"

    project_id: Mapped[str] = mapped_column(
        exact_string(36), ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True, autoincrement=False
    )
    role: Mapped[Role] = mapped_column(exact_string(16))


class PendingChange(Base):
    """A new mail address or password that waits until its mailed link is followed.

    After that the row is kept without its value until the link would have expired, because a page may follow the link
    twice."""

    __tablename__ = "pending_changes"
    __table_args__ = (Index("ix_pending_changes_user_id_purpose", "user_id", "purpose"),)

    digest: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[Purpose] = mapped_column(exact_string(16))
    value: Mapped[str | None] = mapped_column(exact_string(255))
    email_key: Mapped[str | None] = mapped_column(exact_string(EMAIL_KEY_LENGTH), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    end_api_keys: Mapped[bool] = mapped_column(default=False)


class OidcState(Base):
    """A sign-in that was started and is now with the OpenID provider. `browser` is the digest of a cookie of the
    browser that started it; None if a client without cookies did."""

    __tablename__ = "oidc_states"

    digest: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    verifier: Mapped[str] = mapped_column(exact_string(512))  # sealed
    nonce: Mapped[str] = mapped_column(exact_string(128))
    redirect_uri: Mapped[str] = mapped_column(exact_string(1024))
    browser: Mapped[str | None] = mapped_column(exact_string(64))
    expires_at: Mapped[datetime] = mapped_column(index=True)
