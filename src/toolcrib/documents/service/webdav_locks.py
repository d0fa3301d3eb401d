"""WebDAV locks: tokens on a claim.

A claim belongs to a person; a token shows which of their programs may use it. The tokens are stored in the claim's
`data`, so they exist as long as the claim, in every process and after a restart. A token can also be added to a claim
that was taken in another way (on the page, on the command line): that claim keeps its own end, and stays when the
token is removed.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileLocked, FileNotFound
from toolcrib.documents.models import File
from toolcrib.documents.paths import Place
from toolcrib.documents.service.folders import folder_at
from toolcrib.documents.service.lock_tokens import (
    SPARE,
    WebDAVLock,
    data_with,
    entries_of,
    is_adopted,
    is_valid,
    tokens_of,
)
from toolcrib.documents.service.locks import (
    DEEP,
    FOLDER,
    claims_above,
    claims_below,
    folder_ref,
    lock_id,
    ref_of,
    refuse_others,
    refuse_reserved,
)
from toolcrib.documents.service.lookup import KIND, Documents, allow, at, still
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims import service as claims_service
from toolcrib.kernel.claims.commands import Acquire, Release, Renew
from toolcrib.kernel.claims.models import PRIVATE, Claim, Ref
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.secrets import Secrets

SCHEME = "opaquelocktoken:"
DEFAULT = timedelta(minutes=10)
LONGEST = timedelta(hours=1)
# The most tokens of one claim; a program needs few.
MOST = 10


class TokenNeeded(Problem):
    """The caller holds the lock through another program, and this request did not send its token."""

    code, status = "token_needed", 423

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"{claim.label} is locked by another of your own programs.")
        self.claim = claim


class NoSuchToken(Problem):
    """The token does not belong to a current lock here."""

    code, status = "no_such_token", 409


def duration(asked: int | None) -> timedelta:
    """Return how long a lock lasts unless refreshed. `asked` is in seconds; None means not given."""
    return DEFAULT if asked is None else timedelta(seconds=min(asked, LONGEST.seconds))


# A token is signed with the person and thing it was given for. So a token of a lock that has ended can be told from
# one that never existed.


def _new_token(key: bytes, ref: Ref, holder_uuid: str) -> str:
    nonce = secrets.token_bytes(8)
    return SCHEME + str(UUID(bytes=nonce + _seal(key, nonce, ref.key, holder_uuid)))


def was_issued(secret: Secrets, token: str, key: str, holder_uuid: str) -> bool:
    """Return whether `token` was once given to that person for the thing with that claim key."""
    try:
        raw = UUID(token.removeprefix(SCHEME)).bytes
    except ValueError:
        return False
    return hmac.compare_digest(raw[8:], _seal(_key(secret), raw[:8], key, holder_uuid))


def _seal(key: bytes, nonce: bytes, ref_key: str, holder_uuid: str) -> bytes:
    return blake2b(nonce + f"{ref_key}\0{holder_uuid}".encode(), key=key, digest_size=8).digest()


def _key(secret: Secrets) -> bytes:
    return secret.derive("webdav lock tokens")


# Reading


async def covering(
    session: AsyncSession,
    place: Place,
    file: File | None,
    scope: str,
    *,
    members: bool = False,
    deep: bool = False,
    now: datetime,
) -> list[Claim]:
    """Return all claims that cover `place`: on itself, on folders above, and with `deep` also those below it."""
    ref = folder_ref(place, scope) if file is None else ref_of(file, scope)
    own = await queries.get(session, ref, now=now)
    found = [own] if own is not None else []
    found += await claims_above(session, place, scope, members=members, now=now)
    if deep and file is None:
        found += await claims_below(session, place, scope, now=now)
    return found


def require_tokens(caller: Caller, held: Iterable[Claim], tokens: Iterable[str], *, now: datetime) -> None:
    """Check that each claim in `held` is the caller's, and that `tokens` has one of its tokens, if it has any.

    Raises:
        FileLocked: somebody else holds it (409).
        TokenNeeded: another program of the caller does (423).
    """
    held = list(held)
    refuse_others(caller, held)
    shown = set(tokens)
    for claim in held:
        locks = tokens_of(claim, now)
        needed = any(not lock.is_spare for lock in locks)
        if needed and not shown & {lock.token for lock in locks}:
            raise TokenNeeded(claim)


# Locking, refreshing, unlocking


async def lock(
    docs: Documents,
    caller: Caller,
    place: Place,
    *,
    deep: bool,
    shared: bool,
    owner: str,
    seconds: int | None,
    now: datetime,
) -> WebDAVLock:
    """Lock the file or folder at `place` for the caller, with a new token. A claim may have several `shared` tokens,
    but all belong to the same person: a claim has one holder.

    Raises:
        FileNotFound: neither is there (404).
        FileLocked: somebody else holds it, or something above or below (409).
        TokenNeeded: another program of the caller holds it (423).
    """
    right, file = await allow(docs, caller, place, "lock")
    end = now + duration(seconds)
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        file = await still(session, file.id, archived=False) if file and not file.is_archived else None
        if file is None and place.path and await folder_at(session, place) is None:
            raise FileNotFound("There is nothing to lock.")
        ref = folder_ref(place, right.scope) if file is None else ref_of(file, right.scope)
        held = await covering(session, place, file, right.scope, deep=deep, now=now)
        if file is not None:
            await refuse_reserved(session, caller, file, now=now)
        _refuse_beside(caller, held, shared=shared, now=now)
        own = next((claim for claim in held if claim.digest == ref.digest), None)
        entry = {
            "token": _new_token(_key(docs.kernel.secrets), ref, caller.me.uuid),
            "shared": shared,
            "by": caller.me.uuid,
            "owner": owner,
            "until": end.isoformat(),
        }
        if own is None:
            label = place.address if file is not None else f"{place.address.rstrip('/')}/"
            data = {"label": label, "lock_type": "edit", PRIVATE: {"dav": [entry]}}
            if file is None:
                data["depth"] = DEEP if deep else "0"
            claim = await claims_service.run_one(
                session,
                Acquire(ref, caller.me.holder, expires_at=end, heartbeat=True, data=data),
                now=now,
                by=caller.requester,
            )
        else:
            claim = await _add_token(session, caller, own, entry, end, now=now)
    return next(each for each in tokens_of(claim, now) if each.token == entry["token"])


def _refuse_beside(caller: Caller, held: list[Claim], *, shared: bool, now: datetime) -> None:
    refuse_others(caller, held)
    for claim in held:
        locks = [lock for lock in tokens_of(claim, now) if not lock.is_spare]
        if locks and not (shared and all(lock.shared for lock in locks)):
            raise TokenNeeded(claim)
        if len(locks) >= MOST:
            raise FileLocked(claim, lock_id=lock_id(claim))


async def _add_token(
    session: AsyncSession,
    caller: Caller,
    claim: Claim,
    entry: dict[str, Any],
    end: datetime,
    *,
    now: datetime,
) -> Claim:
    """Add a token to the caller's own claim. It takes the place of spare ones."""
    entries = [lock for lock in entries_of(claim) if SPARE not in lock and is_valid(claim, lock, now)]
    adopted = is_adopted(claim) or not entries_of(claim)
    data = data_with(claim, [*entries, entry], adopted=adopted)
    expires_at = claim.expires_at
    if not adopted and expires_at is not None:
        expires_at = max(expires_at, end)
    return await claims_service.run_one(
        session,
        Renew(claim.ref, caller.me.holder, expires_at, claim.fence, data),
        now=now,
        by=caller.requester,
    )


async def refresh(
    docs: Documents, caller: Caller, place: Place, token: str, *, seconds: int | None, now: datetime
) -> WebDAVLock:
    """Extend the lock of `token`, which covers `place`.

    Raises:
        NoSuchToken: no current lock here has this token (409).
    """
    end = now + duration(seconds)
    right, file = await allow(docs, caller, place, "lock")
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        found = await _find(session, place, file, right, token, now=now)
        claim = found.claim
        if claim.holder_uuid != caller.me.uuid:
            raise FileLocked(claim, lock_id=lock_id(claim))
        data, entries, expires_at = claim.data, entries_of(claim), claim.expires_at
        if is_adopted(claim):
            entries = [
                {**entry, "until": end.isoformat()} if entry["token"] == token else entry for entry in entries
            ]
            data = data_with(claim, entries, adopted=True)
        elif expires_at is not None:
            expires_at = max(expires_at, end) if len(entries) > 1 else end
        claim = await claims_service.run_one(
            session,
            Renew(claim.ref, caller.me.holder, expires_at, claim.fence, data),
            now=now,
            by=caller.requester,
        )
    return next(each for each in tokens_of(claim, now) if each.token == token)


async def unlock(docs: Documents, caller: Caller, place: Place, token: str, *, now: datetime) -> None:
    """Remove `token` from the lock that covers `place`. The claim is released with its last token, unless it existed
    before its first.

    Raises:
        NoSuchToken: no current lock here has this token (409).
        FileLocked: it is another person's (409).
    """
    right, file = await allow(docs, caller, place, "read")
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        claim = (await _find(session, place, file, right, token, now=now)).claim
        if claim.holder_uuid != caller.me.uuid:
            raise FileLocked(claim, lock_id=lock_id(claim))
        await drop_tokens(session, caller, claim, {token}, now=now)


async def drop_tokens(
    session: AsyncSession, caller: Caller, claim: Claim, tokens: set[str], *, now: datetime
) -> None:
    """Remove tokens from the caller's claim, in the caller's transaction."""
    left = [
        entry for entry in entries_of(claim) if entry["token"] not in tokens and is_valid(claim, entry, now)
    ]
    if left or is_adopted(claim):
        data = data_with(claim, left, adopted=is_adopted(claim))
        renewed = Renew(claim.ref, caller.me.holder, claim.expires_at, claim.fence, data)
        await claims_service.run_one(session, renewed, now=now, by=caller.requester)
        return
    released = Release(claim.ref, caller.me.holder, claim.fence)
    await claims_service.run_one(session, released, now=now, by=caller.requester)


async def _find(
    session: AsyncSession, place: Place, file: File | None, right: Right, token: str, *, now: datetime
) -> WebDAVLock:
    if file is not None:
        file = await at(session, place)
    if file is not None and file.is_archived:
        file = None
    for claim in await covering(session, place, file, right.scope, now=now):
        for found in tokens_of(claim, now):
            if found.token == token:
                return found
    raise NoSuchToken("No current lock here has this token.")


def is_folder(claim: Claim) -> bool:
    return claim.kind == KIND and claim.key.startswith(FOLDER)
