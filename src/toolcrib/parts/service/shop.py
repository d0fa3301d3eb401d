"""Adding, changing and reviewing parts on our own routes, and their steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.access import visible
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.search import text_match
from toolcrib.parts.after_claim import is_done
from toolcrib.parts.errors import NotApproved, PartCompleted, UnknownThing
from toolcrib.parts.models import (
    BOARDS,
    PENDING,
    REVIEWED,
    StepState,
    part_resources,
    part_steps,
    parts,
)
from toolcrib.parts.service import steps
from toolcrib.parts.service.contract import SEARCHED, SORTS, new_row
from toolcrib.parts.service.lookup import get_part
from toolcrib.parts.service.opening import Doer, open_part
from toolcrib.parts.service.removing import remove_part
from toolcrib.parts.service.reviewing import approve_files, refuse_own_review
from toolcrib.parts.service.stock import reserve
from toolcrib.parts.service.told import tell
from toolcrib.parts.service.writing import add, write

OURS = {
    **SORTS,
    "priority": parts.c.priority,
    "due_at": parts.c.due_at,
    "completed_at": parts.c.completed_at,
    "part_number": parts.c.part_number,
}


async def find_parts(
    session: AsyncSession,
    me: Principal,
    scope: str | None,
    asked: Mapping[str, Any],
) -> tuple[Sequence[Row[Any]], int]:
    """Return a page of parts, and how many match; without a `scope` those of all projects that the caller may see."""
    found: list[Any] = [parts.c.scope == scope if scope is not None else visible(me, parts.c.scope)]
    for name in ("category", "type", "status", "assigned"):
        if asked.get(name) is not None:
            found.append(parts.c[name] == asked[name])
    if asked.get("mine"):
        found.append(parts.c.holder_uuid == me.uuid)
    if asked.get("blocked") is not None:
        is_blocked = parts.c.blocked_at.is_not(None)
        found.append(is_blocked if asked["blocked"] else ~is_blocked)
    if asked.get("search"):
        found.append(or_(*(text_match(column, asked["search"]) for column in SEARCHED)))
    matches = and_(*found)
    total = (await session.execute(select(func.count()).select_from(parts).where(matches))).scalar_one()
    order = (OURS.get(asked["sort_by"], parts.c.created_at), parts.c.id)
    query = select(parts).where(matches)
    query = query.order_by(*(each.asc() if asked["sort_order"] == "asc" else each.desc() for each in order))
    query = query.limit(asked["limit"]).offset(asked["offset"])
    return (await session.execute(query)).all(), total


async def create(
    session: AsyncSession,
    doer: Doer,
    scope: str,
    values: Mapping[str, Any],
    new_steps: Sequence[Mapping[str, Any]] = (),
    materials: Mapping[int, int] | None = None,
) -> Row[Any]:
    """Add a part, to be reviewed.

    Raises:
        AccessDenied: (403).
        UnknownThing, NotEnoughMaterial: of its steps and materials.
    """
    doer.me.require(scope, "member")
    await take_write_lock(session)
    part_id = await add(session, parts, new_row(values, scope, doer.me, doer.now))
    row = await get_part(session, scope, part_id)
    await tell(session, row, "part_added", actor=doer.me.username, now=doer.now, category=row.category)
    if new_steps:
        await _put_steps(session, row, new_steps)
    if materials:
        await reserve(session, row, materials)
    return row


async def change(session: AsyncSession, doer: Doer, part_id: int, values: Mapping[str, Any]) -> Row[Any]:
    """Change what is known of a part. An approved part without steps goes to the board of its new type."""
    row = await open_part(session, doer, part_id)
    changed = {name: value for name, value in values.items() if value != getattr(row, name)}
    if not changed:
        return row
    if "type" in changed and row.category in BOARDS and await steps.due_step(session, row.id) is None:
        changed["category"] = changed["type"] or "hand"
    fields = sorted(changed)
    await tell(session, row, "part_changed", actor=doer.me.username, now=doer.now, fields=fields)
    return await write(session, row, changed, doer.now)


async def remove(session: AsyncSession, doer: Doer, part_id: int) -> None:
    """Remove a part: for its author, and admins of the project."""
    row = await open_part(session, doer, part_id)
    if row.author_uuid != doer.me.uuid:
        doer.me.require(row.scope, "admin")
    await remove_part(session, row, doer.me, doer.by, now=doer.now)


async def approve(session: AsyncSession, doer: Doer, part_id: int, note: str | None) -> Row[Any]:
    """Approve a part, as the caller: it goes to its board. Later, this approves the files that came since.

    Raises:
        ReviewerIsAuthor: (409).
    """
    row = await open_part(session, doer, part_id)
    await refuse_own_review(session, doer.settings, row, doer.me, shared=False)
    label = await approve_files(session, row, doer.me.username, now=doer.now)
    told = {"label_given": label, "reviewer": doer.me.username, "author": row.author, "note": note}
    await tell(session, row, "approved", actor=doer.me.username, now=doer.now, **told)
    values: dict[str, Any] = {"reviewer": doer.me.username}
    if row.category == "review":
        values |= {"status": REVIEWED, "category": await steps.board_of(session, row)}
    return await write(session, row, values, doer.now)


async def reject(session: AsyncSession, doer: Doer, part_id: int, reason: str) -> Row[Any]:
    """Leave a part in review, and say why.

    Raises:
        NotApproved: it is not in review (409).
    """
    row = await open_part(session, doer, part_id)
    if row.category != "review":
        raise NotApproved("The part is not in review.")
    told = {"reason": reason, "author": row.author}
    await tell(session, row, "rejected", actor=doer.me.username, now=doer.now, **told)
    return await write(session, row, {"status": PENDING, "reviewer": None}, doer.now)


async def put_steps(
    session: AsyncSession, doer: Doer, part_id: int, wanted: Sequence[Mapping[str, Any]]
) -> Row[Any]:
    """Replace the steps that are not done yet; one that is named by its id keeps its state.

    Raises:
        PartCompleted: nothing of it is still to be done (409).
        UnknownThing: a step, machine or vendor (400).
    """
    row = await _unfinished(session, doer, part_id)
    await _put_steps(session, row, wanted)
    values: dict[str, Any] = {}
    if row.category in BOARDS:
        values["category"] = await steps.board_of(session, row)
    await tell(session, row, "part_changed", actor=doer.me.username, now=doer.now, fields=["steps"])
    return await write(session, row, values, doer.now)


async def _put_steps(session: AsyncSession, row: Row[Any], wanted: Sequence[Mapping[str, Any]]) -> None:
    old = {step.id: step for step in await steps.steps_of(session, row.id)}
    await _require_resources(session, row, wanted)
    named = {step["id"] for step in wanted if step.get("id") is not None}
    if not named <= old.keys():
        raise UnknownThing("The part has no such step.")
    finished = [step for step in old.values() if step.state == StepState.DONE]
    gone = [step.id for step in old.values() if step.state != StepState.DONE and step.id not in named]
    await session.execute(delete(part_steps).where(part_steps.c.id.in_(gone)))
    position = max((step.position for step in finished), default=0)
    is_first = True
    for step in wanted:
        known = old.get(step["id"]) if step.get("id") is not None else None
        if known is not None and known.state == StepState.DONE:
            continue
        position += 1
        state = StepState.WAITING
        if is_first:
            going_on = known is not None and known.state == StepState.IN_PROGRESS
            held = row.claim_fence is not None
            state = StepState.IN_PROGRESS if going_on or held else StepState.DUE
            is_first = False
        values = {
            "position": position,
            "process": step["process"],
            "board": step["board"],
            "resource_id": step.get("resource_id"),
            "person": step.get("person"),
            "note": step.get("note"),
            "state": state,
        }
        if known is None:
            await add(session, part_steps, {**values, "part_id": row.id})
        else:
            await session.execute(update(part_steps).where(part_steps.c.id == known.id).values(**values))


async def _require_resources(session: AsyncSession, row: Any, wanted: Sequence[Mapping[str, Any]]) -> None:
    ids = {step["resource_id"] for step in wanted if step.get("resource_id") is not None}
    query = select(part_resources.c.id).where(
        part_resources.c.id.in_(ids), part_resources.c.scope == row.scope
    )
    if ids - set(await session.scalars(query)):
        raise UnknownThing("This project has no such machine or vendor.")


async def put_materials(
    session: AsyncSession, doer: Doer, part_id: int, wanted: Mapping[int, int]
) -> Row[Any]:
    """Reserve material for a part.

    Raises:
        PartCompleted: it needs none any more (409).
        UnknownThing: the project has no such material (400).
        NotEnoughMaterial: (409).
    """
    row = await _unfinished(session, doer, part_id)
    await reserve(session, row, wanted)
    await tell(session, row, "materials_reserved", actor=doer.me.username, now=doer.now)
    return await write(session, row, {}, doer.now)


async def _unfinished(session: AsyncSession, doer: Doer, part_id: int) -> Row[Any]:
    row = await open_part(session, doer, part_id)
    if is_done(row.category, row.status):
        raise PartCompleted("The part is completed.")
    return row


async def next_parts(
    session: AsyncSession, me: Principal, scope: str, process: str | None, limit: int
) -> list[tuple[Row[Any], str]]:
    """Return what the caller should make next, and why: what they have, then what waits for them by name, then what is
    free, urgent and due things first. What is blocked, or planned for somebody else, is left out."""
    boards = (process,) if process else BOARDS
    own = select(parts).where(
        parts.c.scope == scope, parts.c.holder_uuid == me.uuid, parts.c.category.in_(BOARDS)
    )
    if process:
        own = own.where(parts.c.category == process)
    order = (
        parts.c.priority.desc(),
        parts.c.due_at.is_(None),
        parts.c.due_at,
        parts.c.created_at,
        parts.c.id,
    )
    found = [(row, "You have it.") for row in await session.execute(own.order_by(*order).limit(limit))]
    planned = select(part_steps.c.person).where(
        part_steps.c.part_id == parts.c.id, part_steps.c.state == StepState.DUE
    )
    person = planned.limit(1).correlate(parts).scalar_subquery()
    free = select(parts, person.label("planned_for")).where(
        parts.c.scope == scope,
        parts.c.category.in_(boards),
        parts.c.assigned.is_(None),
        parts.c.status.not_in(("Completed", "Cancelled")),
        parts.c.blocked_at.is_(None),
        or_(person.is_(None), person == me.username),
    )
    rows = await session.execute(free.order_by(person.is_(None), *order).limit(limit))
    found += [(row, _why(row, me)) for row in rows]
    return found[:limit]


def _why(row: Any, me: Principal) -> str:
    if row.planned_for == me.username:
        return "It is planned for you."
    if row.rework_at is not None:
        return "It came back to be done again."
    if row.priority > 0:
        return "It is urgent." if row.priority > 1 else "It has priority."
    if row.due_at is not None:
        return f"It is due on {row.due_at:%d %B}."
    return "It has waited longest."
