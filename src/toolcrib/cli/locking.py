"""Locks on files: take, give back, look, ask, renew, hand over."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from toolcrib.cli import output
from toolcrib.cli.api import PAGE, Api, held_sentence
from toolcrib.cli.context import Context, command
from toolcrib.cli.durations import parse_duration, since, until
from toolcrib.cli.failures import CannotTell, Failure, Held
from toolcrib.cli.repository import DETACHED_HEAD, UNKNOWN_BRANCH

app = typer.Typer()

Paths = Annotated[list[str] | None, typer.Argument(metavar="PATH", show_default=False, help="Files.")]
OnePath = Annotated[str, typer.Argument(metavar="PATH", show_default=False, help="The file.")]
Stdin = Annotated[bool, typer.Option("--stdin", help="Read further paths from standard input, one per line.")]
Nul = Annotated[bool, typer.Option("-z", help="With --stdin: paths end with NUL, as git prints them.")]
Comment = Annotated[str | None, typer.Option("--comment", "-m", help="Why; others see it.")]
Expires = Annotated[
    str | None, typer.Option("--expires", metavar="TIME", help="Ends by itself after 2h, 3d, …")
]
Branch = Annotated[
    str | None, typer.Option("--branch", help="The branch to record; default the current one.")
]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; the holder sees it.")]


def gather(context: Context, typed: Sequence[str] | None, stdin: bool, nul: bool) -> list[str]:
    """The paths typed and those read from standard input, normalised, each once."""
    found = list(typed or ())
    if stdin:
        text = sys.stdin.buffer.read().decode(errors="surrogateescape")
        found += [one for one in (text.split("\0") if nul else text.splitlines()) if one]
    if not found:
        raise CannotTell("Which file? Name at least one path.")
    return context.paths(found)


def seconds(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(parse_duration(text).total_seconds())
    except ValueError as bad:
        raise CannotTell(str(bad)) from bad


def chunks(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(paths), PAGE):
        yield paths[begin : begin + PAGE]


def check_paths(api: Api, paths: Sequence[str], project: str | None) -> tuple[list[Any], list[Any]]:
    """The locks on these paths: (held by others, held by us)."""
    held: list[Any] = []
    mine: list[Any] = []
    for part in chunks(paths):
        body = {"paths": list(part), **({"project": project} if project else {})}
        answer = api.post("/locks/check", body)
        held += answer["held"]
        mine += answer["mine"]
    return held, mine


def find_lock(context: Context, path: str) -> dict[str, Any]:
    """The lock on a path, whoever holds it.

    Raises:
        Failure: nobody holds it.
    """
    held, mine = check_paths(context.api, [path], context.project)
    for lock in [*mine, *held]:
        found: dict[str, Any] = lock
        return found
    raise Failure(f"{path} is not locked.", code="not_locked")


def explain(context: Context, refused: Held, path: str | None) -> Failure:
    """A refusal because of a holder, in words: one line for each path in the way."""
    details = refused.details
    conflicts = details.get("conflicts") if isinstance(details, dict) else None
    if conflicts:
        own = [one for one in conflicts if one.get("holder") == _me(context)]
        lines = [
            held_sentence(one.get("label") or one["key"], {**one, "url": None}) for one in conflicts[:20]
        ]
        count = int(details.get("conflict_count") or len(conflicts))
        more = [f"… and {count - 20} more"] if count > 20 else []
        failure = Failure if len(own) == len(conflicts) else Held
        return failure("\n  ".join(["Nothing was done.", *lines, *more]), code=refused.code, details=details)
    what = path or str(details.get("key", "It"))
    if details.get("holder") == _me(context):
        begun = since(details.get("since"), datetime.now(UTC))
        text = f"You already hold {what} since {begun}. To move its end: toolcrib renew --expires TIME"
        return Failure(text, code=refused.code, details=details)
    return Held(held_sentence(what, details), code=refused.code, details=details)


def _me(context: Context) -> str:
    if context.account.username is None:
        name: str = context.api.get("/currentuser")["username"]
        return name
    return context.account.username


def describe_locks(word: str, locks: list[Any]) -> str:
    """`Locked a.uasset until 15:05 (in 2 h)`; a count where there are many."""
    lines = []
    for lock in locks[:10]:
        # What was given back has no end to look forward to.
        ends = until(lock.get("expires_at"), datetime.now(UTC)) if word != "Unlocked" else None
        lines.append(f"{word} {lock['asset_path']}" + (f" until {ends}" if ends else ""))
    if len(locks) > 10:
        lines = [*lines[:3], f"… {word.lower()} {len(locks)} files in all"]
    return "\n".join(lines)


@command(app, "lock", hidden=("acquire",))
def lock(
    context: Context,
    *,
    paths: Paths = None,
    comment: Comment = None,
    expires: Expires = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait in line until it is free.")] = False,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Wait no longer than this.")
    ] = None,
    branch: Branch = None,
    stdin: Stdin = False,
    nul: Nul = False,
) -> None:
    """Lock files: all of them, or none."""
    wanted = gather(context, paths, stdin, nul)
    if wait and len(wanted) > 1:
        raise CannotTell("Waiting in line works for one path at a time.")
    body = context.in_project({"branch": branch or context.branch})
    if comment is not None:
        body["comment"] = comment
    if (length := seconds(expires)) is not None:
        body["expires_in"] = length
    if wait:
        from toolcrib.cli.waiting import wait_in_line

        taken = [wait_in_line(context, wanted[0], body, seconds(timeout))]
    else:
        taken = take(context, wanted, body)
    context.show(taken, describe_locks("Locked", taken))


def take(context: Context, paths: list[str], body: dict[str, Any]) -> list[Any]:
    """Lock these paths, all or none.

    Raises:
        Held: somebody else holds one of them.
    """
    try:
        if len(paths) == 1:
            return [context.api.post("/locks", {**body, "asset_path": paths[0]})["lock"]]
        body = {**body, "action": "lock", "paths": paths}
        locks: list[Any] = context.api.post("/locks/bulk", body, timeout_seconds=300)["locks"]
    except Held as refused:
        raise explain(context, refused, paths[0] if len(paths) == 1 else None) from refused
    return locks


@command(app, "unlock", hidden=("release",))
def unlock(
    context: Context,
    *,
    paths: Paths = None,
    force: Annotated[
        bool, typer.Option("--force", help="Somebody else's lock (admins); needs --reason.")
    ] = False,
    reason: Reason = None,
    stdin: Stdin = False,
    nul: Nul = False,
) -> None:
    """Give locks back: all of them, or none."""
    wanted = gather(context, paths, stdin, nul)
    if force:
        force_release_paths(context, wanted, reason)
        return
    body = context.in_project({"action": "release", "paths": wanted})
    try:
        answer = context.api.post("/locks/bulk", body, timeout_seconds=300)
    except Held as refused:
        raise explain(context, refused, None) from refused
    context.show(answer["locks"], describe_locks("Unlocked", answer["locks"]))


def force_release_paths(context: Context, paths: list[str], reason: str | None) -> None:
    if not reason:
        raise CannotTell("Say why: --reason TEXT. The holder reads it.")
    answer = context.api.post("/locks/force-release", context.in_project({"paths": paths, "reason": reason}))
    context.show(answer, answer["msg"])


@command(app, "force-release")
def force_release(context: Context, paths: Paths = None, reason: Reason = None) -> None:
    """End somebody else's locks (admins only)."""
    force_release_paths(context, gather(context, paths, False, False), reason)


@command(app, "locks", hidden=("list",))
def locks(
    context: Context,
    *,
    prefix: Annotated[str | None, typer.Argument(metavar="[DIR]", show_default=False)] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only yours.")] = False,
    holder: Annotated[
        str | None, typer.Option("--holder", metavar="NAME", help="Only this person's.")
    ] = None,
    branch: Annotated[str | None, typer.Option("--branch", help="Only those taken on this branch.")] = None,
    find: Annotated[
        str | None, typer.Option("--find", "-q", metavar="TEXT", help="Only those that mention it.")
    ] = None,
) -> None:
    """List locks, of everybody or some."""
    folder = context.folder(prefix)
    filters = {
        "project": context.project,
        "prefix": folder,
        "mine": 1 if mine else None,
        "holder": holder,
        "branch": branch,
        "q": find,
    }
    rows = context.api.all_rows("/locks", **filters)
    if folder:  # the server's prefix also finds the folder's namesakes: Maps2 beside Maps
        rows = [one for one in rows if f"{one['asset_path']}/".startswith(f"{folder}/")]
    if context.as_json:
        output.print_json(rows)
        return
    now = datetime.now(UTC)
    columns = ("Path", "Holder", "Since", "Until", "Branch", "Comment")
    output.table(
        columns,
        [
            (
                one["asset_path"],
                one["locked_by"],
                since(one["timestamp"], now),
                until(one.get("expires_at"), now),
                one["branch"],
                one.get("comment"),
            )
            for one in rows
        ],
        empty="Nothing is locked.",
    )


@command(app, "check")
def check(context: Context, paths: Paths = None, stdin: Stdin = False, nul: Nul = False) -> None:
    """Say who holds these files.

    Ends with 3 when somebody else holds one, so that scripts can ask.

    With --json, or into a pipe: one JSON line per path, with is_locked.
    """
    wanted = gather(context, paths, stdin, nul)
    held, mine = check_paths(context.api, wanted, context.project)
    found = {one["asset_path"]: one for one in [*held, *mine]}
    others = {one["asset_path"] for one in held}
    for path in wanted:
        lock = found.get(path)
        if context.as_json or not sys.stdout.isatty():
            state = {"is_locked": lock is not None, "mine": lock is not None and path not in others}
            output.print_json({"asset_path": path, **(lock or {}), **state}, lines=True)
            if lock is not None and path in others and not context.as_json:
                output.warn(held_sentence(path, lock))
        elif lock is None:
            output.say(f"{path} is free.")
        elif path in others:
            output.say(held_sentence(path, lock))
        else:
            now = datetime.now(UTC)
            ends = until(lock.get("expires_at"), now)
            output.say(
                f"{path} is yours since {since(lock['timestamp'], now)}" + (f", until {ends}" if ends else "")
            )
    if others:
        raise typer.Exit(Held.exit_code)


@command(app, "notify")
def notify(
    context: Context,
    path: OnePath,
    message: Annotated[str | None, typer.Option("--message", "-m", help="What to tell the holder.")] = None,
) -> None:
    """Ask the holder of a file by mail."""
    body = context.in_project({"message": message} if message is not None else {})
    answer = context.api.post(f"/locks/path/{quote(context.path(path), safe='')}/notify", body or None)
    context.show(answer, answer["msg"])


@command(app, "renew")
def renew(
    context: Context,
    *,
    paths: Paths = None,
    expires: Annotated[str, typer.Option("--expires", metavar="TIME", help="From now: 2h, 3d; or none.")],
) -> None:
    """Move the end of your locks.

    With --expires none they have no end.
    """
    length = None if expires.strip().lower() in ("none", "never") else seconds(expires)
    renewed = []
    for path in gather(context, paths, False, False):
        body = context.in_project({"asset_path": path, "expires_in": length})
        renewed.append(context.api.post("/locks/renew", body)["lock"])
    context.show(renewed, describe_locks("Renewed", renewed))


@command(app, "transfer")
def transfer(
    context: Context,
    path: OnePath,
    to: Annotated[str, typer.Argument(metavar="USER", help="Who holds it from now on.")],
    comment: Comment = None,
) -> None:
    """Hand a lock over, never free in between."""
    lock = find_lock(context, context.path(path))
    body = {"to": to, **({"comment": comment} if comment is not None else {})}
    answer = context.api.post(f"/claims/{lock['fence']}/transfer", body)
    context.show(answer, f"{lock['asset_path']} is now held by {to}.")


@command(app, "auto-release")
def auto_release(context: Context, branch: Branch = None) -> None:
    """Give back every lock taken on a branch.

    Whoever holds it: for scripts that run after a merge.
    """
    name = branch or context.branch
    if name in (DETACHED_HEAD, UNKNOWN_BRANCH):
        context.show(
            {"msg": "skipped", "branch": name}, f"There is no branch here ({name}): nothing to release."
        )
        return
    answer = context.api.post("/locks/auto-release", context.in_project({"branch": name}))
    context.show(answer, answer["msg"])
