"""People, their ways in, and the companies and projects they belong to."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import uuid4

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from toolcrib.kernel.identity.principal import Role
from toolcrib.kernel.tables import Base, exact_string

CompanyRole = Literal["owner", "member"]
Purpose = Literal["email", "password"]

USERNAME_LENGTH = 255
EMAIL_LENGTH = 254  # RFC 5321, section 4.5.3.1.3
EMAIL_KEY_LENGTH = 320  # folding case may lengthen
PROJECT_NAME_LENGTH = 255
COMPANY_NAME_LENGTH = 255
DEVICE_LENGTH = 100
SCOPES_LENGTH = 1024


def new_uuid() -> str:
    return str(uuid4())


class Company(Base):
    __tablename__ = "companies"

    id: Mapped[str] = mapped_column(exact_string(36), primary_key=True, default=new_uuid)
    name: Mapped[str] = mapped_column(exact_string(COMPANY_NAME_LENGTH), unique=True)
    created_at: Mapped[datetime]


class User(Base):
    """A person. Names are compared exactly, addresses without regard to case (`email_key`).

    A token counts if it was issued for this `uuid` at this `token_version`, or, without a version (older or
    foreign tokens), after `tokens_valid_from`; None there means from the beginning of time.
    """

    __tablename__ = "users"
    # Ids are used on the wire long after their row is gone: never give one out twice.
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


class RetiredName(Base):
    """A name (username, UUID or OIDC subject) a deleted person went by: tokens from before must not come to
    life again when somebody else gets it."""

    __tablename__ = "retired_names"

    name: Mapped[str] = mapped_column(exact_string(255), primary_key=True)
    retired_at: Mapped[datetime]


class ApiKey(Base):
    """A secret made by its user for programs. Only its SHA-256 is kept; `prefix` tells them apart. `scopes` are names
    with spaces between; None stands for all there ever are, which keys from before there were scopes have."""

    __tablename__ = "api_keys"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(exact_string(255))
    prefix: Mapped[str] = mapped_column(exact_string(16))
    digest: Mapped[str] = mapped_column(exact_string(64), unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    scopes: Mapped[str | None] = mapped_column(exact_string(SCOPES_LENGTH))

    @property
    def scope_names(self) -> frozenset[str] | None:
        return None if self.scopes is None else frozenset(self.scopes.split())


class BrowserSession(Base):
    """A browser that is signed in. The token in its cookie names this row, and counts only while it is there."""

    __tablename__ = "browser_sessions"

    id: Mapped[str] = mapped_column(exact_string(36), primary_key=True, default=new_uuid)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    device: Mapped[str] = mapped_column(exact_string(DEVICE_LENGTH))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Project(Base):
    """A registered project. A deleted one keeps its name, so that its history opens to nobody new: only an
    administrator may register that name again."""

    __tablename__ = "projects"

    id: Mapped[str] = mapped_column(exact_string(36), primary_key=True, default=new_uuid)
    name: Mapped[str] = mapped_column(exact_string(PROJECT_NAME_LENGTH), unique=True)
    company_id: Mapped[str | None] = mapped_column(exact_string(36), ForeignKey("companies.id"), index=True)
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


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
    """A new address or password that waits for its mailed link. Kept, without its value, until the link would
    have lapsed: a page may follow the link twice."""

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
    """A sign-in on its way through the OpenID provider. `browser` is the digest of the cookie of the browser
    that started it; None when a client without cookies did."""

    __tablename__ = "oidc_states"

    digest: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    verifier: Mapped[str] = mapped_column(exact_string(512))  # sealed
    nonce: Mapped[str] = mapped_column(exact_string(128))
    redirect_uri: Mapped[str] = mapped_column(exact_string(1024))
    browser: Mapped[str | None] = mapped_column(exact_string(64))
    expires_at: Mapped[datetime] = mapped_column(index=True)
