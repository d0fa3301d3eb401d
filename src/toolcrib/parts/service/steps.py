"""The steps on a part's way. A part without steps is made in one go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.parts.models import BOARDS, CURRENT_STEP, StepState, part_steps


async def steps_of(session: AsyncSession, part_id: int) -> Sequence[Row[Any]]:
    query = select(part_steps).where(part_steps.c.part_id == part_id).order_by(part_steps.c.position)
    return (await session.execute(query)).all()


async def due_step(session: AsyncSession, part_id: int) -> Row[Any] | None:
    """Return the step to be done next, if the part has steps and is not through."""
    query = select(part_steps).where(part_steps.c.part_id == part_id, part_steps.c.state.in_(CURRENT_STEP))
    return (await session.execute(query.order_by(part_steps.c.position).limit(1))).first()


async def board_of(session: AsyncSession, row: Any) -> str:
    """Return where a part belongs once it is approved: the board of its due step, else of its type."""
    step = await due_step(session, row.id)
    if step is not None:
        return str(step.board)
    return row.type if row.type in BOARDS else "hand"


async def finish(session: AsyncSession, row: Any, who: str | None, now: datetime) -> Row[Any] | None:
    """Finish the due step, if there is one. Returns the step that is due then; None if the part is through."""
    step = await due_step(session, row.id)
    if step is None:
        return None
    done = update(part_steps).where(part_steps.c.id == step.id)
    await session.execute(done.values(state=StepState.DONE, finished_at=now, finished_by=who))
    following = (
        select(part_steps)
        .where(part_steps.c.part_id == row.id, part_steps.c.state == StepState.WAITING)
        .order_by(part_steps.c.position)
        .limit(1)
    )
    found = (await session.execute(following)).first()
    if found is not None:
        await session.execute(
            update(part_steps).where(part_steps.c.id == found.id).values(state=StepState.DUE)
        )
    return found


async def go_back_to(session: AsyncSession, row: Any, position: int) -> None:
    """Make the step at `position` due again, and have those after it wait. What was done stays in the history."""
    mine = part_steps.c.part_id == row.id
    later = update(part_steps).where(mine, part_steps.c.position > position)
    await session.execute(later.values(state=StepState.WAITING, finished_at=None, finished_by=None))
    again = update(part_steps).where(mine, part_steps.c.position == position)
    await session.execute(again.values(state=StepState.DUE, finished_at=None, finished_by=None))


async def last_done(session: AsyncSession, row: Any) -> Row[Any] | None:
    query = (
        select(part_steps)
        .where(part_steps.c.part_id == row.id, part_steps.c.state == StepState.DONE)
        .order_by(part_steps.c.position.desc())
        .limit(1)
    )
    return (await session.execute(query)).first()
