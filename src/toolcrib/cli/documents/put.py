"""`docs put`."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell
from toolcrib.cli.core.sizes import human_size
from toolcrib.cli.documents import completion, resume_state
from toolcrib.cli.documents.checkout_state import own_lock
from toolcrib.cli.documents.documents_api import DocumentsApi
from toolcrib.cli.documents.local_files import is_plain_name, require_regular_file
from toolcrib.cli.documents.options import Changelog, OnePlace, Quiet
from toolcrib.cli.documents.progress import ProgressMeter, meter
from toolcrib.cli.documents.remote_path import RemotePath
from toolcrib.cli.documents.upload import NewVersion, Uploaded, upload
from toolcrib.cli.documents.workdir import Workdir

STDIO = "-"

app = typer.Typer()


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
            autocompletion=completion.complete_remote_path_only,
        ),
    ] = None,
    place: OnePlace,
    message: Changelog = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Folders, with everything in them.")
    ] = False,
    new: Annotated[bool, typer.Option("--new", help="Only if there is no such file yet.")] = False,
    quiet: Quiet = False,
) -> None:
    """Send files: each becomes a file or, if there is one already, its newest version.

    If it is interrupted, run the same command again to resume. PLACE is a file's name or, with a / at its end, a
    folder.
    """
    if not files:
        # A single argument is most often a local file.
        missing = "FILE: send what?" if ":" in place and not Path(place).exists() else "PLACE: send it where?"
        raise CannotTell(f"Missing {missing} For example: toolcrib docs put part.step me:designs/")
    docs = DocumentsApi(context)
    resume_state.delete_old()
    goal = docs.paths.read(place)
    if recursive:
        pairs: list[tuple[Path | None, RemotePath]] = [
            pair for one in files for pair in _tree(Path(one), goal)
        ]
    else:
        is_folder = goal.is_folder or len(files) > 1 or docs.is_folder(goal)
        pairs = [_one(one, goal, is_folder) for one in files]
    sent: list[dict[str, Any]] = []
    with meter(quiet=quiet or context.as_json) as bar:
        for source, at in pairs:
            new_version = NewVersion(at, changelog=message, base_version=0 if new else None)
            with docs.errors_about(at):
                done = (
                    _put_stdin(docs, new_version, bar)
                    if source is None
                    else upload(docs.api, source, new_version, bar)
                )
            if source is not None:
                _update_checkout(context, docs, source, at, done)
            sent.append({"place": docs.show(at), "address": at.address, **done.as_dict()})
            if not quiet and not context.as_json:
                went_on = f", resumed at {human_size(done.resumed_at)}" if done.resumed_at else ""
                output.print_text(
                    f"Sent {source or 'standard input'} as {docs.show(at)} version {done.version_number} "
                    f"({human_size(done.size)}{went_on})"
                )
    if context.as_json:
        output.print_json(sent)


def _update_checkout(
    context: Context, docs: DocumentsApi, file: Path, at: RemotePath, sent: Uploaded
) -> None:
    """Record that a checked-out file is now that version. If its lock is lost, the checkout is over.

    If this cannot be recorded, the upload still counts: `docs checkin` finds out again.
    """
    workdir = Workdir(file.parent)
    with suppress(CannotTell):
        entry = workdir.entries().get(file.name)
        if entry is None or entry.server != context.api.url or entry.place != at:
            return
        if own_lock(docs, entry)[1]:
            workdir.remember(entry.with_version(sent.version_number, sent.version_id, sent.sha256))
        else:
            workdir.forget(entry.name)


def _one(typed: str, place: RemotePath, is_folder: bool) -> tuple[Path | None, RemotePath]:
    if typed == STDIO:
        if is_folder:
            raise CannotTell("Standard input has no name: PLACE must be the file's.")
        return None, place
    file = require_regular_file(typed)
    return file, place.child(file.name) if is_folder else place


def _tree(top: Path, place: RemotePath) -> Iterator[tuple[Path, RemotePath]]:
    """Yield the files in a folder and where each goes: under the folder's name, as with `cp -r`."""
    if not top.is_dir():
        yield require_regular_file(top), place.child(top.name)
        return
    root = place if top.resolve() == top.resolve().parent or top.name in ("", "..") else place.child(top.name)
    for file in sorted(top.rglob("*")):
        if file.is_file() and not file.is_symlink() and is_plain_name(file.name):
            yield file, root.child(file.relative_to(top).as_posix())


def _put_stdin(docs: DocumentsApi, new_version: NewVersion, bar: ProgressMeter) -> Uploaded:
    """Copy standard input to a file and send that: its length and checksum must be known before."""
    with tempfile.TemporaryDirectory(prefix="toolcrib-") as folder:
        file = Path(folder) / "input"
        with file.open("wb") as stream:
            while block := sys.stdin.buffer.read(1 << 20):
                stream.write(block)
        return upload(docs.api, file, new_version, bar)
