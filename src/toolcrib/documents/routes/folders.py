"""Routes of folders, for the page and for WebDAV. The contract has only prefixes."""

from __future__ import annotations

from dataclasses import replace

import orjson
from fastapi import Request, Response

from toolcrib.documents import answers, schemas
from toolcrib.documents.access import ACTIONS
from toolcrib.documents.paths import read_place
from toolcrib.documents.responses import files_as_dicts, success
from toolcrib.documents.routes.common import (
    CallerDep,
    DocumentsDep,
    checked,
    json_body,
    new_router,
    query_of,
    query_params,
)
from toolcrib.documents.service import folders, moving, trees, zipping
from toolcrib.documents.service.locks import held_now
from toolcrib.kernel.blobs.serving import disposition
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.deps import NowDep
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.long_answers import PAGE, Page, answer, in_text, items
from toolcrib.kernel.openapi import body_of, refusals

router = new_router()

# The name of an archive of a whole bucket.
ROOT = "documents"


@router.get(
    "/folders",
    response_model=answers.FolderList,
    openapi_extra=query_params("bucket", "id", "path", "bucket_type", "bucket_id"),
    responses=refusals(403, 404),
)
async def browse(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """List what is directly in a folder."""
    place = read_place(caller.me, query_of(request), folder=True)
    right = await folders.look_in(docs, caller, place)
    kernel = docs.kernel

    async def ask(me: Principal) -> None:
        nonlocal right
        right = await docs.access.require(replace(caller, me=me), place.bucket, "read", path=place.path)

    async def read_folders(_me: Principal, after: str | None) -> Page[str]:
        async with kernel.database.read() as session:
            page = await folders.folders_in(session, place, after=after, limit=PAGE)
        shown = [
            {"name": each.name, "path": each.path, "created_at": iso_format(each.created_at)} for each in page
        ]
        return shown, page[-1].name if len(page) == PAGE else None

    async def read_files(_me: Principal, after: str | None) -> Page[str]:
        async with kernel.database.read() as session:
            page = await folders.files_in(session, place, after=after, limit=PAGE)
            held = await held_now(session, page, right, now=now)
            shown = await files_as_dicts(session, page, held)
        return shown, page[-1].name if len(page) == PAGE else None

    can = [action for action in ACTIONS[1:] if await docs.access.may(caller, place.bucket, action)]
    return await answer(
        in_text(
            b'{"path":' + orjson.dumps(place.address) + b',"folders":[',
            items(kernel, caller.me, read_folders, ask),
            b'],"files":[',
            items(kernel, caller.me, read_files, ask),
            b'],"can":' + orjson.dumps(can) + b"}",
        )
    )


@router.get(
    "/folders/zip",
    response_class=Response,
    openapi_extra=query_params("bucket", "id", "path", "bucket_type", "bucket_id"),
    responses=refusals(403, 404, 413, 429, 503),
)
async def as_zip(request: Request, docs: DocumentsDep, caller: CallerDep) -> Response:
    """Download a folder as a ZIP archive: the current versions of all files below it, and its folders. What the store
    has lost is named in the archive's last entry, `MISSING.txt`, and the archive then has a comment. An answer that
    fails midway has no end, and no reader of ZIP accepts it."""
    place = read_place(caller.me, query_of(request), folder=True)
    headers = {
        "Content-Disposition": disposition(f"{place.name or ROOT}.zip"),
        "Cache-Control": "private, no-store",
    }
    return await answer(zipping.zip_folder(docs, caller, place), "application/zip", headers=headers)


@router.post(
    "/folders",
    status_code=201,
    response_model=answers.Success,
    openapi_extra=body_of(schemas.FolderRequest),
    responses=refusals(409),
)
async def make(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Create a folder, and missing folders above it."""
    place = read_place(caller.me, await json_body(request))
    new = await folders.make_folder(docs, caller, place, now=now)
    return success("folder made", {"path": place.address}, 201 if new else 200)


@router.delete(
    "/folders",
    response_model=answers.Success,
    openapi_extra=body_of(schemas.RemoveFolder),
    responses=refusals(404, 409),
)
async def remove(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Remove an empty folder or, with `recursive`, archive everything in it first; `archived` has the ids."""
    body = await json_body(request)
    place = read_place(caller.me, body)
    archived: list[str] = []
    if checked(schemas.RemoveFolder, body).recursive:
        archived = await trees.archive_folder(docs, caller, place, now=now)
    else:
        await trees.remove_folder(docs, caller, place, now=now)
    return success("folder removed", {"path": place.address, "archived": archived})


@router.post(
    "/folders/move",
    response_model=answers.Success,
    openapi_extra=body_of(schemas.MoveRequest),
    responses=refusals(404, 409),
)
async def move(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Move a folder and everything below it to another path in its bucket: `target_path`, below the bucket's root."""
    body = await json_body(request)
    source = read_place(caller.me, body)
    asked = checked(schemas.MoveRequest, body)
    target = read_place(
        caller.me,
        {"bucket_type": source.bucket.type, "bucket_id": source.bucket.id, "logical_path": asked.target_path},
    )
    files = await moving.move_folder(docs, caller, source, target, now=now)
    return success("folder moved", {"path": target.address, "files": files})
