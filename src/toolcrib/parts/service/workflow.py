"""The contract's verbs (parts contract, section 5). They check no state but that of `revert`: a repeat succeeds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.parts import misc_info
from toolcrib.parts.after_claim import after_end, nobody
from toolcrib.parts.caller import Caller
from toolcrib.parts.errors import refusal
from toolcrib.parts.models import COMPLETED, IN_PROGRESS, REVIEWED
from toolcrib.parts.service import steps
from toolcrib.parts.service.claiming import end, end_for_good, passed_on, settle
from toolcrib.parts.service.contract import completion, kept, open_for
from toolcrib.parts.service.counting import all_made
from toolcrib.parts.service.reviewing import approve_files, refuse_own_review
from toolcrib.parts.service.told import tell
from toolcrib.parts.service.writing import write
from toolcrib.settings import Settings


def _misc(row: Any, body: Mapping[str, Any]) -> dict[str, Any] | None:
    for name in ("miscInfo", "misc_info"):
        if name in body:
            return misc_info.merged(row.misc_info, misc_info.checked(body[name]))
    found: dict[str, Any] | None = row.misc_info
    return found


async def approve(
    session: AsyncSession,
    settings: Settings,
    caller: Caller,
    part_id: int,
    body: Mapping[str, Any],
    *,
    now: datetime,
) -> Row[Any]:
    row = await open_for(session, caller, part_id, now)
    await refuse_own_review(session, settings, row, caller.me, shared=caller.shared)
    found = _misc(row, body)
    named = body.get("reviewer")
    reviewer = named.strip()[:100] if isinstance(named, str) else ""
    if reviewer:
        found = misc_info.merged(found, {"reviewer": reviewer})
    who = (reviewer or None) if caller.shared else caller.me.username
    label = await approve_files(session, row, who or caller.me.username, now=now)
    values = {
        **kept(row),
        "status": REVIEWED,
        "category": await steps.board_of(session, row),
        "misc_info": found,
        "reviewer": who,
    }
    claimed = await settle(
        session,
        row,
        values,
        caller.me,
        caller.by,
        open_projects=settings.unknown_projects == "open",
        now=now,
    )
    await tell(session, row, "approved", actor=caller.me.username, now=now, label_given=label, reviewer=who)
    return await write(session, row, {**claimed, **values, **completion(row, values, now)}, now)


async def assign(
    session: AsyncSession,
    settings: Settings,
    caller: Caller,
    part_id: int,
    assigned: str,
    *,
    now: datetime,
) -> Row[Any]:
    """Assign a part, whoever has it: the former holder is told."""
    row = await open_for(session, caller, part_id, now)
    values: dict[str, Any] = {
        **kept(row),
        "assigned": assigned,
        "claimed_at": now,
        "status": IN_PROGRESS,
        "misc_info": misc_info.with_worker(row.misc_info, assigned, now),
    }
    held_before = row.assigned if row.claim_fence is not None else None
    claimed = await settle(
        session,
        row,
        values,
        caller.me,
        caller.by,
        open_projects=settings.unknown_projects == "open",
        now=now,
        force=True,
    )
    if held_before and held_before != assigned:
        taken = {"from": held_before, "to": assigned}
        await tell(session, row, "taken_over", actor=caller.me.username, now=now, **taken)
    return await write(session, row, {**claimed, **values, **completion(row, values, now)}, now)


async def unclaim(session: AsyncSession, caller: Caller, part_id: int, *, now: datetime) -> Row[Any]:
    row = await open_for(session, caller, part_id, now)
    values = {**kept(row), **nobody(), "status": after_end(row.status)}
    if row.claim_fence is not None:
        await end(session, row, caller.me, caller.by, None, now=now)
        values |= await passed_on(session, row) or {}
    return await write(session, row, {**values, **completion(row, values, now)}, now)


async def complete(
    session: AsyncSession,
    settings: Settings,
    caller: Caller,
    part_id: int,
    body: Mapping[str, Any],
    *,
    now: datetime,
) -> Row[Any]:
    """Complete a part, or the step of it that is due if others follow."""
    row = await open_for(session, caller, part_id, now)
    values: dict[str, Any] = {**kept(row), "misc_info": _misc(row, body)}
    maker = row.assigned or caller.me.username
    if row.category != "completed":
        await all_made(session, row, caller.me, now=now)
        step = await steps.due_step(session, row.id)
        following = await steps.finish(session, row, maker, now)
        if step is not None and following is not None:
            return await _to_next_step(session, caller, row, step, following, values, now=now)
        await tell(
            session,
            row,
            "completed",
            actor=caller.me.username,
            now=now,
            maker=row.assigned,
            outdated=True if row.recheck else None,
        )
    values |= {"status": COMPLETED, "category": "completed"}
    claimed = await settle(
        session,
        row,
        values,
        caller.me,
        caller.by,
        open_projects=settings.unknown_projects == "open",
        now=now,
    )
    done = {"made": max(row.made, row.amount)} if row.category != "completed" else {}
    return await write(session, row, {**claimed, **values, **done, **completion(row, values, now)}, now)


async def _to_next_step(
    session: AsyncSession,
    caller: Caller,
    row: Row[Any],
    step: Row[Any],
    following: Row[Any],
    values: Mapping[str, Any],
    *,
    now: datetime,
) -> Row[Any]:
    if row.claim_fence is not None:
        await end_for_good(session, row, caller.me, caller.by, f"{step.process} is done.", now=now)
    await tell(
        session,
        row,
        "step_done",
        actor=caller.me.username,
        now=now,
        process=step.process,
        next=following.process,
    )
    moved = {**nobody(), "status": REVIEWED, "category": following.board, "made": 0}
    return await write(session, row, {**values, **moved}, now)


async def revert(
    session: AsyncSession, settings: Settings, caller: Caller, part_id: int, *, now: datetime
) -> Row[Any]:
    row = await open_for(session, caller, part_id, now)
    if row.category != "completed":
        raise refusal(400, "part_not_completed", "Part is not completed")
    return await reopen(session, settings, row, caller.me, caller.by, reason=None, now=now)


async def reopen(
    session: AsyncSession,
    settings: Settings,
    row: Row[Any],
    me: Any,
    by: Any,
    *,
    reason: str | None,
    now: datetime,
) -> Row[Any]:
    """Take a completed part back to its board: whoever made it has it again."""
    last = await steps.last_done(session, row)
    if last is not None:
        await steps.go_back_to(session, row, last.position)
    board = last.board if last is not None else row.type if row.type in {"cnc", "misc"} else "hand"
    values = {
        **kept(row),
        "category": board,
        "status": REVIEWED if board == "misc" else IN_PROGRESS,
    }
    claimed = await settle(
        session, row, values, me, by, open_projects=settings.unknown_projects == "open", now=now
    )
    await tell(session, row, "reverted", actor=me.username, now=now, reason=reason)
    again = {"made": 0, "last_step_at": None, "last_step_by": None}
    return await write(session, row, {**claimed, **values, **again, **completion(row, values, now)}, now)
