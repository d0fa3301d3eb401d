"""What became of a checkout: whether its lock still holds, and whether the document moved on meanwhile."""

from pathlib import Path

from toolcrib.cli.api import held_sentence
from toolcrib.cli.documents.store import Row, Store, held_row
from toolcrib.cli.documents.workdir import Entry
from toolcrib.cli.failures import CannotTell, Failure, Held


def own_lock(store: Store, entry: Entry) -> tuple[Row | None, bool]:
    """Who holds the document now, and whether that is still the lock of this checkout."""
    lock = store.lock_on(entry.file_id)
    return lock, lock is not None and store.is_mine(lock) and lock["fence"] == entry.fence


def now_at(store: Store, entry: Entry) -> int:
    """The number of the version that is current now; 0 where the document is gone."""
    try:
        found = store.by_id(entry.file_id)["file"]
    except Failure:
        return 0
    return 0 if found["is_deleted"] else int(found["version"])


def same_as_now(store: Store, entry: Entry, digest: str) -> Row | None:
    """The document's current version, if that is what the file holds: somebody sent it in another way."""
    try:
        found = store.by_id(entry.file_id)
    except CannotTell:
        raise
    except Failure:
        return None
    current: Row | None = None if found["file"]["is_deleted"] else found["current_version"]
    return current if current is not None and current["checksum"] == digest else None


def lost(store: Store, entry: Entry, file: Path, lock: Row | None, refused: Failure) -> Failure:
    """Why a checkout can no longer be checked in, and what to do."""
    shown, now = store.show(entry.place), now_at(store, entry)
    kept = f"Nothing was sent; your file is kept: {file}"
    moved = f" It is at version {now} now; you have version {entry.version}." if now != entry.version else ""
    if lock is not None and not store.is_mine(lock):
        sentence = held_sentence(shown, held_row(lock))
        return Held(
            f"Your lock has ended. {sentence}.{moved}\n  {kept}", code="lock_lost", details=held_row(lock)
        )
    if not now:
        text = f"{shown} was removed meanwhile. {kept}\n  To send it all the same: toolcrib docs put {file} {shown}"
        return Failure(text, code="file_not_found", details=refused.details)
    if moved:
        return Failure(
            f"Somebody changed {shown} since you checked it out.{moved}\n  {kept}\n"
            f"  To see theirs: toolcrib docs get {shown} {file}.theirs\n"
            f"  To make yours the newest all the same: toolcrib docs put {file} {shown}",
            code="version_conflict",
            details=refused.details,
        )
    return Failure(
        f"Your lock on {shown} has ended; nobody holds it, and nobody changed it. {kept}\n"
        f"  Lock it again, then check in: toolcrib docs lock {shown}",
        code="lock_lost",
        details=refused.details,
    )
