"""Keeps parts in step with their claims: whoever gets or loses one, by whichever door.

The verbs of the kind itself write what they want beyond that after the claim has changed.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select, update

from toolcrib.kernel.claims.changes import Change
from toolcrib.kernel.claims.models import Claim, claims
from toolcrib.kernel.problems import Conflict
from toolcrib.parts.after_claim import after_end, is_done, nobody
from toolcrib.parts.misc_info import with_worker
from toolcrib.parts.models import CURRENT_STEP, IN_PROGRESS, StepState, part_steps, parts


class NotToBeHeld(Conflict):
    """The part is gone, or done."""

    code = "part_not_to_be_held"


def follow_claim(connection: Connection, change: Change) -> None:
    before, after = change.before, change.after
    row = connection.execute(select(parts).where(parts.c.id == int(change.claim.key))).first()
    if row is None:
        if after is not None and change.refusable:
            raise NotToBeHeld("There is no such part.")
        return
    now = change.event.at
    if after is None:
        _ended(connection, row, change.claim, now)
    elif before is not None and after.fence == before.fence:
        _write(connection, row, now, {"claim_ends_at": after.expires_at})
    else:
        _begun(connection, row, after, change, now)


def _begun(connection: Connection, row: Row[Any], claim: Claim, change: Change, now: Any) -> None:
    if is_done(row.category, row.status) and change.before is None and change.refusable:
        raise NotToBeHeld("The part is completed.")
    values: dict[str, Any] = {
        "assigned": claim.holder,
        "claimed_at": claim.acquired_at,
        "claim_fence": claim.fence,
        "holder_uuid": claim.holder_uuid,
        "claim_ends_at": claim.expires_at,
        "claimed_revision": row.revision,
        "recheck": False,
        "active_at": now,
        "reminded_at": None,
        "status": IN_PROGRESS,
    }
    # What the claim said of the holder before, or of a place in the queue, is not true of this one.
    said = {**claim.data, "assigned": claim.holder, "recheck": False, "revision": row.revision}
    connection.execute(update(claims).where(claims.c.fence == claim.fence).values(data=said))
    if row.type == "hand":
        values["misc_info"] = with_worker(row.misc_info, claim.holder, now)
    _write(connection, row, now, values)
    _step(connection, row, state=StepState.IN_PROGRESS)
    started = update(part_steps).where(part_steps.c.part_id == row.id, part_steps.c.state.in_(CURRENT_STEP))
    connection.execute(started.where(part_steps.c.started_at.is_(None)).values(started_at=now))


def _ended(connection: Connection, row: Row[Any], claim: Claim, now: Any) -> None:
    if row.claim_fence != claim.fence:
        return
    _write(connection, row, now, {**nobody(), "status": after_end(row.status)})
    _step(connection, row, state=StepState.DUE)


def _write(connection: Connection, row: Row[Any], now: Any, values: dict[str, Any]) -> None:
    mine = update(parts).where(parts.c.id == row.id)
    connection.execute(mine.values(**values, version=parts.c.version + 1, updated_at=now))


def _step(connection: Connection, row: Row[Any], **values: Any) -> None:
    due = update(part_steps).where(part_steps.c.part_id == row.id, part_steps.c.state.in_(CURRENT_STEP))
    connection.execute(due.values(**values))
