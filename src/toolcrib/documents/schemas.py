"""Requests about documents, with the names of the document contract."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from toolcrib.documents.models import FileStatus, VersionStatus
from toolcrib.kernel.claims.schemas import LastingRequest
from toolcrib.kernel.schema import Schema

# Lifetimes of presigned URLs, in seconds (contract, sections 7 and 17).
MIN_EXPIRES, MAX_EXPIRES = 300, 86_400


def _storable(text: str) -> str:
    if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise ValueError("contains characters that cannot be stored")
    return text


def _in_range(seconds: int) -> int:
    return max(MIN_EXPIRES, min(seconds, MAX_EXPIRES))


Text = Annotated[str, StringConstraints(strict=True, max_length=4000), AfterValidator(_storable)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")]
Signed = Annotated[int, AfterValidator(_in_range)]
# Both names of the approved state are accepted.
Approved = {"approved": FileStatus.VALIDATED.value}
FILE_STATUSES = frozenset(FileStatus)
VERSION_STATUSES = frozenset(VersionStatus)


class Body(Schema):
    """The fields of a request, without those of the place, which are read separately, in four forms
    (`paths.read_place`). Unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")


class Addressed(Body):
    """Names one file: by `file_id`; by `bucket_type`, `bucket_id` and `logical_path`; or by `bucket` and the absolute
    `path` `/<bucket>/<id>/…`."""

    file_id: str | None = None
    bucket_type: str | None = None
    bucket_id: str | None = None
    logical_path: str | None = None
    bucket: str | None = None
    id: str | None = None
    path: str | None = None


class PresignUpload(Addressed):
    content_type: Text | None = None
    size: Annotated[int, Field(ge=0)] | None = None
    expires_in: Signed = 3600


class PresignDownload(Addressed):
    version_id: str | None = None
    expires_in: Signed = 3600


class ConfirmUpload(Body):
    object_key: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    size: Annotated[int, Field(ge=0)] | None = None
    sha256: Sha256 | None = None
    changelog: Text | None = None


class UploadTold(Body):
    """What Upload-Metadata contains besides the place and the conditions."""

    filename: Text | None = None
    filetype: Text | None = None
    sha256: Sha256 | None = None
    changelog: Text | None = None


class DocumentLockRequest(LastingRequest, Addressed):
    reason: Text | None = None
    lock_type: Literal["edit", "review", "admin"] = "edit"


class DocumentRenewRequest(LastingRequest, Addressed):
    pass


class DocumentUnlockRequest(Addressed):
    force: bool = False
    reason: Text | None = None


class CopyRequest(Body):
    source_bucket: str | None = None
    source_id: str | None = None
    source_path: str | None = None
    target_bucket: str | None = None
    target_id: str | None = None
    target_path: str | None = None
    new_filename: (
        Annotated[str, StringConstraints(pattern=r'^[^/\\:*?"<>|\x00-\x1f]+$', max_length=255)] | None
    ) = None
    copy_versions: bool = False


class CommitRequest(Addressed):
    """A version to submit. From a work copy: `source_…` and `target_…`. From content uploaded before: the file and
    `object_key`."""

    source_bucket: str | None = None
    source_id: str | None = None
    source_path: str | None = None
    target_bucket: str | None = None
    target_id: str | None = None
    target_path: str | None = None
    object_key: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    created_by: str | None = None
    changelog: Text | None = None
    message: Text | None = None


class DecideRequest(Body):
    comment: Text | None = None


class DeleteRequest(Addressed):
    physical: bool = False
    force: bool = False
    reason: Text | None = None


class Changes(Schema):
    model_config = ConfigDict(extra="forbid")

    tags: dict[str, Any] | None = None
    description: Text | None = None


class FolderRequest(Addressed):
    pass


class RemoveFolder(FolderRequest):
    recursive: bool = False


class VerifyRequest(Body):
    hashes: Annotated[bool, Field(strict=True)] = False


class MoveRequest(Addressed):
    target_path: str
