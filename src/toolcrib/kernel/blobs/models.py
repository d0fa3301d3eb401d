"""Which content is stored, for which tenant, and how many rows refer to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from toolcrib.kernel.tables import Base, exact_string


class Blob(Base):
    """Content that a tenant refers to, or referred to within the grace period.

    A tenant has the same content once. `key` is its key in the store; `refs` counts the references, and
    `unreferenced_at` is when the last one was removed. `lost_at` is when the content was found missing from the store:
    the next upload of the same content replaces it.
    """

    __tablename__ = "blobs"
    __table_args__ = (
        UniqueConstraint("tenant", "sha256"),
        UniqueConstraint("key"),
        Index("ix_blobs_unreferenced_at", "unreferenced_at"),
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


class PendingDeletion(Base):
    """A key whose content is deleted at or after `due_at`.

    No row may name the key any more. The deletion happens outside any transaction, so it must not be able to remove
    content that a row names.
    """

    __tablename__ = "doomed_objects"

    key: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)
