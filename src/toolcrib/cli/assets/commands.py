"""`toolcrib lock`, `unlock`, `locks` and the other commands for locks on files."""

import sys
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

import typer

from toolcrib.cli.assets import lockable
from toolcrib.cli.assets.locks import (
    branch_names,
    check_paths,
    describe_locks,
    explain_held,
    find_lock,
    locks_everywhere,
    read_paths,
    take,
)
from toolcrib.cli.assets.mistypes import require_files, require_known_project
from toolcrib.cli.assets.wait import wait_for_lock
from toolcrib.cli.core import claims, output
from toolcrib.cli.core.claims import holder_line
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.durations import duration_seconds, end_fields, new_end_seconds, since, until
from toolcrib.cli.core.failures import CannotTell, Held
from toolcrib.cli.core.options import Expires, NewEnd
from toolcrib.cli.core.repository import DETACHED_HEAD, UNKNOWN_BRANCH

app = typer.Typer()

Paths = Annotated[list[str] | None, typer.Argument(metavar="PATH", show_default=False, help="Files.")]
OnePath = Annotated[str, typer.Argument(metavar="PATH", show_default=False, help="The file.")]
Stdin = Annotated[bool, typer.Option("--stdin", help="Read further paths from standard input, one per line.")]
Nul = Annotated[bool, typer.Option("-z", help="With --stdin: paths end with NUL, as git prints them.")]
Comment = Annotated[str | None, typer.Option("--comment", "-m", help="Why; others see it.")]
Branch = Annotated[
    str | None, typer.Option("--branch", help="The branch to record; default the current one.")
]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; the holder sees it.")]


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
    force: Annotated[
        bool, typer.Option("--force", help="Even a directory, or a path in a submodule.")
    ] = False,
    new_project: Annotated[
        bool, typer.Option("--new-project", help="Do not ask whether a project that nobody used is meant.")
    ] = False,
) -> None:
    """Lock files: all of them, or none."""
    wanted = read_paths(context, paths, stdin, nul)
    if not force:
        require_files(context, paths or (), wanted)
    if not new_project:
        require_known_project(context)
    if wait and len(wanted) > 1:
        raise CannotTell("Waiting in line works for one path at a time.")
    body = context.in_project({"branch": branch or context.branch})
    if not branch and context.repository and (upstream := context.repository.upstream_branch):
        body["upstream_branch"] = upstream
    if comment is not None:
        body["comment"] = comment
    body |= end_fields(expires)
    if wait:
        taken = [wait_for_lock(context, wanted[0], body, duration_seconds(timeout))]
    else:
        taken = take(context, wanted, body)
    lockable.after_lock(context, taken)
    context.show(taken, describe_locks("Locked", taken))
    if context.repository is None and context.project is None and not context.as_json:
        output.warn(f"toolcrib: this is in project {taken[0]['project']}. Another one: --project NAME")


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
    wanted = read_paths(context, paths, stdin, nul)
    if force:
        force_release_paths(context, wanted, reason)
        return
    body = context.in_project({"action": "release", "paths": wanted})
    try:
        answer = context.api.post("/locks/bulk", body, timeout_seconds=300)
    except Held as refused:
        raise explain_held(context, refused, None) from refused
    lockable.after_unlock(context, wanted)
    context.show(answer["locks"], describe_locks("Unlocked", answer["locks"]))


def force_release_paths(context: Context, paths: list[str], reason: str | None) -> None:
    if not reason:
        raise CannotTell("Say why: --reason TEXT. The holder reads it.")
    answer = context.api.post("/locks/force-release", context.in_project({"paths": paths, "reason": reason}))
    lockable.after_unlock(context, paths)
    context.show(answer, answer["msg"])


@command(app, "force-release")
def force_release(context: Context, paths: Paths = None, reason: Reason = None) -> None:
    """End somebody else's locks (admins only)."""
    force_release_paths(context, read_paths(context, paths, False, False), reason)


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
    """List locks, of everybody or some. Outside of a clone, and without --project: of every project you see."""
    folder = context.folder(prefix)
    everywhere = context.repository is None and context.project is None
    filters = {
        "project": context.project,
        "prefix": folder,
        "mine": 1 if mine else None,
        "holder": holder,
        "branch": branch,
        "q": find,
    }
    rows = locks_everywhere(context, filters) if everywhere else context.api.all_rows("/locks", **filters)
    if folder:  # the server's prefix also matches other names with the same beginning, such as Maps2 for Maps
        rows = [one for one in rows if f"{one['asset_path']}/".startswith(f"{folder}/")]
    if context.as_json:
        output.print_json(rows)
        return
    now = datetime.now(UTC)
    where = ("Project",) if everywhere else ()
    output.print_table(
        ("Path", *where, "Holder", "Since", "Until", "Branch", "Comment"),
        [
            (
                one["asset_path"],
                *((one["project"],) if everywhere else ()),
                one["locked_by"],
                since(one["timestamp"], now),
                until(one.get("expires_at"), now),
                branch_names(one),
                one.get("comment"),
            )
            for one in rows
        ],
        empty="Nothing is locked.",
    )


@command(app, "status")
def status(
    context: Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only look, change no file.")] = False,
) -> None:
    """Show what you hold in this project, and put wrong read-only flags of lockable files right.

    A flag is wrong after a lock has ended by itself, was taken in another place, or was released by force.
    """
    rows = context.api.all_rows("/locks", project=context.project, mine=1)
    mended = lockable.mend(context, repair=not dry_run)
    if context.as_json:
        output.print_json({"branch": context.branch, "locks": rows, "flags": mended.as_dict()})
        return
    output.print_text(f"{context.username} at {context.account.url}, branch {context.branch}")
    now = datetime.now(UTC)
    held = [
        (
            one["asset_path"],
            since(one["timestamp"], now),
            until(one.get("expires_at"), now),
            one.get("comment"),
        )
        for one in rows
    ]
    output.print_table(("Path", "Since", "Until", "Comment"), held, empty="You hold nothing here.")
    for line in mended.lines(done=not dry_run):
        output.print_text(line)


@command(app, "check")
def check(context: Context, paths: Paths = None, stdin: Stdin = False, nul: Nul = False) -> None:
    """Say who holds these files.

    Ends with 3 when somebody else holds one, so that scripts can ask.

    With --json, or into a pipe: one JSON line per path, with is_locked.
    """
    wanted = read_paths(context, paths, stdin, nul)
    held, mine = check_paths(context.api, wanted, context.project)
    found = {one["asset_path"]: one for one in [*held, *mine]}
    others = {one["asset_path"] for one in held}
    for path in wanted:
        lock = found.get(path)
        if context.as_json or not sys.stdout.isatty():
            state = {"is_locked": lock is not None, "mine": lock is not None and path not in others}
            output.print_json({"asset_path": path, **(lock or {}), **state}, lines=True)
            if lock is not None and path in others and not context.as_json:
                output.warn(holder_line(path, lock))
        elif lock is None:
            output.print_text(f"{path} is free.")
        elif path in others:
            output.print_text(holder_line(path, lock))
        else:
            now = datetime.now(UTC)
            ends = until(lock.get("expires_at"), now)
            output.print_text(
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
    expires: NewEnd,
) -> None:
    """Move the end of your locks.

    With --expires none they have no end.
    """
    length = new_end_seconds(expires)
    renewed = []
    for path in read_paths(context, paths, False, False):
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
    answer = claims.transfer(context.api, lock, to, comment)
    if not context.is_caller(to):
        lockable.after_unlock(context, [lock["asset_path"]])
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
    lockable.mend(context, only_if_suspect=True)
    context.show(answer, answer["msg"])
