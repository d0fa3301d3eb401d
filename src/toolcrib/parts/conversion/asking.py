"""What others ask of conversions: wait for one, and show what is known."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.progress import made_progress
from toolcrib.kernel.waits import set_within
from toolcrib.parts.conversion import rows
from toolcrib.parts.conversion.outcomes import NOT_INSTALLED, STILL_UNDER_WAY, is_installed, limits_of
from toolcrib.parts.conversion.tables import State
from toolcrib.parts.conversion.workshop import workshop_of
from toolcrib.settings import Settings

# How often the database is asked, should an event not come.
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Outcome:
    """`glb` says that there is a model; `is_final` that waiting longer would change nothing."""

    success: bool
    error: str | None
    glb: bool
    is_final: bool = True
    row: Row[Any] | None = None


async def wait_for(kernel: Kernel, sha256: str, seconds: float) -> Outcome:
    """Wait until this content is converted or cannot be, at most `seconds`. It must have been requested."""
    workshop = workshop_of(kernel)
    event = workshop.watch(sha256)
    try:
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            event.clear()
            async with kernel.database.read() as session:
                found = outcome_of(await rows.find(session, sha256))
            left = deadline - asyncio.get_running_loop().time()
            if found.is_final or left <= 0:
                return found
            await set_within(event, min(left, LOOK_SECONDS))
            made_progress()
    finally:
        workshop.unwatch(sha256, event)


async def find(session: AsyncSession, sha256: str, settings: Settings) -> Outcome | None:
    """Return what is known of this content; None if it was never asked for, or what is remembered counts no more."""
    row = await rows.find(session, sha256)
    if row is None or (row.state == State.FAILED and row.limits != limits_of(settings)):
        return None
    return outcome_of(row)


def outcome_of(row: Row[Any] | None) -> Outcome:
    """Return what a content's row says."""
    if row is not None and row.state == State.DONE:
        return Outcome(True, None, True, row=row)
    if row is not None and row.state == State.FAILED:
        return Outcome(False, row.reason, False, row=row)
    if not is_installed():
        return Outcome(False, NOT_INSTALLED, False, row=row)
    return Outcome(False, STILL_UNDER_WAY, False, is_final=False, row=row)


async def shown(session: AsyncSession, contents: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return what is known of these contents, for those that were ever asked for."""
    return {sha256: as_json(row) for sha256, row in (await rows.find_all(session, contents)).items()}


def as_json(row: Row[Any]) -> dict[str, Any]:
    """Return what is known of a content. `figures` are in millimetres; `reason` is for people."""
    return {
        "state": row.state,
        "problem": row.problem,
        "reason": row.reason if row.state == State.FAILED else outcome_of(row).error,
        "figures": row.figures if row.state == State.DONE else None,
        "thumbnail": row.picture_key is not None,
    }
