"""`docs checkout`, `checkin`, `cancel` and `status`: a local copy to work on, with a lock on the document."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.claims import holder_line
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.durations import end_seconds, until
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.options import Expires
from toolcrib.cli.core.sizes import human_size
from toolcrib.cli.documents import resume_state
from toolcrib.cli.documents.checkout_state import (
    current_version_number,
    lost_checkout,
    matching_current_version,
    own_lock,
)
from toolcrib.cli.documents.documents_api import DocumentsApi, Row, holder_details
from toolcrib.cli.documents.fetch import Fetched, choose_version, fetch, is_up_to_date, local_target
from toolcrib.cli.documents.local_files import sha256_of
from toolcrib.cli.documents.options import Changelog, OnePlace, Quiet, Reason
from toolcrib.cli.documents.progress import ProgressMeter, meter
from toolcrib.cli.documents.remote_path import RemotePath
from toolcrib.cli.documents.upload import NewVersion, Uploaded, upload
from toolcrib.cli.documents.workdir import CheckoutEntry, Workdir

app = typer.Typer()

Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="FILE", show_default=False, help="Default: all checked out here."),
]


ONE_BY_ONE = " Check out the files in it one by one."


@command(app, "checkout")
def checkout(
    context: Context,
    *,
    place: OnePlace,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", show_default=False, help="Where to; default here.")
    ] = Path(),
    message: Reason = None,
    expires: Expires = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace a file that you changed.")] = False,
    quiet: Quiet = False,
) -> None:
    """Lock a file and get a copy to work on. `docs checkin` sends it back and unlocks."""
    docs = DocumentsApi(context)
    at = docs.paths.read_file(place, else_do=ONE_BY_ONE)
    length = end_seconds(expires)
    folder.mkdir(parents=True, exist_ok=True)
    workdir = Workdir(folder)
    file = local_target(at, f"{folder}/")
    _require_free(docs, workdir, at, file)
    with meter(quiet=quiet or context.as_json) as bar:
        # Checked before locking: a file that cannot be written here must not be locked.
        is_up_to_date(docs, at, choose_version(docs, at, None, else_do=ONE_BY_ONE), file, bar, force=force)
        lock, is_new = docs.lock_or_keep(at, reason=message, expires_in=length)
        try:
            version = choose_version(docs, at, None)
            fetched = fetch(docs, at, version, file, bar, force=force)
            workdir.remember(_entry(context, at, file.name, version, lock))
        except BaseException:
            if is_new:
                with suppress(Failure):
                    docs.post("/unlock", {"file_id": lock["file_id"]})
            raise
    if not quiet or context.as_json:
        context.show(
            {**fetched.as_dict(docs), "fence": lock["fence"], "expires_at": lock["expires_at"]},
            _checked_out(docs, fetched, lock),
        )


def _require_free(docs: DocumentsApi, workdir: Workdir, place: RemotePath, file: Path) -> None:
    known = workdir.entries().get(file.name)
    if known is None:
        return
    if known.place == place:
        raise Failure(f"{file} is checked out already. See: toolcrib docs status", code="checked_out")
    raise CannotTell(f"{file} is {docs.show(known.place)}, checked out. Choose another folder.")


def _entry(context: Context, at: RemotePath, name: str, version: Row, lock: Row) -> CheckoutEntry:
    return CheckoutEntry(
        name=name,
        server=context.api.url,
        bucket=at.bucket,
        id=at.id,
        path=at.path,
        file_id=version["file_id"],
        version=version["version_number"],
        version_id=version["id"],
        sha256=version["checksum"],
        fence=lock["fence"],
        checked_out_at=datetime.now(UTC).isoformat(timespec="seconds"),
        expires_at=lock["expires_at"],
    )


def _checked_out(docs: DocumentsApi, fetched: Fetched, lock: Row) -> str:
    ends = until(lock["expires_at"], datetime.now(UTC))
    return (
        f"Checked out {docs.show(fetched.place)} version {fetched.version['version_number']} "
        f"({human_size(fetched.version['size'])}) as {fetched.file}. It is locked for you"
        f"{f' until {ends}' if ends else ''}."
    )


# -- what is checked out here ---------------------------------------------------------------------


def checked_out(context: Context, files: list[str] | None) -> Iterator[tuple[Workdir, CheckoutEntry, Path]]:
    """Yield the named files that were checked out, or all files checked out in this directory.

    Raises:
        CannotTell: one was not checked out, or from another server.
    """
    if files:
        for typed in files:
            file = Path(typed)
            workdir = Workdir(file.parent)
            entry = workdir.entries().get(file.name)
            if entry is None:
                raise CannotTell(
                    f"{typed} was not checked out here. To send it anyway: toolcrib docs put {typed} PLACE"
                )
            yield workdir, _of_this_server(context, entry), file
        return
    workdir = Workdir(Path())
    for entry in workdir.entries().values():
        yield workdir, _of_this_server(context, entry), Path(entry.name)


def _of_this_server(context: Context, entry: CheckoutEntry) -> CheckoutEntry:
    if entry.server != context.api.url:
        raise CannotTell(f"{entry.name} was checked out from {entry.server}: give --url {entry.server}")
    return entry


@command(app, "checkin")
def checkin(
    context: Context,
    *,
    files: Files = None,
    message: Changelog = None,
    keep_lock: Annotated[bool, typer.Option("--keep-lock", help="Go on working on it.")] = False,
    quiet: Quiet = False,
) -> None:
    """Send what you changed as a new version, and unlock. What did not change is only unlocked.

    Your files stay where they are.
    """
    found = list(checked_out(context, files))
    if not found:
        context.show([], "Nothing is checked out here.")
        return
    docs = DocumentsApi(context)
    resume_state.delete_old()
    done: list[dict[str, Any]] = []
    failed: list[Failure] = []
    with meter(quiet=quiet or context.as_json) as bar:
        for workdir, entry, file in found:
            try:
                row, text = _check_in(docs, workdir, entry, file, bar, message=message, keep_lock=keep_lock)
            except Failure as refused:
                if len(found) == 1 or isinstance(refused, CannotTell):
                    raise
                failed.append(refused)
                output.warn(f"toolcrib: {refused}")
                continue
            done.append(row)
            if not quiet and not context.as_json:
                output.print_text(text)
    if context.as_json:
        output.print_json(done)
    if failed:
        raise typer.Exit(max(one.exit_code for one in failed))


def _check_in(
    docs: DocumentsApi,
    workdir: Workdir,
    entry: CheckoutEntry,
    file: Path,
    bar: ProgressMeter,
    *,
    message: str | None,
    keep_lock: bool,
) -> tuple[dict[str, Any], str]:
    shown = docs.show(entry.place)
    row = {"file": str(file), "place": shown, "version_number": entry.version, "sent": False}
    if not file.exists():
        raise CannotTell(
            f"{file} no longer exists. To unlock {shown} without a new version: toolcrib docs cancel {file}",
            code="no_file",
        )
    digest = sha256_of(file, bar)
    if digest == entry.sha256:
        if keep_lock:
            return row, f"{file} did not change; it stays locked."
        return row, unlock_checkout(docs, workdir, entry, f"{file} did not change")
    if (there := matching_current_version(docs, entry, digest)) is not None:
        what = f"{file} is version {there['version_number']} of {shown} already"
        row["version_number"] = there["version_number"]
        if keep_lock and own_lock(docs, entry)[1]:
            workdir.remember(entry.with_version(there["version_number"], there["id"], digest))
            return row, f"{what}. It stays locked."
        return row, unlock_checkout(docs, workdir, entry, what)
    sent = _send(docs, entry, file, digest, bar, message=message, keep_lock=keep_lock)
    if keep_lock:
        workdir.remember(entry.with_version(sent.version_number, sent.version_id, digest))
    else:
        workdir.forget(entry.name)
    went_on = f", resumed at {human_size(sent.resumed_at)}" if sent.resumed_at else ""
    state = "It stays locked" if keep_lock else "Unlocked"
    text = f"Checked in {file} as {shown} version {sent.version_number} ({human_size(sent.size)}{went_on}). {state}."
    return {**row, **sent.as_dict(), "sent": True, "bytes_sent": sent.sent}, text


def unlock_checkout(docs: DocumentsApi, workdir: Workdir, entry: CheckoutEntry, what: str) -> str:
    """Unlock the document, unless the lock is no longer the one of this checkout. Returns what to print."""
    lock, ours = own_lock(docs, entry)
    if ours:
        docs.post("/unlock", {"file_id": entry.file_id})
    workdir.forget(entry.name)
    if ours:
        return f"{what}. Unlocked {docs.show(entry.place)}."
    if lock is None:
        return f"{what}. The lock on {docs.show(entry.place)} had ended before."
    return f"{what}. {holder_line(docs.show(entry.place), holder_details(lock))}"


def _send(
    docs: DocumentsApi,
    entry: CheckoutEntry,
    file: Path,
    digest: str,
    bar: ProgressMeter,
    *,
    message: str | None,
    keep_lock: bool,
) -> Uploaded:
    new_version = NewVersion(
        entry.place,
        changelog=message,
        fence=entry.fence,
        base_version=entry.version,
        release=not keep_lock,
    )
    try:
        return upload(docs.api, file, new_version, bar, digest=digest)
    except CannotTell:
        raise
    except Failure as refused:
        lock, ours = own_lock(docs, entry)
        # We locked it again and nobody changed it in between: use that lock.
        if (
            lock is not None
            and docs.is_mine(lock)
            and not ours
            and current_version_number(docs, entry) == entry.version
        ):
            again = replace(new_version, fence=lock["fence"])
            return upload(docs.api, file, again, bar, digest=digest)
        if refused.code not in ("version_conflict", "file_locked", "file_not_found"):
            raise
        raise lost_checkout(docs, entry, file, lock, refused) from refused


@command(app, "cancel")
def cancel(
    context: Context,
    files: Files = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Also where you changed it.")] = False,
) -> None:
    """Give up a checkout: unlock, send nothing. Your file stays where it is."""
    docs = DocumentsApi(context)
    found = list(checked_out(context, files))
    for _workdir, entry, file in found:
        if not force and file.exists() and _has_unsent_changes(docs, entry, file):
            raise Failure(
                f"You changed {file}. To send it: toolcrib docs checkin {file}; to give it up: --force",
                code="changed_locally",
            )
    lines = [unlock_checkout(docs, workdir, entry, f"Gave up {file}") for workdir, entry, file in found]
    context.show(
        [{"file": str(file), "place": docs.show(entry.place)} for _, entry, file in found],
        "\n".join(lines) or "Nothing is checked out here.",
    )


def _has_unsent_changes(docs: DocumentsApi, entry: CheckoutEntry, file: Path) -> bool:
    """Return whether the file has content that the document does not have."""
    digest = sha256_of(file)
    return digest != entry.sha256 and matching_current_version(docs, entry, digest) is None


@command(app, "status")
def status(context: Context, files: Files = None) -> None:
    """Say what is checked out here: changed or not, and whether it is still locked for you."""
    docs = DocumentsApi(context)
    found = list(checked_out(context, files))
    rows = [_state(docs, entry, file) for _, entry, file in found]
    if context.as_json:
        output.print_json(rows)
        return
    now = datetime.now(UTC)
    shown = [
        (
            row["file"],
            row["state"],
            row["place"],
            row["version_number"],
            row["lock"],
            until(row["until"], now),
        )
        for row in rows
    ]
    columns = ("File", "State", "RemotePath", "Version", "Lock", "Until")
    output.print_table(columns, shown, empty="Nothing is checked out here.")


def _state(docs: DocumentsApi, entry: CheckoutEntry, file: Path) -> dict[str, Any]:
    lock, ours = own_lock(docs, entry)
    current = current_version_number(docs, entry)
    changed = "gone"
    if file.exists():
        changed = "unchanged" if sha256_of(file) == entry.sha256 else "changed"
    if ours:
        word = "yours"
    elif lock is None:
        word = "lost"
    else:
        word = "yours, taken again" if docs.is_mine(lock) else f"lost to {lock['locked_by_name']}"
    return {
        "file": str(file),
        "place": docs.show(entry.place),
        "state": changed,
        "version_number": entry.version,
        "current_version": current,
        "lock": word if current == entry.version else f"{word}; now at version {current}",
        "is_locked": ours,
        "until": lock["expires_at"] if lock is not None and docs.is_mine(lock) else None,
    }
