"""`toolcrib project`: registered projects and their settings."""

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell

app = typer.Typer(no_args_is_help=True, help="Projects and their settings.")


class Policy(StrEnum):
    REFUSE = "refuse"
    WARN = "warn"
    ALLOW = "allow"


Name = Annotated[str, typer.Argument(metavar="PROJECT", show_default=False, help="Its name or id.")]


@command(app, "list")
def list_projects(context: Context) -> None:
    """List the projects you have a role in, with their settings."""
    rows = context.api.get("/projects")
    if context.as_json:
        output.print_json(rows)
        return
    columns = ("Name", "Your role", "Members", "Locks that differ in case", "Names not for Windows")
    fields = ("name", "role", "members", "case_clashes", "windows_names")
    output.print_table(
        columns, [[row[one] for one in fields] for row in rows], empty="You are in no project."
    )


@command(app, "set")
def set_project(
    context: Context,
    name: Name,
    case_clashes: Annotated[
        Policy | None,
        typer.Option(
            "--case-clashes", help="Locking a path that differs only in case from one that is locked."
        ),
    ] = None,
    windows_names: Annotated[
        Policy | None,
        typer.Option("--windows-names", help="New documents and folders whose names Windows cannot keep."),
    ] = None,
) -> None:
    """Change a project's settings; for its owners and admins."""
    given = {"case_clashes": case_clashes, "windows_names": windows_names}
    changes = {key: value.value for key, value in given.items() if value is not None}
    if not changes:
        raise CannotTell("Say what to change: --case-clashes or --windows-names.")
    row: dict[str, Any] = context.api.request("PATCH", f"/projects/{quote(name, safe='')}", body=changes)
    context.show(
        row,
        f"{row['name']}: locks that differ in case: {row['case_clashes']}; "
        f"names not for Windows: {row['windows_names']}.",
    )
