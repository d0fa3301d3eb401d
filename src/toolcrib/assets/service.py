"""Lock assets, release them, and look them up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.assets.paths import BadPath, normalise
from toolcrib.kernel import long_work
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims.commands import Acquire, Command, ForceRelease, Release, Renew
from toolcrib.kernel.claims.models import UPSTREAM, Claim, Ref, claims, earlier_digest, held_by_program
from toolcrib.kernel.claims.pieces import ClaimPieces, in_pieces
from toolcrib.kernel.claims.planned_releases import Ending
from toolcrib.kernel.claims.problems import ClaimHeld, ClaimNotFound, NotHolder, SomeHeld
from toolcrib.kernel.claims.writer import ClaimWriter
from toolcrib.kernel.database import Database
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
    many: ClaimPieces,
    me: Principal,
    project: str,
    paths: Sequence[str],
    *,
    branch: str,
    comment: str | None,
    expires_at: datetime | None,
    upstream: str | None = None,
    still: Callable[[], Awaitable[Principal]],
) -> list[Claim]:
    """Lock all of `paths`, or none if any is held. A path given twice counts once. `still` returns the caller with the
    rights they have by then, or raises.

    Raises:
        SomeHeld: some are held; says which and by whom (409).
        BadPath: two differ only in case, and the project refuses that (400).
    """
    me.require(f"project:{project}", "member")
    refs, holder = await _refs(project, paths), me.holder
    alone = policy(me, project) == "refuse"
    commands = await long_work.each(
        lambda each: Acquire(each, holder, branch, comment, expires_at, data=data_of(upstream), alone=alone),
        refs,
    )
    held = await _held_among(many, refs, alone=alone) if _is_much(refs) else []
    if any(claim.holder_uuid == me.uuid for claim in held) and await many.settle(me.uuid):
        held = await _held_among(many, refs, alone=alone)  # now that an earlier call of the caller's is over
    if held:
        raise SomeHeld(held)

    async def may_go_on() -> None:
        (await still()).require(f"project:{project}", "member")

    try:
        return await many.take(holder, commands, may_go_on)
    except ClaimHeld as refused:
        held = await _held_among(many, refs, alone=alone)
        folded = [each.folded for each in refs]
        if not held and alone and folded.count(refused.claim.folded) > 1:
            raise BadPath(
                f"Two of the paths differ only in upper and lower case: {refused.claim.key}."
            ) from None
        raise SomeHeld(held or [refused.claim]) from None


def _is_much(refs: Sequence[Ref]) -> bool:
    return len(in_pieces(refs, lambda each: each.key)) > 1


async def _held_among(many: ClaimPieces, refs: Sequence[Ref], *, alone: bool) -> list[Claim]:
    """Return the locks on `refs` or, if they must be `alone`, on paths that differ from them only in case."""
    now = many.clock()
    async with many.database.read() as session:
        held = await queries.by_digest(session, [each.digest for each in refs], now=now)
        if alone:
            spelled = await queries.by_folded(session, [each.folded or "" for each in refs], now=now)
            held.update((claim.digest, claim) for claim in spelled)
    return list(held.values())


async def spelled_otherwise(
    session: AsyncSession, me: Principal, project: str, taken: Sequence[Claim], *, now: datetime
) -> list[Claim]:
    """Return the locks whose paths differ only in case from those just `taken`, if the project wants a warning."""
    if policy(me, project) != "warn":
        return []
    mine = {claim.digest for claim in taken}
    found = await queries.by_folded(session, [claim.folded or "" for claim in taken], now=now)
    return [claim for claim in found if claim.digest not in mine]


async def release_many(many: ClaimPieces, me: Principal, project: str, paths: Sequence[str]) -> list[Claim]:
    """Release all of `paths`, or none if one is not the caller's.

    Raises:
        ClaimNotFound: one is free (404).
        NotHolder: one is held by another person (403).
    """
    me.require(f"project:{project}")
    refs = await _refs(project, paths)
    if _is_much(refs):
        # What an earlier call of the caller's has not released yet is not theirs any more.
        await many.settle(me.uuid)
    return await many.release(Ending(me.uuid, me.username), partial(_fences, refs, me.uuid))


async def force_release(
    many: ClaimPieces, me: Principal, project: str, paths: Sequence[str], reason: str
) -> list[Claim]:
    """Release the locks of others on all of `paths` or none, by authority over the project."""
    me.require(f"project:{project}", "admin")
    refs = await _refs(project, paths)
    return await many.release(Ending(me.uuid, me.username, reason), partial(_fences, refs, None))


async def _fences(
    refs: Sequence[Ref], holder_uuid: str | None, session: AsyncSession, now: datetime
) -> list[tuple[int, str]]:
    """Return the locks on `refs`, all of which must be held by that person, if one is named."""
    found = await queries.fences(session, [each.digest for each in refs], now=now)
    for each in refs:
        if each.digest not in found:
            raise ClaimNotFound(f"{each.key} is not held by anybody.")
        if holder_uuid is not None and found[each.digest][1] != holder_uuid:
            held = await queries.get(session, each, now=now)
            raise NotHolder(held) if held else ClaimNotFound(f"{each.key} is not held by anybody.")
    return [(found[each.digest][0], each.key) for each in refs]


async def release_branch(many: ClaimPieces, me: Principal, project: str, branch: str) -> list[Claim]:
    """Release every lock taken on exactly `branch`, or on a branch with that name upstream, whoever holds it, after a
    merge (contract, section 4.1)."""
    scope = f"project:{project}"
    me.require(scope, "member")

    async def find(session: AsyncSession, now: datetime) -> list[tuple[int, str]]:
        columns = select(claims.c.fence, claims.c.key, claims.c.branch, claims.c.data).order_by(
            claims.c.fence
        )
        candidates = or_(claims.c.branch == branch, claims.c.data != {})
        found = await session.execute(columns.where(*_in(scope), candidates, queries.live(now)))
        return [(row.fence, row.key) for row in found if branch in (row.branch, row.data.get(UPSTREAM))]

    return await many.release(Ending(me.uuid, me.username, f"branch {branch} released"), find)


async def release_old(many: ClaimPieces, hours: int) -> list[Claim]:
    """Release every asset lock taken more than `hours` ago."""

    async def find(session: AsyncSession, now: datetime) -> list[tuple[int, str]]:
        old = claims.c.acquired_at < now - timedelta(hours=hours)
        query = select(claims.c.fence, claims.c.key).where(claims.c.kind == KIND, old, queries.live(now))
        return [(row.fence, row.key) for row in await session.execute(query.order_by(claims.c.fence))]

    return await many.release(Ending("", None, f"held for more than {hours} hours"), find)


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
) -> list[Claim]:
    """List locks that meet `conditions`, each of which an index answers."""
    scope = f"project:{project}"
    me.require(scope)
    wanted = [*_in(scope), *conditions]
    return await queries.find(session, wanted, now=now, limit=limit, after=after, narrow=conditions)


async def scan(
    session: AsyncSession,
    me: Principal,
    project: str,
    conditions: Sequence[ColumnElement[bool]],
    narrow: Sequence[ColumnElement[bool]],
    *,
    now: datetime,
    limit: int,
    after: int | None,
    until: int | None,
) -> queries.Scanned:
    """As `listing`, with conditions of any sort, in a time that does not grow: see `queries.look`. `until` is the
    newest fence to look at."""
    scope = f"project:{project}"
    me.require(scope)
    within = _in(scope) if until is None else [*_in(scope), claims.c.fence <= until]
    wanted = queries.Filters(within, conditions, narrow)
    return await queries.scan(session, wanted, now=now, limit=limit, after=after)


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
