"""The headers of the tus protocol, 1.0 (https://tus.io/protocols/resumable-upload), read and written."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime

from toolcrib.documents.errors import ValidationFailed
from toolcrib.kernel.numbers import whole_number

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "expiration", "checksum", "termination")
OCTETS = "application/offset+octet-stream"

REQUEST_HEADERS = (
    *("Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Checksum"),
    *("Idempotency-Key", "X-HTTP-Method-Override", "X-Requested-With", "X-Request-ID"),
)
RESPONSE_HEADERS = (
    *("Location", "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm"),
    *("Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Expires"),
    *("X-File-ID", "X-Version-ID", "X-Version-Number", "X-Checksum-SHA256"),
)

# Enough for a path of 1,024 bytes and a changelog of 4,000 letters in any script.
MAX_METADATA_BYTES = 32_768
_KEY = re.compile(r"[!-+\--~]+")


def whole(name: str, text: str | None) -> int:
    """Return the number in a required header.

    Raises:
        ValidationFailed: it is missing, or is not a whole number (400).
    """
    if text is None:
        raise ValidationFailed.of(name, "is missing")
    number = whole_number(text)
    if number is None:
        raise ValidationFailed.of(name, "must be a whole number")
    return number


def metadata(header: str, known: Iterable[str]) -> dict[str, str]:
    """Return the values of `known` keys in an Upload-Metadata header; other keys are ignored.

    Raises:
        ValidationFailed: too long, a key twice, not Base64, or a known value that is not UTF-8 (400).
    """
    if len(header) > MAX_METADATA_BYTES:
        raise ValidationFailed.of("Upload-Metadata", f"is longer than {MAX_METADATA_BYTES} bytes")
    found: dict[str, bytes] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, encoded = pair.strip().partition(" ")
        if not _KEY.fullmatch(key):
            raise ValidationFailed.of("Upload-Metadata", "contains an invalid key")
        if key in found:
            raise ValidationFailed.of("Upload-Metadata", f"contains {key} twice")
        found[key] = _decoded("Upload-Metadata", encoded.strip())
    return {key: _text(key, found[key]) for key in known if key in found}


def checksum(header: str, algorithms: Iterable[str]) -> tuple[str, bytes]:
    """Return algorithm and digest of an Upload-Checksum header.

    Raises:
        ValidationFailed: not one of `algorithms`, or not Base64 (400).
    """
    algorithm, _, encoded = header.strip().partition(" ")
    if algorithm.lower() not in algorithms:
        raise ValidationFailed.of("Upload-Checksum", f"must use one of {', '.join(algorithms)}")
    digest = _decoded("Upload-Checksum", encoded.strip())
    if not digest:
        raise ValidationFailed.of("Upload-Checksum", "contains no checksum")
    return algorithm.lower(), digest


def date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _decoded(name: str, encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ValidationFailed.of(name, "contains a value that is not Base64") from None


def _text(key: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ValidationFailed.of(key, "is not UTF-8") from None
