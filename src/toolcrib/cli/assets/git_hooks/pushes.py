"""What a push changes, as a pre-receive hook sees it.

There are two questions, the cheap one first. `candidates` returns every path the push could change, from one run
of `git diff-tree` over the new commits. Only when somebody holds one of those paths does `edited` look closer,
because a merge also contains what others changed while they were entitled to:

- a new commit that changes a path edits it;
- a new merge edits a path when its result differs from what git's three-way merge gives by itself
  (a resolved conflict, a change made while merging, one side's work thrown away);
- a forced push edits a path when the branch ends up with different content there and loses a commit that had
  changed it.

Git runs in the caller's environment: while a push is in quarantine, only that environment shows the new objects.
"""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from toolcrib.cli.core.repository import GitFailed, environment, git

_TREE_DIFF = ("diff-tree", "--stdin", "-r", "-z", "--root", "--no-renames", "--name-only", "--no-commit-id")


@dataclass(frozen=True)
class Update:
    """One reference that the push moves: a line of the hook's standard input."""

    old: str
    new: str
    ref: str

    @property
    def creates(self) -> bool:
        return not self.old.strip("0")

    @property
    def deletes(self) -> bool:
        return not self.new.strip("0")

    @property
    def rewinds(self) -> bool:
        """Whether a branch loses commits (a forced push)."""
        if self.creates or self.deletes or not self.ref.startswith("refs/heads/"):
            return False
        return bool(_commits([self.old], excluding=[self.new], limit=1))


def read_updates(text: str) -> list[Update]:
    """Parse the hook's standard input: `<old> <new> <ref>` on each line."""
    return [Update(*parts) for line in text.splitlines() if len(parts := line.split(" ", 2)) == 3]


def candidates(updates: Sequence[Update]) -> set[str]:
    """Return every path that a new commit changes against any of its parents, or that a forced push changes."""
    paths: set[str] = set()
    new = [one.new for one in updates if not one.deletes]
    if new:
        paths.update(_changed_by(new, ("--not", "--all"), ("-m",)))
    for update in updates:
        if update.rewinds:
            paths.update(_between(update.old, update.new))
    return paths


def edited(updates: Sequence[Update], held: frozenset[str]) -> set[str]:
    """Return those of the `held` paths that the push itself edits, by the rules above."""
    new = [one.new for one in updates if not one.deletes]
    if not new or not held:
        return set()
    touched = set(held) & _changed_by(new, ("--not", "--all", "--no-merges"), ())
    for merge, *parents in _merges(new):
        left = held - touched
        if left:
            touched |= _edited_by_merge(merge, parents, frozenset(left))
    for update in updates:
        if (left := held - touched) and update.rewinds:
            lost = left & _changed_by([update.old], (f"^{update.new}",), ("-c",))
            touched |= lost & _between(update.old, update.new)
    return touched


def _edited_by_merge(merge: str, parents: Sequence[str], held: frozenset[str]) -> set[str]:
    differs = {parent: held & _between(parent, merge) for parent in parents}
    touched = {path for path in held if all(path in paths for paths in differs.values())}
    for parent, paths in differs.items():
        for path in paths - touched:
            agreeing = [other for other in parents if path not in differs[other]]
            if not any(_unchanged_since_base(path, parent, other, held) for other in agreeing):
                touched.add(path)
    return touched


def _unchanged_since_base(path: str, parent: str, other: str, held: frozenset[str]) -> bool:
    """Return whether `parent` still has `path` as it was at the merge base with `other`.

    The merge then takes the version of `other`.
    """
    return any(path not in changed for changed in _changes_since_base(parent, other, held))


@lru_cache(maxsize=64)
def _changes_since_base(parent: str, other: str, held: frozenset[str]) -> tuple[frozenset[str], ...]:
    try:
        bases = git("merge-base", "--all", parent, other).decode().split()
    except GitFailed:  # the histories have no common commit
        bases = [git("hash-object", "-t", "tree", "--stdin", input=b"").decode().strip()]
    return tuple(held & _between(base, parent) for base in bases)


def _merges(new: Sequence[str]) -> Iterator[list[str]]:
    """Yield each new merge with its parents."""
    listing = git("rev-list", "--stdin", "--not", "--all", "--merges", "--parents", input=_lines(new))
    return (line.split() for line in listing.decode().splitlines())


def _commits(tips: Sequence[str], *, excluding: Sequence[str], limit: int) -> list[str]:
    listing = git("rev-list", f"--max-count={limit}", *tips, *(f"^{one}" for one in excluding))
    return listing.decode().split()


def _between(before: str, after: str) -> set[str]:
    """Return the paths that differ between two commits (or trees)."""
    return _names(git("diff-tree", "-r", "-z", "--no-renames", "--name-only", before, after))


def _changed_by(tips: Sequence[str], which: Sequence[str], merges: Sequence[str]) -> set[str]:
    """Return the paths changed by the commits that `git rev-list <tips> <which>` lists."""
    rev_list = ["git", "rev-list", "--stdin", *which]
    diff_tree = ["git", *_TREE_DIFF, *merges]
    with (
        subprocess.Popen(
            rev_list, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
        ) as commits,
        subprocess.Popen(diff_tree, stdin=commits.stdout, stdout=subprocess.PIPE, env=environment()) as diff,
    ):
        assert commits.stdin is not None
        assert commits.stdout is not None
        commits.stdout.close()  # only diff-tree may hold it, so that rev-list gets SIGPIPE when diff-tree ends early
        commits.stdin.write(_lines(tips))
        commits.stdin.close()
        listing, _ = diff.communicate()
    if diff.returncode or commits.returncode:
        raise GitFailed("git could not list what the push changes.")
    return _names(listing)


def _names(listing: bytes) -> set[str]:
    return {name.decode(errors="surrogateescape") for name in listing.split(b"\0") if name}


def _lines(words: Sequence[str]) -> bytes:
    return "".join(f"{word}\n" for word in words).encode()
