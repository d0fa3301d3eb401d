"""Getting a folder as one ZIP archive."""

import os
import sys
from pathlib import Path
from secrets import token_hex
from typing import IO
from zipfile import BadZipFile, ZipFile

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context
from toolcrib.cli.core.failures import CannotTell, Failure, Unreachable
from toolcrib.cli.core.sizes import human_size
from toolcrib.cli.documents.documents_api import BASE, DocumentsApi
from toolcrib.cli.documents.local_files import is_plain_name
from toolcrib.cli.documents.progress import ProgressMeter, meter
from toolcrib.cli.documents.remote_path import RemotePath

ROUTE = f"{BASE}/folders/zip"
STDIO = "-"
# The name of an archive of a whole bucket.
ROOT = "documents"


def get_archive(
    context: Context, docs: DocumentsApi, place: RemotePath, target: str | None, *, force: bool, quiet: bool
) -> None:
    """Download a folder as an archive into `target`, and remove what was received if it is not whole.

    Raises:
        CannotTell: there is a file of that name, and no `force`; or it cannot be written.
        Failure: refused, or files are missing from it; such an archive is kept.
        Unreachable: the connection broke.
    """
    with meter(quiet=quiet or context.as_json) as bar:
        if target == STDIO:
            _receive(docs, place, sys.stdout.buffer, bar)
            sys.stdout.buffer.flush()
            return
        file = _local_target(place, target, force=force)
        try:
            missing = _download(docs, place, file, bar)
        except OSError as bad:
            raise CannotTell(f"Cannot write {file}: {bad.strerror or bad}.") from bad
    if missing:
        raise Failure(f"{file} is not complete: {missing}", code="files_missing")
    size = file.stat().st_size
    if context.as_json or not quiet:
        shown = {"place": docs.show(place), "file": str(file), "size": size}
        context.show(shown, f"Got {docs.show(place)} as {output.clean(str(file))} ({human_size(size)})")


def _local_target(place: RemotePath, target: str | None, *, force: bool) -> Path:
    file = Path(target or "")
    if target is None or file.is_dir() or target.endswith("/"):
        name = f"{place.name or ROOT}.zip"
        if not is_plain_name(name):
            raise CannotTell(f"{name!r} cannot be the name of a file here. Give another name: … FILE")
        file /= name
    if not file.parent.is_dir():
        raise CannotTell(f"There is no folder {file.parent} here.")
    if file.exists() or file.is_symlink():
        if not file.is_file():
            raise CannotTell(f"{file} is in the way: it is not a file.")
        if not force:
            raise CannotTell(f"{file} is there already. Give another name, or --force.")
    return file


def _download(docs: DocumentsApi, place: RemotePath, file: Path, bar: ProgressMeter) -> str:
    """Download into a file beside `file`, which then gets its name. Returns what the archive says is missing."""
    part = file.with_name(f"{file.name}.{token_hex(4)}.part")
    try:
        with part.open("xb") as stream:
            _receive(docs, place, stream, bar)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            with ZipFile(part) as archive:
                missing = archive.comment.decode(errors="replace")
        except BadZipFile as cut:
            raise Unreachable("The archive ended early. Try again.", code="unreachable") from cut
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)
    return missing


def _receive(docs: DocumentsApi, place: RemotePath, stream: IO[bytes], bar: ProgressMeter) -> None:
    done = 0
    headers = {"Accept-Encoding": "identity"}
    with (
        docs.errors_about(place),
        docs.api.answer("GET", ROUTE, params=place.fields, headers=headers) as answer,
    ):
        bar.begin(f"{place.name or ROOT}.zip", None)
        for block in answer.iter_raw():
            stream.write(block)
            done += len(block)
            bar.at(done)
