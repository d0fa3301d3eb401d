"""`parts upload`, `download`, `model`."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated, Any
from uuid import uuid4

import typer

from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.sizes import human_size
from toolcrib.cli.parts.which import Part, Row, called, find, say

app = typer.Typer()

BLOCK_BYTES = 256 * 1024
Revision = Annotated[
    int | None, typer.Option("--revision", "-r", min=1, help="Not the newest, but this one.")
]
Target = Annotated[Path | None, typer.Argument(metavar="FILE", help="Where it goes.")]


def require_readable(file: Path) -> None:
    """Check a file before anything is begun for it.

    Raises:
        CannotTell: it cannot be read.
    """
    try:
        file.open("rb").close()
    except OSError as bad:
        raise CannotTell(f"{file} cannot be read: {bad.strerror}.") from bad


def send(context: Context, part_id: int, file: Path, note: str | None) -> Row:
    """Upload a file of a part.

    Raises:
        CannotTell: it cannot be read.
    """
    boundary = uuid4().hex
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            head, end = _around(boundary, file.name, note)
            headers = {
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "Content-Length": str(len(head) + size + len(end)),
            }

            def content() -> Iterator[bytes]:
                yield head
                while block := opened.read(BLOCK_BYTES):
                    yield block
                yield end

            path = f"/shop/parts/{part_id}/files"
            with context.api.answer("POST", path, headers=headers, content=content()) as response:
                found: Row = json.loads(response.read())
    except OSError as bad:
        raise CannotTell(f"{file} cannot be read: {bad.strerror}.") from bad
    return found


def _around(boundary: str, name: str, note: str | None) -> tuple[bytes, bytes]:
    """Return what stands before and after the file in the form."""
    head = ""
    if note:
        head += f'--{boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\n{note}\r\n'
    quoted = name.replace('"', "%22").replace("\r", "").replace("\n", "")
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'
    return head.encode(), f"\r\n--{boundary}--\r\n".encode()


@command(app, "upload")
def upload(
    context: Context,
    part: Part,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="STEP or PDF.")],
    note: Annotated[str | None, typer.Option("--note", "-m", help="What is new.")] = None,
) -> None:
    """Add a revision of a part's model or drawing."""
    found = send(context, find(context, part), file, note)
    newest = next(one for one in found["files"] if one["name"] == found["file"] and one["is_current"])
    told = " Whoever makes it is told." if found["claim"] and found["claim"]["recheck"] else ""
    say(context, found, f"{called(found)}: {newest['name']} is revision {newest['revision']}.{told}")


@command(app, "download")
def download(
    context: Context,
    part: Part,
    target: Target = None,
    *,
    kind: Annotated[str, typer.Option("--kind", metavar="step|pdf", help="Which of its files.")] = "step",
    revision: Revision = None,
) -> None:
    """Get a part's model (STEP) or drawing (PDF)."""
    found = context.api.get(f"/shop/parts/{find(context, part)}")
    files = [
        file
        for file in found["files"]
        if file["kind"] == kind and (file["is_current"] if revision is None else file["revision"] == revision)
    ]
    if not files:
        raise Failure(f"{called(found)} has no such file.", code="file_not_found")
    path = f"/shop/parts/{found['id']}/files/{files[0]['id']}"
    _save(context, path, {}, target, files[0]["name"])


@command(app, "model")
def model(context: Context, part: Part, target: Target = None, revision: Revision = None) -> None:
    """Get a part's model as GLB, for 3D viewers."""
    part_id = find(context, part)
    _save(context, f"/shop/parts/{part_id}/model", {"revision": revision}, target, f"part-{part_id}.glb")


def _save(context: Context, path: str, params: dict[str, Any], target: Path | None, name: str) -> None:
    file = target or Path(name)
    if file.is_dir():
        file /= name
    with context.api.answer("GET", path, params=params) as response:
        try:
            size = _write(file, response.iter_bytes())
        except OSError as bad:
            raise CannotTell(f"{file} cannot be written: {bad.strerror}.") from bad
    context.show({"file": str(file), "size": size}, f"Got {file} ({human_size(size)})")


def _write(file: Path, content: Iterator[bytes]) -> int:
    """Write a file as a whole, or not at all. Returns its size."""
    size = 0
    handle, draft = mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as opened:  # Windows removes and renames no file that is open
            for block in content:
                size += opened.write(block)
        os.replace(draft, file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return size
