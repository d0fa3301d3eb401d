"""`parts add`, `import`, `export`, `approve`, `reject`, `rm`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.parts.files import require_readable, send
from toolcrib.cli.parts.which import ManyParts, Needed, Part, Row, called, find, moment, post, say

app = typer.Typer()

WORDS = {"low": -1, "normal": 0, "high": 1, "urgent": 2}


@command(app, "add")
def add(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    *,
    material: Annotated[str, typer.Option("--material", help="Like aluminum.")],
    subsystem: Annotated[str, typer.Option("--subsystem", help="What it belongs to.")],
    number: Annotated[str | None, typer.Option("--number", metavar="FR-001", help="Its part number.")] = None,
    process: Annotated[str | None, typer.Option("--type", metavar="cnc|hand|misc")] = None,
    thickness: Annotated[str | None, typer.Option("--thickness")] = None,
    amount: Annotated[int, typer.Option("--amount", "-n", min=1)] = 1,
    steps: Annotated[
        list[str] | None,
        typer.Option("--step", metavar="PROCESS:cnc|hand|misc", help="In their order: --step turn:cnc"),
    ] = None,
    priority: Annotated[str, typer.Option("--priority", metavar="low|normal|high|urgent")] = "normal",
    due: Annotated[str | None, typer.Option("--due", metavar="DAY", help="Like 2026-05-01.")] = None,
    notes: Annotated[str | None, typer.Option("--notes")] = None,
    onshape: Annotated[str | None, typer.Option("--onshape", metavar="URL")] = None,
    files: Annotated[
        list[Path] | None, typer.Option("--file", "-f", metavar="FILE", help="Its model or drawing.")
    ] = None,
) -> None:
    """Add a part, to be reviewed."""
    if priority not in WORDS:
        raise CannotTell(f"--priority is one of {', '.join(WORDS)}.")
    for file in files or []:
        require_readable(file)
    body: Row = {
        "name": name,
        "material": material,
        "subsystem": subsystem,
        "amount": amount,
        "priority": WORDS[priority],
        "part_number": number,
        "type": process,
        "material_thickness": thickness,
        "notes": notes,
        "onshape_url": onshape,
        "due_at": moment(due) if due else None,
        "steps": [_step(each) for each in steps or []],
        "project": context.given.project,
    }
    part = context.api.post("/shop/parts", {key: value for key, value in body.items() if value is not None})
    for file in files or []:
        part = send(context, part["id"], file, None)
    say(context, part, f"Added {called(part)} as part {part['id']}")


def _step(text: str) -> Row:
    process, colon, board = text.rpartition(":")
    if not colon or not process:
        raise CannotTell(f"{text!r} is no step; write for example deburr:hand.")
    return {"process": process, "board": board}


@command(app, "import")
def import_(
    context: Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", show_default=False, help="CSV; - is standard input.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look whether it could be done.")] = False,
) -> None:
    """Add all parts of a CSV table, or none: its first line names the columns."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as bad:
        raise CannotTell(f"{file} cannot be read: {bad.strerror}.") from bad
    params = {"dry_run": dry_run, "project": context.given.project}
    headers = {"Content-Type": "text/csv"}
    try:
        with context.api.answer(
            "POST", "/shop/import", params=params, headers=headers, content=raw
        ) as response:
            found = json.loads(response.read())
    except Failure as refused:
        details = refused.details if isinstance(refused.details, dict) else {}
        for problem in details.get("problems", []):
            output.warn(f"line {problem['line']}: {problem['field'] or ''} {problem['message']}")
        raise
    would = "could be added" if dry_run else "added"
    context.show(found, f"{found['added']} parts {would}.")


@command(app, "export")
def export(
    context: Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Without it: standard output.")] = None,
    category: Annotated[
        str | None, typer.Option("--category", "-c", metavar="review|cnc|hand|misc|completed")
    ] = None,
) -> None:
    """Write the parts of a project as CSV."""
    params = {"project": context.given.project, "category": category}
    with context.api.answer("GET", "/shop/export", params=params) as response:
        text = response.read().decode("utf-8")
    if file is None:
        sys.stdout.write(text.replace("\r\n", "\n"))
        return
    try:
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as bad:
        raise CannotTell(f"{file} cannot be written: {bad.strerror}.") from bad
    context.show({"file": str(file)}, f"Wrote {file}")


@command(app, "approve")
def approve(context: Context, parts: ManyParts) -> None:
    """Approve parts, as yourself: their newest files get the next letter."""
    rows = [post(context, part, "approve") for part in parts]
    if context.as_json:
        output.print_json(rows)
        return
    for part in rows:
        label = f" {part['revision_label']}" if part["revision_label"] else ""
        output.print_text(f"Approved {called(part)}{label}: {part['category']}")


@command(app, "reject")
def reject(context: Context, part: Part, reason: Needed) -> None:
    """Leave a part in review, and tell its author why."""
    found = post(context, part, "reject", reason=reason)
    say(context, found, f"{called(found)} stays in review.")


@command(app, "rm")
def rm(context: Context, parts: ManyParts) -> None:
    """Remove parts with their files: your own, or as an admin of the project."""
    ids = [find(context, part) for part in parts]
    for part_id in ids:
        context.api.delete(f"/shop/parts/{part_id}")
    context.show({"deleted": ids}, f"Removed {len(ids)} parts." if len(ids) > 1 else f"Removed part {ids[0]}")
