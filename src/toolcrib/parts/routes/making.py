"""Making parts: take, count, finish, block, send back."""

from __future__ import annotations

from fastapi import APIRouter, Response

from toolcrib.kernel.deps import SessionDep
from toolcrib.kernel.openapi import refusals
from toolcrib.parts.routes.shop import DoingDep, part_answer
from toolcrib.parts.service import making
from toolcrib.parts.views import (
    AssignPart,
    CountPieces,
    DonePart,
    Expecting,
    PartReason,
    PartReasonNeeded,
    ReworkPart,
    ShopPart,
    TakePart,
)

router = APIRouter(prefix="/shop/parts/{part_id}", tags=["parts"])


@router.post("/take", response_model=ShopPart, responses=refusals(403, 409))
async def take(part_id: int, session: SessionDep, doing: DoingDep, body: TakePart | None = None) -> Response:
    """Have the caller make the part. Taking it over from somebody needs `take_over` and a reason."""
    body = body or TakePart()
    doer = doing.with_body(body)
    row = await making.take(
        session,
        doer,
        part_id,
        take_over=body.take_over,
        reason=body.reason,
        ttl_seconds=body.ttl_seconds,
    )
    return await part_answer(session, doer, row)


@router.post("/assign", response_model=ShopPart, responses=refusals(403, 409))
async def assign(part_id: int, body: AssignPart, session: SessionDep, doing: DoingDep) -> Response:
    """Have somebody else make the part: for admins of the project, and for whoever has it."""
    doer = doing.with_body(body)
    row = await making.assign(
        session, doer, part_id, body.username, take_over=body.take_over, reason=body.reason
    )
    return await part_answer(session, doer, row)


@router.post("/release", response_model=ShopPart, responses=refusals(403, 409))
async def release(
    part_id: int, session: SessionDep, doing: DoingDep, body: PartReason | None = None
) -> Response:
    """Give the part back to the board."""
    doer = doing.with_body(body)
    row = await making.release(session, doer, part_id, body.reason if body is not None else None)
    return await part_answer(session, doer, row)


@router.post("/count", response_model=ShopPart, responses=refusals(403, 409))
async def count(part_id: int, body: CountPieces, session: SessionDep, doing: DoingDep) -> Response:
    """Count pieces that were made and scrapped. When all are made, the part is finished, or its step."""
    doer = doing.with_body(body)
    row = await making.count(
        session,
        doer,
        part_id,
        made=body.made,
        scrapped=body.scrapped,
        reason=body.reason,
        note=body.note,
        override=body.override,
    )
    return await part_answer(session, doer, row)


@router.post("/done", response_model=ShopPart, responses=refusals(403, 409))
async def done(part_id: int, session: SessionDep, doing: DoingDep, body: DonePart | None = None) -> Response:
    """Finish the step that is due, or the part."""
    body = body or DonePart()
    doer = doing.with_body(body)
    row = await making.done(session, doer, part_id, override=body.override, reason=body.reason)
    return await part_answer(session, doer, row)


@router.post("/recheck", response_model=ShopPart, responses=refusals(403, 409))
async def recheck(
    part_id: int, session: SessionDep, doing: DoingDep, body: Expecting | None = None
) -> Response:
    """Say that the holder has looked at the newer model, and works to it from now on."""
    doer = doing.with_body(body)
    return await part_answer(session, doer, await making.recheck(session, doer, part_id))


@router.post("/last-step", response_model=ShopPart, responses=refusals(403, 409))
async def last_step(
    part_id: int, session: SessionDep, doing: DoingDep, body: Expecting | None = None
) -> Response:
    """Say that the finished part was inspected or picked up, whichever this project wants."""
    doer = doing.with_body(body)
    return await part_answer(session, doer, await making.last_step(session, doer, part_id))


@router.post("/revert", response_model=ShopPart, responses=refusals(403, 409))
async def revert(
    part_id: int, session: SessionDep, doing: DoingDep, body: PartReason | None = None
) -> Response:
    """Take a completed part back: whoever made it has it again."""
    doer = doing.with_body(body)
    row = await making.revert(session, doer, part_id, body.reason if body is not None else None)
    return await part_answer(session, doer, row)


@router.post("/block", response_model=ShopPart, responses=refusals(403, 409))
async def block(part_id: int, body: PartReasonNeeded, session: SessionDep, doing: DoingDep) -> Response:
    """Say what is in the way of making the part."""
    doer = doing.with_body(body)
    return await part_answer(session, doer, await making.block(session, doer, part_id, body.reason))


@router.post("/unblock", response_model=ShopPart, responses=refusals(403, 409))
async def unblock(
    part_id: int, session: SessionDep, doing: DoingDep, body: Expecting | None = None
) -> Response:
    """Say that nothing is in the way any more."""
    doer = doing.with_body(body)
    return await part_answer(session, doer, await making.unblock(session, doer, part_id))


@router.post("/rework", response_model=ShopPart, responses=refusals(403, 409))
async def rework(part_id: int, body: ReworkPart, session: SessionDep, doing: DoingDep) -> Response:
    """Send the part back to a step, to be done again. Its history stays."""
    doer = doing.with_body(body)
    row = await making.rework(session, doer, part_id, body.reason, body.step_id)
    return await part_answer(session, doer, row)
