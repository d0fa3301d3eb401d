"""`docs get`."""

from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.documents import resume_state
from toolcrib.cli.documents.archive import get_archive
from toolcrib.cli.documents.documents_api import DocumentsApi, Row
from toolcrib.cli.documents.download import download_to_stdout
from toolcrib.cli.documents.fetch import HERE, Fetched, choose_version, download_query, fetch, local_target
from toolcrib.cli.documents.local_files import path_inside
from toolcrib.cli.documents.options import OnePlace, Quiet, Version
from toolcrib.cli.documents.progress import meter
from toolcrib.cli.documents.remote_path import RemotePath

app = typer.Typer()

STDIO = "-"
WHOLE = " To get everything in it, give -r or --zip."


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
        bool, typer.Option("--recursive", "-r", help="A folder, with everything in it.")
    ] = False,
    as_zip: Annotated[bool, typer.Option("--zip", help="A folder, as one ZIP archive.")] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace a file that you changed.")] = False,
    quiet: Quiet = False,
) -> None:
    """Get a file. If it is interrupted, run the same command again to resume.

    A file of yours is replaced if it is some version of this document; if you changed it, only with --force. An
    archive (--zip) cannot be resumed, and replaces a file only with --force.
    """
    docs = DocumentsApi(context)
    if as_zip:
        if version or recursive:
            raise CannotTell("--zip takes no --version, and needs no -r.")
        get_archive(context, docs, docs.paths.read(place), target, force=force, quiet=quiet)
        return
    resume_state.delete_old()
    if recursive:
        if version or target == STDIO:
            raise CannotTell("A folder has no versions, and does not fit into standard output.")
        _get_folder(context, docs, docs.paths.read(place), target, force=force, quiet=quiet)
        return
    at = docs.paths.read_file(place, else_do=WHOLE)
    chosen = choose_version(docs, at, version, else_do=WHOLE)
    with meter(quiet=quiet or context.as_json) as bar:
        if target == STDIO:
            with docs.errors_about(at):
                download_to_stdout(context.api, download_query(chosen), bar)
            return
        file = local_target(at, target)
        fetched = fetch(docs, at, chosen, file, bar, force=force)
    if context.as_json or not quiet:
        context.show(fetched.as_dict(docs), fetched.sentence(docs))


def _get_folder(
    context: Context, docs: DocumentsApi, place: RemotePath, target: str | None, *, force: bool, quiet: bool
) -> None:
    top = HERE if target is None else Path(target)
    if place.path and (target is None or top.is_dir()):
        top = path_inside(top, place.name)
    rows = list(docs.files_below(place))
    if not rows:
        docs.folder(place)
    fetched: list[Fetched] = []
    with meter(quiet=quiet or context.as_json) as bar:
        for row in rows:
            at, file = _below(place, top, row)
            version = choose_version(docs, at, None)
            file.parent.mkdir(parents=True, exist_ok=True)
            one = fetch(docs, at, version, file, bar, force=force)
            fetched.append(one)
            if not quiet and not context.as_json:
                output.print_text(one.sentence(docs))
    if context.as_json:
        output.print_json([one.as_dict(docs) for one in fetched])
    elif not quiet and not fetched:
        output.print_text(f"{docs.show(place)} is empty.")


def _below(place: RemotePath, top: Path, row: Row) -> tuple[RemotePath, Path]:
    """Return the remote path of a listed file, and where it goes below `top`.

    Raises:
        Failure: it would be outside of `top`.
    """
    path: str = row["logical_path"]
    start = f"{place.path}/" if place.path else ""
    if not path.startswith(start):
        raise Failure(f"Refused {path!r}: it is not in the folder that was asked for.", code="bad_name")
    return RemotePath(place.bucket, place.id, path), path_inside(top, path[len(start) :])
