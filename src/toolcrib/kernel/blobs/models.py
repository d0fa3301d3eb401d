"""Which bytes are kept, for whom, and how many things refer to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from toolcrib.kernel.tables import Base, exact_string


class Blob(Base):
    """Bytes that a tenant has at least one reference to, or had within the grace period.

    A tenant has the same content once. `key` is where the store keeps it; `refs` counts who refers to it, and
    `unreferenced_at` is since when nobody does. `lost_at` is when the store was found without the bytes: the
    next upload of the same content puts them back.
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


class DoomedObject(Base):
    """A key whose bytes are deleted from `due_at` on. No row may name it any more, so that the deletion,
    which happens outside any transaction, cannot take bytes away from under one."""

    __tablename__ = "doomed_objects"

    key: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)
