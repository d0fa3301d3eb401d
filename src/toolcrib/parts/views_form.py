"""Read the pictures of a multipart form (parts contract, section 7)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from toolcrib.parts.conversion.views import COUNT, MAX_BYTES, is_png
from toolcrib.parts.errors import refusal
from toolcrib.parts.uploads import OVERHEAD_BYTES, bounded, too_large

_FIELD = re.compile(rf"view_([0-{COUNT - 1}])")
MAX_FORM_BYTES = COUNT * MAX_BYTES + OVERHEAD_BYTES


@asynccontextmanager
async def views_of_form(request: Request) -> AsyncIterator[dict[int, UploadFile]]:
    """Yield the pictures by position. Other fields are ignored.

    Raises:
        Refused: one of them is no PNG picture, or this is no form (400).
        BodyTooLarge: (413).
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise refusal(400, "invalid_request", "Send the views as a multipart form.")
    parser = MultiPartParser(
        request.headers,
        bounded(request, MAX_FORM_BYTES, MAX_BYTES),
        max_files=2 * COUNT,
        max_fields=2 * COUNT,
        max_part_size=OVERHEAD_BYTES // 4,
    )
    try:
        form = await parser.parse()
    except MultiPartException as bad:
        raise refusal(400, "invalid_request", f"The form cannot be read: {bad.message}") from None
    try:
        found: dict[int, UploadFile] = {}
        for name, value in form.items():
            match = _FIELD.fullmatch(name)
            if match is None or not isinstance(value, UploadFile):
                continue
            if (value.size or 0) > MAX_BYTES:
                raise too_large(MAX_BYTES)
            if not is_png(await value.read(33)):
                raise refusal(400, "invalid_request", f"{name} is not a PNG picture.")
            await value.seek(0)
            found[int(match[1])] = value
        yield found
    finally:
        await form.close()
