"""The reference of the command line, generated from its help: `python -m toolcrib.cli.reference > docs/cli.md`."""

import sys
from collections.abc import Iterator
from typing import Any

import typer

from toolcrib.cli import build
from toolcrib.cli.command_groups import CommandGroups

HEAD = """# The command line

<!-- Generated: python -m toolcrib.cli.reference > docs/cli.md -->

`toolcrib serve`, `worker`, `db`, `admin` and `storage` run on the server's machine. Every other command sends
HTTP requests to a server, and runs on any machine.

**Which server.** The first of these that is set: `--url`; `TOOLCRIB_URL`; `git config toolcrib.url` of the clone;
`ASSET_LOCK_BACKEND_URL`; `backend_url` in `.git/asset_lock_config.json`; the clone's `lfs.url`, where you are signed
in to that server; the server you signed in to last.

**As whom.** `TOOLCRIB_TOKEN` (an API key), else the sign-in of `toolcrib login`, kept in
`~/.config/toolcrib/credentials.json` for you alone to read. A stored sign-in is only ever sent to the server it is
for. Passwords are asked for, read from standard input (`--password-stdin`) or from `TOOLCRIB_PASSWORD`; they are never
taken from the command line.

**Which project.** `--project`; `TOOLCRIB_PROJECT`; `git config toolcrib.project`; the project in the clone's
`lfs.url`; else the server's default.

**Which file.** A path is taken from the directory you are in and sent relative to the repository's root.

**Which document.** `me:FILE` is in your own bucket, `company:FILE` in your company's, `PROJECT:FILE` in a project's:
[documents.md](documents.md#where-documents-are).

**For programs.** `--json` prints JSON on standard output, and a failure as one JSON line on standard error. Tables
that go into a pipe have one line a row. `check` prints one JSON line a path into a pipe.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | refused, or failed |
| 2 | wrong usage, or no answer: the server cannot be reached, or you are not signed in |
| 3 | somebody else holds it (`lock`, `unlock`, `check`, `docs …`, `machines reserve`) |

`toolcrib run` and `toolcrib ssh` have [exit codes of their own](machines-cli.md).

`toolcrib --install-completion` sets up your shell to complete commands and options.

"""


def listed(commands: dict[str, Any], words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that is not hidden, each group before the commands in it."""
    for name, command in commands.items():
        if not command.hidden:
            yield (*words, name), command
            yield from listed(getattr(command, "commands", {}), (*words, name))


def reference() -> str:
    """Return the whole page: Toolcrib's own commands, without those of other installed packages."""
    sections = []
    top = typer.main.get_command(build())
    assert isinstance(top, CommandGroups)
    for words, command in listed(top.own_commands(), ("toolcrib",)):
        context = typer.Context(command, info_name=" ".join(words), terminal_width=100, max_content_width=100)
        sections.append(f"## {' '.join(words)}\n\n```\n{command.get_help(context).rstrip()}\n```\n")
    return HEAD + "\n".join(sections)


if __name__ == "__main__":
    sys.stdout.write(reference())
