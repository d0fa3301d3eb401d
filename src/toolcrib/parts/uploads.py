"""Read the one file of a multipart form."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from toolcrib.kernel.bodies import BodyTooLarge
from toolcrib.parts.errors import refusal

# Of a form beside its file: boundaries, headers, fields.
OVERHEAD_BYTES = 262_144
BLOCK_BYTES = 1024 * 1024


@asynccontextmanager
async def file_of_form(
    request: Request, max_bytes: int, field: str = "file"
) -> AsyncIterator[tuple[UploadFile, dict[str, str]]]:
    """Yield the file in `field`, and the texts of the form. What is larger than a MiB waits on disk meanwhile.

    Raises:
        Refused: there is no file, or it has no name (400).
        BodyTooLarge: (413).
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise refusal(400, "invalid_request", "No file provided")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:18]) > max_bytes + OVERHEAD_BYTES:
        raise too_large(max_bytes)
    parser = MultiPartParser(
        request.headers,
        bounded(request, max_bytes + OVERHEAD_BYTES, max_bytes),
        max_files=4,
        max_fields=20,
        max_part_size=OVERHEAD_BYTES // 4,
    )
    try:
        form = await parser.parse()
    except MultiPartException as bad:
        raise refusal(400, "invalid_request", f"The form cannot be read: {bad.message}") from None
    try:
        file = form.get(field)
        if not isinstance(file, UploadFile):
            raise refusal(400, "invalid_request", "No file provided")
        if not (file.filename or "").strip():
            raise refusal(400, "invalid_request", "No file selected")
        if (file.size or 0) > max_bytes:
            raise too_large(max_bytes)
        yield file, {name: value for name, value in form.items() if isinstance(value, str)}
    finally:
        await form.close()


def too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"A file may have {max_bytes} bytes.", headers={"Connection": "close"})


async def bounded(request: Request, most: int, max_bytes: int) -> AsyncGenerator[bytes, None]:
    seen = 0
    async for piece in request.stream():
        seen += len(piece)
        if seen > most:
            raise too_large(max_bytes)
        yield piece


async def blocks(file: UploadFile) -> AsyncIterator[bytes]:
    while block := await file.read(BLOCK_BYTES):
        yield block
