"""`docs get` and `docs put`."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from toolcrib.cli import output
from toolcrib.cli.context import Context, command
from toolcrib.cli.documents import app, completion, memory
from toolcrib.cli.documents.checkouts import own_lock
from toolcrib.cli.documents.files import digest_of, human, inside, is_plain_name, regular
from toolcrib.cli.documents.places import Place
from toolcrib.cli.documents.progress import Meter, meter
from toolcrib.cli.documents.receiving import receive, receive_to_stdout
from toolcrib.cli.documents.sending import Asked, Sent, send
from toolcrib.cli.documents.store import Row, Store
from toolcrib.cli.documents.words import Changelog, OnePlace, Quiet, Version
from toolcrib.cli.documents.workdir import Workdir
from toolcrib.cli.failures import CannotTell, Failure

STDIO = "-"
HERE = Path()
WHOLE = " To get all that is in it, give -r."


@command(app, "get")
def get(
    context: Context,
    *,
    place: OnePlace,
    target: Annotated[
        str | None, typer.Argument(metavar="FILE", help="Where to; - is standard output.")
    ] = None,
    version: Version = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="A folder, with all that is in it.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace a file that you changed.")] = False,
    quiet: Quiet = False,
) -> None:
    """Get a file. Broken off, the same command goes on where it was.

    A file of yours is replaced if it is some version of this document; if you changed it, only with --force.
    """
    store = Store(context)
    memory.sweep()
    if recursive:
        if version or target == STDIO:
            raise CannotTell("A folder has no versions, and does not fit into standard output.")
        _get_folder(context, store, store.places.read(place), target, force=force, quiet=quiet)
        return
    at = store.places.read_file(place, else_do=WHOLE)
    chosen = choose(store, at, version, else_do=WHOLE)
    with meter(quiet=quiet or context.as_json) as bar:
        if target == STDIO:
            with store.about(at):
                receive_to_stdout(context.api, wanted(chosen), bar)
            return
        file = local_target(at, target)
        fetched = fetch(store, at, chosen, file, bar, force=force)
    if context.as_json or not quiet:
        context.show(fetched.as_dict(store), fetched.sentence(store))


def choose(store: Store, place: Place, number: int | None, *, else_do: str = "") -> Row:
    """The version to get: a row with `file_id` and `id`. `else_do` is what one can do with a folder."""
    try:
        found = store.file(place)
    except Failure as refused:
        if refused.code == "file_not_found" and store.is_folder(place):
            raise CannotTell(f"{store.show(place)} is a folder, not a file.{else_do}") from refused
        raise
    if number is not None:
        return store.version(place, number)
    if found["file"]["is_deleted"]:
        what = store.show(place)
        raise Failure(
            f"{what} was removed. To bring it back: toolcrib docs restore {what}", code="file_not_found"
        )
    if found["current_version"] is None:
        raise Failure(f"{store.show(place)} has no version yet.", code="no_version")
    current: Row = found["current_version"]
    return current


def wanted(version: Row) -> dict[str, str]:
    return {"file_id": version["file_id"], "version_id": version["id"]}


def local_target(place: Place, target: str | None) -> Path:
    """Where a file goes: under the name it was asked for by, never one that the server says."""
    file = HERE if target is None else Path(target)
    if target is None or file.is_dir() or target.endswith("/"):
        if not is_plain_name(place.name):
            raise CannotTell(f"{place.name!r} is no name for a file here. Say which: … FILE")
        file /= place.name
    if not file.parent.is_dir():
        raise CannotTell(f"There is no folder {file.parent} here.")
    return file


@dataclass(frozen=True)
class Fetched:
    place: Place
    file: Path
    version: Row
    fresh: bool  # whether anything had to be fetched
    resumed_at: int = 0

    def as_dict(self, store: Store) -> dict[str, Any]:
        return {
            "file": str(self.file),
            "place": store.show(self.place),
            "version_number": self.version["version_number"],
            "version_id": self.version["id"],
            "size": self.version["size"],
            "sha256": self.version["checksum"],
            "fetched": self.fresh,
            "resumed_at": self.resumed_at,
        }

    def sentence(self, store: Store) -> str:
        number = self.version["version_number"]
        if not self.fresh:
            return f"{self.file} is version {number} of {store.show(self.place)} already."
        went_on = f", went on at {human(self.resumed_at)}" if self.resumed_at else ""
        size = human(self.version["size"])
        return f"Got {store.show(self.place)} version {number} ({size}{went_on}) as {self.file}"


def fetch(store: Store, place: Place, version: Row, file: Path, bar: Meter, *, force: bool) -> Fetched:
    """Raises:
    Failure: the local file holds something the server has never seen, and `force` was not given.
    """
    if is_there(store, place, version, file, bar, force=force):
        return Fetched(place, file, version, fresh=False)
    with store.about(place):
        got = receive(store.api, wanted(version), file, bar)
    return Fetched(place, file, version, fresh=True, resumed_at=got.resumed_at)


def is_there(store: Store, place: Place, version: Row, file: Path, bar: Meter, *, force: bool) -> bool:
    """Whether the local file is this version already. Raises as `fetch`."""
    if not file.exists() and not file.is_symlink():
        return False
    if not file.is_file():
        raise CannotTell(f"{file} is in the way: it is not a file.")
    digest = digest_of(file, bar)
    if digest == version["checksum"]:
        return True
    if not force and digest not in {row["checksum"] for row in store.versions(place)}:
        raise Failure(
            f"{file} is no version of {store.show(place)}: replacing it would lose what is in it. "
            "Give another name, or --force.",
            code="changed_locally",
        )
    return False


def _get_folder(
    context: Context, store: Store, place: Place, target: str | None, *, force: bool, quiet: bool
) -> None:
    top = HERE if target is None else Path(target)
    if place.path and (target is None or top.is_dir()):
        top = inside(top, place.name)
    rows = list(store.below(place))
    if not rows:
        store.folder(place)
    fetched: list[Fetched] = []
    with meter(quiet=quiet or context.as_json) as bar:
        for row in rows:
            at, file = _below(place, top, row)
            version = choose(store, at, None)
            file.parent.mkdir(parents=True, exist_ok=True)
            one = fetch(store, at, version, file, bar, force=force)
            fetched.append(one)
            if not quiet and not context.as_json:
                output.say(one.sentence(store))
    if context.as_json:
        output.print_json([one.as_dict(store) for one in fetched])
    elif not quiet and not fetched:
        output.say(f"{store.show(place)} is empty.")


def _below(place: Place, top: Path, row: Row) -> tuple[Place, Path]:
    """A listed file, and where it goes below `top`, whatever the server calls it."""
    path: str = row["logical_path"]
    start = f"{place.path}/" if place.path else ""
    if not path.startswith(start):
        raise Failure(f"Refused {path!r}: it is not in the folder that was asked for.", code="bad_name")
    return Place(place.bucket, place.id, path), inside(top, path[len(start) :])


# -- put ------------------------------------------------------------------------------------------


@command(app, "put")
def put(
    context: Context,
    *,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            show_default=False,
            help="- is standard input.",
            autocompletion=completion.places_only,
        ),
    ] = None,
    place: OnePlace,
    message: Changelog = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Folders, with all in them.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Only where there is no such file yet.")] = False,
    quiet: Quiet = False,
) -> None:
    """Send files: each becomes a file or, where there is one, its newest version.

    Broken off, the same command goes on where it was. PLACE is a file's name or, with a / at its end, a folder.
    """
    if not files:
        # What was given alone is a file far more often than a place.
        missing = "FILE: send what?" if ":" in place and not Path(place).exists() else "PLACE: send it where?"
        raise CannotTell(f"Missing {missing} For example: toolcrib docs put part.step me:designs/")
    store = Store(context)
    memory.sweep()
    goal = store.places.read(place)
    if recursive:
        pairs: list[tuple[Path | None, Place]] = [pair for one in files for pair in _tree(Path(one), goal)]
    else:
        is_folder = goal.is_folder or len(files) > 1 or store.is_folder(goal)
        pairs = [_one(one, goal, is_folder) for one in files]
    sent: list[dict[str, Any]] = []
    with meter(quiet=quiet or context.as_json) as bar:
        for source, at in pairs:
            asked = Asked(at, changelog=message, base_version=0 if new else None)
            with store.about(at):
                done = (
                    _put_stdin(store, asked, bar) if source is None else send(store.api, source, asked, bar)
                )
            if source is not None:
                _note(context, store, source, at, done)
            sent.append({"place": store.show(at), "address": at.address, **done.as_dict()})
            if not quiet and not context.as_json:
                went_on = f", went on at {human(done.resumed_at)}" if done.resumed_at else ""
                output.say(
                    f"Sent {source or 'standard input'} as {store.show(at)} version {done.version_number} "
                    f"({human(done.size)}{went_on})"
                )
    if context.as_json:
        output.print_json(sent)


def _note(context: Context, store: Store, file: Path, at: Place, sent: Sent) -> None:
    """A checked-out file is now that version; where its lock is lost, the checkout is over.

    What cannot be noted does not undo what was sent: `docs checkin` finds out again."""
    workdir = Workdir(file.parent)
    with suppress(CannotTell):
        entry = workdir.entries().get(file.name)
        if entry is None or entry.server != context.api.url or entry.place != at:
            return
        if own_lock(store, entry)[1]:
            workdir.remember(entry.holding(sent.version_number, sent.version_id, sent.sha256))
        else:
            workdir.forget(entry.name)


def _one(typed: str, place: Place, is_folder: bool) -> tuple[Path | None, Place]:
    if typed == STDIO:
        if is_folder:
            raise CannotTell("Standard input has no name: PLACE must be the file's.")
        return None, place
    file = regular(typed)
    return file, place.child(file.name) if is_folder else place


def _tree(top: Path, place: Place) -> Iterator[tuple[Path, Place]]:
    """What is in a folder, and where it goes: under the folder's name, as with `cp -r`."""
    if not top.is_dir():
        yield regular(top), place.child(top.name)
        return
    root = place if top.resolve() == top.resolve().parent or top.name in ("", "..") else place.child(top.name)
    for file in sorted(top.rglob("*")):
        if file.is_file() and not file.is_symlink() and is_plain_name(file.name):
            yield file, root.child(file.relative_to(top).as_posix())


def _put_stdin(store: Store, asked: Asked, bar: Meter) -> Sent:
    """Standard input first goes into a file: its length and sum are told before it is sent."""
    with tempfile.TemporaryDirectory(prefix="toolcrib-") as folder:
        file = Path(folder) / "input"
        with file.open("wb") as stream:
            while block := sys.stdin.buffer.read(1 << 20):
                stream.write(block)
        return send(store.api, file, asked, bar)
