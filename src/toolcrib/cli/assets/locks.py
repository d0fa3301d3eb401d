"""What the commands for locks on files ask the server, and how they word the answers."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from toolcrib.cli.core.claims import holder_line, is_callers
from toolcrib.cli.core.client import PAGE, ApiClient
from toolcrib.cli.core.context import Context
from toolcrib.cli.core.durations import since, until
from toolcrib.cli.core.failures import CannotTell, Failure, Held
from toolcrib.cli.core.output import warn
from toolcrib.cli.core.repository import UNKNOWN_BRANCH, same_path

Lock = dict[str, Any]


def read_paths(context: Context, typed: Sequence[str] | None, stdin: bool, nul: bool) -> list[str]:
    """Return the paths that were typed and those from standard input, normalised, each once."""
    found = list(typed or ())
    if stdin:
        text = sys.stdin.buffer.read().decode(errors="surrogateescape")
        found += [one for one in (text.split("\0") if nul else text.splitlines()) if one]
    if not found:
        raise CannotTell("Which file? Name at least one path.")
    return context.paths(found)


def chunks(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split paths into as many as one request may carry."""
    for begin in range(0, len(paths), PAGE):
        yield paths[begin : begin + PAGE]


def check_paths(api: ApiClient, paths: Sequence[str], project: str | None) -> tuple[list[Any], list[Any]]:
    """Return the locks on these paths: (held by others, held by us)."""
    held: list[Any] = []
    mine: list[Any] = []
    for part in chunks(paths):
        body = {"paths": list(part), **({"project": project} if project else {})}
        answer = api.post("/locks/check", body)
        held += answer["held"]
        mine += answer["mine"]
    return held, mine


def find_lock(context: Context, path: str) -> Lock:
    """Return the lock on a path, whoever holds it.

    Raises:
        Failure: nobody holds it.
    """
    held, mine = check_paths(context.api, [path], context.project)
    for lock in [*mine, *held]:
        found: Lock = lock
        return found
    raise Failure(f"{path} is not locked.", code="not_locked")


def explain_held(context: Context, refused: Held, path: str | None) -> Failure:
    """Word a refusal because of a holder: one line for each path that somebody holds."""
    details = refused.details
    conflicts = details.get("conflicts") if isinstance(details, dict) else None
    if conflicts:
        own = [one for one in conflicts if is_callers(context, one)]
        lines = [holder_line(one.get("label") or one["key"], {**one, "url": None}) for one in conflicts[:20]]
        count = int(details.get("conflict_count") or len(conflicts))
        more = [f"… and {count - 20} more"] if count > 20 else []
        failure = Failure if len(own) == len(conflicts) else Held
        return failure("\n  ".join(["Nothing was done.", *lines, *more]), code=refused.code, details=details)
    held = str(details.get("key") or path or "It")
    what = held if path is None or same_path(path, held) else f"{path} ({held})"
    if is_callers(context, details):
        begun = since(details.get("since"), datetime.now(UTC))
        text = f"You already hold {what} since {begun}. To move its end: toolcrib renew --expires TIME"
        return Failure(text, code=refused.code, details=details)
    return Held(holder_line(what, details), code=refused.code, details=details)


def locks_everywhere(context: Context, filters: dict[str, Any]) -> list[Lock]:
    """Return the locks of every project that the caller sees, in the form of `GET /locks`, by project and path."""
    wanted = {name: value for name, value in filters.items() if name != "project"}
    found = context.api.all_pages("/claims", "claims", kind="asset", **wanted)
    rows = [
        {
            "id": one["fence"],
            "asset_path": one["key"],
            "locked_by": one["holder"],
            "branch": one.get("branch") or UNKNOWN_BRANCH,
            "upstream_branch": one["data"].get("upstream_branch"),
            "timestamp": one["acquired_at"],
            "comment": one.get("comment"),
            "project": str(one["scope"]).removeprefix("project:"),
            "expires_at": one.get("expires_at"),
            "fence": one["fence"],
        }
        for one in found
    ]
    return sorted(rows, key=lambda one: (one["project"], one["asset_path"]))


def branch_names(lock: Lock) -> str:
    """Return the branch of a lock, with its name upstream if that is another: `fix (feature/fix)`."""
    upstream = lock.get("upstream_branch")
    return (
        f"{lock['branch']} ({upstream})" if upstream and upstream != lock["branch"] else str(lock["branch"])
    )


def describe_locks(word: str, locks: list[Any]) -> str:
    """Say what was done to locks: `Locked a.uasset until 15:05 (in 2 h)`; for more than ten, their number."""
    lines = []
    for lock in locks[:10]:
        # A released lock has no end any more.
        ends = until(lock.get("expires_at"), datetime.now(UTC)) if word != "Unlocked" else None
        lines.append(f"{word} {lock['asset_path']}" + (f" until {ends}" if ends else ""))
    if len(locks) > 10:
        lines = [*lines[:3], f"… {word.lower()} {len(locks)} files in all"]
    return "\n".join(lines)


def take(context: Context, paths: list[str], body: dict[str, Any]) -> list[Any]:
    """Lock these paths, all or none.

    Raises:
        Held: somebody else holds one of them.
    """
    try:
        if len(paths) == 1:
            answer = context.api.post("/locks", {**body, "asset_path": paths[0]})
            locks: list[Any] = [answer["lock"]]
        else:
            body = {**body, "action": "lock", "paths": paths}
            answer = context.api.post("/locks/bulk", body, timeout_seconds=300)
            locks = answer["locks"]
    except Held as refused:
        raise explain_held(context, refused, paths[0] if len(paths) == 1 else None) from refused
    if answer.get("warning"):
        warn(answer["warning"])
    return locks
