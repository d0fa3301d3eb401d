"""Read a form without a file (`application/x-www-form-urlencoded`), which clients send that forgot the file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.multipart import MAX_FIELD_BYTES, MAX_PARTS

URLENCODED = "application/x-www-form-urlencoded"


def is_urlencoded(content_type: str, length: int | None) -> bool:
    """Tell whether a body is such a form, or nothing at all."""
    media = content_type.partition(";")[0].strip().lower()
    return media == URLENCODED or (not media and length == 0)


async def urlencoded_fields(stream: AsyncIterator[bytes]) -> dict[str, str]:
    """Return the fields of such a form; the first value of each name counts.

    Raises:
        ValidationFailed: longer than `MAX_FIELD_BYTES`, more than `MAX_PARTS` fields, or not UTF-8 (400).
    """
    body = b""
    async for piece in stream:
        body += piece
        if len(body) > MAX_FIELD_BYTES:
            raise ValidationFailed.of("body", f"must be at most {MAX_FIELD_BYTES} bytes")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARTS)
    except (UnicodeDecodeError, ValueError):
        raise ValidationFailed.of("body", f"must be UTF-8 and hold at most {MAX_PARTS} fields") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields
