"""Installing and removing the hook scripts."""

import shlex
import stat
import sys
from pathlib import Path

from toolcrib.cli.assets.git_hooks.lock_check import ALLOW, REFUSE
from toolcrib.cli.core import accounts, output
from toolcrib.cli.core.context import Context
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.program_path import program_path
from toolcrib.cli.core.repository import Repository, git

MARK = "# Installed by `toolcrib hooks install`."
KEPT = ".before-toolcrib"  # suffix of the replaced hook, which runs first

PRE_COMMIT = """#!/bin/sh
{mark}
before="$0{kept}"
if [ -x "$before" ]; then "$before" "$@" || exit $?; fi
toolcrib={program}
[ -x "$toolcrib" ] || toolcrib=toolcrib
if ! command -v "$toolcrib" >/dev/null 2>&1; then
    echo "toolcrib is not installed here: locks were not checked." >&2
    exit 0
fi
exec "$toolcrib" hooks run pre-commit
"""

PRE_RECEIVE = """#!/bin/sh
{mark}
updates=$(cat)
before="$0{kept}"
if [ -x "$before" ]; then printf '%s\\n' "$updates" | "$before" "$@" || exit $?; fi
toolcrib={program}
[ -x "$toolcrib" ] || toolcrib=toolcrib
printf '%s\\n' "$updates" | "$toolcrib" hooks run pre-receive
"""

# Git runs it when a checkout, merge or pull has changed files; git-lfs has no hook of this name. In a rebase it would
# run for every commit.
POST_INDEX_CHANGE = """#!/bin/sh
{mark}
before="$0{kept}"
if [ -x "$before" ]; then "$before" "$@" || exit $?; fi
[ "$1" = 1 ] || exit 0
[ -n "$(git ls-files -- ':(attr:lockable)' | head -n 1)" ] || exit 0
for state in rebase-merge rebase-apply; do
    if [ -e "$(git rev-parse --git-path $state)" ]; then exit 0; fi
done
toolcrib={program}
[ -x "$toolcrib" ] || toolcrib=toolcrib
command -v "$toolcrib" >/dev/null 2>&1 || exit 0
"$toolcrib" hooks run post-index-change || exit 0
"""
FLAGS_HOOK = "post-index-change"


def hooks_directory(repository: Repository, directory: Path | None) -> Path:
    return repository.hooks_directory if directory is None else directory.expanduser().absolute()


def is_committed(repository: Repository, directory: Path) -> bool:
    """Return whether hooks in this directory are among the files that people share: `core.hooksPath` may name one."""
    place, git_dirs = directory.resolve(), (repository.git_dir.resolve(), repository.common_dir.resolve())
    return place.is_relative_to(repository.root.resolve()) and not any(map(place.is_relative_to, git_dirs))


def program_for(repository: Repository, directory: Path) -> str:
    """Return a shell word for the path of this program. A file that people share must not hold the path of one
    machine: there it is read from the clone's own configuration."""
    if repository.bare or not is_committed(repository, directory):
        return shlex.quote(program_path())
    set_config(repository, "toolcrib.program", program_path())
    return '"$(git config --get toolcrib.program)"'


def install_flags_hook(repository: Repository) -> None:
    """Install the hook that puts the read-only flag back after a lock has ended by itself."""
    write_hook(repository, repository.hooks_directory, FLAGS_HOOK, POST_INDEX_CHANGE)


def has_flags_hook(repository: Repository) -> bool:
    hook = repository.hooks_directory / FLAGS_HOOK
    return hook.is_file() and MARK in hook.read_text(encoding="utf-8", errors="replace")


def write_hook(repository: Repository, directory: Path, name: str, script: str) -> Path:
    """Write a hook. A hook of somebody else with the same name is kept beside it and runs first.

    Raises:
        Failure: such a hook is kept there already.
    """
    directory.mkdir(parents=True, exist_ok=True)
    hook = directory / name
    if hook.exists() and MARK not in hook.read_text(encoding="utf-8", errors="replace"):
        kept = directory / (name + KEPT)
        if kept.exists():
            raise Failure(
                f"{hook} was not installed by Toolcrib, and {kept} exists already. Move one of them.",
                code="hook_exists",
            )
        hook.rename(kept)
        output.warn(f"The hook that was there is kept as {kept.name} and runs first.")
    new = directory / f".{name}.new"
    new.write_text(
        script.format(mark=MARK, kept=KEPT, program=program_for(repository, directory)),
        encoding="utf-8",
        newline="\n",
    )
    new.chmod(0o755)
    new.replace(hook)
    return hook


def remove_hook(directory: Path, name: str) -> Path:
    """Remove our hook and put back the one it replaced.

    Raises:
        Failure: the hook there is not ours, or there is none.
    """
    hook, kept = directory / name, directory / (name + KEPT)
    if not hook.exists() or MARK not in hook.read_text(encoding="utf-8", errors="replace"):
        raise Failure(f"There is no {name} hook of Toolcrib's in {directory}.", code="not_installed")
    if kept.exists():
        kept.replace(hook)
    else:
        hook.unlink()
    return hook


def install(
    context: Context,
    *,
    server: bool,
    directory: Path | None,
    token_file: Path | None,
    key_stdin: bool,
    on_outage: str | None,
) -> None:
    if on_outage not in (None, REFUSE, ALLOW):
        raise CannotTell(f"--on-outage must be {REFUSE} or {ALLOW}.")
    if (token_file or key_stdin) and not server:
        raise CannotTell(
            "--token-file and --key-stdin belong to --server; in a clone the hook uses your own sign-in."
        )
    repository = context.clone
    place = hooks_directory(repository, directory)
    if server:
        configure_server(context, repository, token_file, key_stdin)
        hook = write_hook(repository, place, "pre-receive", PRE_RECEIVE)
    else:
        if repository.bare:
            raise CannotTell("This is a bare repository, where nobody commits. Did you mean --server?")
        hook = write_hook(repository, place, "pre-commit", PRE_COMMIT)
    if on_outage:
        set_config(repository, "toolcrib.onOutage", on_outage)
    context.show({"hook": str(hook)}, f"Installed {hook}")


def configure_server(
    context: Context, repository: Repository, token_file: Path | None, key_stdin: bool
) -> None:
    """Record in git's configuration the server, the project and the file with the hook's own API key.

    Raises:
        CannotTell: one of them is unknown, or the key cannot be read.
    """
    url = context.given.url or repository.setting("toolcrib.url")
    if not url:
        raise CannotTell("Which server should the hook ask? Use --url URL.")
    set_config(repository, "toolcrib.url", accounts.server_url(url))
    if context.given.project:
        set_config(repository, "toolcrib.project", context.given.project)
    if key_stdin:
        token_file = repository.git_dir / "toolcrib-key"
        write_secret(token_file, sys.stdin.readline().strip())
    if token_file is None:
        if not repository.setting("toolcrib.token-file"):
            raise CannotTell("The hook needs an API key of its own: --token-file FILE, or --key-stdin.")
        return
    file = token_file.expanduser().absolute()
    try:
        key = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as bad:
        raise CannotTell(f"Cannot read the API key: {bad}") from bad
    if not key:
        raise CannotTell(f"{file} is empty; it should hold an API key (toolcrib keys create git-hook).")
    if file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        output.warn(f"{file} can be read by others; the account that runs the hook is enough (chmod 600).")
    set_config(repository, "toolcrib.token-file", str(file))


def write_secret(file: Path, key: str) -> None:
    if not key:
        raise CannotTell("No API key on standard input.")
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(key + "\n", encoding="utf-8")
    new.replace(file)


def set_config(repository: Repository, key: str, value: str) -> None:
    git("config", "--file", str(repository.common_dir / "config"), key, value)
    repository.forget_configuration()


def uninstall(context: Context, *, server: bool, directory: Path | None) -> None:
    repository = context.clone
    hook = remove_hook(hooks_directory(repository, directory), "pre-receive" if server else "pre-commit")
    context.show({"hook": str(hook)}, f"Removed the Toolcrib hook from {hook}")
