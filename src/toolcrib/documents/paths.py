"""Places of documents: bucket, owner and path, in the four forms in which clients write them (document contract,
section 3)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote
from uuid import UUID

from toolcrib.documents.errors import BucketNotFound, MissingFields, ValidationFailed
from toolcrib.documents.models import NAME_BYTES, PATH_BYTES, folded_location, location_of
from toolcrib.kernel.identity.principal import Principal

BucketType = Literal["users", "companies", "projects"]
BUCKETS: frozenset[str] = frozenset({"users", "companies", "projects"})

# Control characters (C0, DEL, C1) and lone surrogates cannot be shown, typed or stored.
_UNUSABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# Overlong encodings of `.`, `/` and the backslash: not UTF-8, but some decoders accept them.
_OVERLONG = {"%c0%ae": ".", "%c0%af": "/", "%c1%9c": "/"}

# A longer part after a name's last dot is no extension.
_EXTENSION_BYTES = 16
_TWO = re.compile(r"\.tar\.[A-Za-z0-9]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The files of one person, company or project. A bucket is the tenant of the file store."""

    type: str
    id: str

    def __str__(self) -> str:
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class Place:
    """A path in a bucket; the empty path is the bucket's root."""

    bucket: Bucket
    path: str

    @property
    def location(self) -> str:
        return location_of(self.bucket.type, self.bucket.id, self.path)

    @property
    def folded(self) -> str:
        return folded_location(self.bucket.type, self.bucket.id, self.path)

    @property
    def parent(self) -> Place:
        return Place(self.bucket, self.path.rpartition("/")[0])

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def address(self) -> str:
        return f"/{self.bucket}/{self.path}"


def normalise(path: str, field: str = "path", *, root_ok: bool = False) -> str:
    """Return a path in its one normal form: NFC, no `/` at the ends, none doubled. Case is kept.

    Raises:
        ValidationFailed: blank, too long, `.` or `..` as a segment (however encoded), a backslash, or characters that
            no file name has (400).
    """
    found = "/".join(segment for segment in unicodedata.normalize("NFC", path).split("/") if segment)
    if not found and root_ok and not path.strip():
        return ""
    if not found.strip():
        if root_ok and set(path) <= {"/"}:
            return ""
        raise ValidationFailed.of(field, "must name a file")
    if "\\" in found or _UNUSABLE.search(found):
        raise ValidationFailed.of(field, "contains a backslash, control characters or invalid text")
    segments = found.split("/")
    if any(not segment.strip() for segment in segments):
        raise ValidationFailed.of(field, "contains a blank segment")
    if any(segment in {".", ".."} for segment in (*segments, *_decoded(found))):
        raise ValidationFailed.of(field, "must not hold `.` or `..` as a segment")
    if len(found.encode()) > PATH_BYTES or any(len(segment.encode()) > NAME_BYTES for segment in segments):
        raise ValidationFailed.of(
            field, f"longer than {PATH_BYTES} bytes, or a name in it is longer than {NAME_BYTES} bytes"
        )
    return found


def _decoded(path: str) -> list[str]:
    """Return the segments that a reader would see who decodes percent escapes once too often."""
    if "%" not in path:
        return []
    segments: list[str] = []
    for _ in range(3):
        for overlong, meant in _OVERLONG.items():
            path = re.sub(overlong, meant, path, flags=re.IGNORECASE)
        path = unquote(path, errors="replace")
        segments += path.replace("\\", "/").split("/")
    return segments


def usable_filename(name: str) -> str:
    """Return the last segment of a file name that a browser or program sends; empty if nothing is left."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    base = _UNUSABLE.sub("", base).strip()
    if base in {".", ".."}:
        return ""
    while len(base.encode()) > NAME_BYTES:
        base = base[:-1]
    return base


def split_extension(name: str) -> tuple[str, str]:
    """Split a name before its extension; `.tar.gz` and the like are one, and a leading dot begins none."""
    stem, dot, extension = name.rpartition(".")
    if not stem.strip(".") or not extension or len(extension.encode()) > _EXTENSION_BYTES or " " in extension:
        return name, ""
    first, _, second = stem.rpartition(".")
    if first.strip(".") and _TWO.fullmatch(f".{second}.{extension}"):
        return first, f".{second}{dot}{extension}"
    return stem, dot + extension


def as_uuid(value: str, field: str) -> str:
    """Return `value`, checked to be a UUID in its usual spelling.

    Raises:
        ValidationFailed: not a UUID in its usual spelling (400).
    """
    try:
        found = str(UUID(value))
    except ValueError:
        raise ValidationFailed.of(field, "must be a UUID") from None
    if found != value.lower():
        raise ValidationFailed.of(field, "must be a UUID")
    return found


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the fields of a place, the preferred one first."""

    bucket: tuple[str, ...] = ("bucket_type", "bucket")
    id: tuple[str, ...] = ("bucket_id", "id")
    path: tuple[str, ...] = ("logical_path", "path")


PLAIN = Names()
SOURCE = Names(("source_bucket", "source_bucket_type"), ("source_id", "source_bucket_id"), ("source_path",))
TARGET = Names(("target_bucket", "target_bucket_type"), ("target_id", "target_bucket_id"), ("target_path",))


def read_place(
    me: Principal,
    fields: Mapping[str, Any],
    names: Names = PLAIN,
    *,
    folder: bool = False,
    form: bool = False,
) -> Place:
    """Return the place that `fields` name: bucket, id and path, or a bucket and the absolute path `/bucket/id/…`. A
    project may be named in place of its id, where `me` has a role in it.

    `folder` also accepts the root and a missing path. `form` is for uploads by form: a missing field is
    `missing_fields`.

    Raises:
        ValidationFailed: missing, malformed or contradictory (400).
        MissingFields: missing, with `form` (400).
        BucketNotFound: well-formed, but there is no such bucket type (403).
    """
    bucket, bucket_field = _first(fields, names.bucket)
    owner, owner_field = _first(fields, names.id)
    path, path_field = _first(fields, names.path)
    if bucket and owner is None and path and path.startswith(f"/{bucket}/"):
        owner, _, path = path.removeprefix(f"/{bucket}/").lstrip("/").partition("/")
        owner_field = path_field
    elif bucket and owner is None and path and (stated := bucket_in(path)) not in {None, bucket}:
        raise ValidationFailed.of(path_field, f"is in {stated}, but {bucket_field} is {bucket}")
    missing = {
        field: ["is missing"] for field, value in ((bucket_field, bucket), (owner_field, owner)) if not value
    }
    if path is None and not folder:
        missing[path_field] = ["is missing"]
    if missing:
        if form:
            raise MissingFields(f"missing: {', '.join(missing)}", missing)
        raise ValidationFailed(missing)
    found = normalise(path or "", path_field, root_ok=folder)
    owner = (owner or "").strip()
    if bucket == "projects":
        owner = _project(me, owner, owner_field)
    owner = as_uuid(owner, owner_field)
    if bucket not in BUCKETS:
        raise BucketNotFound("The bucket types are users, companies and projects.")
    return Place(Bucket(bucket, owner), found)


def _project(me: Principal, named: str, field: str) -> str:
    """Return the id of the project, which may be named.

    Raises:
        ValidationFailed: neither the form of an id nor the name of a project in which `me` has a role (400).
    """
    try:
        return me.project_id(named) or as_uuid(named, field)
    except ValidationFailed:
        raise ValidationFailed.of(field, "must be a UUID, or the name of a project of yours") from None


def bucket_in(path: str) -> str | None:
    """Return the bucket type that an absolute path names, None if it names none."""
    first = path.lstrip("/").partition("/")[0] if path.startswith("/") else ""
    return first if first in BUCKETS else None


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str | None, str]:
    for name in names:
        value = fields.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise ValidationFailed.of(name, "must be text")
        return value, name
    return None, names[0]
