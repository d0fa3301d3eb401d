"""Locks: claims on a file, by its id, and on a folder, by its place.

A folder's claim has a `depth` in its `data`: "infinity" covers everything below the folder; "0" only forbids others to
add or remove anything directly in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileLocked, FileNotLocked
from toolcrib.documents.models import File, Folder, VacatedName
from toolcrib.documents.paths import Place
from toolcrib.documents.service.lock_tokens import is_adopted, read_held
from toolcrib.documents.service.lookup import KIND, Documents, Where, below, find, place_of, still
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims import service as claims_service
from toolcrib.kernel.claims.commands import Acquire, ForceRelease, Release, Renew
from toolcrib.kernel.claims.models import HIDDEN, Claim, Ref, claims
from toolcrib.kernel.claims.problems import ClaimHeld, ClaimNotFound, NotHolder
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import AccessDenied

LockType = Literal["edit", "review", "admin"]
LOCK_TYPES: tuple[LockType, ...] = get_args(LockType)
PAGE = 1_000
FOLDER = "folder:"
DEEP = "infinity"


@dataclass(frozen=True, slots=True)
class Lock:
    claim: Claim
    file: File


def ref_of(file: File, scope: str) -> Ref:
    """Return what is held when `file` is locked; nobody is shown the locks of programs' litter."""
    return Ref(KIND, HIDDEN + scope if file.is_litter else scope, file.id)


def folder_ref(folder: Place, scope: str) -> Ref:
    return Ref(KIND, scope, FOLDER + folder.location)


def lock_id(claim: Claim) -> str:
    """Return the UUID that the documents API uses for this claim, derived from its key and fence."""
    if claim.key.startswith(FOLDER):
        return str(uuid5(NAMESPACE_URL, f"{claim.key}#{claim.fence}"))
    return str(uuid5(UUID(claim.key), str(claim.fence)))


async def lock(
    docs: Documents,
    caller: Caller,
    where: Where,
    *,
    lock_type: str = "edit",
    reason: str | None = None,
    expires_at: datetime | None = None,
    heartbeat: bool = False,
    now: datetime,
) -> Lock:
    """Lock a file for the caller. `heartbeat` is for clients that renew the lock as long as they run.

    Raises:
        FileLocked: somebody holds it, perhaps the caller (409).
    """
    file, right = await find(docs, caller, where, "lock", archived=False)
    async with docs.kernel.database.write() as session:
        file = await still(session, file.id, archived=False)
        claim = await acquire(
            session,
            caller,
            file,
            right,
            lock_type=lock_type,
            reason=reason,
            expires_at=expires_at,
            heartbeat=heartbeat,
            now=now,
        )
    return Lock(claim, file)


async def acquire(
    session: AsyncSession,
    caller: Caller,
    file: File,
    right: Right,
    *,
    lock_type: str = "edit",
    reason: str | None = None,
    expires_at: datetime | None = None,
    heartbeat: bool = False,
    now: datetime,
) -> Claim:
    """Do what `lock` does, in the caller's transaction."""
    await refuse_locked_folder(session, caller, place_of(file), right, members=False, now=now)
    await refuse_reserved(session, caller, file, now=now)
    command = Acquire(
        ref_of(file, right.scope),
        caller.me.holder,
        comment=reason,
        expires_at=expires_at,
        heartbeat=heartbeat,
        data={"label": file.address, "lock_type": lock_type},
    )
    try:
        claim = await claims_service.run_one(session, command, now=now, by=caller.requester)
    except ClaimHeld as held:
        raise FileLocked(held.claim, lock_id=lock_id(held.claim), queue=held.queue) from None
    return claim


async def renew(
    docs: Documents, caller: Caller, where: Where, *, expires_at: datetime | None, now: datetime
) -> Lock:
    """Change when the caller's own lock ends.

    Raises:
        FileNotLocked: nobody holds the file (404).
        FileLocked: somebody else does (409).
    """
    file, right = await find(docs, caller, where, "lock")
    command = Renew(ref_of(file, right.scope), caller.me.holder, expires_at)
    async with docs.kernel.database.write() as session:
        try:
            claim = await claims_service.run_one(session, command, now=now, by=caller.requester)
        except ClaimNotFound:
            raise FileNotLocked("The file is not locked.") from None
        except NotHolder as other:
            raise FileLocked(other.claim, lock_id=lock_id(other.claim)) from None
    return Lock(claim, file)


async def unlock(
    docs: Documents,
    caller: Caller,
    where: Where,
    *,
    force: bool = False,
    reason: str | None = None,
    now: datetime,
) -> Claim:
    """Release the caller's lock or, with `force`, another person's by authority.

    Raises:
        FileNotLocked: nobody holds the file (404).
        AccessDenied: somebody else holds it, or the caller lacks the authority (403).
    """
    file, right = await find(docs, caller, where, "lock")
    ref = ref_of(file, right.scope)
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        claim = await queries.get(session, ref, now=now)
        if claim is None:
            raise FileNotLocked("The file is not locked.")
        if claim.holder_uuid == caller.me.uuid:
            await _release(session, caller, claim, now=now, reason=reason)
        elif not force:
            raise AccessDenied(f"{claim.label} is locked by {claim.holder}.", NotHolder(claim).details)
        else:
            await force_release(session, caller, right, claim, reason, now=now)
    return claim


async def _release(
    session: AsyncSession, caller: Caller, claim: Claim, *, now: datetime, reason: str | None = None
) -> None:
    command = Release(claim.ref, caller.me.holder, claim.fence, reason)
    await claims_service.run_one(session, command, now=now, by=caller.requester)


async def force_release(
    session: AsyncSession, caller: Caller, right: Right, claim: Claim, reason: str | None, *, now: datetime
) -> None:
    """Release another person's lock, in the caller's transaction. Without a reason, one is filled in: earlier clients
    give none (contract, section 17)."""
    if not right.authority:
        raise AccessDenied(
            "Only an administrator, or an owner or admin of this place, may end another person's lock."
        )
    given = (reason or "").strip() or f"forced by {caller.me.username}"
    await claims_service.run_one(
        session,
        ForceRelease(claim.ref, caller.me.username, given, claim.fence),
        now=now,
        by=caller.requester,
    )


async def holder_of(session: AsyncSession, file: File, right: Right, *, now: datetime) -> Claim | None:
    return await queries.get(session, ref_of(file, right.scope), now=now)


async def refuse_others_lock(
    session: AsyncSession, caller: Caller, file: File, right: Right, *, now: datetime
) -> Claim | None:
    """Return the caller's own lock on the file, or None if it is free.

    Raises:
        FileLocked: somebody else holds it, or a folder it is in (409).
    """
    claim = await holder_of(session, file, right, now=now)
    refuse_others(caller, [claim] if claim is not None else [])
    await refuse_locked_folder(session, caller, place_of(file), right, members=False, now=now)
    return claim


def refuse_others(caller: Caller, held: Iterable[Claim]) -> None:
    """Check that all of `held` are the caller's.

    Raises:
        FileLocked: one of the claims is somebody else's (409).
    """
    for claim in held:
        if claim.holder_uuid != caller.me.uuid:
            raise FileLocked(claim, lock_id=lock_id(claim))


async def refuse_reserved(
    session: AsyncSession, caller: Caller, what: Place | File, *, now: datetime
) -> None:
    """Check that nobody else's program is just saving under a lock: it has moved the document away, or deleted it, and
    is about to fill the name. `what` is the name, or the document.

    Raises:
        FileLocked: somebody else is (409).
    """
    left = VacatedName.location == what.location
    which = VacatedName.file_id == what.id if isinstance(what, File) else left
    query = select(VacatedName.kept).where(
        which, VacatedName.left_by != caller.me.uuid, VacatedName.expires_at > now
    )
    for kept in (await session.execute(query)).scalars():
        held = read_held(kept)
        if held is None:
            continue
        # A lock that was taken in another way than by the program is still on the document.
        claim = await queries.get(session, held.ref, now=now) if is_adopted(held) else held
        if claim is not None and claim.holder_uuid != caller.me.uuid:
            held.data = {**held.data, "label": what.address}
            raise FileLocked(held, lock_id=lock_id(held))


async def refuse_locked_folder(
    session: AsyncSession, caller: Caller, place: Place, right: Right, *, members: bool, now: datetime
) -> None:
    """Check that nobody else holds a folder that covers `place`. With `members`, something is to be added or removed
    there.

    Raises:
        FileLocked: somebody else holds one (409).
    """
    refuse_others(caller, await claims_above(session, place, right.scope, members=members, now=now))


async def refuse_held_folder(
    session: AsyncSession, caller: Caller, folder: Place, right: Right, *, now: datetime
) -> None:
    """Check that nobody else holds a folder, or a folder above that covers it.

    Raises:
        FileLocked: somebody else holds `folder`, or one it is in (409).
    """
    own = await queries.get(session, folder_ref(folder, right.scope), now=now)
    refuse_others(caller, [own] if own is not None else [])
    await refuse_locked_folder(session, caller, folder, right, members=False, now=now)


async def claims_above(
    session: AsyncSession, place: Place, scope: str, *, members: bool, now: datetime
) -> list[Claim]:
    """Return the claims on folders that cover `place`.

    With `members`, something is to be added or removed at `place`, so a claim of depth 0 on the folder it is in counts
    too. If that folder does not exist yet, the nearest existing one above counts, since the missing ones are created
    in it.
    """
    above = [place]
    while above[-1].path:
        above.append(above[-1].parent)
    digests = {folder_ref(each, scope).digest: each.location for each in above[1:]}
    found = list((await queries.by_digest(session, list(digests), now=now)).values())
    deep = [claim for claim in found if claim.data.get("depth") == DEEP]
    if not members or len(deep) == len(found):
        return deep
    there = select(Folder.location).where(Folder.location.in_(digests.values()))
    existing = {*(await session.execute(there)).scalars(), above[-1].location}
    nearest = next(digest for digest, location in digests.items() if location in existing)
    return [claim for claim in found if claim in deep or claim.digest == nearest]


async def claims_below(session: AsyncSession, folder: Place, scope: str, *, now: datetime) -> list[Claim]:
    """Return the claims on files and folders below `folder`."""
    here = [claims.c.kind == KIND, claims.c.scope.in_([scope, HIDDEN + scope])]
    files = await queries.find(
        session, [*here, claims.c.key.in_(select(File.id).where(*below(folder)))], now=now
    )
    folders = await queries.find(session, [*here, claims.c.key.startswith(FOLDER, autoescape=True)], now=now)
    inside = f"{folder.address.rstrip('/')}/"
    return files + [
        claim
        for claim in folders
        if claim.label.startswith(inside) and claim.label.rstrip("/") + "/" != inside
    ]


async def release_own(session: AsyncSession, caller: Caller, claim: Claim | None, *, now: datetime) -> None:
    """Release the claim that `refuse_others_lock` returned, if any."""
    if claim is not None:
        await _release(session, caller, claim, now=now)


async def held_now(
    session: AsyncSession, files: Sequence[File], right: Right, *, now: datetime
) -> dict[str, Claim]:
    """Return the current claims on `files`, which are all in the bucket of `right`, by file id."""
    digests = [ref_of(file, right.scope).digest for file in files]
    return {claim.key: claim for claim in (await queries.by_digest(session, digests, now=now)).values()}
