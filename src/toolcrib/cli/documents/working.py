"""Checking documents out, and in again: a copy to work on, and the lock that keeps others off meanwhile."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from toolcrib.cli import output
from toolcrib.cli.api import held_sentence
from toolcrib.cli.context import Context, command
from toolcrib.cli.documents import app, memory
from toolcrib.cli.documents.checkouts import lost, now_at, own_lock, same_as_now
from toolcrib.cli.documents.files import digest_of, human
from toolcrib.cli.documents.places import Place
from toolcrib.cli.documents.progress import Meter, meter
from toolcrib.cli.documents.sending import Asked, Sent, send
from toolcrib.cli.documents.store import Row, Store, held_row
from toolcrib.cli.documents.transfers import Fetched, choose, fetch, is_there, local_target
from toolcrib.cli.documents.words import Changelog, Expires, OnePlace, Quiet, Reason, seconds
from toolcrib.cli.documents.workdir import Entry, Workdir
from toolcrib.cli.durations import until
from toolcrib.cli.failures import CannotTell, Failure

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
    store = Store(context)
    at = store.places.read_file(place, else_do=ONE_BY_ONE)
    length = seconds(expires)
    folder.mkdir(parents=True, exist_ok=True)
    workdir = Workdir(folder)
    file = local_target(at, f"{folder}/")
    _require_free(store, workdir, at, file)
    with meter(quiet=quiet or context.as_json) as bar:
        # Before the lock: nobody is kept off for a file that cannot be put here.
        is_there(store, at, choose(store, at, None, else_do=ONE_BY_ONE), file, bar, force=force)
        lock, is_new = store.take(at, reason=message, expires_in=length)
        try:
            version = choose(store, at, None)
            fetched = fetch(store, at, version, file, bar, force=force)
            workdir.remember(_entry(context, at, file.name, version, lock))
        except BaseException:
            if is_new:
                with suppress(Failure):
                    store.post("/unlock", {"file_id": lock["file_id"]})
            raise
    if not quiet or context.as_json:
        context.show(
            {**fetched.as_dict(store), "fence": lock["fence"], "expires_at": lock["expires_at"]},
            _checked_out(store, fetched, lock),
        )


def _require_free(store: Store, workdir: Workdir, place: Place, file: Path) -> None:
    known = workdir.entries().get(file.name)
    if known is None:
        return
    if known.place == place:
        raise Failure(f"{file} is checked out already. See: toolcrib docs status", code="checked_out")
    raise CannotTell(f"{file} is {store.show(known.place)}, checked out. Choose another folder.")


def _entry(context: Context, at: Place, name: str, version: Row, lock: Row) -> Entry:
    return Entry(
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


def _checked_out(store: Store, fetched: Fetched, lock: Row) -> str:
    ends = until(lock["expires_at"], datetime.now(UTC))
    return (
        f"Checked out {store.show(fetched.place)} version {fetched.version['version_number']} "
        f"({human(fetched.version['size'])}) as {fetched.file}. It is locked for you"
        f"{f' until {ends}' if ends else ''}."
    )


# -- what is checked out here ---------------------------------------------------------------------


def checked_out(context: Context, files: list[str] | None) -> Iterator[tuple[Workdir, Entry, Path]]:
    """The named files as they were checked out, or all of this directory.

    Raises:
        CannotTell: one was not, or from another server.
    """
    if files:
        for typed in files:
            file = Path(typed)
            workdir = Workdir(file.parent)
            entry = workdir.entries().get(file.name)
            if entry is None:
                raise CannotTell(
                    f"{typed} was not checked out here. To send it all the same: toolcrib docs put {typed} PLACE"
                )
            yield workdir, _of_this_server(context, entry), file
        return
    workdir = Workdir(Path())
    for entry in workdir.entries().values():
        yield workdir, _of_this_server(context, entry), Path(entry.name)


def _of_this_server(context: Context, entry: Entry) -> Entry:
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
    store = Store(context)
    memory.sweep()
    done: list[dict[str, Any]] = []
    failed: list[Failure] = []
    with meter(quiet=quiet or context.as_json) as bar:
        for workdir, entry, file in found:
            try:
                row, text = _check_in(store, workdir, entry, file, bar, message=message, keep_lock=keep_lock)
            except Failure as refused:
                if len(found) == 1 or isinstance(refused, CannotTell):
                    raise
                failed.append(refused)
                output.warn(f"toolcrib: {refused}")
                continue
            done.append(row)
            if not quiet and not context.as_json:
                output.say(text)
    if context.as_json:
        output.print_json(done)
    if failed:
        raise typer.Exit(max(one.exit_code for one in failed))


def _check_in(
    store: Store,
    workdir: Workdir,
    entry: Entry,
    file: Path,
    bar: Meter,
    *,
    message: str | None,
    keep_lock: bool,
) -> tuple[dict[str, Any], str]:
    shown = store.show(entry.place)
    row = {"file": str(file), "place": shown, "version_number": entry.version, "sent": False}
    if not file.exists():
        raise CannotTell(
            f"{file} is gone. To give {shown} back unchanged: toolcrib docs cancel {file}", code="no_file"
        )
    digest = digest_of(file, bar)
    if digest == entry.sha256:
        if keep_lock:
            return row, f"{file} did not change; it stays locked."
        return row, give_back(store, workdir, entry, f"{file} did not change")
    if (there := same_as_now(store, entry, digest)) is not None:
        what = f"{file} is version {there['version_number']} of {shown} already"
        row["version_number"] = there["version_number"]
        if keep_lock and own_lock(store, entry)[1]:
            workdir.remember(entry.holding(there["version_number"], there["id"], digest))
            return row, f"{what}. It stays locked."
        return row, give_back(store, workdir, entry, what)
    sent = _send(store, entry, file, digest, bar, message=message, keep_lock=keep_lock)
    if keep_lock:
        workdir.remember(entry.holding(sent.version_number, sent.version_id, digest))
    else:
        workdir.forget(entry.name)
    went_on = f", went on at {human(sent.resumed_at)}" if sent.resumed_at else ""
    state = "It stays locked" if keep_lock else "Unlocked"
    text = (
        f"Checked in {file} as {shown} version {sent.version_number} ({human(sent.size)}{went_on}). {state}."
    )
    return {**row, **sent.as_dict(), "sent": True, "bytes_sent": sent.sent}, text


def give_back(store: Store, workdir: Workdir, entry: Entry, what: str) -> str:
    """Unlock, unless the lock is no longer the one of this checkout."""
    lock, ours = own_lock(store, entry)
    if ours:
        store.post("/unlock", {"file_id": entry.file_id})
    workdir.forget(entry.name)
    if ours:
        return f"{what}. Unlocked {store.show(entry.place)}."
    if lock is None:
        return f"{what}. The lock on {store.show(entry.place)} had ended before."
    return f"{what}. {held_sentence(store.show(entry.place), held_row(lock))}"


def _send(
    store: Store, entry: Entry, file: Path, digest: str, bar: Meter, *, message: str | None, keep_lock: bool
) -> Sent:
    asked = Asked(
        entry.place,
        changelog=message,
        fence=entry.fence,
        base_version=entry.version,
        release=not keep_lock,
    )
    try:
        return send(store.api, file, asked, bar, digest=digest)
    except CannotTell:
        raise
    except Failure as refused:
        lock, ours = own_lock(store, entry)
        # Locked again meanwhile, and nobody else was in between: that lock is as good.
        if lock is not None and store.is_mine(lock) and not ours and now_at(store, entry) == entry.version:
            again = replace(asked, fence=lock["fence"])
            return send(store.api, file, again, bar, digest=digest)
        if refused.code not in ("version_conflict", "file_locked", "file_not_found"):
            raise
        raise lost(store, entry, file, lock, refused) from refused


@command(app, "cancel")
def cancel(
    context: Context,
    files: Files = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Also where you changed it.")] = False,
) -> None:
    """Give up a checkout: unlock, send nothing. Your file stays where it is."""
    store = Store(context)
    found = list(checked_out(context, files))
    for _workdir, entry, file in found:
        if not force and file.exists() and _has_more(store, entry, file):
            raise Failure(
                f"You changed {file}. To send it: toolcrib docs checkin {file}; to give it up: --force",
                code="changed_locally",
            )
    lines = [give_back(store, workdir, entry, f"Gave up {file}") for workdir, entry, file in found]
    context.show(
        [{"file": str(file), "place": store.show(entry.place)} for _, entry, file in found],
        "\n".join(lines) or "Nothing is checked out here.",
    )


def _has_more(store: Store, entry: Entry, file: Path) -> bool:
    """Whether the file holds something that would be lost to the document."""
    digest = digest_of(file)
    return digest != entry.sha256 and same_as_now(store, entry, digest) is None


@command(app, "status")
def status(context: Context, files: Files = None) -> None:
    """Say what is checked out here: changed or not, and whether it is still locked for you."""
    store = Store(context)
    found = list(checked_out(context, files))
    rows = [_state(store, entry, file) for _, entry, file in found]
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
    columns = ("File", "State", "Place", "Version", "Lock", "Until")
    output.table(columns, shown, empty="Nothing is checked out here.")


def _state(store: Store, entry: Entry, file: Path) -> dict[str, Any]:
    lock, ours = own_lock(store, entry)
    current = now_at(store, entry)
    changed = "gone"
    if file.exists():
        changed = "unchanged" if digest_of(file) == entry.sha256 else "changed"
    if ours:
        word = "yours"
    elif lock is None:
        word = "lost"
    else:
        word = "yours, taken again" if store.is_mine(lock) else f"lost to {lock['locked_by_name']}"
    return {
        "file": str(file),
        "place": store.show(entry.place),
        "state": changed,
        "version_number": entry.version,
        "current_version": current,
        "lock": word if current == entry.version else f"{word}; now at version {current}",
        "is_locked": ours,
        "until": lock["expires_at"] if lock is not None and store.is_mine(lock) else None,
    }
