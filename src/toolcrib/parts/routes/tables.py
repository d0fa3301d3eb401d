"""Parts in numbers and as tables, and their files, on our own routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from toolcrib.kernel import long_answers
from toolcrib.kernel.bodies import take_in_pieces
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.json_bodies import read_model
from toolcrib.kernel.long_answers import PAGE, refreshed
from toolcrib.kernel.openapi import body_of, refusals
from toolcrib.parts.errors import FileNotFound
from toolcrib.parts.routes.contract import answer
from toolcrib.parts.routes.files import BYTES, FORM, refuse_other_types, serve_file
from toolcrib.parts.routes.shop import DoingDep, ProjectQuery, part_answer
from toolcrib.parts.service import files, stats, table
from toolcrib.parts.service.lookup import shop_part
from toolcrib.parts.service.scopes import scope_of
from toolcrib.parts.uploads import blocks, file_of_form
from toolcrib.parts.views import Category, ShopPart
from toolcrib.parts.workshop_views import ImportedParts, ShopStats, TableToImport

router = APIRouter(prefix="/shop", tags=["parts"])

# Our own page shows drawings in a frame of itself.
PDF_POLICY = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
LONGEST_NOTE = 2_000


@router.get("/stats", response_model=ShopStats)
async def read_stats(
    session: ReadSessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep, project: ProjectQuery = None
) -> Response:
    """Say how it goes in a project."""
    return answer(await stats.shop_stats(session, scope_of(kernel, me, project, "viewer"), now))


@router.get("/export", response_class=Response, responses=_CSV)
async def export(
    kernel: KernelDep, me: PrincipalDep, project: ProjectQuery = None, category: Category | None = None
) -> Response:
    """Return the parts of a project as CSV."""
    scope = scope_of(kernel, me, project, "viewer")
    headers = {"Content-Disposition": 'attachment; filename="parts.csv"'}
    return await long_answers.answer(
        _table_of(kernel, me, scope, category), "text/csv; charset=utf-8", headers=headers
    )


async def _table_of(kernel: Kernel, me: Principal, scope: str, category: str | None) -> AsyncIterator[bytes]:
    yield table.columns_line().encode()
    after = 0
    while True:
        async with kernel.turns.turn(me.uuid):
            me = await refreshed(kernel, me)
            me.require(scope, "viewer")
            async with kernel.database.read() as session:
                rows = await table.rows_of(session, scope, category, after=after, limit=PAGE)
            lines = (await table.part_lines(rows)).encode()
        yield lines
        if len(rows) < PAGE:
            return
        after = rows[-1].id


_TABLE: dict[str, Any] = body_of(TableToImport)
_TABLE["requestBody"]["content"]["text/csv"] = {"schema": {"type": "string"}}


@router.post("/import", response_model=ImportedParts, responses=refusals(403, 413), openapi_extra=_TABLE)
async def import_(
    request: Request,
    session: SessionDep,
    doing: DoingDep,
    project: ProjectQuery = None,
    dry_run: Annotated[bool, Query()] = False,
) -> Response:
    """Add all parts of a CSV table, or none. `dry_run` only says whether it could be done. As `text/csv` a table may be
    longer than as a text in JSON, where `project` and `dry_run` may stand beside it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/csv":
        take_in_pieces(request)
        raw = await request.body()
    else:
        body = await read_model(request, TableToImport)
        raw = body.csv.encode()
        project, dry_run = body.project or project, body.dry_run or dry_run
    scope = scope_of(doing.kernel, doing.me, project, "member")
    found = await table.read_table(raw)
    if dry_run:
        return answer({"added": len(found), "ids": []})
    ids = await table.import_parts(session, doing.with_body(), scope, found)
    return answer({"added": len(ids), "ids": ids})


@router.post(
    "/parts/{part_id}/files",
    status_code=201,
    response_model=ShopPart,
    responses=refusals(403, 413, 507),
    openapi_extra=FORM,
)
async def upload(part_id: int, request: Request, doing: DoingDep) -> Response:
    """Add a revision of the part's model or drawing. Whoever makes the part is told of a new model at once."""
    kernel = doing.kernel
    async with kernel.database.read() as session:
        row = await shop_part(session, doing.me, part_id, "member")
    async with file_of_form(request, kernel.settings.part_max_file_bytes) as (file, texts):
        refuse_other_types(kernel, file.filename or "")
        await files.keep_file(
            kernel,
            doing.me,
            part_id,
            row.scope,
            file.filename or "",
            blocks(file),
            now=doing.now,
            note=texts.get("note", "")[:LONGEST_NOTE] or None,
        )
    async with kernel.database.read() as session:
        found = await shop_part(session, doing.me, part_id)
        return await part_answer(session, doing.with_body(), found, 201)


@router.get("/parts/{part_id}/files/{file_id}", response_class=Response, responses=BYTES)
async def download(
    part_id: int,
    file_id: int,
    request: Request,
    kernel: KernelDep,
    me: PrincipalDep,
    inline: Annotated[bool, Query()] = False,
) -> Response:
    """Return any revision of a file."""
    async with kernel.database.read() as session:
        await shop_part(session, me, part_id)
        found = await files.file_of(session, part_id, file_id)
    if found is None:
        raise FileNotFound("The part has no such file.")
    response = await serve_file(request, kernel, found, inline=inline)
    if inline:
        response.headers["Content-Security-Policy"] = PDF_POLICY
    return response
