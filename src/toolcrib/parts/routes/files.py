"""Files of parts (parts contract, section 6)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from toolcrib.kernel.blobs.serving import serve
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep
from toolcrib.kernel.openapi import refusals
from toolcrib.parts.caller import Caller, CallerDep, WriterDep
from toolcrib.parts.errors import refusal
from toolcrib.parts.names import extension_of
from toolcrib.parts.routes.contract import answer
from toolcrib.parts.schemas import Uploaded
from toolcrib.parts.service import converted
from toolcrib.parts.service.files import MEDIA_TYPES, STEP, current_file, keep_file
from toolcrib.parts.service.lookup import get_part
from toolcrib.parts.uploads import blocks, file_of_form

router = APIRouter(tags=["parts"])

NO_FILE = "No file associated with this part"
NOT_ON_SERVER = "File not found on server"
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post(
    "/parts/{part_id:row}/upload",
    status_code=201,
    response_model=Uploaded,
    responses=refusals(413, 507),
    openapi_extra=FORM,
)
async def upload(
    part_id: int, request: Request, kernel: KernelDep, caller: WriterDep, now: NowDep
) -> Response:
    """Store a file of the part. A model is converted at once; if that fails, the file is kept all the same."""
    async with kernel.database.read() as session:
        await get_part(session, caller.scope, part_id)
    settings = kernel.settings
    async with file_of_form(request, settings.part_max_file_bytes) as (file, _):
        refuse_other_types(kernel, file.filename or "")
        kept = await keep_file(
            kernel,
            caller.me,
            part_id,
            caller.scope,
            file.filename or "",
            blocks(file),
            now=now,
            names_its_sender=not caller.shared,
        )
    found: dict[str, Any] = {
        "message": "File uploaded successfully",
        "filename": kept.file.name,
        "file_path": f"{part_id}/{kept.file.name}",
    }
    if kept.file.kind == STEP:
        found["conversion"] = await converted.outcome(kernel, part_id, kept.file)
    return answer(found, 201)


def refuse_other_types(kernel: Kernel, filename: str) -> None:
    """Check the extension of an upload.

    Raises:
        Refused: (400).
    """
    allowed = kernel.settings.part_file_types
    if extension_of(filename) not in allowed:
        details = f"Only {', '.join(allowed)} files are allowed"
        raise refusal(400, "invalid_file_type", "Invalid file type", details=details)


@router.get("/parts/{part_id:row}/download", response_class=Response, responses=BYTES)
async def download(part_id: int, request: Request, kernel: KernelDep, caller: CallerDep) -> Response:
    """Return the part's file, to be saved."""
    return await _file(request, kernel, caller, part_id, inline=False)


@router.get("/parts/{part_id:row}/file", response_class=Response, responses=BYTES)
async def show(part_id: int, request: Request, kernel: KernelDep, caller: CallerDep) -> Response:
    """Return the part's file, to be shown."""
    return await _file(request, kernel, caller, part_id, inline=True)


async def _file(request: Request, kernel: Kernel, caller: Caller, part_id: int, *, inline: bool) -> Response:
    async with kernel.database.read() as session:
        row = await get_part(session, caller.scope, part_id)
        found = await current_file(session, part_id)
    if not row.file:
        raise refusal(404, "file_not_found", NO_FILE)
    if found is None:
        raise refusal(404, "file_not_found", NOT_ON_SERVER)
    return await serve_file(request, kernel, found, inline=inline)


async def serve_file(request: Request, kernel: Kernel, found: Any, *, inline: bool) -> Response:
    """Return a stored file, or the part of it that was asked for."""
    response = await serve(
        request,
        kernel.blobs,
        found.key,
        size=found.size,
        etag=found.sha256,
        media_type=MEDIA_TYPES[found.kind],
        filename=found.name,
        inline=inline,
        modified=found.at,
        is_alone_in_second=False,
    )
    response.headers["Cache-Control"] = "private, no-cache"
    return response
