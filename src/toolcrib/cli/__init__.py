"""The command line: parse, call, print.

`serve`, `worker`, `db`, `admin` and `storage` run on the server's machine; everything else speaks HTTP to a server.
Client commands start fast: this module and the ones it imports load neither the server nor an HTTP library.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli.context import AsJson, OldUrl, Project, RepoRoot, Shared, Url, report
from toolcrib.cli.failures import Failure

# The groups in the order of the help: (module, group in it, name, or None for commands at the top).
GROUPS: tuple[tuple[str, str, str | None], ...] = (
    ("toolcrib.cli.sign_in", "app", None),
    ("toolcrib.cli.locking", "app", None),
    ("toolcrib.cli.documents", "app", "docs"),
    ("toolcrib.cli.holding", "app", "hold"),
    ("toolcrib.cli.events", "app", None),
    ("toolcrib.cli.clones", "app", "git"),
    ("toolcrib.cli.hooks", "app", "hooks"),
    ("toolcrib.cli.sign_in", "keys", "keys"),
    ("toolcrib.cli.sign_in", "config", "config"),
    ("toolcrib.cli.operate", "app", None),
    ("toolcrib.cli.storage", "app", "storage"),
)


def print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"toolcrib {version('toolcrib')}")
        raise typer.Exit


def shared_options(
    context: typer.Context,
    *,
    url: Url = None,
    backend: OldUrl = None,
    project: Project = None,
    repo_root: RepoRoot = None,
    as_json: AsJson = False,
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Who holds what, until when."""
    context.obj = Shared(url or backend, project, Path(repo_root) if repo_root else None, as_json)


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(shared_options)
    for module, group, name in GROUPS:
        app.add_typer(getattr(import_module(module), group), name=name)
    return app


def main() -> None:
    """The `toolcrib` command."""
    from toolcrib.cli.documents import completion

    if completion.for_bash():
        completion.answer_bash(lambda: build()(prog_name="toolcrib"))
        return
    try:
        build()(prog_name="toolcrib")
    except Failure as failure:
        report(failure)
        sys.exit(failure.exit_code)
