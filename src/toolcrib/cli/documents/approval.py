"""`docs commit`, `approve` and `reject`: submit a version for approval, and decide about it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.sizes import human_size
from toolcrib.cli.documents import completion, resume_state
from toolcrib.cli.documents.checkout_state import lost_checkout
from toolcrib.cli.documents.documents_api import PENDING, DocumentsApi, Row, holder_details
from toolcrib.cli.documents.local_files import require_regular_file, sha256_of
from toolcrib.cli.documents.options import Changelog, Comment, Quiet, Version
from toolcrib.cli.documents.progress import ProgressMeter, meter
from toolcrib.cli.documents.remote_path import RemotePath, uuid_of
from toolcrib.cli.documents.upload import NewVersion, upload
from toolcrib.cli.documents.workdir import CheckoutEntry, Workdir

app = typer.Typer()

Decided = Annotated[
    str,
    typer.Argument(
        metavar="PLACE|VERSION",
        show_default=False,
        help="The file, or a version's id.",
        autocompletion=completion.complete_remote_path,
    ),
]


@command(app, "commit")
def commit(
    context: Context,
    *,
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE|PLACE", show_default=False, help="A file here, or a work copy on the server."
        ),
    ],
    place: Annotated[
        str | None,
        typer.Argument(
            metavar="PLACE",
            show_default=False,
            help="The document, where FILE is not checked out.",
            autocompletion=completion.complete_remote_path,
        ),
    ] = None,
    message: Changelog = None,
    quiet: Quiet = False,
) -> None:
    """Submit a version for approval. Until somebody approves it, others keep getting the current one.

    The lock you hold on the document is given back.
    """
    docs = DocumentsApi(context)
    resume_state.delete_old()
    is_local = Path(what).exists() or ":" not in what
    if is_local:
        at, done = _commit_file(context, docs, require_regular_file(what), place, message, quiet=quiet)
    elif place is not None:
        raise CannotTell("A work copy on the server knows its document: give no second PLACE.")
    else:
        at, done = _commit_copy(docs, docs.paths.read_file(what), message)
    if context.as_json or not quiet:
        text = f"Submitted {docs.show(at)} version {done['version_number']}. It waits for approval."
        context.show({"place": docs.show(at), **done}, text)


def _commit_copy(docs: DocumentsApi, copy: RemotePath, message: str | None) -> tuple[RemotePath, Row]:
    row = docs.file(copy)["file"]
    if not row["source_file_id"]:
        raise Failure(
            f"{docs.show(copy)} is not a work copy. To make one: toolcrib docs cp PROJECT:FILE me:",
            code="no_work_copy",
        )
    source = docs.by_id(row["source_file_id"])["file"]
    at = RemotePath(source["bucket_type"], source["bucket_id"], source["logical_path"])
    body: Row = {
        **{f"source_{key}": value for key, value in _sides(copy).items()},
        **{f"target_{key}": value for key, value in _sides(at).items()},
        **({"message": message} if message is not None else {}),
    }
    with docs.errors_about(at):
        return at, docs.post("/versions/commit", body)


def _sides(place: RemotePath) -> dict[str, str]:
    return {"bucket": place.bucket, "id": place.id, "path": place.path}


def _commit_file(
    context: Context, docs: DocumentsApi, file: Path, typed: str | None, message: str | None, *, quiet: bool
) -> tuple[RemotePath, Row]:
    workdir = Workdir(file.parent)
    entry = workdir.entries().get(file.name)
    if entry is not None and entry.server != context.api.url:
        entry = None
    if typed is not None:
        at = docs.paths.read_file(typed)
        entry = entry if entry is not None and entry.place == at else None
    elif entry is not None:
        at = entry.place
    else:
        raise CannotTell(f"{file} is not checked out here: say of which document it is a version.")
    with meter(quiet=quiet or context.as_json) as bar:
        digest = sha256_of(file, bar)
        lock = _lock_of(docs, at, entry, file, digest)
        done = _submit(docs, at, entry, lock, file, digest, message, bar)
    if entry is not None:
        workdir.forget(entry.name)
    return at, done


def _lock_of(
    docs: DocumentsApi, at: RemotePath, entry: CheckoutEntry | None, file: Path, digest: str
) -> Row | None:
    """Return the lock on the document that a version is submitted for.

    Raises:
        Failure: there is no such document, nothing changed, or it was changed since the checkout.
    """
    found = docs.live_file(at)
    if found is None:
        shown = docs.show(at)
        raise Failure(
            f"There is no file {shown} yet. The first version needs no approval: toolcrib docs put {file} {shown}",
            code="file_not_found",
        )
    document: Row = found["file"]
    current = found["current_version"]
    if current is not None and current["checksum"] == digest:
        raise Failure(f"{docs.show(at)} has the content of {file} already.", code="unchanged")
    lock = docs.lock_on(document["id"])
    if entry is not None and (
        document["version"] != entry.version or (lock is not None and not docs.is_mine(lock))
    ):
        refused = Failure("", code="version_conflict", details=holder_details(lock) if lock else None)
        raise lost_checkout(docs, entry, file, lock, refused)
    return lock


def _submit(
    docs: DocumentsApi,
    at: RemotePath,
    entry: CheckoutEntry | None,
    lock: Row | None,
    file: Path,
    digest: str,
    message: str | None,
    bar: ProgressMeter,
) -> Row:
    """Upload the version and submit it. The server releases the lock in the same step."""
    new_version = NewVersion(
        at,
        changelog=message,
        fence=lock["fence"] if lock is not None and docs.is_mine(lock) else None,
        base_version=entry.version if entry is not None else None,
        submit=True,
    )
    try:
        with docs.errors_about(at):
            sent = upload(docs.api, file, new_version, bar, digest=digest)
    except CannotTell:
        raise
    except Failure as refused:
        if entry is not None and refused.code in ("version_conflict", "file_locked"):
            raise lost_checkout(docs, entry, file, docs.lock_on(entry.file_id), refused) from refused
        raise
    return {**sent.as_dict(), "bytes_sent": sent.sent, "status": PENDING}


# -- decisions ------------------------------------------------------------------------------------


@command(app, "approve")
def approve(context: Context, *, what: Decided, version: Version = None, message: Comment = None) -> None:
    """Approve a version that waits: it becomes the current one."""
    _decide(context, "approve", what, version, message)


@command(app, "reject")
def reject(
    context: Context,
    *,
    what: Decided,
    version: Version = None,
    message: Annotated[str, typer.Option("--message", "-m", metavar="TEXT", help="Why.")],
) -> None:
    """Reject a version. The document stays as it is."""
    if not message.strip():
        raise CannotTell("Say why: -m TEXT.")
    _decide(context, "reject", what, version, message)


def _decide(context: Context, verb: str, what: str, number: int | None, message: str | None) -> None:
    docs = DocumentsApi(context)
    version_id = uuid_of(what)
    body: dict[str, Any] = {"comment": message} if message is not None else {}
    if version_id is not None:
        answer = docs.post(f"/versions/{version_id}/{verb}", body)
        row = docs.by_id(answer["file_id"])["file"]
        at, shown_number = RemotePath(row["bucket_type"], row["bucket_id"], row["logical_path"]), None
    else:
        at = docs.paths.read_file(what)
        version = _waiting_version(docs, at, number)
        shown_number = version["version_number"]
        with docs.errors_about(at):
            answer = docs.post(f"/versions/{version['id']}/{verb}", body)
    word = "Approved" if verb == "approve" else "Rejected"
    which = f" version {shown_number}" if shown_number else ""
    after = ", which is the current one now" if verb == "approve" else ""
    context.show({"place": docs.show(at), **answer}, f"{word} {docs.show(at)}{which}{after}.")


def _waiting_version(docs: DocumentsApi, at: RemotePath, number: int | None) -> Row:
    if number is not None:
        return docs.version(at, number)
    rows = docs.versions(at, PENDING)
    if not rows:
        raise Failure(f"No version of {docs.show(at)} waits for approval.", code="nothing_waits")
    if len(rows) > 1:
        some = "; ".join(
            f"{row['version_number']} by {row['created_by_name']} ({human_size(row['size'])})" for row in rows
        )
        raise CannotTell(f"Several versions of {docs.show(at)} wait: {some}. Choose with --version N.")
    return rows[0]
