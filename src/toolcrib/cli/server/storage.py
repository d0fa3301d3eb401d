"""`toolcrib storage`: checks of the file store, on the server's machine."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.failures import CannotTell
from toolcrib.cli.core.sizes import human_size
from toolcrib.cli.server.commands import DataDir, load_settings, with_kernel

if TYPE_CHECKING:
    from toolcrib.documents.service.findings import Finding
    from toolcrib.documents.service.lookup import Documents
    from toolcrib.documents.service.verifying import Report
    from toolcrib.kernel.context import Kernel
    from toolcrib.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The file store (on the server's machine).")

WHOSE = {"users": "user", "companies": "company", "projects": "project"}
SHOWN = 200  # findings printed one by one; --json has them all
NOT_SOUND = 1


@app.callback()
def group() -> None:
    """Keep `storage` a group: typer turns an app with one command and no callback into that command."""


@app.command("verify")
def verify(
    *,
    hashes: Annotated[
        bool, typer.Option("--hashes", help="Read every byte and check its sum; else compare sizes.")
    ] = False,
    empty: Annotated[
        bool, typer.Option("--empty", help="The store may be empty: its settings are right.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Check that the bytes of every document's every version are in the file store.

    Versions whose bytes are gone or wrong are marked as corrupted, and unmarked when those are back; nothing is
    deleted. It may run beside the server. Ends with 0 if all is well, with 1 if something is missing or damaged,
    and with 2 if that could not be found out.
    """
    settings = load_settings(data_dir=data_dir)
    sound: list[bool] = []

    async def task(kernel: "Kernel") -> str:
        from toolcrib.documents.kind import kind
        from toolcrib.documents.service import findings
        from toolcrib.documents.service.lookup import documents_of
        from toolcrib.documents.service.verifying import Report

        await kind.start(kernel)
        try:
            docs = documents_of(kernel)
            report = Report()
            await _verify(docs, report, hashes=hashes, empty=empty)
            found = await findings.explain(docs, report)
        finally:
            await kind.stop(kernel)
        sound.append(report.is_sound)
        if as_json:
            output.print_json({**report.as_dict(), "findings": [one.as_dict() for one in found]})
            return ""
        return _report_text(settings, report, found, hashes=hashes)

    with_kernel(settings, task, print_text=output.print_text, as_found=True)
    if sound != [True]:
        raise typer.Exit(NOT_SOUND)


@app.command("count")
def count(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Count again what each person, company and project stores, and correct what quotas go by.

    The server does the same once a day. It may run beside the server.
    """

    async def task(kernel: "Kernel") -> str:
        from toolcrib.kernel.blobs.accounts import count_all

        done = await count_all(kernel)
        if as_json:
            output.print_json(vars(done))
            return ""
        return f"Counted {done.new_blobs} objects for the first time; corrected {done.corrected} numbers."

    with_kernel(load_settings(data_dir=data_dir), task, print_text=output.print_text, as_found=True)


async def _verify(docs: "Documents", report: "Report", *, hashes: bool, empty: bool) -> None:
    from toolcrib.documents.service import verifying
    from toolcrib.kernel.blobs.problems import StorageUnavailable

    try:
        if empty:
            await docs.blobs.store.make()
        elif await verifying.is_bare(docs):
            raise CannotTell(
                "The file store is empty, though the database names documents in it. Is it the right one, and is "
                "its disk mounted? Look at FILES_DIR, DATA_DIR and MINIO_…. Nothing was marked. If all files are "
                "really gone, give --empty.",
                code="store_empty",
            )
        with _progress(report):
            await verifying.verify(docs, hashes=hashes, now=docs.kernel.clock(), report=report)
    except StorageUnavailable as down:
        raise CannotTell(f"{down.detail} The files could not be checked.", code=down.code) from down


def _progress(report: "Report") -> Any:
    """Return a line that shows progress on a terminal."""
    if not sys.stderr.isatty():
        from contextlib import nullcontext

        return nullcontext()
    from rich.console import Console
    from rich.status import Status
    from rich.text import Text

    class Moving:
        def __rich__(self) -> Text:
            return Text(f"{report.versions} versions looked at, {human_size(report.bytes_read)} read")

    return Status(Moving(), console=Console(stderr=True))


def _report_text(settings: "Settings", report: "Report", found: "list[Finding]", *, hashes: bool) -> str:
    how = "every byte read" if hashes else "sizes compared; --hashes reads every byte"
    lines = [f"Looked at {report.versions} versions in {report.objects} objects ({how})."]
    titles = {
        "missing": "MISSING: the store has no bytes for these versions.",
        "damaged": "DAMAGED: the bytes are not those that were stored.",
        "recovered": "RECOVERED: these were missing or damaged before and are whole again.",
    }
    for state, title in titles.items():
        rows = [one for one in found if one.state == state]
        if rows:
            lines += ["", title, *(line for one in rows[:SHOWN] for line in _finding_lines(settings, one))]
            if len(rows) > SHOWN:
                lines.append(f"  … and {len(rows) - SHOWN} more: --json lists all")
    if report.damaged_archives:
        lines += ["", "OLD EVENTS: these files of theirs are missing or damaged."]
        lines += [f"  object   {_where(settings, key)}" for key in report.damaged_archives[:SHOWN]]
        if len(report.damaged_archives) > SHOWN:
            lines.append(f"  … and {len(report.damaged_archives) - SHOWN} more: --json lists all")
    if report.orphans:
        lines += [
            "",
            f"Objects that belong to no version: {report.orphans} ({human_size(report.orphan_bytes)}). "
            "These are uploads on",
            "their way, or leftovers, which the server deletes after FILES_GRACE_HOURS.",
        ]
    return "\n".join([*lines, "", *_advice(settings, report)])


def _finding_lines(settings: "Settings", one: "Finding") -> list[str]:
    which = "current version" if one.is_current else "an older version" if one.version_number else "a version"
    archived = ", of a removed document" if one.is_archived else ""
    who = one.created_by_name or one.created_by
    whose = WHOSE[one.bucket_type]
    name = one.bucket_name or one.bucket_id
    lines = [f"  {one.logical_path}  ({whose} {name})"]
    lines.append(
        f"    version {one.version_number} ({which}{archived}), {human_size(one.size)}, "
        f"by {who}, {one.created_at.astimezone():%Y-%m-%d %H:%M}"
    )
    if one.state != "recovered":
        lines += [f"    object   {_where(settings, one.key)}", f"    sha-256  {one.checksum}"]
    return lines


def _where(settings: "Settings", key: str) -> str:
    if settings.s3_endpoint:
        return f"s3://{settings.s3_bucket}/{key}"
    return str((settings.files_dir or settings.data_dir / "files").absolute() / key)


def _advice(settings: "Settings", report: "Report") -> list[str]:
    if report.is_sound:
        return ["All is well: no version is missing or damaged."]
    place = "bucket" if settings.s3_endpoint else "folder"
    return [
        "What to do:",
        f"  1. Put the objects named above back into the {place} from a backup, under the same names;",
        "     replace those that are damaged. Run this again: what is intact again is reported as recovered.",
        "  2. Without a backup, ask the person named above for the file. Sending exactly the same",
        "     file again (docs put, to the same place) repairs every version that had these bytes.",
        "  3. Other versions of the same document can still be had: toolcrib docs versions PLACE",
        "Nothing was deleted. Until then these versions are marked as corrupted, and requests for",
        "one are refused with that reason.",
    ]
