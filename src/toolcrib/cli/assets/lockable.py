"""The read-only flag of `lockable` files: writable for whoever holds the lock, read-only for everybody else.

git-lfs does this for locks taken with `git lfs lock`. Here it is done for those that were taken, ended or given back in
any other way; git-lfs, where it is installed, is told too, so that its own hooks agree.
"""

import os
import stat
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from toolcrib.cli.core import accounts, output
from toolcrib.cli.core.context import Context
from toolcrib.cli.core.repository import GitFailed, Repository

ANY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH

Lock = Mapping[str, Any]


@dataclass
class Mended:
    """Files whose flag was wrong, by their path in the clone; without repair, whose flag is wrong."""

    read_only: list[str] = field(default_factory=list)
    writable: list[str] = field(default_factory=list)
    # Made read-only although they differ from what is committed: somebody edited them without the lock.
    changed: list[str] = field(default_factory=list)
    # In git-lfs's list, though no longer ours.
    ended: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, list[str]]:
        return asdict(self)

    def lines(self, *, done: bool) -> list[str]:
        """Say for a person what was done, or is to be done."""
        read_only = "Read-only again" if done else "Should be read-only"
        writable = "Writable now" if done else "Should be writable"
        said = {
            f"{read_only}, since you do not hold it": self.read_only,
            f"{writable}, since you hold it": self.writable,
            "Changed without its lock (toolcrib lock it, or git restore it)": self.changed,
        }
        return [f"{text}: {_some(files)}" for text, files in said.items() if files]


def _some(files: list[str]) -> str:
    more = f" and {len(files) - 5} more" if len(files) > 5 else ""
    return ", ".join(files[:5]) + more


def is_on(value: str) -> bool:
    """Read a boolean as git-lfs does."""
    return value.strip().lower() in ("", "true", "1", "on", "yes", "t")


def keeps_read_only(repository: Repository) -> bool:
    """Return whether lockable files are read-only in this clone until they are locked, as git-lfs decides it."""
    if (value := os.environ.get("GIT_LFS_SET_LOCKABLE_READONLY")) is not None and not is_on(value):
        return False
    key = "lfs.setlockablereadonly"
    value = repository.setting(key) or next(iter(repository.lfsconfig.get(key, [])[-1:]), None)
    return value is None or is_on(value)


def clone_of(context: Context) -> Repository | None:
    """Return the clone whose files the command is about: none outside of a clone, or if the command names another
    project or server than the clone does."""
    repository = context.repository
    if repository is None or repository.bare:
        return None
    url = context.account.url
    if context.given.url:
        own = accounts.find_url(None, repository, accounts.CredentialsFile.read())
        if own is not None and own[1] != accounts.LAST_SIGN_IN and own[0] != url:
            return None
    if context.given.project:
        project = accounts.find_project(None, repository, url)
        if project is not None and project != context.project:
            return None
    return repository


def after_lock(context: Context, locks: Iterable[Lock]) -> None:
    """Make the lockable files among those that were just locked writable, and tell git-lfs."""
    repository = clone_of(context)
    if repository is None:
        return
    taken = {lock["asset_path"]: lock for lock in locks}
    files = lockable_among(repository, taken)
    for file in files:
        _set_writable(repository, file, True)
    if files:
        from toolcrib.cli.assets import lock_cache

        lock_cache.record(repository, {file: taken[file] for file in files})


def after_unlock(context: Context, paths: Iterable[str]) -> None:
    """Make the lockable files among those that are no longer ours read-only, and tell git-lfs."""
    repository = clone_of(context)
    if repository is None:
        return
    files = lockable_among(repository, list(paths))
    if not files:
        return
    from toolcrib.cli.assets import lock_cache

    if changed := sorted(_changed(repository) & set(files)):
        output.warn(f"toolcrib: changed and not committed, with no lock any more: {_some(changed)}")
    if known := lock_cache.recorded(repository):
        lock_cache.forget(repository, {file: known[file] for file in files if file in known})
    if keeps_read_only(repository):
        for file in files:
            _set_writable(repository, file, False)


def mend(context: Context, *, repair: bool = True, only_if_suspect: bool = False) -> Mended:
    """Bring the flags of all lockable files, and git-lfs's list, in line with the locks that the server knows.

    `only_if_suspect` does not ask the server while no lockable file is writable and git-lfs knows no lock.
    """
    from toolcrib.cli.assets import lock_cache

    mended = Mended()
    repository = clone_of(context)
    if repository is None:
        return mended
    files = lockable_files(repository)
    if not files and only_if_suspect:
        return mended
    known = lock_cache.recorded(repository)
    open_files = [file for file in files if _is_writable(repository, file)]
    if only_if_suspect and not open_files and not known:
        return mended
    held = _held_here(context)
    ours = {file: lock for file in files if (lock := held.get(_composed(file))) is not None}
    mended.writable = [file for file in ours if file not in open_files and _is_regular(repository, file)]
    if keeps_read_only(repository):
        mended.read_only = [file for file in open_files if file not in ours]
        mended.changed = sorted(_changed(repository) & set(mended.read_only))
    mended.ended = [file for file, number in (known or {}).items() if _ended(file, number, held)]
    if not repair:
        return mended
    if known is not None:
        lock_cache.forget(repository, {file: known[file] for file in mended.ended})
        missing = {file: lock for file, lock in ours.items() if known.get(file) != str(lock["fence"])}
        lock_cache.record(repository, missing)
    for file in mended.writable:
        _set_writable(repository, file, True)
    for file in mended.read_only:
        _set_writable(repository, file, False)
    return mended


def lockable_among(repository: Repository, paths: Collection[str]) -> list[str]:
    """Return those of these paths that `.gitattributes` calls lockable, without symbolic links."""
    if not paths:
        return []
    names = b"".join(os.fsencode(path) + b"\0" for path in paths)
    try:
        answer = repository.git("check-attr", "-z", "--stdin", "lockable", input=names).split(b"\0")
    except GitFailed:
        return []
    found = [os.fsdecode(answer[at]) for at in range(0, len(answer) - 2, 3) if answer[at + 2] == b"set"]
    return [
        path for path in dict.fromkeys(found) if path in paths and not (repository.root / path).is_symlink()
    ]


def lockable_files(repository: Repository) -> list[str]:
    """Return the lockable files that git tracks; no symbolic links, whose flag is that of another file."""
    listing = repository.git("ls-files", "-z", "--", ":(attr:lockable)")
    names = dict.fromkeys(os.fsdecode(name) for name in listing.split(b"\0") if name)
    return [name for name in names if not (repository.root / name).is_symlink()]


def _held_here(context: Context) -> dict[str, Lock]:
    rows = context.api.all_rows("/locks", project=context.project, mine=1)
    return {_composed(lock["asset_path"]): lock for lock in rows}


def _ended(file: str, number: str, held: Mapping[str, Lock]) -> bool:
    """Return whether the lock with this number is no longer ours."""
    lock = held.get(_composed(file))
    return lock is None or str(lock["fence"]) != number


def _composed(path: str) -> str:
    """Return a path with its accents composed (NFC): a Mac's files have them apart."""
    return unicodedata.normalize("NFC", path)


def _changed(repository: Repository) -> set[str]:
    """Return the files that differ from what is committed."""
    try:
        listing = repository.git("diff", "HEAD", "--name-only", "-z", "--ignore-submodules")
    except GitFailed:  # nothing is committed yet
        return set()
    return {os.fsdecode(name) for name in listing.split(b"\0") if name}


def _is_regular(repository: Repository, name: str) -> bool:
    """Return whether that is a file of the clone: no symbolic link, and in no folder that is one."""
    file = repository.root / name
    try:
        folders = [each for each in file.parents if each.is_relative_to(repository.root)]
        if any(folder.is_symlink() for folder in folders if folder != repository.root):
            return False
        return stat.S_ISREG(file.lstat().st_mode)
    except (OSError, ValueError):
        return False


def _is_writable(repository: Repository, name: str) -> bool:
    return _is_regular(repository, name) and bool((repository.root / name).lstat().st_mode & ANY_WRITE)


def _set_writable(repository: Repository, name: str, wanted: bool) -> None:
    """Set the flag as git-lfs does: writable for the owner, or for nobody. What symbolic links lead to is left
    alone."""
    if not _is_regular(repository, name):
        return
    file = repository.root / name
    mode = stat.S_IMODE(file.lstat().st_mode)
    new = mode | stat.S_IWUSR if wanted else mode & ~ANY_WRITE
    if new != mode:
        file.chmod(new)
