"""Store an upload (PUT): as the next version, or as a draft beside the file if the caller's lock was lost."""

from __future__ import annotations

from collections.abc import AsyncIterable
from datetime import datetime

from toolcrib.documents.access import Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.dav.addresses import href
from toolcrib.documents.dav.answers import DraftKept
from toolcrib.documents.dav.request import Upload
from toolcrib.documents.errors import FileLocked, VersionConflict
from toolcrib.documents.models import NAME_BYTES, PATH_BYTES
from toolcrib.documents.multipart import media_type
from toolcrib.documents.paths import Bucket, Place, usable_filename
from toolcrib.documents.service import transfers, uploads
from toolcrib.documents.service.content import keep
from toolcrib.documents.service.locks import refuse_others_lock
from toolcrib.documents.service.lookup import Documents, at
from toolcrib.documents.service.quotas import refuse_over_quota, within_quota
from toolcrib.documents.service.uploads import Received, Saved, VersionOptions
from toolcrib.kernel.blobs.naming import naming
from toolcrib.kernel.blobs.store import Stored

DRAFTS = "Drafts"
TRIES = 20
# A longer part after a name's last dot is not treated as a file extension.
ENDING_BYTES = 32
# Longer user names are cut in the names of drafts.
WHO_BYTES = 64


async def store_upload(
    docs: Documents,
    caller: Caller,
    asked: Upload,
    stream: AsyncIterable[bytes],
    *,
    size: int | None,
    content_type: str | None,
    mount: str,
    now: datetime,
) -> Saved:
    """Store the content of a PUT as the next version, or as a draft.

    Raises:
        DraftKept: the caller's lock ended before or during the upload, and a draft was kept (412, or 423 if somebody
            else holds the file now).
        FileLocked: somebody else holds the file, and this request showed no lock token (409).
        VersionConflict: a condition no longer holds, and this request showed no lock token (409).
    """
    options: VersionOptions = {
        "mime_type": media_type(content_type, asked.place.name),
        "base_id": asked.base_id,
        "base_version": 0 if asked.is_new else None,
        "locks": asked.locks,
        "request_key": asked.request_key,
    }
    kept: list[Stored] = []

    async def receive() -> Received:
        fitting = within_quota(docs, caller, asked.place.bucket, stream)
        kept.append(await keep(docs, fitting, size=size))
        return Received(kept[0], asked.place, options)

    if asked.is_lost:
        uploads.refuse_too_large(docs, size)
        await refuse_over_quota(docs, caller, asked.place.bucket, size)
        await receive()
    else:
        try:
            saved = await uploads.put(
                docs,
                caller,
                asked.place,
                receive,
                size=size,
                right=asked.right,
                keeps_conflicts=bool(asked.locks),
                request_key=asked.request_key,
                now=now,
            )
        except (FileLocked, VersionConflict):
            if not kept or not asked.locks:
                raise
        else:
            await transfers.forget_old_properties(docs, saved)
            return saved
    async with naming(docs.kernel.database, docs.blobs) as new:
        new.append(kept[0])
        caller, right = await uploads.refreshed(docs, caller, asked.place)
        now = docs.kernel.clock()
        draft = await _keep_draft(docs, caller, asked.place, kept[0], right, options["mime_type"], now)
    raise await _draft_kept(docs, caller, asked, draft, right, mount, now)


async def _keep_draft(
    docs: Documents,
    caller: Caller,
    place: Place,
    stored: Stored,
    right: Right,
    mime_type: str | None,
    now: datetime,
) -> Place:
    """Save the draft beside the file. If somebody else holds that folder, or the path would be too long, save it in
    the caller's own folder of drafts."""
    home = Place(Bucket("users", caller.me.uuid), f"{DRAFTS}/{place.name}")
    options: VersionOptions = {
        "mime_type": mime_type,
        "changelog": f"Saved after the lock on {place.address} was lost",
        "base_version": 0,
    }
    for where in (place, home):
        if where is home:
            right = await docs.access.require(caller, home.bucket, "write")
        for number in range(1, TRIES):
            draft = draft_name(where, caller.me.username, now, number)
            if len(draft.path.encode()) > PATH_BYTES:
                break
            try:
                await uploads.save(docs, caller, Received(stored, draft, options), right, now=now)
            except VersionConflict:
                continue
            except FileLocked:
                break
            return draft
    raise VersionConflict("There are too many drafts of this file.")


def draft_name(place: Place, username: str, now: datetime, number: int = 1) -> Place:
    """Return the place of a draft, named like `report (draft of ann 2026-11-24 23-10).odt`."""
    stem, dot, ending = place.name.rpartition(".")
    if not stem or len(ending.encode()) > ENDING_BYTES:
        stem, dot, ending = place.name, "", ""
    again = f" {number}" if number > 1 else ""
    who = _cut(usable_filename(username.replace("/", "-").replace("\\", "-")), WHO_BYTES)
    mark = f" (draft of {who} {now:%Y-%m-%d %H-%M}{again}){dot}{ending}"
    name = _cut(stem, NAME_BYTES - len(mark.encode())) + mark
    return Place(place.bucket, f"{place.parent.path}/{name}".lstrip("/"))


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")


async def _draft_kept(
    docs: Documents, caller: Caller, asked: Upload, draft: Place, right: Right, mount: str, now: datetime
) -> DraftKept:
    """Return the refusal, which names the file's present holder and the draft."""
    held = None
    async with docs.kernel.database.read() as session:
        file = await at(session, asked.place)
        if file is not None:
            try:
                await refuse_others_lock(session, caller, file, right, now=now)
            except FileLocked as locked:
                held = locked
    top = asked.path.rpartition("/")[0] if draft.parent == asked.place.parent else f"/users/me/{DRAFTS}"
    where = href(mount, f"{top}/{draft.name}", folder=False)
    why = held.detail if held is not None else "The file is not locked now."
    return DraftKept(
        f"Your lock on {asked.place.address} was lost. {why} What you saved is kept as {draft.address}.",
        where,
        held.claim if held is not None else None,
    )
