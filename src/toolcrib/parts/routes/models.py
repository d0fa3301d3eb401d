"""Models of parts, and what is known of them (parts contract, section 6)."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from toolcrib.kernel.blobs.problems import BlobMissing
from toolcrib.kernel.blobs.serving import serve
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, PrincipalDep, ReadSessionDep
from toolcrib.kernel.openapi import refusals
from toolcrib.parts import conversion
from toolcrib.parts.caller import CallerDep
from toolcrib.parts.errors import refusal
from toolcrib.parts.model_schemas import Comparison, ModelConversion, RevisionFigures
from toolcrib.parts.routes.contract import answer
from toolcrib.parts.routes.files import BYTES, NO_FILE, NOT_ON_SERVER
from toolcrib.parts.service import modelling
from toolcrib.parts.service.files import STEP, current_file
from toolcrib.parts.service.lookup import get_part, shop_part

router = APIRouter(tags=["parts"])

GLB = "model/gltf-binary"
PNG = "image/png"
FAILED = "Model conversion failed"
NO_ORIGINAL = "Original file not found"
ONLY_STEP = "Only STEP files have a model."
NOT_CACHED = "private, no-cache"

RevisionQuery = Annotated[
    int | None, Query(ge=1, le=2**31 - 1, description="Number of the STEP file; the newest without it.")
]


@router.get(
    "/parts/{part_id:row}/model",
    response_class=Response,
    responses=BYTES | refusals(404, 422, 503),
)
async def read_model(part_id: int, request: Request, kernel: KernelDep, caller: CallerDep) -> Response:
    """Return the model of the part's file as GLB. Waits for its conversion, if that is under way."""
    async with kernel.database.read() as session:
        row = await get_part(session, caller.scope, part_id)
        file = await current_file(session, part_id)
    if not row.file:
        raise refusal(404, "file_not_found", NO_FILE)
    if file is None:
        raise refusal(404, "file_not_found", NOT_ON_SERVER)
    if file.kind != STEP:
        raise refusal(422, "model_not_convertible", FAILED, details=ONLY_STEP)
    try:
        outcome = await modelling.convert_file(kernel, file, kernel.settings.convert_timeout)
    except BlobMissing:
        raise refusal(404, "file_not_found", NO_ORIGINAL) from None
    try:
        found = modelling.refuse_unless_ready(outcome)
    except modelling.ModelNotConvertible as refused:
        raise refusal(422, refused.code, FAILED, details=refused.detail) from None
    except (modelling.ModelNotReady, modelling.ConverterMissing) as refused:
        raise refusal(503, refused.code, FAILED, details=refused.detail) from None
    return await _serve_model(request, kernel, file, found, outcome)


async def _serve_model(
    request: Request, kernel: Kernel, file: Any, found: Any, outcome: conversion.Outcome
) -> Response:
    try:
        response = await serve(
            request,
            kernel.blobs,
            found.model_key,
            size=found.model_size,
            etag=found.model_sha256,
            media_type=GLB,
            filename=f"{PurePosixPath(file.name).stem}.glb",
            inline=True,
            modified=max(file.at, found.changed_at),
            is_alone_in_second=False,
        )
    except BlobMissing:
        await modelling.find_again(kernel, outcome)
        raise refusal(
            503, "model_not_ready", FAILED, details="The model was lost. It is made again."
        ) from None
    response.headers["Cache-Control"] = NOT_CACHED
    return response


# Our own routes


@router.get(
    "/shop/parts/{part_id}/model",
    response_class=Response,
    responses=BYTES | refusals(404, 409, 422, 503),
)
async def read_revision(
    part_id: int, request: Request, kernel: KernelDep, me: PrincipalDep, revision: RevisionQuery = None
) -> Response:
    """Return the model of a revision as GLB. Does not wait: `model_not_ready` says that it is being converted."""
    async with kernel.database.read() as session:
        await shop_part(session, me, part_id)
        file = await modelling.step_file(session, part_id, revision)
    outcome = await modelling.convert_file(kernel, file, 0)
    found = modelling.refuse_unless_ready(outcome)
    return await _serve_model(request, kernel, file, found, outcome)


@router.post(
    "/shop/parts/{part_id}/model/convert",
    status_code=202,
    response_model=ModelConversion,
    responses=refusals(404, 503),
)
async def convert_again(
    part_id: int, kernel: KernelDep, me: PrincipalDep, revision: RevisionQuery = None
) -> Response:
    """Try once more to convert a revision whose conversion failed."""
    async with kernel.database.read() as session:
        await shop_part(session, me, part_id, "member")
        file = await modelling.step_file(session, part_id, revision)
    outcome = await modelling.convert_file(kernel, file, 0, again=True)
    if outcome.row is None:
        raise modelling.ModelNotReady("The model is asked for already.")
    return answer(conversion.as_json(outcome.row), 202)


@router.get("/shop/parts/{part_id}/thumbnail", response_class=Response, responses=BYTES | refusals(404))
async def read_thumbnail(
    part_id: int, request: Request, kernel: KernelDep, me: PrincipalDep, revision: RevisionQuery = None
) -> Response:
    """Return a small picture of a revision."""
    async with kernel.database.read() as session:
        await shop_part(session, me, part_id)
        file = await modelling.step_file(session, part_id, revision)
        found = await conversion.find(session, file.sha256, kernel.settings)
    row = found.row if found is not None else None
    if row is None or row.picture_key is None:
        raise modelling.ThumbnailNotFound("There is no picture of this model.")
    response = await serve(
        request,
        kernel.blobs,
        row.picture_key,
        size=row.picture_size,
        etag=row.picture_key.rpartition("/")[2],
        media_type=PNG,
        filename=f"{PurePosixPath(file.name).stem}.png",
        inline=True,
        modified=max(file.at, row.changed_at),
        is_alone_in_second=False,
    )
    response.headers["Cache-Control"] = NOT_CACHED
    return response


@router.get("/shop/parts/{part_id}/figures", response_model=RevisionFigures, responses=refusals(404))
async def read_figures(
    part_id: int, session: ReadSessionDep, me: PrincipalDep, revision: RevisionQuery = None
) -> Response:
    """Return what is known of a revision's model: its size, volume and area, solids and faces."""
    await shop_part(session, me, part_id)
    return answer(await modelling.known(session, await modelling.step_file(session, part_id, revision)))


@router.get("/shop/parts/{part_id}/compare", response_model=Comparison, responses=refusals(404))
async def compare(
    part_id: int, session: ReadSessionDep, me: PrincipalDep, a: RevisionQuery = None, b: RevisionQuery = None
) -> Response:
    """Compare the figures of two revisions: the newest two, unless `a` and `b` name others."""
    await shop_part(session, me, part_id)
    if a is None or b is None:
        older, newer = await modelling.newest_two(session, part_id)
        a, b = a or older, b or newer
    return answer(await modelling.compared(session, part_id, a, b))
