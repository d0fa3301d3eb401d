"""The command line.

`serve`, `worker`, `db`, `admin` and `storage` run on the server's machine; all other commands send HTTP requests to a
server.

Client commands start fast: they import neither the server nor, until they send a request, an HTTP library.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli.command_groups import CommandGroups
from toolcrib.cli.core.context import AsJson, OldUrl, Project, RepoRoot, SharedOptions, Url, report
from toolcrib.cli.core.failures import Failure


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
        bool,
        typer.Option("--version", "-V", callback=print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Who holds what, until when."""
    context.obj = SharedOptions(url or backend, project, Path(repo_root) if repo_root else None, as_json)


def build() -> typer.Typer:
    """Return the whole command line. Its groups are imported when they are needed."""
    app = typer.Typer(
        cls=CommandGroups,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(shared_options)
    return app


def main() -> None:
    """Run the `toolcrib` command."""
    from toolcrib.cli.core import bash_completion

    if bash_completion.is_asked():
        bash_completion.answer(lambda: build()(prog_name="toolcrib"))
        return
    try:
        build()(prog_name="toolcrib")
    except Failure as failure:
        report(failure)
        sys.exit(failure.exit_code)
