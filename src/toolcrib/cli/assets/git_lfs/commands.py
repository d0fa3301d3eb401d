"""`toolcrib git`: set up and check clones that use the stock git and git-lfs clients."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli.core.context import Context, command

app = typer.Typer(no_args_is_help=True, help="Plain git and git-lfs: set up, and find faults.")


@command(app, "setup")
def setup(
    context: Context,
    lockable: Annotated[
        list[str] | None,
        typer.Option(
            "--lockable", metavar="PATTERN", help="Files to track with LFS and to lock: '*.psd'. Repeatable."
        ),
    ] = None,
    unreal: Annotated[
        bool, typer.Option("--unreal", help="The same as --lockable '*.uasset' --lockable '*.umap'.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Even where .lfsconfig names another LFS server.")
    ] = False,
    credentials: Annotated[
        bool, typer.Option(help="Let git sign in with your Toolcrib sign-in, on this server only.")
    ] = True,
) -> None:
    """Make `git lfs` in this clone lock on a server, and check locks on every push."""
    from toolcrib.cli.assets.git_lfs import git_setup

    patterns = [*(lockable or []), *(["*.uasset", "*.umap"] if unreal else [])]
    git_setup.set_up(context, patterns, replace=replace, credentials=credentials)


@command(app, "doctor")
def doctor(
    context: Context,
    directories: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[DIR]...", help="Clones, or folders to look for clones in."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only look, repair nothing.")] = False,
) -> None:
    """Find out why locks are not checked in a clone, and repair it. Ends with 1 while something is wrong."""
    from toolcrib.cli.assets.git_lfs import git_doctor

    raise typer.Exit(git_doctor.examine_all(context, directories or [], repair=not dry_run))


@command(app, hidden=("credential",))
def credential(context: Context, verb: Annotated[str, typer.Argument(metavar="get|store|erase")]) -> None:
    """Answer git's question for a name and password (git calls this; see gitcredentials(7))."""
    from toolcrib.cli.core import credential_helper

    credential_helper.answer(verb, sys.stdin.read())
