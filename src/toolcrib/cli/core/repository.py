"""What git knows about the directory a command runs in: root, branch, configuration, paths."""

import os
import re
import subprocess
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from toolcrib.cli.core.failures import CannotTell

DETACHED_HEAD = "detached_HEAD"
UNKNOWN_BRANCH = "unknown_branch"

_SLASHES = re.compile(r"/+")


class GitFailed(CannotTell):
    """A git command ended with an error; the message is git's own."""


def environment() -> dict[str, str]:
    """Return our environment (a hook's quarantine is in it) for git, with replaced objects switched off.

    A pushed `refs/replace/…` must not show a hook a different commit than clones will get.
    """
    return {**os.environ, "GIT_NO_REPLACE_OBJECTS": "1"}


def git(*arguments: str, cwd: Path | str | None = None, input: bytes | None = None) -> bytes:
    """Run git and return what it printed."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=cwd, input=input, capture_output=True, check=False, env=environment()
        )
    except FileNotFoundError as missing:
        raise CannotTell("git is not installed, or not on the PATH.") from missing
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise GitFailed(f"git {arguments[0]} failed: {reason}")
    return done.stdout


def normalise(path: str) -> str:
    """Return a path as the server keys it (contract 3.1): `/` separated, no doubled, leading or trailing ones."""
    return _SLASHES.sub("/", path.replace("\\", "/")).strip("/")


def same_path(one: str, other: str) -> bool:
    """Return whether two normalised paths are one to the server, which compares them in Unicode NFC."""
    return composed(one) == composed(other)


def composed(path: str) -> str:
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def resolve_dots(path: str) -> str:
    """Resolve `.` and `..` in `path`. `..` at the front stays; case and symbolic links are untouched."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def read_config(listing: bytes) -> dict[str, list[str]]:
    """Parse `git config --list -z`: every key with its values in order, the last one in force."""
    values: dict[str, list[str]] = {}
    for entry in listing.decode(errors="surrogateescape").split("\0"):
        if entry:
            key, _, value = entry.partition("\n")
            values.setdefault(key, []).append(value)
    return values


@dataclass
class Repository:
    """A git working tree (or bare repository, whose `root` is its git directory)."""

    root: Path
    git_dir: Path
    common_dir: Path
    bare: bool = False
    _config: dict[str, list[str]] | None = field(default=None, repr=False)

    @classmethod
    def at(cls, place: Path | None = None) -> "Repository | None":
        """Return the repository that contains `place` (default: the working directory), or None outside of one."""
        where = place or Path.cwd()
        question = ("rev-parse", "--is-bare-repository", "--absolute-git-dir", "--git-common-dir")
        try:
            bare, git_dir, common = git(*question, cwd=where).decode(errors="surrogateescape").split("\n")[:3]
        except (GitFailed, FileNotFoundError, NotADirectoryError):
            return None
        common_dir = Path(os.path.abspath(where / common))
        if bare == "true":
            return cls(Path(git_dir), Path(git_dir), common_dir, bare=True)
        try:
            top = git("rev-parse", "--show-toplevel", cwd=where).decode(errors="surrogateescape").rstrip("\n")
        except GitFailed:  # the directory is .git or below it
            return None
        return cls(Path(top), Path(git_dir), common_dir)

    def git(self, *arguments: str, input: bytes | None = None) -> bytes:
        return git(*arguments, cwd=self.root, input=input)

    @cached_property
    def branch(self) -> str:
        """The branch as the server stores it, or one of two special words if there is none (contract 3.2)."""
        try:
            name = self.git("rev-parse", "--abbrev-ref", "HEAD").decode(errors="replace").strip()
        except GitFailed:
            return UNKNOWN_BRANCH
        return DETACHED_HEAD if name == "HEAD" else name or UNKNOWN_BRANCH

    @cached_property
    def upstream_branch(self) -> str | None:
        """What the current branch is called in the repository it is pushed to; None if it has no such name."""
        section = f"branch.{self.branch}"
        merge = self.setting(f"{section}.merge")
        if not merge or self.setting(f"{section}.remote") in (None, "."):
            return None
        return merge.removeprefix("refs/heads/")

    @property
    def configuration(self) -> dict[str, list[str]]:
        if self._config is None:
            self._config = read_config(self.git("config", "--list", "-z"))
        return self._config

    @cached_property
    def lfsconfig(self) -> dict[str, list[str]]:
        """The values of the committed `.lfsconfig`, if there is one."""
        if self.bare or not (self.root / ".lfsconfig").is_file():
            return {}
        return read_config(self.git("config", "--list", "-z", "--file", ".lfsconfig"))

    def setting(self, key: str) -> str | None:
        """Return the value in force of a configuration key, named as git lists it (in lower case)."""
        values = self.configuration.get(key)
        return values[-1] if values else None

    def local_configuration(self) -> dict[str, list[str]]:
        """Read the clone's own configuration file, without the account's and the machine's."""
        return read_config(self.git("config", "--local", "--list", "-z"))

    def has_files_at_head(self) -> bool:
        """Return whether there is a commit here with files in it."""
        try:
            return bool(self.git("ls-tree", "--name-only", "HEAD").strip())
        except GitFailed:
            return False

    def nothing_is_checked_out(self) -> bool:
        """Return whether the index is empty, or none of the files in it is there."""
        listing = self.git("ls-files", "-z", "-t").split(b"\0")
        expected = [
            line[2:] for line in listing if line and not line.startswith(b"S")
        ]  # S: left out by choice
        return not any(os.path.lexists(self.root / os.fsdecode(name)) for name in expected) and not any(
            line.startswith(b"S") for line in listing
        )

    @property
    def hooks_directory(self) -> Path:
        """The directory with this repository's hooks (`core.hooksPath` included)."""
        named = self.git("rev-parse", "--git-path", "hooks").decode(errors="surrogateescape").rstrip("\n")
        return self.root / named

    def forget_configuration(self) -> None:
        """Read the configuration again next time, because it was just changed."""
        self._config = None

    def relative(self, path: str, cwd: Path | None = None) -> str:
        """Return `path`, as typed in `cwd`, relative to the repository's root.

        An absolute path that is neither in the repository nor on this disk is taken from the root, as in `.gitignore`:
        `/Content/Maps/L1.umap`.

        Raises:
            CannotTell: the path is outside the repository.
        """
        here = cwd or Path.cwd()
        text = path.replace("\\", "/")
        root = _posix(self.root)
        if os.path.isabs(text):
            inside = _below(text, root)
            if inside is None:  # it may lead through a symbolic link to the repository
                inside = _below(_posix(Path(text).parent.resolve() / Path(text).name), root)
            if inside is None and os.path.lexists(text):
                raise CannotTell(f"{path} is outside the repository {self.root}.")
            found = resolve_dots(text) if inside is None else inside
        else:
            # From outside the root (--repo-root), paths are relative to the root.
            base = _below(_posix(here), root) or _below(_posix(here.resolve()), root) or ""
            found = resolve_dots(f"{base}/{text}")
        if found == ".." or found.startswith("../"):
            raise CannotTell(f"{path} is outside the repository {self.root}.")
        return found


def _posix(path: Path) -> str:
    return str(path).replace(os.sep, "/")


def _below(path: str, root: str) -> str | None:
    """Return `path` relative to `root`, "" for the root itself, or None when it is not below it."""
    clean, top = "/" + resolve_dots(path) if path.startswith("/") else resolve_dots(path), root.rstrip("/")
    if clean == top:
        return ""
    return clean[len(top) + 1 :] if clean.startswith(f"{top}/") else None
