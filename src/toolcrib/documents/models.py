"""Tables: files, their versions and folders, unfinished uploads, and the audit."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any
from uuid import uuid4

from sqlalchemy import VARCHAR, ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from toolcrib.kernel.spelling import folded as folded_text
from toolcrib.kernel.tables import EXACT, Base, JsonText, exact_string, exact_text, only_on

PATH_BYTES = 1024
NAME_BYTES = 255
MIME_LENGTH = 255


class FileStatus(StrEnum):
    DRAFT = "draft"
    PENDING = "pending_validation"
    VALIDATED = "validated"
    ARCHIVED = "archived"


class VersionStatus(StrEnum):
    DRAFT = "draft"
    PENDING = "pending_validation"
    VALIDATED = "validated"
    REJECTED = "rejected"
    CORRUPTED = "corrupted"


def new_id() -> str:
    return str(uuid4())


def location_of(bucket_type: str, bucket_id: str, path: str) -> str:
    """Return a short digest of a place, for indexes that its path would be too long for."""
    return blake2b(f"{bucket_type}\0{bucket_id}\0{path}".encode(), digest_size=20).hexdigest()


def folded_location(bucket_type: str, bucket_id: str, path: str) -> str:
    """Return what is equal for all places whose paths differ in case only."""
    return location_of(bucket_type, bucket_id, folded_text(path))


def _path() -> String:
    """Return a column type compared and sorted byte by byte, so that the files below a folder are one range of an
    index."""
    return (
        String(PATH_BYTES)
        .with_variant(VARCHAR(PATH_BYTES, collation="C"), "postgresql")
        .with_variant(mysql.VARCHAR(PATH_BYTES, collation=EXACT), "mysql", "mariadb")
    )


class File(Base):
    """A document. Each path has one row: an archived file keeps its path, and an upload to that path restores it.

    `settled_status` is the status it had before it was archived or waited for a decision. A work copy refers to the
    file it was copied from (`source_file_id`) and that file's current version at the time (`base_version_id`). `size`,
    `mime_type` and `version_number` are those of the current version.
    """

    __tablename__ = "document_files"
    __table_args__ = (
        # MariaDB cannot index a whole path; it sorts rows that share the first 600 characters.
        Index(
            "ix_document_files_path",
            "bucket_type",
            "bucket_id",
            "logical_path",
            mysql_length={"logical_path": 600},
            mariadb_length={"logical_path": 600},
        ),
        Index("ix_document_files_changed", "bucket_type", "updated_at", "bucket_id"),
        Index("ix_document_files_owner", "owner_id", "bucket_type", "bucket_id"),
        # MariaDB finds different values by an index of whole columns alone.
        only_on(Index("ix_document_files_bucket", "bucket_type", "bucket_id"), "mysql", "mariadb"),
        Index("ix_document_files_folder", "folder", "name"),
        Index("ix_document_files_source_file_id", "source_file_id"),
        Index("ix_document_files_folded", "folded"),
    )

    id: Mapped[str] = mapped_column(exact_string(36), primary_key=True, default=new_id)
    bucket_type: Mapped[str] = mapped_column(exact_string(16))
    bucket_id: Mapped[str] = mapped_column(exact_string(36))
    logical_path: Mapped[str] = mapped_column(_path())
    location: Mapped[str] = mapped_column(exact_string(40), unique=True)
    folder: Mapped[str] = mapped_column(exact_string(40))  # the location of its folder
    folded: Mapped[str | None] = mapped_column(exact_string(40))  # see `folded_location`
    name: Mapped[str] = mapped_column(exact_string(NAME_BYTES))  # the last segment of its path
    filename: Mapped[str] = mapped_column(exact_string(NAME_BYTES))  # the file name of a download
    owner_id: Mapped[str] = mapped_column(exact_string(36))
    status: Mapped[str] = mapped_column(exact_string(24))
    settled_status: Mapped[str] = mapped_column(exact_string(24))
    current_version_id: Mapped[str | None] = mapped_column(exact_string(36))
    version_number: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(default=0)
    mime_type: Mapped[str | None] = mapped_column(exact_string(MIME_LENGTH))
    source_file_id: Mapped[str | None] = mapped_column(exact_string(36))
    base_version_id: Mapped[str | None] = mapped_column(exact_string(36))
    # The document of which this file keeps an earlier version under a backup name, and nothing else.
    backup_of: Mapped[str | None] = mapped_column(exact_string(36))
    # Kept for the program that wrote it: it has one version, is not recorded, and only that program's kind sees it.
    is_litter: Mapped[bool] = mapped_column(default=False)
    tags: Mapped[dict[str, Any]] = mapped_column(JsonText())
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def is_archived(self) -> bool:
        return self.status == FileStatus.ARCHIVED

    @property
    def address(self) -> str:
        """Return `/<bucket>/<id>/<path>`, the way people write its path."""
        return f"/{self.bucket_type}/{self.bucket_id}/{self.logical_path}"


class Version(Base):
    """One state of a file's content. `version_number` counts from 1 in each file and is never reused; `blob_id` is this
    version's own reference to the content, `object_key` is where it was stored."""

    __tablename__ = "document_versions"
    __table_args__ = (
        UniqueConstraint("file_id", "version_number"),
        Index("ix_document_versions_status", "status", "created_at"),
        Index("ix_document_versions_object_key", "object_key"),
        Index("ix_document_versions_blob_id", "blob_id"),
    )

    id: Mapped[str] = mapped_column(exact_string(36), primary_key=True, default=new_id)
    file_id: Mapped[str] = mapped_column(
        exact_string(36), ForeignKey("document_files.id", ondelete="CASCADE")
    )
    version_number: Mapped[int]
    blob_id: Mapped[int]
    object_key: Mapped[str] = mapped_column(exact_string(64))
    size: Mapped[int]
    mime_type: Mapped[str | None] = mapped_column(exact_string(MIME_LENGTH))
    checksum: Mapped[str] = mapped_column(exact_string(64))
    changelog: Mapped[str | None] = mapped_column(exact_text())
    status: Mapped[str] = mapped_column(exact_string(24))
    # A digest of the Idempotency-Key that it was uploaded with.
    request_key: Mapped[str | None] = mapped_column(exact_string(40))
    # The status it had before its object was lost.
    sound_status: Mapped[str | None] = mapped_column(exact_string(24))
    created_by: Mapped[str] = mapped_column(exact_string(36))
    validated_by: Mapped[str | None] = mapped_column(exact_string(36))
    validated_at: Mapped[datetime | None]
    validation_comment: Mapped[str | None] = mapped_column(exact_text())
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Folder(Base):
    """A folder that was created, or that a file needed. It exists until it is removed, even if empty."""

    __tablename__ = "document_folders"
    __table_args__ = (
        Index("ix_document_folders_parent", "parent", "name"),
        Index("ix_document_folders_folded", "folded"),
        Index("ix_document_folders_bucket", "bucket_type", "bucket_id"),
    )

    id: Mapped[str] = mapped_column(exact_string(36), primary_key=True, default=new_id)
    bucket_type: Mapped[str] = mapped_column(exact_string(16))
    bucket_id: Mapped[str] = mapped_column(exact_string(36))
    path: Mapped[str] = mapped_column(_path())
    location: Mapped[str] = mapped_column(exact_string(40), unique=True)
    parent: Mapped[str] = mapped_column(exact_string(40))
    folded: Mapped[str | None] = mapped_column(exact_string(40))  # see `folded_location`
    name: Mapped[str] = mapped_column(exact_string(NAME_BYTES))
    created_at: Mapped[datetime]


class VacatedName(Base):
    """A name that a document left, by a MOVE or DELETE of a WebDAV program: it may be about to save there.

    Until `expires_at` the document comes back if the person `left_by` fills the name. `newest` is the number of its
    newest version, `kept` what it had: status, file name and lock. `is_spare`: if it does not come back it is
    destroyed, because its content is elsewhere.
    """

    __tablename__ = "document_vacated_names"

    location: Mapped[str] = mapped_column(exact_string(40), primary_key=True)
    file_id: Mapped[str] = mapped_column(exact_string(36), index=True)
    left_by: Mapped[str] = mapped_column(exact_string(36))
    newest: Mapped[int]
    kept: Mapped[dict[str, Any]] = mapped_column(JsonText())
    is_spare: Mapped[bool]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Upload(Base):
    """A key for a direct upload. Only `owner_id` may make a version of it, and only once: `version_id` from then on.
    While it is not `is_confirmed`, that version has appeared by itself (`service.arrivals`)."""

    __tablename__ = "document_uploads"

    object_key: Mapped[str] = mapped_column(exact_string(64), primary_key=True)
    owner_id: Mapped[str] = mapped_column(exact_string(36), index=True)
    bucket_type: Mapped[str] = mapped_column(exact_string(16))
    bucket_id: Mapped[str] = mapped_column(exact_string(36))
    logical_path: Mapped[str] = mapped_column(_path())
    mime_type: Mapped[str | None] = mapped_column(exact_string(MIME_LENGTH))
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    version_id: Mapped[str | None] = mapped_column(exact_string(36))
    is_confirmed: Mapped[bool] = mapped_column(server_default=true(), default=True)


class ResumableUpload(Base):
    """A document that is being uploaded in parts. Only `owner_id` may continue it, until `expires_at`.

    `received` counts the bytes whose parts are stored and have rows; it is increased by guarded updates and reaches
    `length` in the transaction that creates the version. `result` describes that version from then on. `told` is the
    Upload-Metadata header as it was sent, `options` (column `wishes`) what was read from it.
    """

    __tablename__ = "document_resumable_uploads"

    id: Mapped[str] = mapped_column(exact_string(32), primary_key=True)
    owner_id: Mapped[str] = mapped_column(exact_string(36), index=True)
    bucket_type: Mapped[str] = mapped_column(exact_string(16))
    bucket_id: Mapped[str] = mapped_column(exact_string(36))
    logical_path: Mapped[str] = mapped_column(_path())
    length: Mapped[int]
    received: Mapped[int] = mapped_column(default=0)
    parts: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str | None] = mapped_column(exact_string(64))
    told: Mapped[str] = mapped_column(exact_text())
    options: Mapped[dict[str, Any]] = mapped_column("wishes", JsonText())
    result: Mapped[dict[str, Any] | None] = mapped_column(JsonText())
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class UploadPart(Base):
    """A stored part of a resumable upload: bytes from `start` on, in the store under `object_key`."""

    __tablename__ = "document_upload_parts"
    __table_args__ = (UniqueConstraint("object_key"),)

    upload_id: Mapped[str] = mapped_column(
        exact_string(32), ForeignKey("document_resumable_uploads.id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int]
    object_key: Mapped[str] = mapped_column(exact_string(64))


class Property(Base):
    """A property that a WebDAV client set on a file or folder. `resource` is its id, or the location of a bucket's
    root, so properties move with the file. `digest` stands for the name, `value` is XML."""

    __tablename__ = "document_properties"

    resource: Mapped[str] = mapped_column(exact_string(40), primary_key=True)
    digest: Mapped[str] = mapped_column(exact_string(40), primary_key=True)
    name: Mapped[str] = mapped_column(exact_text())
    value: Mapped[str] = mapped_column(exact_text())


class AuditEntry(Base):
    """Who did what to which document, kept when the document is destroyed. `file_id` is None for a refusal that did not
    concern a file. `line_id` is that of a line written apart from any change (`kernel.audit_lines`)."""

    __tablename__ = "document_audit"
    __table_args__ = (
        Index("ix_document_audit_file_id", "file_id", "id"),
        Index("ix_document_audit_line_id", "line_id", unique=True),
        Index(
            "ix_document_audit_address",
            "address",
            mysql_length={"address": 600},
            mariadb_length={"address": 600},
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    line_id: Mapped[str | None] = mapped_column(exact_string(32))
    file_id: Mapped[str | None] = mapped_column(exact_string(36))
    version_id: Mapped[str | None] = mapped_column(exact_string(36))
    address: Mapped[str] = mapped_column(exact_text())
    action: Mapped[str] = mapped_column(exact_string(24))
    user_id: Mapped[str] = mapped_column(exact_string(36))
    username: Mapped[str] = mapped_column(exact_string(255))
    details: Mapped[dict[str, Any]] = mapped_column(JsonText())
    ip_address: Mapped[str | None] = mapped_column(exact_string(64))
    user_agent: Mapped[str | None] = mapped_column(exact_string(512))
    created_at: Mapped[datetime] = mapped_column(index=True)
