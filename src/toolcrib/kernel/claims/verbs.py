"""The claim verbs that every kind shares, for whoever is signed in. A kind's own verbs end here too."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from toolcrib.kernel.claims import queries, waiting
from toolcrib.kernel.claims.commands import ForceRelease, Release, Renew, StopWaiting, Transfer
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.permissions import Verb
from toolcrib.kernel.claims.problems import ClaimNotFound
from toolcrib.kernel.claims.waiting import Place, Waiting
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.rights import read_principal, read_registry
from toolcrib.kernel.identity.users import find_active
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.requester import Requester


class UnknownPerson(InvalidRequest):
    code = "unknown_person"


async def look_up(kernel: Kernel, me: Principal, fence: int) -> Claim:
    """The live claim `fence`, if `me` may see it.

    Raises:
        ClaimNotFound: there is none, or it is none of their business (404 alike).
    """
    async with kernel.database.read() as session:
        claim = await queries.by_fence(session, fence, now=kernel.clock())
    if claim is None or not me.may(claim.scope):
        raise ClaimNotFound("There is no such claim, or it has ended.")
    return claim


async def look_up_for(kernel: Kernel, me: Principal, verb: Verb, fence: int) -> Claim:
    """The live claim `fence`, if `me` may use `verb` on it.

    Raises:
        ClaimNotFound: as `look_up`.
        Problem: as `Permissions.require`.
    """
    claim = await look_up(kernel, me, fence)
    kernel.permissions.require(verb, claim, me, kernel.clock())
    return claim


async def renew(
    kernel: Kernel, me: Principal, by: Requester, fence: int, expires_at: datetime | None
) -> Claim:
    claim = await look_up_for(kernel, me, "renew", fence)
    return await _one(kernel, Renew(claim.ref, me.holder, expires_at, fence), by)


async def release(kernel: Kernel, me: Principal, by: Requester, fence: int) -> Claim:
    claim = await look_up_for(kernel, me, "release", fence)
    return await _one(kernel, Release(claim.ref, me.holder, fence), by)


async def force_release(kernel: Kernel, me: Principal, by: Requester, fence: int, reason: str) -> Claim:
    """End somebody's claim: for administrators and the project's owner and admins."""
    claim = await look_up_for(kernel, me, "force_release", fence)
    return await _one(kernel, ForceRelease(claim.ref, me.username, reason, fence), by)


async def transfer(
    kernel: Kernel, me: Principal, by: Requester, fence: int, to: str, comment: str | None
) -> Claim:
    """Pass a claim to `to`, who must be allowed to hold it: by its holder, or by authority."""
    claim = await look_up_for(kernel, me, "transfer", fence)
    async with kernel.database.read() as session:
        person = await find_active(session, to)
        if person is None:
            raise UnknownPerson(f"There is nobody called {to} here.")
        heir = await read_principal(
            session,
            person,
            None,
            await read_registry(session),
            open_projects=kernel.settings.unknown_projects == "open",
        )
    if not heir.may(claim.scope, "member"):
        raise UnknownPerson(f"{to} may not hold this.")
    holder = me.holder if claim.holder_uuid == me.uuid else None
    return await _one(kernel, Transfer(claim.ref, me.username, heir.holder, holder, fence, comment), by)


async def wait(kernel: Kernel, me: Principal, fence: int, how: Waiting) -> Place:
    """Stand in the queue for what claim `fence` holds."""
    claim = await look_up_for(kernel, me, "wait", fence)
    return await waiting.join(kernel, me, claim.ref, replace(how, branch=claim.branch), claim.public_data)


async def confirm(kernel: Kernel, me: Principal, by: Requester, fence: int) -> Claim:
    """Keep a claim that a waiting program was given from the queue."""
    claim = await look_up_for(kernel, me, "renew", fence)
    return await waiting.confirm(kernel, me, by, claim)


async def stop_waiting(kernel: Kernel, me: Principal, fence: int) -> None:
    claim = await look_up(kernel, me, fence)
    kernel.permissions.require_scope(claim, me)
    await kernel.claims.submit([StopWaiting(claim.ref, me.holder)])


async def _one(
    kernel: Kernel,
    command: Renew | Release | ForceRelease | Transfer,
    by: Requester | None = None,
) -> Claim:
    (claim,) = await kernel.claims.submit([command], by)
    if claim is None:
        raise TypeError(f"{type(command).__name__} ended without a claim")
    return claim
