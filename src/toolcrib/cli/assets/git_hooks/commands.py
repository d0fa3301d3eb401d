"""`toolcrib hooks`: git hooks that keep held files from being changed by others.

The installed scripts are a few lines of shell that call `toolcrib hooks run …`, so an upgrade of Toolcrib
upgrades every hook.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from toolcrib.cli.core.context import Context, command

app = typer.Typer(no_args_is_help=True, help="Git hooks: nobody commits or pushes what another holds.")
run = typer.Typer(no_args_is_help=True, help="What the installed hooks call.")
app.add_typer(run, name="run")

Server = Annotated[
    bool, typer.Option("--server", help="Into a repository people push to: the pre-receive hook.")
]


@command(app, "install")
def install(
    context: Context,
    *,
    server: Server = False,
    directory: Annotated[
        Path | None,
        typer.Option("--hooks-dir", metavar="DIR", help="Where the host keeps hooks (GitLab: custom_hooks)."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", metavar="FILE", help="--server: a file with the hook's own API key."),
    ] = None,
    key_stdin: Annotated[
        bool, typer.Option("--key-stdin", help="--server: read that API key and keep it.")
    ] = False,
    on_outage: Annotated[
        str | None,
        typer.Option("--on-outage", metavar="refuse|allow", help="When the server cannot be asked."),
    ] = None,
) -> None:
    """Install the pre-commit hook of a clone.

    With --server: the pre-receive hook of a repository people push to.
    """
    from toolcrib.cli.assets.git_hooks import install as installer

    installer.install(
        context,
        server=server,
        directory=directory,
        token_file=token_file,
        key_stdin=key_stdin,
        on_outage=on_outage,
    )


@command(app, "uninstall")
def uninstall(
    context: Context,
    *,
    server: Server = False,
    directory: Annotated[Path | None, typer.Option("--hooks-dir", metavar="DIR")] = None,
) -> None:
    """Remove the hook again, and put back the one it replaced."""
    from toolcrib.cli.assets.git_hooks import install as installer

    installer.uninstall(context, server=server, directory=directory)


@command(run, "pre-commit")
def run_pre_commit(context: Context) -> None:
    """Refuse a commit that changes what somebody else holds."""
    from toolcrib.cli.assets.git_hooks.pre_commit import pre_commit

    raise typer.Exit(pre_commit(context))


@command(run, "post-index-change")
def run_post_index_change(context: Context) -> None:
    """Make lockable files read-only again whose lock has ended by itself."""
    from toolcrib.cli.assets.git_hooks.post_index_change import post_index_change

    post_index_change(context)


@command(run, "pre-receive")
def run_pre_receive(context: Context) -> None:
    """Refuse a push that changes what somebody else holds."""
    from toolcrib.cli.assets.git_hooks.pre_receive import pre_receive

    text = sys.stdin.buffer.read().decode(errors="surrogateescape")
    raise typer.Exit(pre_receive(text, url=context.given.url, project=context.given.project))
