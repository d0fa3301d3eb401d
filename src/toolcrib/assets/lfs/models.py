"""The LFS objects of projects."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.tables import Base, exact_string


class LfsObject(Base):
    """One object of one project. `oid` is the SHA-256 of its content; `blob_id` refers to the content.

    Another project that pushes the same content has its own row and its own bytes, so knowing an oid gives no access to
    another project's content.
    """

    __tablename__ = "lfs_objects"
    __table_args__ = (UniqueConstraint("scope", "oid"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(exact_string(300))
    oid: Mapped[str] = mapped_column(exact_string(64))
    size: Mapped[int]
    blob_id: Mapped[int] = mapped_column(ForeignKey(Blob.id), index=True)
    created_by: Mapped[str] = mapped_column(exact_string(255))
    created_at: Mapped[datetime]
