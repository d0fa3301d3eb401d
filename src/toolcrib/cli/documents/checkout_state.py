"""The state of a checkout: whether its lock is still held, and whether the document was changed meanwhile."""

from pathlib import Path

from toolcrib.cli.core.claims import holder_line
from toolcrib.cli.core.failures import CannotTell, Failure, Held
from toolcrib.cli.documents.documents_api import DocumentsApi, Row, holder_details
from toolcrib.cli.documents.workdir import CheckoutEntry


def own_lock(docs: DocumentsApi, entry: CheckoutEntry) -> tuple[Row | None, bool]:
    """Return the lock on the document now, and whether it is still the lock of this checkout."""
    lock = docs.lock_on(entry.file_id)
    return lock, lock is not None and docs.is_mine(lock) and lock["fence"] == entry.fence


def current_version_number(docs: DocumentsApi, entry: CheckoutEntry) -> int:
    """Return the number of the document's current version; 0 if the document was removed."""
    try:
        found = docs.by_id(entry.file_id)["file"]
    except Failure:
        return 0
    return 0 if found["is_deleted"] else int(found["version"])


def matching_current_version(docs: DocumentsApi, entry: CheckoutEntry, digest: str) -> Row | None:
    """Return the document's current version if it has the file's content: it was sent in another way."""
    try:
        found = docs.by_id(entry.file_id)
    except CannotTell:
        raise
    except Failure:
        return None
    current: Row | None = None if found["file"]["is_deleted"] else found["current_version"]
    return current if current is not None and current["checksum"] == digest else None


def lost_checkout(
    docs: DocumentsApi, entry: CheckoutEntry, file: Path, lock: Row | None, refused: Failure
) -> Failure:
    """Return a failure that says why a checkout can no longer be checked in, and what to do."""
    shown, now = docs.show(entry.place), current_version_number(docs, entry)
    kept = f"Nothing was sent; your file is kept: {file}"
    moved = f" It is at version {now} now; you have version {entry.version}." if now != entry.version else ""
    if lock is not None and not docs.is_mine(lock):
        sentence = holder_line(shown, holder_details(lock))
        return Held(
            f"Your lock has ended. {sentence}.{moved}\n  {kept}",
            code="lock_lost",
            details=holder_details(lock),
        )
    if not now:
        text = f"{shown} was removed meanwhile. {kept}\n  To send it anyway: toolcrib docs put {file} {shown}"
        return Failure(text, code="file_not_found", details=refused.details)
    if moved:
        return Failure(
            f"Somebody changed {shown} since you checked it out.{moved}\n  {kept}\n"
            f"  To see theirs: toolcrib docs get {shown} {file}.theirs\n"
            f"  To make yours the newest anyway: toolcrib docs put {file} {shown}",
            code="version_conflict",
            details=refused.details,
        )
    return Failure(
        f"Your lock on {shown} has ended; nobody holds it, and nobody changed it. {kept}\n"
        f"  Lock it again, then check in: toolcrib docs lock {shown}",
        code="lock_lost",
        details=refused.details,
    )
