"""Locking a path, or standing in line for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from toolcrib.assets import service
from toolcrib.kernel.claims import waiting
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.problems import AlreadyWaiting, ClaimHeld, ClaimNotFound, SpelledOtherwise
from toolcrib.kernel.claims.waiting import Place, Waiting
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.principal import Principal


async def lock_or_wait(
    kernel: Kernel,
    me: Principal,
    project: str,
    path: str,
    how: Waiting,
    *,
    expires_at: datetime | None,
    upstream: str | None = None,
) -> Claim | tuple[ClaimHeld, Place]:
    """Lock `path`, or put the caller into its queue if somebody holds it. Asking again keeps their place.

    Returns the lock, or the refusal that says who holds it and the place. The options of the place are those of the
    later lock; an end so many seconds ahead counts from then. A program that calls itself by a `program_id` waits for
    what another program of the caller holds too, and is answered with the lock again if it holds it itself.

    Raises:
        ClaimHeld: the caller holds it already, or it is held in another spelling (409).
    """
    program = how.waiter_id(me, service.ref(project, path)) if how.program and how.program_id else None
    for last in (False, False, True):
        try:
            return await service.lock(
                kernel.claims,
                me,
                project,
                path,
                branch=how.branch or "unknown_branch",
                comment=how.comment,
                expires_at=expires_at,
                upstream=upstream,
                program=program,
            )
        except ClaimHeld as held:
            if isinstance(held, SpelledOtherwise):
                raise  # nobody waits for a path and is given another
            claim, mine = held.claim, held.claim.holder_uuid == me.uuid
            if mine and program is None:
                raise
            if mine and claim.program == program:
                return claim
            place = await _place(kernel, me, claim, how, service.data_of(upstream))
            if place is not None:
                return held, place
            if last:  # held and free by turns
                raise
    raise AssertionError("the last round returns or raises")


async def _place(
    kernel: Kernel, me: Principal, claim: Claim, how: Waiting, data: dict[str, Any]
) -> Place | None:
    """Return the caller's place in the queue; None if the path became free, or this program's, in this moment."""
    try:
        return await waiting.join(kernel, me, claim.ref, how, data)
    except AlreadyWaiting:
        return await waiting.join_again(kernel, me, claim.ref, how)
    except ClaimNotFound:
        return None
    except ClaimHeld as held:
        if how.program_id is None or held.claim.program != how.waiter_id(me, claim.ref):
            raise
        return None
