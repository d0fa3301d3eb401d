"""Standing in line for what somebody holds: join, keep the place, leave, and confirm what one was given.

A person joins once. A program (`program=True`) renews its place within WAIT_LEASE_SECONDS as long as it runs, and
confirms what it is given within WAIT_CONFIRM_SECONDS; else the place lapses, and the claim passes on. Each program that
calls itself by a `program_id` has a place of its own; those of an account that do not share one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims.commands import Confirm, KeepWaiting, Release, StopWaiting, Wait
from toolcrib.kernel.claims.models import Claim, Ref, Waiter
from toolcrib.kernel.claims.problems import ClaimLost, ClaimNotFound
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import DatabaseUnavailable
from toolcrib.kernel.requester import Requester

# The longest anybody waits. Then the place is given up.
PATIENCE = timedelta(days=7)
_PLACES = UUID("4f0cdd5e-1f0b-4a7c-9d0e-8f2b7a3c6e11")


@dataclass(slots=True, frozen=True)
class Waiting:
    """How somebody waits. `timeout` ends the place on the server; None: PATIENCE does. What they are given lasts for
    `ttl_seconds`, or until `ends_at`, which ends the wait too."""

    take: bool = True
    program: bool = False
    program_id: str | None = None
    timeout: timedelta | None = None
    branch: str | None = None
    comment: str | None = None
    ttl_seconds: int | None = None
    ends_at: datetime | None = None

    def waiter_id(self, me: Principal, ref: Ref) -> str:
        """The number of the place: for a program the same whenever it asks, so that asking again does no harm."""
        if not self.program:
            return str(uuid4())
        return str(uuid5(_PLACES, "\0".join((me.uuid, ref.digest, self.program_id or ""))))


@dataclass(slots=True, frozen=True)
class Place:
    """A place in line; `position` is counted from 1."""

    waiter: Waiter
    position: int

    def as_dict(self, kernel: Kernel) -> dict[str, Any]:
        """What a client needs to keep the place. `lease_seconds` and `confirm_seconds` are None for a person."""
        leased = self.waiter.lease_ends_at is not None
        return {
            "waiter_id": self.waiter.id,
            "position": self.position,
            "until": iso_format(self.waiter.until) if self.waiter.until else None,
            "lease_seconds": kernel.settings.wait_lease_seconds if leased else None,
            "confirm_seconds": self.waiter.confirm_seconds,
        }


async def join(
    kernel: Kernel, me: Principal, ref: Ref, how: Waiting, data: dict[str, Any] | None = None
) -> Place:
    """Stand in the queue for `ref`. `data` is what a claim got from the queue says of the thing.

    Raises:
        ClaimNotFound: it is free (404).
        ClaimHeld: the caller holds it, and not by another program (409).
        AlreadyWaiting: the caller waits already: the person, or this program (409).
        TooManyPrograms: as many of the caller's programs wait as may (409).
    """
    now = kernel.clock()
    waiter_id = how.waiter_id(me, ref)
    lease_ends_at = _lease_end(kernel, now) if how.program else None
    command = Wait(
        ref,
        waiter_id,
        me.holder,
        take=how.take,
        until=min(
            now + min(how.timeout or PATIENCE, PATIENCE), how.ends_at or datetime.max.replace(tzinfo=UTC)
        ),
        branch=how.branch,
        comment=how.comment,
        ttl_seconds=how.ttl_seconds,
        ends_at=how.ends_at,
        data=data or {},
        lease_ends_at=lease_ends_at,
        confirm_seconds=kernel.settings.wait_confirm_seconds if how.program else None,
    )
    await kernel.claims.submit([command])
    place = await _place(kernel, ref, waiter_id)
    if place is None:  # given to us since, or taken from us
        raise ClaimNotFound(f"You are no longer waiting for {ref.key}.")
    return place


async def join_again(kernel: Kernel, me: Principal, ref: Ref, how: Waiting) -> Place | None:
    """Return the place that the caller has already, of which a program's lease begins anew; None if it has just ended:
    by its time, or because the thing was given to the caller."""
    if not how.program:
        return await _place_of_person(kernel, me, ref)
    waiter_id, end = how.waiter_id(me, ref), _lease_end(kernel, kernel.clock())
    try:
        await kernel.claims.submit([KeepWaiting(ref, me.holder, waiter_id, end)])
    except ClaimNotFound:
        return None
    return await _place(kernel, ref, waiter_id)


async def keep(kernel: Kernel, me: Principal, waiter_id: str) -> Place | Claim:
    """Renew a program's place. Returns it, or the claim that the program has been given and must confirm.

    Raises:
        ClaimNotFound: neither is there: the place lapsed, was given up, or the claim was confirmed or passed on (404).
        DatabaseUnavailable: the place lapsed, but while nobody could renew it, which is yet to be forgiven (503).
    """
    for _ in range(2):
        now = kernel.clock()
        waiter, claim = await _look_up(kernel, me, waiter_id, now)
        if claim is not None:
            return claim
        if waiter is None:
            break
        ref = waiter.ref
        try:
            await kernel.claims.submit([KeepWaiting(ref, me.holder, waiter_id, _lease_end(kernel, now))])
        except ClaimNotFound:
            continue  # given to it in this moment, perhaps
        place = await _place(kernel, ref, waiter_id)
        if place is not None:
            return place
    if kernel.database.watch.has_failed:
        raise DatabaseUnavailable("The database took no changes a moment ago. Try again.")
    raise ClaimNotFound("There is no such place in line, or it has ended.")


async def leave(kernel: Kernel, me: Principal, by: Requester, waiter_id: str) -> None:
    """Give up a place, or the claim that the program has been given and not confirmed yet.

    Raises:
        ClaimNotFound: neither is there (404).
    """
    for _ in range(2):
        waiter, claim = await _look_up(kernel, me, waiter_id, kernel.clock())
        try:
            if claim is not None:
                release = Release(claim.ref, me.holder, claim.fence, waiter_id=waiter_id)
                await kernel.claims.submit([release], by)
                return
            if waiter is not None:
                ref = waiter.ref
                await kernel.claims.submit([StopWaiting(ref, me.holder, waiter_id)])
                return
        except (ClaimNotFound, ClaimLost):
            continue  # it became the other in this moment, perhaps
    raise ClaimNotFound("There is no such place in line, or it has ended.")


async def confirm(kernel: Kernel, me: Principal, by: Requester, claim: Claim) -> Claim:
    """Keep a claim that a waiting program was given. Does nothing to other claims of the caller."""
    (confirmed,) = await kernel.claims.submit([Confirm(claim.ref, me.holder, claim.fence)], by)
    return confirmed or claim


async def _look_up(
    kernel: Kernel, me: Principal, waiter_id: str, now: datetime
) -> tuple[Waiter | None, Claim | None]:
    async with kernel.database.read() as session:
        waiter = await queries.waiter_by_id(session, waiter_id, now=now)
        if waiter is not None:
            if waiter.holder_uuid != me.uuid or not me.may(waiter.scope):
                return None, None
            kernel.permissions.require_key(waiter.kind, me)
            return waiter, None
        claim = await queries.given_to(session, waiter_id, me.uuid, now=now)
    if claim is not None:
        kernel.permissions.require_scope(claim, me)
    return None, claim


async def _place(kernel: Kernel, ref: Ref, waiter_id: str) -> Place | None:
    return next((each for each in await _places(kernel, ref) if each.waiter.id == waiter_id), None)


async def _place_of_person(kernel: Kernel, me: Principal, ref: Ref) -> Place | None:
    for place in await _places(kernel, ref):
        if place.waiter.holder_uuid == me.uuid and place.waiter.lease_ends_at is None:
            return place
    return None


async def _places(kernel: Kernel, ref: Ref) -> list[Place]:
    async with kernel.database.read() as session:
        queue = await queries.queue(session, ref, now=kernel.clock())
    return [Place(waiter, position) for position, waiter in enumerate(queue, 1)]


def _lease_end(kernel: Kernel, now: datetime) -> datetime:
    return now + timedelta(seconds=kernel.settings.wait_lease_seconds)
