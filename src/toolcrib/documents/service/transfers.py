"""Copy or move files and folders with their content and properties, between or within buckets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import (
    FileExists,
    NoVersion,
    ObjectMissing,
    TooManyFiles,
    VersionConflict,
)
from toolcrib.documents.models import File, Version
from toolcrib.documents.paths import Place
from toolcrib.documents.service.content import ClientCheck, reference
from toolcrib.documents.service.folders import folder_at, make_folder_in
from toolcrib.documents.service.locks import refuse_locked_folder
from toolcrib.documents.service.lookup import Documents, find, place_of, still
from toolcrib.documents.service.moving import moved
from toolcrib.documents.service.overwriting import origin, take_away_moved
from toolcrib.documents.service.properties import copy_properties, forget_properties
from toolcrib.documents.service.quotas import refuse_over_quota
from toolcrib.documents.service.trees import Tree, archive_in, clear, tree_at
from toolcrib.documents.service.uploads import Saved, may_put, save_in
from toolcrib.documents.service.version_rows import current
from toolcrib.kernel.blobs.naming import forget, naming
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.problems import Problem


class Onto(Enum):
    """What the request found at the target: nothing, a file that gets another version, or something to be replaced."""

    FREE = auto()
    FILE = auto()
    REPLACED = auto()


@dataclass(frozen=True, slots=True)
class Order:
    """A copy or a move. Without `deep`, only a folder itself is copied, not what is in it."""

    source: Place
    target: Place
    onto: Onto
    is_folder: bool
    is_move: bool
    deep: bool = True

    @property
    def stays_in_bucket(self) -> bool:
        return self.source.bucket == self.target.bucket


@dataclass(frozen=True, slots=True)
class _Copy:
    file: File
    version: Version
    stored: Stored


@dataclass(frozen=True, slots=True)
class _Rights:
    source: Right
    target: Right


async def transfer(
    docs: Documents, caller: Caller, order: Order, client_check: ClientCheck, *, now: datetime
) -> list[tuple[Place, Problem]]:
    """Carry out `order` completely or not at all: copy the content first, then write all rows in one transaction.

    Properties and tags are copied too. A file that is overwritten keeps its history. If the store has lost the content
    of files in a folder, nothing is done, and those files are returned with the reasons.

    Raises:
        FileLocked: somebody else holds something at the target, or what is to move (409).
        FileExists: something is at a target that was free (409).
        VersionConflict: that, or what is to move changed while it was copied (409).
        TooManyFiles: (413).
    """
    rights = await _require_rights(docs, caller, order)
    tree = await _read_source(docs, caller, order, now=now)
    refused: list[tuple[Place, Problem]] = []
    copies: list[_Copy] = []
    async with naming(docs.kernel.database, docs.blobs) as new:
        for file in tree.files:
            try:
                copies.append(await _copy(docs, order, file, client_check))
                new.append(copies[-1].stored)
            except (NoVersion, ObjectMissing) as lost:
                if not order.is_folder:
                    raise
                refused.append((place_of(file), lost))
            await client_check()
            # Copying may have taken hours, so check the rights again.
            caller = replace(caller, me=await docs.kernel.auth.refresh(caller.me))
            rights = await _require_rights(docs, caller, order)
        if refused:
            await forget(docs.blobs, new)
        else:
            async with docs.kernel.database.write() as session:
                await take_write_lock(session)
                await _write_rows(session, caller, order, tree, copies, rights, now=docs.kernel.clock())
    return refused


async def _require_rights(docs: Documents, caller: Caller, order: Order) -> _Rights:
    """Return the caller's rights that this copy or move needs.

    Raises:
        AccessDenied: one of them is missing (403).
    """
    source, target = order.source, order.target
    right = await docs.access.require(caller, source.bucket, "read", path=source.path)
    if order.is_move:
        right = await docs.access.require(caller, source.bucket, "delete", path=source.path)
    if order.onto is Onto.REPLACED:
        await docs.access.require(caller, target.bucket, "delete", path=target.path)
    return _Rights(right, await docs.access.require(caller, target.bucket, "write", path=target.path))


async def _read_source(docs: Documents, caller: Caller, order: Order, *, now: datetime) -> Tree:
    """Read what is to be copied, and check that it can be.

    Raises:
        ValidationFailed: paths would get too long (400).
    """
    if not order.is_folder:
        file, _ = await find(docs, caller, order.source, "read", archived=False)
        replaces = order.onto is Onto.REPLACED
        is_new = not order.stays_in_bucket
        await may_put(docs, caller, order.target, size=file.size, is_new=is_new, replaces=replaces, now=now)
        return Tree(order.source, None, [], [file])
    async with docs.kernel.database.read() as session:
        tree = await tree_at(session, order.source)
    if not order.deep:
        return Tree(tree.place, tree.top, [], [])
    most = (
        docs.kernel.settings.storage_copy_files
    )  # one transaction writes them all, and other writers wait for it
    if len(tree.files) + len(tree.folders) > most:
        raise TooManyFiles(f"At most {most} files and folders are copied at once.")
    for path in [each.path for each in tree.folders] + [each.logical_path for each in tree.files]:
        moved(Place(order.source.bucket, path), order.source, order.target)
    if not order.stays_in_bucket:
        await refuse_over_quota(docs, caller, order.target.bucket, sum(file.size for file in tree.files))
    return tree


async def _copy(docs: Documents, order: Order, file: File, client_check: ClientCheck) -> _Copy:
    async with docs.kernel.database.read() as session:
        version = await current(session, file)
    if version is None:
        raise NoVersion("The file has no version to copy.")
    stored = await reference(docs, version, order.source.bucket, order.target.bucket, client_check)
    return _Copy(file, version, stored)


async def _write_rows(
    session: AsyncSession,
    caller: Caller,
    order: Order,
    tree: Tree,
    copies: list[_Copy],
    rights: _Rights,
    *,
    now: datetime,
) -> None:
    """Write all rows of a copy or move."""
    if order.onto is Onto.REPLACED:
        await clear(session, caller, order.target, rights.target, now=now)
        if not order.is_folder:  # its name is not new
            rights = replace(rights, target=rights.target.for_any_name)
    if order.is_folder:
        await _make_folders(session, caller, order, tree, rights.target, now=now)
    for each in copies:
        saved = await save_in(
            session,
            caller,
            moved(place_of(each.file), order.source, order.target),
            each.stored,
            rights.target,
            mime_type=each.version.mime_type,
            changelog=origin(each.file, each.version),
            tags=dict(each.file.tags),
            base_version=None if order.onto is Onto.FILE else 0,
            now=now,
        )
        over = order.onto is Onto.FILE or saved.came_back
        await copy_properties(session, each.file.id, saved.file.id, over=over)
    if order.is_move and order.is_folder:
        await _remove_moved_folder(session, caller, order, tree, rights.source, now=now)
    elif order.is_move:
        await _remove_moved_file(session, caller, order, copies[0], rights.source, now=now)


async def _make_folders(
    session: AsyncSession, caller: Caller, order: Order, tree: Tree, right: Right, *, now: datetime
) -> None:
    top = right if order.onto is Onto.FREE else right.for_any_name
    if not await make_folder_in(session, caller, order.target, top, now=now):
        raise FileExists(f"{order.target.address} already exists.")
    for each in [*([tree.top] if tree.top else []), *tree.folders]:
        place = moved(Place(order.source.bucket, each.path), order.source, order.target)
        await make_folder_in(session, caller, place, right, now=now)
        made = await folder_at(session, place)
        if made is not None:
            await copy_properties(session, each.id, made.id)


async def _remove_moved_file(
    session: AsyncSession, caller: Caller, order: Order, copied: _Copy, right: Right, *, now: datetime
) -> None:
    """Remove the moved file at its old place."""
    file = await still(session, copied.file.id)
    if file.is_archived or place_of(file) != order.source or file.current_version_id != copied.version.id:
        raise VersionConflict(f"{order.source.address} changed while it was copied.")
    await refuse_locked_folder(session, caller, order.source, right, members=True, now=now)
    await take_away_moved(session, caller, file, order.target, right, now=now)


async def _remove_moved_folder(
    session: AsyncSession, caller: Caller, order: Order, tree: Tree, right: Right, *, now: datetime
) -> None:
    if _state(await tree_at(session, order.source)) != _state(tree):
        raise VersionConflict(f"{order.source.address} changed while it was copied.")
    await archive_in(session, caller, order.source, right, now=now)


def _state(tree: Tree) -> set[tuple[str, str | None]]:
    return {(each.path, None) for each in tree.folders} | {
        (each.logical_path, each.current_version_id) for each in tree.files
    }


async def forget_old_properties(docs: Documents, saved: Saved) -> None:
    """Delete the properties of a file that an upload created or brought back from the archive."""
    if saved.created and not saved.came_back:
        async with docs.kernel.database.write() as session:
            await take_write_lock(session)
            await forget_properties(session, saved.file.id)
