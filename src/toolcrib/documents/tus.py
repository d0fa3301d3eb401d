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
EXTENSIONS = ("creation", "creation-with-upload", "expiration", "checksum", "termination", "concatenation")
OCTETS = "application/offset+octet-stream"

REQUEST_HEADERS = (
    *("Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Checksum"),
    *("Upload-Concat", "Idempotency-Key", "X-HTTP-Method-Override", "X-Requested-With", "X-Request-ID"),
)
RESPONSE_HEADERS = (
    *("Location", "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm"),
    *("Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Expires", "Upload-Concat"),
    *("X-File-ID", "X-Version-ID", "X-Version-Number", "X-Checksum-SHA256"),
)

# Enough for a path of 1,024 bytes and a changelog of 4,000 letters in any script.
MAX_METADATA_BYTES = 32_768
_KEY = re.compile(r"[!-+\--~]+")
MAX_PARTIALS = 100
_UPLOAD = re.compile(r"/uploads/([0-9a-f]{32})$")


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


def partials(header: str) -> list[str]:
    """Return the ids of the uploads that the Upload-Concat header of a final upload names, in order.

    Raises:
        ValidationFailed: it is another header, names none or too many, one of them twice, or no upload (400).
    """
    kind, _, named = header.strip().partition(";")
    addresses = named.split()
    if kind.strip() != "final" or not addresses:
        raise ValidationFailed.of("Upload-Concat", "must be partial, or final; and the addresses of uploads")
    if len(addresses) > MAX_PARTIALS:
        raise ValidationFailed.of("Upload-Concat", f"names more than {MAX_PARTIALS} uploads")
    found = [_UPLOAD.search(address) for address in addresses]
    ids = [each.group(1) for each in found if each is not None]
    if len(ids) < len(found):
        raise ValidationFailed.of("Upload-Concat", "names something that is not the address of an upload")
    if len(set(ids)) < len(ids):
        raise ValidationFailed.of("Upload-Concat", "names an upload twice")
    return ids


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
