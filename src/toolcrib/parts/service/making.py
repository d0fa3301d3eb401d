"""Making parts, with real names: take, count, finish, block, send back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import Holder
from toolcrib.kernel.claims.problems import ClaimHeld, NotHolder
from toolcrib.kernel.claims.queries import by_fence
from toolcrib.kernel.identity.principal import AccessDenied
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.parts.after_claim import is_done, no_claim, nobody
from toolcrib.parts.errors import (
    NoLastStep,
    NotApproved,
    NotBlocked,
    NotCompleted,
    NotTaken,
    PartBlocked,
    PartCompleted,
    ReasonNeeded,
    RevisionOutdated,
    UnknownReason,
    UnknownThing,
)
from toolcrib.parts.models import COMPLETED, REVIEWED
from toolcrib.parts.service import steps
from toolcrib.parts.service.claiming import (
    COMPLETED_REASON,
    end,
    end_for_good,
    holder_called,
    note,
    pass_on,
)
from toolcrib.parts.service.claiming import (
    take as acquire,
)
from toolcrib.parts.service.counting import add_count, all_made
from toolcrib.parts.service.opening import Doer, open_part
from toolcrib.parts.service.project_rules import rules_of
from toolcrib.parts.service.stock import use_up
from toolcrib.parts.service.told import tell
from toolcrib.parts.service.workflow import reopen
from toolcrib.parts.service.writing import write


async def take(
    session: AsyncSession,
    doer: Doer,
    part_id: int,
    *,
    take_over: bool = False,
    reason: str | None = None,
    ttl_seconds: int | None = None,
) -> Row[Any]:
    """Have the caller make the part.

    Raises:
        ClaimHeld: somebody else makes it, and `take_over` was not asked for (409).
        ReasonNeeded: taking over needs a reason, which the former holder is told (400).
        NotApproved, PartCompleted, PartBlocked: (409).
    """
    row = await open_part(session, doer, part_id)
    return await _hold(session, doer, row, doer.me.holder, take_over, reason, ttl_seconds)


async def assign(
    session: AsyncSession,
    doer: Doer,
    part_id: int,
    username: str,
    *,
    take_over: bool = False,
    reason: str | None = None,
) -> Row[Any]:
    """Have somebody else make the part: for the project's admins, and for whoever has it.

    Raises:
        UnknownThing: nobody of that name may hold it (400).
        AccessDenied: (403).
    """
    row = await open_part(session, doer, part_id)
    if username == doer.me.username:
        return await _hold(session, doer, row, doer.me.holder, take_over, reason, None)
    if row.holder_uuid != doer.me.uuid:
        doer.me.require(row.scope, "admin")
    to = await holder_called(session, doer.me, row.scope, username, open_projects=doer.open_projects)
    if to.uuid == doer.me.uuid:
        raise UnknownThing(f"Nobody called {username} may make parts of this project.")
    is_own = row.holder_uuid == doer.me.uuid
    return await _hold(session, doer, row, to, take_over or is_own, reason or "Handed over.", None)


async def _hold(
    session: AsyncSession,
    doer: Doer,
    row: Row[Any],
    to: Holder,
    take_over: bool,
    reason: str | None,
    ttl_seconds: int | None,
) -> Row[Any]:
    _require_open(row)
    _require_unblocked(row)
    if row.claim_fence is None:
        await acquire(session, row, to, doer.by, ttl_seconds=ttl_seconds, now=doer.now)
        return await write(session, row, {}, doer.now)
    claim = await by_fence(session, row.claim_fence, now=doer.now)
    if claim is not None and claim.holder_uuid == to.uuid and row.assigned == to.username:
        return row
    if not take_over:
        if claim is None:
            raise NotTaken("Try again: the part has just passed on.")
        other = None if row.assigned == claim.holder else f"{claim.label} is assigned to {row.assigned}."
        raise ClaimHeld(claim, 0, other)
    if not reason:
        raise ReasonNeeded("Say why you take it over: its holder is told.")
    former = row.assigned
    await pass_on(session, row, to, doer.me, doer.by, reason, now=doer.now)
    taken = {"from": former, "to": to.username, "reason": reason}
    await tell(session, row, "taken_over", actor=doer.me.username, now=doer.now, **taken)
    found = await write(session, row, {}, doer.now)
    await note(session, found.claim_fence, assigned=to.username, recheck=False, revision=row.revision)
    return found


async def release(session: AsyncSession, doer: Doer, part_id: int, reason: str | None) -> Row[Any]:
    """Give the part back to the board. Admins of the project give back what others have, with a reason.

    Raises:
        NotTaken: nobody has it (409).
        NotHolder: (403).
    """
    row = await open_part(session, doer, part_id)
    if row.claim_fence is None:
        raise NotTaken("Nobody has this part.")
    if row.holder_uuid != doer.me.uuid:
        await _require_authority(session, doer, row)
        if not reason:
            raise ReasonNeeded("Say why: its holder is told.")
    await end(session, row, doer.me, doer.by, reason, now=doer.now)
    return await write(session, row, {}, doer.now)


async def count(
    session: AsyncSession,
    doer: Doer,
    part_id: int,
    *,
    made: int,
    scrapped: int,
    reason: str | None = None,
    note: str | None = None,
    override: bool = False,
) -> Row[Any]:
    """Count pieces that were made and scrapped. When all are made, the due step is finished, or the part.

    Raises:
        NotTaken, NotHolder, PartBlocked, RevisionOutdated, UnknownReason.
        InvalidRequest: there is nothing to count (400).
    """
    row = await open_part(session, doer, part_id)
    await _require_hand(session, doer, row)
    if not made and not scrapped:
        raise InvalidRequest("Count at least one piece.")
    if scrapped or reason:
        known = (await rules_of(session, doer.settings, row.scope)).scrap_reasons
        if reason not in known:
            raise UnknownReason("Scrap needs one of the reasons of this project.", {"reasons": known})
    finished = row.made + made >= row.amount and made > 0
    if finished:
        _require_newest(row, override, note or reason)
    await add_count(
        session, row, doer.me, made=made, scrapped=scrapped, reason=reason, note=note, now=doer.now
    )
    counted = {"made": made, "scrapped": scrapped, "reason": reason}
    await tell(session, row, "counted", actor=doer.me.username, now=doer.now, **counted)
    values = {"made": row.made + made, "scrapped": row.scrapped + scrapped, **_active(doer)}
    row = await write(session, row, values, doer.now)
    return await _finish(session, doer, row, override) if finished else row


async def done(
    session: AsyncSession, doer: Doer, part_id: int, *, override: bool, reason: str | None
) -> Row[Any]:
    """Finish the due step, or the part. Pieces that were not counted count as made.

    Raises:
        PartCompleted: it is already (409).
        RevisionOutdated: a newer model came, and `override` with a reason was not given (409).
    """
    row = await open_part(session, doer, part_id)
    await _require_hand(session, doer, row)
    _require_newest(row, override, reason)
    await all_made(session, row, doer.me, now=doer.now)
    return await _finish(session, doer, row, override, reason)


async def _finish(
    session: AsyncSession, doer: Doer, row: Row[Any], override: bool, reason: str | None = None
) -> Row[Any]:
    step = await steps.due_step(session, row.id)
    following = await steps.finish(session, row, doer.me.username, doer.now)
    outdated = {"override": True, "reason": reason} if row.recheck and override else {}
    misc = {"misc_info": row.misc_info, "rework_reason": None, "rework_at": None, "rework_by": None}
    if step is not None and following is not None:
        if row.claim_fence is not None:
            await end_for_good(session, row, doer.me, doer.by, f"{step.process} is done.", now=doer.now)
        passed = {"process": step.process, "next": following.process, **outdated}
        await tell(session, row, "step_done", actor=doer.me.username, now=doer.now, **passed)
        values = {**misc, **nobody(), "status": REVIEWED, "category": following.board, "made": 0}
        return await write(session, row, values, doer.now)
    if row.claim_fence is not None:
        await end_for_good(session, row, doer.me, doer.by, COMPLETED_REASON, now=doer.now)
    await use_up(session, row)
    maker = row.assigned or doer.me.username
    await tell(session, row, "completed", actor=doer.me.username, now=doer.now, maker=maker, **outdated)
    values = {
        **misc,
        **no_claim(),
        "assigned": maker,
        "claimed_at": row.claimed_at,
        "status": COMPLETED,
        "category": "completed",
        "completed_at": doer.now,
        "made": max(row.made, row.amount),
    }
    return await write(session, row, values, doer.now)


async def recheck(session: AsyncSession, doer: Doer, part_id: int) -> Row[Any]:
    """The holder has looked at the new model, and works to it from now on."""
    row = await open_part(session, doer, part_id)
    await _require_hand(session, doer, row)
    if not row.recheck:
        return row
    await note(session, row.claim_fence, recheck=False, revision=row.revision)
    await tell(session, row, "recheck_done", actor=doer.me.username, now=doer.now, revision=row.revision)
    values = {"recheck": False, "claimed_revision": row.revision, **_active(doer)}
    return await write(session, row, values, doer.now)


async def last_step(session: AsyncSession, doer: Doer, part_id: int) -> Row[Any]:
    """The finished part was inspected or picked up, whichever this project wants.

    Raises:
        NotCompleted, NoLastStep: (409).
    """
    row = await open_part(session, doer, part_id)
    if row.category != "completed":
        raise NotCompleted("The part is not completed.")
    wanted = (await rules_of(session, doer.settings, row.scope)).last_step
    if wanted is None or row.last_step_at is not None:
        raise NoLastStep("There is nothing left to do with this part.")
    await tell(session, row, wanted, actor=doer.me.username, now=doer.now)
    values = {"last_step_at": doer.now, "last_step_by": doer.me.username}
    return await write(session, row, values, doer.now)


async def revert(session: AsyncSession, doer: Doer, part_id: int, reason: str | None) -> Row[Any]:
    """Take a completed part back: whoever made it has it again.

    Raises:
        NotCompleted: (409).
    """
    row = await open_part(session, doer, part_id)
    if row.category != "completed":
        raise NotCompleted("The part is not completed.")
    return await reopen(session, doer.settings, row, doer.me, doer.by, reason=reason, now=doer.now)


async def block(session: AsyncSession, doer: Doer, part_id: int, reason: str) -> Row[Any]:
    """Say what is in the way of making the part. Whoever has it keeps it."""
    row = await open_part(session, doer, part_id)
    if is_done(row.category, row.status):
        raise PartCompleted("The part is completed.")
    told = {"reason": reason, "author": row.author, "holder": row.assigned}
    await tell(session, row, "blocked", actor=doer.me.username, now=doer.now, **told)
    values = {"blocked_reason": reason, "blocked_at": doer.now, "blocked_by": doer.me.username}
    return await write(session, row, {**values, **_active(doer)}, doer.now)


async def unblock(session: AsyncSession, doer: Doer, part_id: int) -> Row[Any]:
    row = await open_part(session, doer, part_id)
    if row.blocked_at is None:
        raise NotBlocked("Nothing is in the way of this part.")
    await tell(session, row, "unblocked", actor=doer.me.username, now=doer.now)
    values = {"blocked_reason": None, "blocked_at": None, "blocked_by": None}
    return await write(session, row, {**values, **_active(doer)}, doer.now)


async def rework(
    session: AsyncSession, doer: Doer, part_id: int, reason: str, step_id: int | None
) -> Row[Any]:
    """Send a part back to an earlier step, or to its board; what was counted stays counted in the history.

    Raises:
        NotApproved: it was not approved yet (409).
        UnknownThing: it has no such step, or that one is still to come (400).
    """
    row = await open_part(session, doer, part_id)
    if row.category == "review":
        raise NotApproved("The part waits for its review.")
    position = await _step_to_redo(session, row, step_id)
    if row.claim_fence is not None:
        await end_for_good(session, row, doer.me, doer.by, f"It goes back: {reason}", now=doer.now)
    if position is not None:
        await steps.go_back_to(session, row, position)
    step = await steps.due_step(session, row.id)
    told = {"reason": reason, "author": row.author, "maker": row.assigned}
    if step is not None:
        told["process"] = step.process
    await tell(session, row, "rework", actor=doer.me.username, now=doer.now, **told)
    values = {
        **nobody(),
        "misc_info": row.misc_info,
        "status": REVIEWED,
        "category": await steps.board_of(session, row),
        "completed_at": None,
        "made": 0,
        "last_step_at": None,
        "last_step_by": None,
        "rework_reason": reason,
        "rework_at": doer.now,
        "rework_by": doer.me.username,
    }
    return await write(session, row, values, doer.now)


async def _step_to_redo(session: AsyncSession, row: Any, step_id: int | None) -> int | None:
    rows = await steps.steps_of(session, row.id)
    if step_id is None:
        finished = [step for step in rows if step.state == "done"]
        return finished[-1].position if finished else None
    for step in rows:
        if step.id == step_id and step.state != "waiting":
            return int(step.position)
    raise UnknownThing("The part has no such step behind it.")


def _active(doer: Doer) -> dict[str, Any]:
    return {"active_at": doer.now, "reminded_at": None}


def _require_open(row: Any) -> None:
    if is_done(row.category, row.status):
        raise PartCompleted("The part is completed.")
    if row.category == "review":
        raise NotApproved("The part waits for its review.")


def _require_unblocked(row: Any) -> None:
    if row.blocked_at is not None:
        raise PartBlocked(f"It cannot be made now: {row.blocked_reason}", {"reason": row.blocked_reason})


async def _require_hand(session: AsyncSession, doer: Doer, row: Any) -> None:
    """Check that the caller makes the part; admins of the project may do it for whoever has it.

    Raises:
        NotTaken, PartCompleted, NotApproved, PartBlocked: (409).
        NotHolder: (403).
    """
    _require_open(row)
    _require_unblocked(row)
    if row.claim_fence is None:
        raise NotTaken("Take the part first.")
    if row.holder_uuid != doer.me.uuid:
        await _require_authority(session, doer, row)


async def _require_authority(session: AsyncSession, doer: Doer, row: Any) -> None:
    if doer.me.may(row.scope, "admin"):
        return
    claim = await by_fence(session, row.claim_fence, now=doer.now)
    if claim is None:
        raise AccessDenied("Only its holder or an admin of the project may do this.")
    raise NotHolder(claim)


def _require_newest(row: Any, override: bool, reason: str | None) -> None:
    if not row.recheck:
        return
    if not override:
        text = "A newer model came since this part was taken. Look at it first, or override with a reason."
        raise RevisionOutdated(text, {"revision": row.revision, "claimed_revision": row.claimed_revision})
    if not reason:
        raise ReasonNeeded("Say why the older model will do.")
