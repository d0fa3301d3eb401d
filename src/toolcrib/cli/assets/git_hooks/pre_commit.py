"""The pre-commit hook of a clone: it warns before work is committed that could not be pushed."""

from toolcrib.cli.assets.git_hooks.lock_check import ALLOW, REFUSE, locks_on, outage_policy, refusal_text
from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context
from toolcrib.cli.core.failures import CannotTell
from toolcrib.cli.core.repository import GitFailed, Repository


def staged_paths(repository: Repository) -> set[str]:
    """Return the paths the commit will change: staged edits, deletions and both ends of renames.

    In a merge, changes that the other side made do not count: only paths that differ from every parent do.
    """
    paths = _staged_against(repository, _head(repository))
    for other in _merge_heads(repository):
        paths &= _staged_against(repository, other)
    return paths


def _staged_against(repository: Repository, commit: str) -> set[str]:
    listing = repository.git("diff-index", "--cached", "-z", "--no-renames", "--name-only", commit, "--")
    return {name.decode(errors="surrogateescape") for name in listing.split(b"\0") if name}


def _head(repository: Repository) -> str:
    try:
        return repository.git("rev-parse", "--verify", "--quiet", "HEAD").decode().strip()
    except GitFailed:  # the first commit
        return repository.git("hash-object", "-t", "tree", "--stdin", input=b"").decode().strip()


def _merge_heads(repository: Repository) -> list[str]:
    file = repository.git_dir / "MERGE_HEAD"
    return file.read_text(encoding="ascii").split() if file.is_file() else []


def pre_commit(context: Context) -> int:
    """Return 0 when the commit may go on, 1 when somebody else holds what it changes.

    While the server does not answer, commits go on unless `toolcrib.onOutage` is `refuse`: the push is checked
    again.
    """
    repository = context.clone
    paths = staged_paths(repository)
    if not paths:
        return 0
    policy = outage_policy(repository.configuration, ALLOW)
    try:
        others, _ = locks_on(context.api, paths, context.project)
    except CannotTell as unknown:
        output.warn(f"toolcrib: locks were not checked. {unknown}")
        return 1 if policy == REFUSE else 0
    if not others:
        return 0
    output.warn(
        refusal_text(
            "toolcrib: this commit changes what somebody else holds:",
            others,
            "Unstage these files, or ask for them: toolcrib notify PATH",
        )
    )
    return 1
