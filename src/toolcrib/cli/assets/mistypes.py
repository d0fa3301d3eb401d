"""What `toolcrib lock` refuses or warns of, because it is nearly always a slip: a directory, a path in a submodule, a
file that is not there, a project that nobody has used."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from toolcrib.cli.assets.lockable import clone_of
from toolcrib.cli.core import accounts, output
from toolcrib.cli.core.context import Context
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.repository import GitFailed, Repository, composed, read_config

SHOWN = 5


def require_files(context: Context, typed: Sequence[str], paths: Sequence[str]) -> None:
    """Check that these paths, as normalised, are files of the clone; warn of those that are not there.

    Raises:
        CannotTell: one is a directory, or in a submodule.
    """
    repository = clone_of(context)
    if repository is None:
        return
    root, inner = repository.root, _inner_repositories(repository)
    for path in paths:
        for place in (path, *_folders(path)):
            if place in inner or (place != path and _exists(root / place / ".git")):
                which = "is" if path == place else f"belongs to {place}, which is"
                raise CannotTell(
                    f"{path} {which} a repository of its own (a submodule), and what is locked there has its own "
                    f"project. Lock its files from there (cd {place}); --force locks the name here.",
                    code="in_submodule",
                )
        file = root / path
        if file.is_dir() and not file.is_symlink():
            raise CannotTell(
                f"{path} is a directory, and a lock on it would not keep anybody from its files. Lock the files "
                f"(git ls-files -z {path} | toolcrib lock --stdin -z). --force locks the name alone.",
                code="is_directory",
            )
    for name in typed:
        if name.endswith(("/", os.sep)):
            raise CannotTell(f"{name} names a directory. --force locks the name.", code="is_directory")
    _warn_of_missing(repository, [path for path in paths if not _exists(root / path)])


def _exists(file: Path) -> bool:
    try:
        return os.path.lexists(file)
    except ValueError:  # a NUL in it: the server refuses that
        return True


def _folders(path: str) -> Iterator[str]:
    """Yield the folders that contain `path`, the nearest first."""
    return (str(each) for each in PurePosixPath(path).parents if str(each) != ".")


def _inner_repositories(repository: Repository) -> set[str]:
    """Return the paths of the submodules that the clone declares, checked out or not."""
    if not (repository.root / ".gitmodules").is_file():
        return set()
    try:
        declared = read_config(repository.git("config", "--list", "-z", "--file", ".gitmodules"))
    except GitFailed:
        return set()
    return {
        values[-1]
        for key, values in declared.items()
        if key.startswith("submodule.") and key.endswith(".path")
    }


def _warn_of_missing(repository: Repository, missing: Sequence[str]) -> None:
    """Warn of paths that are neither in the working tree nor tracked; a sparse checkout leaves tracked files out."""
    if not missing:
        return
    tracked = [os.fsdecode(name) for name in repository.git("ls-files", "-z").split(b"\0") if name]
    gone = set(missing) - set(tracked)
    if not gone:
        return
    similar = {name.casefold(): name for name in tracked}
    for path in [path for path in missing if path in gone][:SHOWN]:
        meant = similar.get(path.casefold())
        hint = f" Did you mean {meant}?" if meant else ""
        output.warn(f"toolcrib: there is no file {path} in this clone.{hint}")
    if len(gone) > SHOWN:
        output.warn(f"toolcrib: … nor are there {len(gone) - SHOWN} others.")


def require_known_project(context: Context) -> None:
    """Ask before a lock is the first thing that is ever done in a project that nobody registered, if the name was
    typed on the command line.

    Raises:
        CannotTell: there is nobody to ask, or the answer is no.
    """
    name = context.given.project
    if not name or name == accounts.find_project(None, context.repository, context.account.url):
        return
    try:
        if context.api.get("/events", scope=f"project:{name}", limit=1)["events"]:
            return
        projects = context.api.get("/projects")
    except Failure:
        return  # the lock itself is refused then, with the reason
    known = [project["name"] for project in projects]
    if composed(name).casefold() in {
        each.casefold() for one in projects for each in (one["name"], one["id"])
    }:
        return
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    text = f"Nobody has registered or used a project {name} at {context.account.url}.{hint}"
    if sys.stdin.isatty() and sys.stderr.isatty():
        import typer

        if typer.confirm(f"{text} Lock in it all the same?", err=True):
            return
        raise CannotTell("Nothing was locked.", code="unknown_project")
    raise CannotTell(f"{text} If it is meant: --new-project.", code="unknown_project")
