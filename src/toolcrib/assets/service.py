"""Lock assets, release them, and look them up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.assets.paths import BadPath, normalise
from toolcrib.kernel import long_work
from toolcrib.kernel.claims import queries, service
from toolcrib.kernel.claims.commands import Acquire, Command, ForceRelease, Release, Renew
from toolcrib.kernel.claims.models import UPSTREAM, Claim, Ref, claims, earlier_digest, held_by_program
from toolcrib.kernel.claims.problems import (
    ClaimHeld,
    ClaimNotFound,
    NotHolder,
    SomeHeld,
)
from toolcrib.kernel.claims.writer import ClaimWriter
from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.identity.principal import CaseClashes, Principal
from toolcrib.kernel.problems import InvalidRequest

KIND = "asset"
KEY_SCOPE = "locks"  # the scope that an API key needs for changing things of this kind


def ref(project: str, path: str) -> Ref:
    """Return the claim key of `path`, which is normalised, in `project`. A path has one lock, whatever the branch."""
    return Ref(KIND, f"project:{project}", path, folds=True)


def policy(me: Principal, project: str) -> CaseClashes:
    """Return what `project` does about a path that differs only in case from a held one."""
    return me.case_clashes.get(project, "refuse")


async def lock(
    writer: ClaimWriter,
    me: Principal,
    project: str,
    path: str,
    *,
    branch: str,
    comment: str | None,
    expires_at: datetime | None,
    upstream: str | None = None,
    program: str | None = None,
) -> Claim:
    """Lock `path` for `me`. `upstream` is the name of the branch where it is pushed to; `program` the number of the
    place of the program that asks, if others of the account may wait for it.

    Raises:
        ClaimHeld: somebody holds it, perhaps the caller (409); or a path that differs only in case, if the project
            refuses that.
        AccessDenied: the caller is not a member of the project (403).
    """
    target = ref(project, path)
    me.require(target.scope, "member")
    alone, data = policy(me, project) == "refuse", {**data_of(upstream), **held_by_program(program)}
    return await _one(writer, Acquire(target, me.holder, branch, comment, expires_at, data=data, alone=alone))


async def unlock(writer: ClaimWriter, me: Principal, target: Claim) -> Claim:
    """Release exactly the lock that was looked up, so that a late retry cannot release the next holder's lock."""
    me.require(target.scope)
    return await _one(writer, Release(target.ref, me.holder, target.fence))


async def unlock_meant(
    writer: ClaimWriter,
    database: Database,
    me: Principal,
    candidates: Sequence[tuple[str, str]],
    *,
    now: datetime,
) -> Claim:
    """Release the caller's lock on the first of the (project, path) `candidates` that is locked.

    That is nearly always the first of all, so its release is asked for without looking it up before.

    Raises:
        ClaimNotFound: none is locked (404).
        NotHolder: somebody else holds the first that is locked (409).
        AccessDenied: the caller may see none of those projects (403).
    """
    target = _as_held(ref(*candidates[0]))[0]
    if me.may(target.scope):
        try:
            return await _one(writer, Release(target, me.holder))
        except (ClaimNotFound, NotHolder):
            pass  # another one is meant, or the refusal is worded for all of them
    async with database.read() as session:  # its connection is back in the pool before the writer needs one
        claim = await find_lock(session, me, candidates, now=now)
    return await unlock(writer, me, claim)


async def unlock_by_force(writer: ClaimWriter, me: Principal, target: Claim, reason: str) -> Claim:
    """Release another person's lock, by authority over its project.

    Raises:
        AccessDenied: the caller has no such authority (403).
    """
    me.require(target.scope, "admin")
    return await _one(writer, ForceRelease(target.ref, me.username, reason, target.fence))


async def renew(
    writer: ClaimWriter, me: Principal, project: str, path: str, expires_at: datetime | None
) -> Claim:
    target = ref(project, path)
    me.require(target.scope)
    return await _one(writer, Renew(target, me.holder, expires_at))


async def find_lock(
    session: AsyncSession, me: Principal, candidates: Sequence[tuple[str, str]], *, now: datetime
) -> Claim:
    """Return the lock on the first of the (project, path) `candidates` that has one.

    Raises:
        ClaimNotFound: none has (404).
        AccessDenied: the caller may see none of those projects (403, because 404 would mean that the path is free).
    """
    targets = [target for project, path in candidates for target in _as_held(ref(project, path))]
    seen = [target for target in targets if me.may(target.scope)]
    if not seen:
        me.require(targets[0].scope)
    for target in seen:
        claim = await queries.get(session, target, now=now)
        if claim is not None:
            return claim
    raise ClaimNotFound(f"{candidates[0][1]} is not locked.")


async def by_id(session: AsyncSession, me: Principal, project: str, fence: int, *, now: datetime) -> Claim:
    """Return the project's lock with that number.

    Raises:
        ClaimNotFound: there is none in this project (404).
    """
    scope = f"project:{project}"
    me.require(scope)
    claim = await queries.by_fence(session, fence, now=now)
    if claim is None or claim.kind != KIND or claim.scope != scope:
        raise ClaimNotFound("There is no such lock in this project, or it has ended.")
    return claim


async def lock_many(
    session: AsyncSession,
    me: Principal,
    project: str,
    paths: Sequence[str],
    *,
    branch: str,
    comment: str | None,
    expires_at: datetime | None,
    now: datetime,
    upstream: str | None = None,
) -> list[Claim]:
    """Lock all of `paths`, or none if any is held. A path given twice counts once.

    Raises:
        SomeHeld: some are held; says which and by whom (409).
    """
    me.require(f"project:{project}", "member")
    refs, holder = await _refs(project, paths), me.holder
    alone = policy(me, project) == "refuse"
    commands = await long_work.each(
        lambda each: Acquire(each, holder, branch, comment, expires_at, data=data_of(upstream), alone=alone),
        refs,
    )
    try:
        return _all(await service.run_group(session, commands, now=now))
    except ClaimHeld as refused:
        held = await queries.by_digest(session, [each.digest for each in refs], now=now)
        if alone:
            spelled = await queries.by_folded(session, [each.folded or "" for each in refs], now=now)
            held.update((claim.digest, claim) for claim in spelled)
        if not held:
            raise BadPath(
                f"Two of the paths differ only in upper and lower case: {refused.claim.key}."
            ) from None
        raise SomeHeld(list(held.values())) from None


async def spelled_otherwise(
    session: AsyncSession, me: Principal, project: str, taken: Sequence[Claim], *, now: datetime
) -> list[Claim]:
    """Return the locks whose paths differ only in case from those just `taken`, if the project wants a warning."""
    if policy(me, project) != "warn":
        return []
    mine = {claim.digest for claim in taken}
    found = await queries.by_folded(session, [claim.folded or "" for claim in taken], now=now)
    return [claim for claim in found if claim.digest not in mine]


async def release_many(
    session: AsyncSession, me: Principal, project: str, paths: Sequence[str], *, now: datetime
) -> list[Claim]:
    """Release all of `paths`, or none if one is not the caller's.

    Raises:
        ClaimNotFound: one is free (404).
        NotHolder: one is held by another person (403).
    """
    me.require(f"project:{project}")
    holder = me.holder
    refs = await _refs(project, paths)
    commands = await long_work.each(lambda each: Release(each, holder), refs)
    return _all(await service.run_group(session, commands, now=now))


async def force_release(
    session: AsyncSession, me: Principal, project: str, paths: Sequence[str], reason: str, *, now: datetime
) -> list[Claim]:
    """Release the locks of others on all of `paths` or none, by authority over the project."""
    me.require(f"project:{project}", "admin")
    refs = await _refs(project, paths)
    commands = await long_work.each(lambda each: ForceRelease(each, me.username, reason), refs)
    return _all(await service.run_group(session, commands, now=now))


async def release_branch(
    session: AsyncSession, me: Principal, project: str, branch: str, *, now: datetime
) -> list[Claim]:
    """Release every lock taken on exactly `branch`, or on a branch with that name upstream, whoever holds it, after a
    merge (contract, section 4.1)."""
    scope = f"project:{project}"
    me.require(scope, "member")
    await take_write_lock(session)  # so that exactly the locks listed next are released
    candidates = or_(claims.c.branch == branch, claims.c.data != {})
    found = [
        claim
        for claim in await queries.find(session, [*_in(scope), candidates], now=now)
        if branch in (claim.branch, claim.data.get(UPSTREAM))
    ]
    commands = [ForceRelease(c.ref, me.username, f"branch {branch} released", c.fence) for c in found]
    return _all(await service.run_group(session, commands, now=now)) if commands else []


async def release_old(session: AsyncSession, hours: int, *, now: datetime) -> list[Claim]:
    """Release every asset lock taken more than `hours` ago."""
    await take_write_lock(session)
    old = claims.c.acquired_at < now - timedelta(hours=hours)
    found = await queries.find(session, [claims.c.kind == KIND, old], now=now)
    reason = f"held for more than {hours} hours"
    commands: list[Command] = [ForceRelease(claim.ref, None, reason, claim.fence) for claim in found]
    return _all(await service.run_group(session, commands, now=now)) if commands else []


async def check(
    session: AsyncSession, me: Principal, project: str, paths: Sequence[str], *, now: datetime
) -> tuple[list[Claim], list[Claim]]:
    """Return which of `paths` are locked, by others and by `me`, in one query. For commit and push hooks."""
    me.require(f"project:{project}")
    digests = [each.digest for target in await _refs(project, paths) for each in _as_held(target)]
    found = await queries.by_digest(session, digests, now=now)
    locked = sorted(found.values(), key=lambda claim: claim.key)
    return (
        [claim for claim in locked if claim.holder_uuid != me.uuid],
        [claim for claim in locked if claim.holder_uuid == me.uuid],
    )


async def listing(
    session: AsyncSession,
    me: Principal,
    project: str,
    conditions: Sequence[ColumnElement[bool]],
    *,
    now: datetime,
    limit: int | None = None,
    after: int | None = None,
    narrow: ColumnElement[bool] | None = None,
) -> list[Claim]:
    scope = f"project:{project}"
    me.require(scope)
    wanted = [*_in(scope), *conditions]
    return await queries.find(session, wanted, now=now, limit=limit, after=after, narrow=narrow)


async def first_end(
    session: AsyncSession,
    project: str,
    conditions: Sequence[ColumnElement[bool]],
    *,
    now: datetime,
) -> datetime | None:
    """Return the earliest end of the locks that `listing` lists."""
    return await queries.first_end(session, [*_in(f"project:{project}"), *conditions], now=now)


def data_of(upstream: str | None) -> dict[str, Any]:
    """Return what a lock keeps of the branch where it is pushed to."""
    return {} if upstream is None else {UPSTREAM: upstream}


def _in(scope: str) -> list[ColumnElement[bool]]:
    return [claims.c.kind == KIND, claims.c.scope == scope]


async def _refs(project: str, paths: Sequence[str]) -> list[Ref]:
    """Return the claim keys of `paths`, each once, whatever their spelling.

    Raises:
        InvalidRequest: there are none (400).
        BadPath: one is no path (400).
    """
    found = await long_work.each(partial(ref, project), await long_work.each(normalise, paths))
    if not found:
        raise InvalidRequest("paths is empty.")
    return list({each.digest: each for each in reversed(found)}.values())[::-1]


def digests(project: str, path: str) -> list[str]:
    """Return by which digests the lock on `path` may be found."""
    return [each.digest for each in _as_held(ref(project, path))]


def _as_held(target: Ref) -> list[Ref]:
    """Return `target`, after the same path as releases that did not compose paths may have recorded it. The upgrade
    left those alone whose composed path was held too."""
    if target.key.isascii():
        return [target]
    digest = earlier_digest(target.kind, target.scope, target.key)
    if digest == target.digest:
        return [target]
    return [Ref.stored(target.kind, target.scope, target.key, digest), target]


def _all(found: Sequence[Claim | None]) -> list[Claim]:
    return [claim for claim in found if claim is not None]


async def _one(writer: ClaimWriter, command: Command) -> Claim:
    (claim,) = _all(await writer.submit([command]))
    return claim
