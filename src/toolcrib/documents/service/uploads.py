"""Make a new version from uploaded content: used by forms, WebDAV, resumable and direct uploads."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypedDict, Unpack

from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.audit import Act, record_file_audit
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileExists, FileLocked, FileNotFound, FileTooLarge, VersionConflict
from toolcrib.documents.models import File, Version
from toolcrib.documents.paths import Place
from toolcrib.documents.service.content import keep, notice_loss
from toolcrib.documents.service.first_bytes import drop_empty_version, drop_versions
from toolcrib.documents.service.folders import folder_at
from toolcrib.documents.service.locks import (
    ref_of,
    refuse_locked_folder,
    refuse_others_lock,
    refuse_reserved,
    release_own,
)
from toolcrib.documents.service.lookup import Documents, at, record_event
from toolcrib.documents.service.new_names import check_path
from toolcrib.documents.service.quotas import refuse_over_quota
from toolcrib.documents.service.repeats import made_by, repeated, unchanged
from toolcrib.documents.service.tags import check_tags
from toolcrib.documents.service.vacated import awaited_at, come_back
from toolcrib.documents.service.version_rows import add_version, file_at, make_current
from toolcrib.kernel.blobs import registry
from toolcrib.kernel.blobs.naming import naming
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims import service as claims_service
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.database import take_write_lock


@dataclass(frozen=True, slots=True)
class Saved:
    """A version and its file. `created` says whether the file is new, or was archived before; `is_new` is False for a
    version that an earlier request made; `came_back` says whether the document has come back to a name that it left."""

    file: File
    version: Version
    created: bool
    is_new: bool = True
    came_back: bool = False


class Conditions(TypedDict, total=False):
    """Conditions checked when the version is made.

    `fence` is the caller's lock, which must not have ended; `base_version` the version number that must still be
    current (0 for no file), `base_id` that version's id. `locks` are fences of claims that must still be the caller's,
    by the claims' digests: on the file, or on folders it is in. `release` releases the caller's lock in the same
    transaction. With a `request_key` (`repeats.read_key`), a repeat of an upload meets no condition and makes no
    version, and neither does the content that is current already."""

    fence: int | None
    base_version: int | None
    base_id: str | None
    locks: Mapping[str, int]
    release: bool
    request_key: str | None


class VersionOptions(Conditions, total=False):
    """What a client may set on a new version. `tags` are added to the file's."""

    filename: str | None
    mime_type: str | None
    changelog: str | None
    tags: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Received:
    """Stored content, the place it is for, and the options of the version to be made of it."""

    stored: Stored
    place: Place
    options: VersionOptions = field(default_factory=VersionOptions)


class MakeVersion(Protocol):
    """`save_in`, or another function that makes a version of stored content in the caller's transaction."""

    async def __call__(
        self,
        session: AsyncSession,
        caller: Caller,
        place: Place,
        stored: Stored,
        right: Right,
        *,
        now: datetime,
        **options: Unpack[VersionOptions],
    ) -> Saved: ...


def receive_stream(
    docs: Documents,
    place: Place,
    stream: AsyncIterable[bytes],
    *,
    size: int | None = None,
    sha256: str | None = None,
    **options: Unpack[VersionOptions],
) -> Callable[[], Awaitable[Received]]:
    """Return a function for `put` that stores `stream`. `size` and `sha256` are what the sender announced."""

    async def receive() -> Received:
        return Received(await keep(docs, stream, size=size, sha256=sha256), place, options)

    return receive


async def put(
    docs: Documents,
    caller: Caller,
    place: Place | None,
    receive: Callable[[], Awaitable[Received]],
    *,
    size: int | None = None,
    right: Right | None = None,
    make: MakeVersion | None = None,
    must_exist: bool = False,
    keeps_conflicts: bool = False,
    now: datetime,
    **conditions: Unpack[Conditions],
) -> Saved:
    """Make the content that `receive` stores the newest and current version of the file at its place.

    Everything that could refuse the version is checked before the content is received, and again afterwards with the
    rights the caller then has, since an upload may take hours. `place` is None if only the received form says it.
    `right` is the right to write there, if the caller has looked it up already. `size` and `conditions` are those known
    beforehand. `make` replaces `save_in` if more is to happen in that transaction. `must_exist` refuses a place without
    a file. Content that is refused is deleted; with `keeps_conflicts` the caller gets it if the file is locked or was
    changed.

    Raises:
        AccessDenied: the caller may not write there, or may no longer (403).
        FileTooLarge: it is announced larger than the limit (413).
        QuotaExceeded: the owner of the bucket may not store so much (507).
        FileLocked: somebody else holds the file (409).
        VersionConflict: one of the conditions no longer holds (409).
    """
    if place is not None:
        await may_put(
            docs, caller, place, size=size, right=right, must_exist=must_exist, now=now, **conditions
        )
    async with naming(docs.kernel.database, docs.blobs) as new:
        received = await receive()
        new.append(received.stored)
        caller, right = await refreshed(docs, caller, received.place)
        try:
            return await save(docs, caller, received, right, make=make, now=docs.kernel.clock())
        except (FileLocked, VersionConflict):
            if keeps_conflicts:
                new.clear()
            raise


async def may_put(
    docs: Documents,
    caller: Caller,
    place: Place,
    *,
    size: int | None = None,
    is_new: bool = True,
    right: Right | None = None,
    must_exist: bool = False,
    replaces: bool = False,
    now: datetime,
    **conditions: Unpack[Conditions],
) -> Right:
    """Check that an upload to `place` would be accepted now. For the arguments and errors see `put`. Content that is in
    the bucket already is not `is_new` and takes no room.

    Raises:
        QuotaExceeded: the owner of the bucket may not store so much (507).
        FileNotFound: there is no file, and `must_exist` is set (404).
        FileExists: there is a folder at that place (409), unless the upload `replaces` whatever is there.
        NameNotForWindows, NameClash: the project refuses the name (400, 409).
    """
    if right is None:
        right = await docs.access.require(caller, place.bucket, "write", path=place.path)
    refuse_too_large(docs, size)
    async with docs.kernel.database.read() as session:
        file = await at(session, place)
        if await made_by(session, caller, file, conditions.get("request_key")) is not None:
            return right
        await refuse_stale(
            session,
            caller,
            file,
            right,
            fence=conditions.get("fence"),
            base_version=conditions.get("base_version"),
            now=now,
        )
        await refuse_locked_folder(session, caller, place, right, members=not _is_live(file), now=now)
        if not _is_live(file):
            await refuse_reserved(session, caller, place, now=now)
        if must_exist and not _is_live(file):
            raise FileNotFound("There is no such file to submit a version of.")
        if not replaces and not _is_live(file) and await folder_at(session, place) is not None:
            raise FileExists(f"{place.address} is a folder, not a file.")
        if not _is_live(file) and not replaces and await awaited_at(session, caller, place, now=now) is None:
            await check_path(session, caller, place, right)
    if is_new:
        await refuse_over_quota(docs, caller, place.bucket, size)
    return right


async def refreshed(docs: Documents, caller: Caller, place: Place) -> tuple[Caller, Right]:
    """Return the caller and their right to write at `place`, read again after an upload that may have taken hours.

    Raises:
        Unauthorized: the caller's credential is no longer valid (401).
        AccessDenied: the caller may no longer write there (403).
    """
    caller = replace(caller, me=await docs.kernel.auth.refresh(caller.me))
    return caller, await docs.access.require(caller, place.bucket, "write", path=place.path)


def _is_live(file: File | None) -> bool:
    return file is not None and not file.is_archived


def refuse_too_large(docs: Documents, size: int | None) -> None:
    """Check the announced size of an upload, in bytes.

    Raises:
        FileTooLarge: `size` bytes are more than a document may have (413).
    """
    if size is not None and size > docs.max_bytes:
        raise FileTooLarge(
            f"A document may have at most {docs.max_bytes} bytes.", {"max_bytes": docs.max_bytes}
        )


async def save(
    docs: Documents,
    caller: Caller,
    received: Received,
    right: Right,
    *,
    make: MakeVersion | None = None,
    now: datetime,
) -> Saved:
    """Do what `put` does, for content that is in the store already and a right that was checked."""
    await notice_loss(docs, received.place.bucket, received.stored, now=now)
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        return await (make or save_in)(
            session, caller, received.place, received.stored, right, now=now, **received.options
        )


async def save_in(
    session: AsyncSession,
    caller: Caller,
    place: Place,
    stored: Stored,
    right: Right,
    *,
    filename: str | None = None,
    mime_type: str | None = None,
    changelog: str | None = None,
    tags: dict[str, Any] | None = None,
    fence: int | None = None,
    base_version: int | None = None,
    base_id: str | None = None,
    locks: Mapping[str, int] | None = None,
    release: bool = False,
    request_key: str | None = None,
    now: datetime,
) -> Saved:
    """Do what `save` does, in the caller's transaction."""
    await take_write_lock(session)
    before = await at(session, place)
    same = await repeated(session, caller, before, stored, request_key)
    if before is not None and same is not None:
        return discard_repeat(session, before, same, stored, now=now)
    claim = await refuse_stale(
        session, caller, before, right, fence=fence, base_version=base_version, now=now
    )
    if base_id is not None and (
        before is None or not _is_live(before) or before.current_version_id != base_id
    ):
        raise VersionConflict("The file was changed meanwhile.")
    await _refuse_ended(session, caller, locks or {}, now=now)
    await refuse_locked_folder(session, caller, place, right, members=not _is_live(before), now=now)
    same = await unchanged(session, before, stored, request_key)
    if before is not None and same is not None:
        if release:
            await release_own(session, caller, claim, now=now)
        return discard_repeat(session, before, same, stored, now=now)
    awaited = None if _is_live(before) else await awaited_at(session, caller, place, now=now)
    if awaited is not None:
        await come_back(session, caller, awaited, place, right, now=now)
        file, created = awaited, True
    else:
        file, created = await file_at(session, place, right=right, caller=caller, now=now)
    file.backup_of = None
    # A document that has such a name by now keeps its history.
    is_litter = right.litter.covers(place.name, stored.size)
    held = ref_of(file, right.scope)
    file.is_litter = is_litter and (file.is_litter or file.version_number == 0)
    if file.is_litter:
        await drop_versions(session, file, now=now)
    await drop_empty_version(session, caller, file, claim, locks or {}, now=now)
    version = await add_version(
        session,
        file,
        stored,
        mime_type=mime_type,
        right=right,
        caller=caller,
        changelog=changelog,
        request_key=request_key,
        now=now,
    )
    await make_current(session, file, version, now=now)
    file.filename = filename or file.filename
    if tags:
        merged = {**file.tags, **tags}
        check_tags(merged, "metadata")
        file.tags = merged
    verb: Act = "restore" if created and before is not None and awaited is None else "upload"
    record_file_audit(
        session, caller, verb, file, now=now, version_id=version.id, version_number=version.version_number
    )
    await record_event(
        session,
        caller,
        "uploaded",
        file,
        right.scope,
        now=now,
        version_number=version.version_number,
        size=version.size,
    )
    if release:
        await release_own(session, caller, claim, now=now)
    if (held_now := ref_of(file, right.scope)).digest != held.digest:
        await claims_service.rename(session, held, file.address, to=held_now)
    return Saved(file, version, created, came_back=awaited is not None)


def discard_repeat(
    session: AsyncSession, file: File, version: Version, stored: Stored, *, now: datetime
) -> Saved:
    """Return the version that is there already; the content that was stored once more is to be deleted."""
    if not stored.is_named:
        registry.mark_for_deletion(session, [stored.key], now=now)
    return Saved(file, version, created=False, is_new=False)


async def refuse_stale(
    session: AsyncSession,
    caller: Caller,
    file: File | None,
    right: Right,
    *,
    fence: int | None,
    base_version: int | None,
    now: datetime,
) -> Claim | None:
    """Check that the file may be changed, and return the caller's own lock on it, or None if it is not locked.

    Raises:
        FileLocked: somebody else holds it (409).
        VersionConflict: `fence` or `base_version` no longer holds (409).
    """
    claim = None if file is None else await refuse_others_lock(session, caller, file, right, now=now)
    if fence is not None and (claim is None or claim.fence != fence):
        raise VersionConflict("Your lock on this file has ended.")
    live = file is not None and not file.is_archived
    number = file.version_number if file is not None and live else 0
    if base_version is not None and number != base_version:
        raise VersionConflict(f"The file is at version {number} now.", {"version": number})
    return claim


async def _refuse_ended(
    session: AsyncSession, caller: Caller, locks: Mapping[str, int], *, now: datetime
) -> None:
    held = await queries.by_digest(session, list(locks), now=now)
    for digest, fence in locks.items():
        claim = held.get(digest)
        if claim is None or (claim.fence, claim.holder_uuid) != (fence, caller.me.uuid):
            raise VersionConflict("A lock that this upload depends on has ended.")
