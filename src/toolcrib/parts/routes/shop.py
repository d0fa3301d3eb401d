"""Parts on our own routes: listing, adding, changing, reviewing."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, ReadSessionDep, RequesterDep, SessionDep
from toolcrib.kernel.openapi import refusals
from toolcrib.parts.known import Known, tags_of
from toolcrib.parts.routes.contract import answer
from toolcrib.parts.service import counting, history, shop
from toolcrib.parts.service.lookup import shop_part
from toolcrib.parts.service.opening import Doer
from toolcrib.parts.service.project_rules import rules_of, set_rules
from toolcrib.parts.service.scopes import scope_of
from toolcrib.parts.service.showing import shown_part, shown_parts
from toolcrib.parts.views import (
    Board,
    Category,
    Counts,
    Expecting,
    MaterialNeed,
    NewPart,
    NextParts,
    PartChange,
    PartHistory,
    PartMaterials,
    PartNote,
    PartReasonNeeded,
    PartSteps,
    RemovedPart,
    ShopPart,
    ShopParts,
)
from toolcrib.parts.workshop_views import RulesChange, RulesRead

router = APIRouter(prefix="/shop", tags=["parts"])

ProjectQuery = Annotated[Text | None, Query(max_length=255)]
ALL_PROJECTS = "*"


class Doing:
    """Builds the `Doer` of a request, once its body is read."""

    def __init__(self, kernel: KernelDep, me: PrincipalDep, by: RequesterDep, now: NowDep, request: Request):
        self.kernel, self.me, self.by, self.now = kernel, me, by, now
        self.tags = tags_of(request.headers.get("if-match"))

    def with_body(self, body: Expecting | None = None) -> Doer:
        known = Known(self.tags, body.expected_updated_at if body is not None else None)
        return Doer(self.me, self.by, self.kernel.settings, self.now, known)


async def _doing(
    kernel: KernelDep,
    me: PrincipalDep,
    by: RequesterDep,
    now: NowDep,
    request: Request,
    if_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Doing:
    del if_match  # for the API's description; several lines of it are one list
    return Doing(kernel, me, by, now, request)


DoingDep = Annotated[Doing, Depends(_doing)]


async def part_answer(session: AsyncSession, doer: Doer, row: Any, status: int = 200) -> Response:
    """Return a part in full, with its tag."""
    part = await shown_part(session, doer.settings, row, doer.now)
    return answer(part, status, {"ETag": f'"{row.version}"'})


@router.get("/parts", response_model=ShopParts)
async def list_parts(
    session: ReadSessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
    *,
    project: ProjectQuery = None,
    category: Category | None = None,
    type: Board | None = None,  # noqa: A002
    status: Annotated[Text | None, Query(max_length=50)] = None,
    assigned: Annotated[Text | None, Query(max_length=255)] = None,
    mine: bool = False,
    blocked: bool | None = None,
    search: Annotated[Text | None, Query(max_length=500)] = None,
    sort_by: Annotated[Text, Query(max_length=40)] = "created_at",
    sort_order: Literal["asc", "desc"] = "desc",
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
) -> Response:
    """List parts of a project; with `project=*` those of all projects that the caller may see."""
    scope = None if project == ALL_PROJECTS else scope_of(kernel, me, project, "viewer")
    asked = {
        "category": category,
        "type": type,
        "status": status,
        "assigned": assigned,
        "mine": mine,
        "blocked": blocked,
        "search": search,
        "sort_by": sort_by,
        "sort_order": sort_order,
        "limit": limit,
        "offset": offset,
    }
    rows, total = await shop.find_parts(session, me, scope, asked)
    return answer({"parts": await shown_parts(session, kernel.settings, rows, now), "total": total})


@router.post("/parts", status_code=201, response_model=ShopPart, responses=refusals(403, 409))
async def create(body: NewPart, session: SessionDep, doing: DoingDep) -> Response:
    """Add a part, to be reviewed."""
    doer = doing.with_body()
    scope = scope_of(doing.kernel, doing.me, body.project, "member")
    values = body.model_dump(exclude={"steps", "materials", "project"})
    new_steps = [step.model_dump() for step in body.steps]
    needs = _summed_needs(body.materials)
    row = await shop.create(session, doer, scope, values, new_steps, needs)
    return await part_answer(session, doer, row, 201)


@router.get("/parts/{part_id}", response_model=ShopPart)
async def read(
    part_id: int, session: ReadSessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> Response:
    row = await shop_part(session, me, part_id)
    part = await shown_part(session, kernel.settings, row, now)
    return answer(part, headers={"ETag": f'"{row.version}"'})


@router.patch("/parts/{part_id}", response_model=ShopPart, responses=refusals(403, 409))
async def change(part_id: int, body: PartChange, session: SessionDep, doing: DoingDep) -> Response:
    """Change what is known of a part."""
    doer = doing.with_body(body)
    values = body.model_dump(exclude_unset=True, exclude={"expected_updated_at"})
    return await part_answer(session, doer, await shop.change(session, doer, part_id, values))


@router.delete("/parts/{part_id}", responses=refusals(403, 409))
async def remove(part_id: int, session: SessionDep, doing: DoingDep) -> RemovedPart:
    """Remove a part with its files: for its author, and admins of the project."""
    await shop.remove(session, doing.with_body(), part_id)
    return RemovedPart(deleted=part_id)


@router.post("/parts/{part_id}/approve", response_model=ShopPart, responses=refusals(403, 409))
async def approve(
    part_id: int, session: SessionDep, doing: DoingDep, body: PartNote | None = None
) -> Response:
    """Approve a part, as the caller: its newest files get the next letter, and it goes to its board."""
    doer = doing.with_body(body)
    row = await shop.approve(session, doer, part_id, body.note if body is not None else None)
    return await part_answer(session, doer, row)


@router.post("/parts/{part_id}/reject", response_model=ShopPart, responses=refusals(403, 409))
async def reject(part_id: int, body: PartReasonNeeded, session: SessionDep, doing: DoingDep) -> Response:
    """Leave a part in review, and say why."""
    doer = doing.with_body(body)
    return await part_answer(session, doer, await shop.reject(session, doer, part_id, body.reason))


@router.put("/parts/{part_id}/steps", response_model=ShopPart, responses=refusals(403, 409))
async def put_steps(part_id: int, body: PartSteps, session: SessionDep, doing: DoingDep) -> Response:
    """Replace the steps that are not done yet. A step with the `id` of one that is there keeps its state."""
    doer = doing.with_body(body)
    wanted = [step.model_dump() for step in body.steps]
    return await part_answer(session, doer, await shop.put_steps(session, doer, part_id, wanted))


@router.put("/parts/{part_id}/materials", response_model=ShopPart, responses=refusals(403, 409))
async def put_materials(part_id: int, body: PartMaterials, session: SessionDep, doing: DoingDep) -> Response:
    """Reserve material that is on hand."""
    doer = doing.with_body(body)
    wanted = _summed_needs(body.materials)
    return await part_answer(session, doer, await shop.put_materials(session, doer, part_id, wanted))


def _summed_needs(needs: list[MaterialNeed]) -> Counter[int]:
    """Return how much is needed of each material, which may be named more than once."""
    found: Counter[int] = Counter()
    for need in needs:
        found[need.material_id] += need.quantity
    return found


@router.get("/parts/{part_id}/counts", response_model=Counts)
async def counts(part_id: int, session: ReadSessionDep, me: PrincipalDep) -> Response:
    """List what was made and scrapped, the latest first."""
    await shop_part(session, me, part_id)
    names = ("id", "at", "by", "made", "scrapped", "reason", "note", "step_id")
    rows = await counting.counts_of(session, part_id)
    return answer({"counts": [{name: getattr(row, name) for name in names} for row in rows]})


@router.get("/parts/{part_id}/history", response_model=PartHistory)
async def read_history(
    part_id: int,
    session: ReadSessionDep,
    me: PrincipalDep,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """List what happened to a part, the latest first."""
    row = await shop_part(session, me, part_id)
    return answer({"events": await history.history_of(session, row, before=before, limit=limit)})


@router.get("/next", response_model=NextParts)
async def read_next(
    session: ReadSessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
    project: ProjectQuery = None,
    process: Board | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """Say what the caller should make next, and why."""
    scope = scope_of(kernel, me, project, "viewer")
    found = await shop.next_parts(session, me, scope, process, limit)
    shown = await shown_parts(session, kernel.settings, [row for row, _ in found], now)
    return answer({"parts": [{**part, "why": why} for part, (_, why) in zip(shown, found, strict=True)]})


@router.get("/settings", response_model=RulesRead)
async def read_settings(
    session: ReadSessionDep, kernel: KernelDep, me: PrincipalDep, project: ProjectQuery = None
) -> Response:
    """Say how a project works, and what the caller is in it."""
    return await _rules(session, kernel, me, scope_of(kernel, me, project, "viewer"))


@router.put("/settings", response_model=RulesRead, responses=refusals(403))
async def put_settings(
    body: RulesChange,
    session: SessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
    project: ProjectQuery = None,
) -> Response:
    """Change how a project works: for its admins. What is left out stays."""
    scope = scope_of(kernel, me, project, "admin")
    values = body.model_dump(exclude_unset=True)
    if "scrap_reasons" in values:
        values["scrap_reasons"] = {"codes": list(dict.fromkeys(values["scrap_reasons"]))}
    if values:
        await set_rules(session, scope, values, actor=me.username, now=now)
    return await _rules(session, kernel, me, scope)


async def _rules(session: AsyncSession, kernel: Any, me: Any, scope: str) -> Response:
    rules = await rules_of(session, kernel.settings, scope)
    project = scope.partition(":")[2]
    return answer(
        {
            "project": project,
            "role": me.project_role(project),
            "last_step": rules.last_step,
            "reviewer_is_not_author": rules.reviewer_is_not_author,
            "scrap_reasons": rules.scrap_reasons,
            "remind_hours": rules.remind_hours,
            "return_hours": rules.return_hours,
        }
    )
