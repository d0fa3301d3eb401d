"""`toolcrib watch`, `unwatch` and `watches`: be told by mail when somebody locks below a path."""

from typing import Annotated, Any

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.claims import DEFAULT_PROJECT
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import Failure
from toolcrib.cli.core.repository import composed

app = typer.Typer()

KIND = "asset"

Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", show_default=False, help="Files or folders; without any, the project."),
]


def _wanted(context: Context, paths: list[str] | None) -> list[str]:
    """Return the paths as the server keys them; the empty path is the whole project."""
    return [composed(context.folder(path) or "") for path in paths] if paths else [""]


def _scope(context: Context) -> str:
    return f"project:{context.project}" if context.project else DEFAULT_PROJECT


def _named(watch: dict[str, Any]) -> str:
    return watch["path"] or "everything"


@command(app, "watch")
def watch(context: Context, paths: Paths = None) -> None:
    """Be told by mail when somebody locks one of these files, or a file in one of these folders."""
    made = []
    for path in _wanted(context, paths):
        body = {"kind": KIND, "scope": _scope(context), "path": path}
        made.append(context.api.post("/watches", body))
    said = [f"You watch {_named(one)} in {one['scope'].removeprefix('project:')}." for one in made]
    context.show(made, "\n".join(said))


@command(app, "unwatch")
def unwatch(context: Context, paths: Paths = None) -> None:
    """End watches: those of exactly these paths in this project."""
    wanted, scope = _wanted(context, paths), _scope(context)
    found = [one for one in context.api.get("/watches")["watches"] if one["kind"] == KIND]
    if all(one["scope"] != scope for one in found):  # the project may be registered in another case
        scope = next((one["scope"] for one in found if one["scope"].lower() == scope.lower()), scope)
    mine = {one["path"]: one for one in found if one["scope"] == scope}
    project = scope.removeprefix("project:")
    for path in wanted:
        if path not in mine:
            raise Failure(f"You do not watch {path or 'everything'} in {project}.", code="not_watched")
    for path in wanted:
        context.api.delete(f"/watches/{mine[path]['id']}")
    ended = [mine[path] for path in wanted]
    context.show(ended, "\n".join(f"You no longer watch {_named(one)} in {project}." for one in ended))


@command(app, "watches")
def watches(context: Context) -> None:
    """List what you watch, in all projects."""
    rows = context.api.get("/watches")["watches"]
    if context.as_json:
        output.print_json(rows)
        return
    output.print_table(
        ("Where", "Path", "Kind"),
        [(one["scope"].removeprefix("project:"), _named(one), one["kind"]) for one in rows],
        empty="You watch nothing.",
    )
