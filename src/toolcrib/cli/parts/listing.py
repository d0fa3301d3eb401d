"""`parts ls`, `show`, `next`, `stats`."""

from typing import Annotated

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.sizes import human_size
from toolcrib.cli.parts.which import PRIORITIES, Part, Row, called, day, find, parts_of, pieces, state

app = typer.Typer()

EVENTS = 10
Process = Annotated[str | None, typer.Option("--process", metavar="cnc|hand|misc")]


def _table(rows: list[Row], empty: str) -> None:
    heads = ("Part", "Id", "Name", "State", "Assigned", "Pieces", "Priority", "Due", "Material")
    cells = [
        (
            part["part_number"],
            part["id"],
            part["name"],
            state(part),
            part["assigned"],
            pieces(part),
            PRIORITIES[part["priority"]],
            day(part["due_at"]),
            part["material"],
        )
        for part in rows
    ]
    output.print_table(heads, cells, empty=empty)


@command(app, "ls")
def ls(
    context: Context,
    *,
    category: Annotated[
        str | None, typer.Option("--category", "-c", metavar="review|cnc|hand|misc|completed")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only what you make.")] = False,
    blocked: Annotated[bool, typer.Option("--blocked", help="Only what cannot be made now.")] = False,
    search: Annotated[str | None, typer.Option("--search", "-s", metavar="TEXT")] = None,
    assigned: Annotated[str | None, typer.Option("--assigned", metavar="NAME")] = None,
    sort_by: Annotated[str, typer.Option("--sort", metavar="FIELD", help="name, due_at, priority…")] = "id",
) -> None:
    """List parts of a project."""
    rows = parts_of(
        context,
        project=context.given.project,
        category=category,
        mine=mine or None,
        blocked=blocked or None,
        search=search,
        assigned=assigned,
        sort_by=sort_by,
        sort_order="asc",
    )
    if context.as_json:
        output.print_json(rows)
        return
    _table(rows, "There are no such parts.")


@command(app, "show")
def show(context: Context, part: Part) -> None:
    """Show a part: who makes it, its steps, files, and what happened last."""
    part_id = find(context, part)
    found = context.api.get(f"/shop/parts/{part_id}")
    events = context.api.get(f"/shop/parts/{part_id}/history", limit=EVENTS)["events"]
    if context.as_json:
        output.print_json({**found, "history": events})
        return
    lines = [
        f"{called(found)} (id {found['id']}, project {found['project']})",
        f"{state(found)}; pieces: {pieces(found)}",
        f"Material: {found['material']} {found['material_thickness'] or ''}".rstrip(),
        f"Subsystem: {found['subsystem']}",
    ]
    if found["assigned"]:
        lines.append(f"Assigned: {found['assigned']}")
    if found["blocked"]:
        lines.append(f"Blocked by {found['blocked']['by']}: {found['blocked']['reason']}")
    if found["rework"]:
        lines.append(f"To be done again ({found['rework']['by']}): {found['rework']['reason']}")
    if found["due_at"]:
        lines.append(f"Due: {day(found['due_at'])}")
    if found["reviewer"]:
        lines.append(f"Reviewer: {found['reviewer']}")
    if found["notes"]:
        lines.append(f"Notes: {found['notes']}")
    output.print_text("\n".join(lines))
    if found["steps"]:
        cells = [
            (one["process"], one["state"], one["person"], (one["resource"] or {}).get("name"), one["note"])
            for one in found["steps"]
        ]
        output.print_table(("Step", "State", "Person", "Where", "Note"), cells, empty="")
    if found["files"]:
        files = [
            (one["name"], one["kind"], one["revision"], one["label"], human_size(one["size"]), one["by"])
            for one in found["files"]
        ]
        output.print_table(("File", "Kind", "Revision", "Approved", "Size", "By"), files, empty="")
    history = [(day(one["at"]), one["actor"], one["verb"], one["data"].get("reason")) for one in events]
    output.print_table(("When", "Who", "What", "Reason"), history, empty="")


@command(app, "next")
def next_(
    context: Context,
    process: Process = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100)] = 5,
) -> None:
    """Say what you should make next, and why."""
    found = context.api.get("/shop/next", project=context.given.project, process=process, limit=limit)[
        "parts"
    ]
    if context.as_json:
        output.print_json(found)
        return
    cells = [
        (part["part_number"], part["id"], part["name"], state(part), day(part["due_at"]), part["why"])
        for part in found
    ]
    heads = ("Part", "Id", "Name", "State", "Due", "Why")
    output.print_table(heads, cells, empty="There is nothing to make.")


@command(app, "stats")
def stats(context: Context) -> None:
    """Say how it goes: parts by category, pieces, scrap, and who made most."""
    found = context.api.get("/shop/stats", project=context.given.project)
    if context.as_json:
        output.print_json(found)
        return
    counted = found["quantities"]
    output.print_table(
        ("Category", "Parts"), [*found["by_category"].items(), ("total", found["total"])], empty=""
    )
    average = found["hours"]["average"]
    output.print_text(
        f"Pieces: {counted['made']} of {counted['wanted']} made, {counted['scrapped']} scrapped.\n"
        f"Overdue: {found['overdue']}. Blocked: {found['blocked']}."
        + (f" A part takes {average} hours on average." if average is not None else "")
    )
    board = [(one["name"], f"{one['score']:g}") for one in found["leaderboard"][:10]]
    if board:
        output.print_table(("Who", "Score"), board, empty="")
