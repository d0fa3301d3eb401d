"""Answers about documents, with the names of the document contract."""

from __future__ import annotations

from typing import Any, Literal

from toolcrib.kernel.schema import Schema


class FileRead(Schema):
    """A file. `damaged` means that its stored tags cannot be read, so `tags` is empty."""

    id: str
    file_id: str
    bucket_type: str
    bucket_id: str
    logical_path: str
    bucket: str
    path: str
    name: str
    filename: str
    owner_id: str
    owner_name: str | None
    status: str
    current_version_id: str | None
    version: int
    source_file_id: str | None
    tags: dict[str, Any]
    damaged: bool
    mime_type: str | None
    size: int
    is_deleted: bool
    locked: bool
    locked_by: str | None
    locked_by_name: str | None
    locked_at: str | None
    created_at: str
    updated_at: str


class VersionRead(Schema):
    """A version. `version_id` is `id` again, for clients that call it so."""

    id: str
    version_id: str
    file_id: str
    version_number: int
    object_key: str
    size: int
    mime_type: str | None
    checksum: str
    changelog: str | None
    status: str
    created_by: str
    created_by_name: str | None
    validated_by: str | None
    validated_by_name: str | None
    validated_at: str | None
    validation_comment: str | None
    created_at: str
    updated_at: str


class DocumentLock(Schema):
    lock_id: str
    file_id: str
    fence: int
    locked_by: str
    locked_by_name: str
    locked_at: str
    reason: str | None
    lock_type: str
    expires_at: str | None
    bucket_type: str
    bucket_id: str
    logical_path: str
    path: str


class AuditRead(Schema):
    id: str
    file_id: str | None
    version_id: str | None
    action: str
    user_id: str
    username: str
    details: dict[str, Any]
    ip_address: str | None
    user_agent: str | None
    created_at: str


class Pagination(Schema):
    page: int
    limit: int
    total_items: int
    total_pages: int


class ListedFile(FileRead):
    """A file in a list. `version_status` is that of its current version, null if it has none."""

    version_status: str | None


class FileList(Schema):
    files: list[ListedFile]
    pagination: Pagination


class FileDetails(Schema):
    """A file with its details. `versions`, `locks` and `audit_logs` are present if they were requested."""

    file: FileRead
    current_version: VersionRead | None
    versions: list[VersionRead] | None = None
    locks: list[DocumentLock] | None = None
    audit_logs: list[AuditRead] | None = None


class FileMetadata(FileDetails):
    """Earlier clients read the fields either at the top or in `data`."""

    status: Literal["success"]
    data: FileDetails


class VersionHistory(Schema):
    file_id: str
    versions: list[VersionRead]
    total_count: int


class VersionList(VersionHistory):
    """Earlier clients read the fields either at the top or in `data`."""

    status: Literal["success"]
    data: VersionHistory


class SignedAddress(Schema):
    url: str
    object_key: str
    expires_in: int
    expires_at: str


class Success(Schema):
    success: bool
    status: str
    message: str
    data: dict[str, Any] | None = None
    timestamp: str


class Locks(Schema):
    locks: list[DocumentLock]
    total: int


class LockList(Schema):
    """`warnings` says why locks may be missing: `project_service_unavailable`."""

    status: str
    data: Locks
    warnings: list[str]


class FolderEntry(Schema):
    name: str
    path: str
    created_at: str


class FolderList(Schema):
    """The content of a folder. `can` names what the caller may do here: write, delete, lock, validate."""

    path: str
    folders: list[FolderEntry]
    files: list[ListedFile]
    can: list[str]


class EventKeys(Schema):
    keys: list[str]


class Waiting(Schema):
    file: FileRead
    version: VersionRead


class WaitingList(Schema):
    """`warnings` says why versions may be missing: `project_service_unavailable`."""

    waiting: list[Waiting]
    total: int
    warnings: list[str]


class Shelf(Schema):
    """A bucket that the caller may read. `scope` says who sees its claims and events; `name` is null if it is not
    registered here."""

    bucket: str
    id: str
    name: str | None
    scope: str


class ShelfList(Schema):
    """`warnings` says why buckets may be missing: `project_service_unavailable`."""

    buckets: list[Shelf]
    warnings: list[str]
    next_cursor: str | None


class FoundList(Schema):
    """Files that match a search. `buckets` are the buckets of `files`; `warnings` says why files may be missing:
    `project_service_unavailable`, or `partial_answer` where `next_cursor` leads to more."""

    files: list[FileRead]
    buckets: list[Shelf]
    warnings: list[str]
    next_cursor: str | None


class VerifyFinding(Schema):
    """A version whose content is missing, damaged or restored (`state`). `key` names its object in the store."""

    state: Literal["missing", "damaged", "recovered"]
    version_id: str
    file_id: str
    bucket_type: str
    bucket_id: str
    bucket_name: str | None
    logical_path: str
    address: str
    version_number: int
    is_current: bool
    is_archived: bool
    size: int
    checksum: str
    created_by: str
    created_by_name: str | None
    created_at: str
    key: str


class VerifyReport(Schema):
    """The result of a verification. `missing`, `damaged` and `recovered` are ids of versions; `findings` describes
    them. `damaged_archives` are objects that hold old events, and are missing or damaged."""

    is_sound: bool
    versions: int
    objects: int
    bytes_read: int
    missing: list[str]
    damaged: list[str]
    recovered: list[str]
    archives: int
    damaged_archives: list[str]
    orphans: int
    orphan_bytes: int
    findings: list[VerifyFinding]
