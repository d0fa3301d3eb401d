"""Which content is stored, for which tenant, and how many rows refer to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from toolcrib.kernel.tables import Base, exact_string

ACCOUNT_LENGTH = 300


class Blob(Base):
    """Content that a tenant refers to, or referred to within the grace period.

    A tenant has the same content once. `key` is its key in the store; `refs` counts the references, and
    `unreferenced_at` is when the last one was removed. `lost_at` is when the content was found missing from the store:
    the next upload of the same content replaces it. `account` is whose quota it counts in while it has references; None
    for content from before there were quotas, until `accounts.count_all` has counted it.
    """

    __tablename__ = "blobs"
    __table_args__ = (
        UniqueConstraint("tenant", "sha256"),
        UniqueConstraint("key"),
        Index("ix_blobs_unreferenced_at", "unreferenced_at"),
        Index("ix_blobs_account", "account"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(exact_string(300))
    sha256: Mapped[str] = mapped_column(exact_string(64))
    size: Mapped[int]
    key: Mapped[str] = mapped_column(exact_string(64))
    refs: Mapped[int]
    created_at: Mapped[datetime]
    unreferenced_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    account: Mapped[str | None] = mapped_column(exact_string(ACCOUNT_LENGTH))


class PendingDeletion(Base):
    """A key whose content is deleted at or after `due_at`.

    No row may name the key any more. The deletion happens outside any transaction, so it must not be able to remove
    content that a row names.
    """

    __tablename__ = "doomed_objects"

    key: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)


class StorageAccount(Base):
    """How much a person, company or project stores. `account` is its scope (`claims.models.Ref`).

    `used_bytes` is the size of its blobs that have references, and of its reservations. `allowed_bytes` is the quota an
    administrator gave it, UNLIMITED for none; None where the settings decide.
    """

    __tablename__ = "storage_accounts"

    account: Mapped[str] = mapped_column(exact_string(ACCOUNT_LENGTH), primary_key=True)
    used_bytes: Mapped[int] = mapped_column(default=0)
    allowed_bytes: Mapped[int | None]


class StorageReservation(Base):
    """Bytes that are on their way, and counted already. `key` is the upload's."""

    __tablename__ = "storage_reservations"

    key: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    account: Mapped[str] = mapped_column(exact_string(ACCOUNT_LENGTH), index=True)
    size: Mapped[int]
