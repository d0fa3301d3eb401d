"""Errors of the document kind, with the codes of the document contract, section 2."""

from __future__ import annotations

from typing import Any

from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.problems import held_details
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.identity.principal import AccessDenied, Unauthorized
from toolcrib.kernel.problems import Problem


class MissingToken(Unauthorized):
    code = "missing_jwt_token"


class ValidationFailed(Problem):
    """A field is missing, unknown or wrong; `details` says which and why."""

    code, status = "validation_error", 400

    def __init__(self, fields: dict[str, list[str]]) -> None:
        first, texts = next(iter(fields.items()))
        super().__init__(f"{first}: {texts[0]}", fields)

    @classmethod
    def of(cls, field: str, text: str) -> ValidationFailed:
        return cls({field: [text]})


class MissingFields(Problem):
    code, status = "missing_fields", 400


class NoFile(Problem):
    code, status = "no_file", 400


class EmptyFilename(Problem):
    code, status = "empty_filename", 400


class BucketNotFound(AccessDenied):
    """The bucket type does not exist: there are users, companies and projects."""

    code = "bucket_not_found"


class ProjectServiceUnavailable(AccessDenied):
    """The service that decides about rights in projects gave no usable response, so nobody has any."""

    code = "project_service_unavailable"


class RbacUnavailable(AccessDenied):
    """The role service, which decides who may use which route, did not answer, so nobody may."""

    code = "rbac_unavailable"


class FileNotFound(Problem):
    code, status = "file_not_found", 404


class VersionNotFound(Problem):
    code, status = "version_not_found", 404


class NoVersion(Problem):
    """The file has no current version."""

    code, status = "no_version", 404


class ObjectMissing(Problem):
    """The version exists but the store has lost its content; it is marked corrupted."""

    code, status = "file_not_found_in_storage", 404


class ObjectNotFound(Problem):
    """There is no such uploaded object, or it is not the caller's."""

    code, status = "object_not_found", 404


class UploadNotFound(Problem):
    """There is no such resumable upload, or it is not the caller's."""

    code, status = "upload_not_found", 404


class UploadExpired(Problem):
    """This resumable upload received nothing for too long, or the store lost a part of it: start again."""

    code, status = "upload_expired", 410


class UploadTaken(Problem):
    """This partial upload was made a part of another document before."""

    code, status = "upload_taken", 409


class UploadIncomplete(Problem):
    """A partial upload has not all of its bytes yet."""

    code, status = "upload_incomplete", 409


class OffsetMismatch(Problem):
    """The upload has a different offset than the request says; `Upload-Offset` says where to continue."""

    code, status = "offset_mismatch", 409

    def __init__(self, offset: int) -> None:
        text = f"The upload is at byte {offset}: continue from there."
        super().__init__(text, {"offset": offset}, headers={"Upload-Offset": str(offset)})


class ChecksumMismatch(Problem):
    """The received body does not have the announced checksum; it was discarded."""

    code, status = "checksum_mismatch", 460


class TooManyParts(Problem):
    """The upload was sent in too many small pieces."""

    code, status = "too_many_parts", 400


class UploadStalled(Problem):
    """Nothing was received for a while. What was received is kept: ask for the offset and continue."""

    code, status = "upload_stalled", 408


class TusVersionUnsupported(Problem):
    """`Tus-Resumable` is missing or names another version of the protocol than `Tus-Version`."""

    code, status = "tus_version_unsupported", 412


class NotOffsetOctets(Problem):
    """The content of an upload must be sent as `application/offset+octet-stream`."""

    code, status = "unsupported_media_type", 415


class FileNotLocked(Problem):
    code, status = "file_not_locked", 404


class FolderNotFound(Problem):
    code, status = "folder_not_found", 404


class FileExists(Problem):
    code, status = "file_exists", 409


class NameNotForWindows(Problem):
    """Windows cannot keep a file or folder of that name, and the project refuses such names."""

    code, status = "name_not_for_windows", 400


class NameClash(Problem):
    """Another name in the folder differs only in upper and lower case, and the project refuses that: Windows and macOS
    cannot keep both."""

    code, status = "name_clash", 409


class VersionConflict(Problem):
    """Something changed since the client last read it: read it again and decide."""

    code, status = "version_conflict", 409


class FileTooLarge(Problem):
    code, status = "file_too_large", 413


class TooManyFiles(Problem):
    """The folder has more files than one request may copy or download: take parts of it."""

    code, status = "too_many_files", 413


class ListingTooLarge(Problem):
    """The folder has more members than one listing may show."""

    code, status = "listing_too_large", 507

    def __init__(self, max_bytes: int) -> None:
        text = "This folder has too many members to be listed at once. Ask for fewer properties, or use the web page."
        super().__init__(text, {"max_bytes": max_bytes})


class ListingsBusy(Problem):
    """Other long listings fill the room that is set apart for them; try again."""

    code, status = "listings_busy", 503

    def __init__(self) -> None:
        super().__init__("Too many long listings are being sent. Try again.", headers={"Retry-After": "10"})


class TooManyTransfers(Problem):
    """The caller already has as many copies or archives running as allowed: try again when one has ended."""

    code, status = "too_many_transfers", 429


class ArchivesBusy(Problem):
    """As many folders as allowed are being downloaded; try again."""

    code, status = "archives_busy", 503

    def __init__(self) -> None:
        super().__init__("Too many folders are being downloaded. Try again.", headers={"Retry-After": "10"})


class StoreUnavailable(Problem):
    """The file store cannot be reached, or cannot read or write now; nothing was changed."""

    code, status = "minio_unreachable", 503


class FileLocked(Problem):
    """Somebody holds the file. `claim` is their claim; `lock_id` is the id that the documents API uses for it."""

    code, status = "file_locked", 409

    def __init__(self, claim: Claim, *, lock_id: str, queue: int = 0) -> None:
        details: dict[str, Any] = {
            **held_details(claim, queue),
            "lock_id": lock_id,
            "locked_by": claim.holder_uuid,
            "lock_type": claim.data.get("lock_type", "edit"),
            "created_at": iso_format(claim.acquired_at),
        }
        until = f" until {claim.expires_at:%Y-%m-%d %H:%M} UTC" if claim.expires_at else ""
        super().__init__(f"{claim.label} is locked by {claim.holder}{until}.", details)
        self.claim = claim
