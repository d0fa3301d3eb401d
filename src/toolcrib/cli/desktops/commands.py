"""`toolcrib desktops`: desktops in the browser, from the command line."""

import time
import webbrowser
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.durations import duration_seconds, local, parse_moment, read_moment, until
from toolcrib.cli.core.failures import CannotTell, Failure, Held
from toolcrib.cli.desktops.naming import Desktop, complete_desktop, complete_setup, complete_volume, find

app = typer.Typer(no_args_is_help=True, help="Desktops: start them, and see them in the browser.")

POLL_SECONDS = 0.5
STOP_SECONDS = 30.0
# Why a running desktop ends when it does.
ENDS = {"limit": "time limit", "chosen": "as chosen", "hours": "hours of the week"}
# The refusals that say that others have the room, or the volume.
TAKEN = ("no_room_for_desktop", "volume_taken", "cannot_extend")
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Or how it begins.", autocompletion=complete_desktop)
]


@command(app, "ls")
def ls(
    context: Context,
    everyone: Annotated[bool, typer.Option("--all", help="Everybody's; for administrators.")] = False,
) -> None:
    """List your desktops, and those that are shared with you."""
    found = context.api.get("/desktops", everyone=True if everyone else None)
    if context.as_json:
        output.print_json(found["desktops"])
        return
    _print(found["desktops"], empty="You have no desktops. Start one: toolcrib desktops start NAME")
    if (problem := found["limits"]["problem"]) is not None:
        output.warn(problem)


@command(app, "start")
def start(
    context: Context,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called: a-z, 0-9, -; 12 at most.")],
    setup: Annotated[
        str | None,
        typer.Option("--image", "-i", metavar="NAME", help="One of `images`.", autocompletion=complete_setup),
    ] = None,
    volume: Annotated[
        str | None,
        typer.Option(
            "--volume", "-v", metavar="NAME", help="One of `volumes`.", autocompletion=complete_volume
        ),
    ] = None,
    temporary: Annotated[
        bool, typer.Option("--temporary", help="Delete it, with its home, when you stop it.")
    ] = False,
    length: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="How long: 2h. At most the server's limit.")
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until it can be seen.")] = False,
) -> None:
    """Start a desktop, and wait until it can be seen.

    Where there is no room it waits in the queue; it stays there when you press Ctrl-C.
    """
    body: dict[str, Any] = {"name": name, "persistent_home": not temporary}
    if setup is not None:
        body["configuration_id"] = _setup(context, setup)["id"]
    if volume is not None:
        body["volume"] = volume
    if length is not None:
        body["hours"] = (duration_seconds(length) or 0) / 3600
    made = _ask(context, "/desktops", body)
    _await(context, made, wait=not no_wait)


@command(app, "resume")
def resume(
    context: Context,
    name: Name,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until it can be seen.")] = False,
) -> None:
    """Start a stopped desktop again, with its home."""
    one = find(context, name)
    _await(context, _ask(context, _address(one, "/resume")), wait=not no_wait)


@command(app, "stop")
def stop(context: Context, name: Name) -> None:
    """Stop a desktop, or give up its place in the queue. One started with --temporary is deleted."""
    one = find(context, name)
    stopped = context.api.post(_address(one, "/stop"))
    deadline = time.monotonic() + STOP_SECONDS
    while one["persistent_home"] and stopped["state"] == "stopping" and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        stopped = context.api.get(_address(one))
    if one["state"] == "queued":
        what = "has left the queue"
    elif not one["persistent_home"]:
        what = "is stopped and deleted"
    else:
        what = "is being stopped" if stopped["state"] == "stopping" else "is stopped"
    context.show(stopped, f"{one['name']} {what}.")


@command(app, "rm")
def rm(
    context: Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a stopped desktop for good, with everything in its home."""
    one = find(context, name)
    if not yes and not typer.confirm(f"Delete {one['name']} with everything in its home?", err=True):
        raise Failure("Nothing was deleted.", code="not_confirmed")
    context.api.delete(_address(one))
    context.show({"deleted": one["name"]}, f"{one['name']} is deleted.")


@command(app, "extend")
def extend(
    context: Context,
    name: Name,
    by: Annotated[str | None, typer.Option("--by", metavar="TIME", help="So much later: 2h.")] = None,
    end: Annotated[str | None, typer.Option("--until", metavar="TIME", help="At 20:00.")] = None,
) -> None:
    """Let a desktop end later, if nobody waits for room; as late as it can, if you do not say."""
    one = find(context, name)
    if by and end:
        raise CannotTell("Give either --by or --until.")
    body: dict[str, Any] = {}
    if by:
        body["hours"] = (duration_seconds(by) or 0) / 3600
    if end:
        moment = read_moment(end, datetime.now(UTC))
        if moment is None:
            raise CannotTell(f"{end!r} is not a time; write for example 20:00, or 2026-05-01T18:00.")
        body["until"] = moment.isoformat()
    extended = _ask(context, _address(one, "/extend"), body)
    context.show(extended, f"{one['name']} {extended['end_text']}.")


@command(app, "open")
def open_(
    context: Context,
    name: Name,
    only_print: Annotated[bool, typer.Option("--print", help="Only print the address.")] = False,
) -> None:
    """See a desktop in the browser."""
    one = find(context, name)
    if (why := one["cannot"].get("view")) is not None:
        raise Failure(f"{one['name']} cannot be seen: {why}", code="cannot_view")
    address = f"{context.account.url}/desktops/{quote(one['name'], safe='')}/view"
    context.show({"name": one["name"], "url": address}, address)
    if not only_print and not context.as_json:
        webbrowser.open(address)


@command(app, "images")
def images(context: Context) -> None:
    """List what a desktop can be made from."""
    rows = context.api.get("/desktop-config/list")["configurations"]
    if context.as_json:
        output.print_json(rows)
        return
    cells = [
        (
            one["name"],
            one["image"],
            f"{one['min_cpu']}-{one['max_cpu']}",
            f"{one['min_ram']}-{one['max_ram']}",
            one["description"],
        )
        for one in rows
    ]
    heads = ("Name", "Image", "CPU", "Memory", "Description")
    output.print_table(heads, cells, empty="There is nothing to choose: desktops are made from the default.")


@command(app, "volumes")
def volumes(context: Context) -> None:
    """List the volumes that a desktop can have at /storage."""
    rows = context.api.get("/storage-pvcs/list")["pvcs"]
    if context.as_json:
        output.print_json(rows)
        return
    cells = [
        (one["name"], one["size"], one["status"], "one at a time" if one["exclusive"] else "shared")
        for one in rows
    ]
    output.print_table(("Name", "Size", "Status", "Use"), cells, empty="There are no volumes for you.")


@command(app, "share")
def share(
    context: Context,
    name: Name,
    username: Annotated[
        str | None, typer.Argument(metavar="[USERNAME]", help="Without: list who may see it.")
    ] = None,
    control: Annotated[
        bool, typer.Option("--control", help="They may ask for pointer and keyboard, too.")
    ] = False,
    off: Annotated[bool, typer.Option("--off", help="They may see it no longer.")] = False,
) -> None:
    """Let somebody see your desktop."""
    one = find(context, name)
    if username is None:
        guests = context.api.get(_address(one, "/guests"))["guests"]
    else:
        address = _address(one, f"/guests/{quote(username, safe='')}")
        if off:
            guests = context.api.delete(address)["guests"]
        else:
            guests = context.api.request("PUT", address, body={"may_control": control})["guests"]
    if context.as_json:
        output.print_json(guests)
        return
    cells = [
        (each["username"], "sees it, and may be given control" if each["may_control"] else "sees it")
        for each in guests
    ]
    output.print_table(("Person", "May"), cells, empty=f"Only you see {one['name']}.")


def _address(desktop: Desktop, verb: str = "") -> str:
    return f"/desktops/{quote(desktop['name'], safe='')}{verb}"


def _ask(context: Context, path: str, body: dict[str, Any] | None = None) -> Desktop:
    """Ask for something that others may have.

    Raises:
        Held: they have.
        Failure: the request is refused for another reason.
    """
    try:
        made: Desktop = context.api.post(path, body)
    except Failure as refused:
        if refused.code not in TAKEN:
            raise
        raise Held(str(refused), code=refused.code, details=refused.details) from refused
    return made


def _await(context: Context, desktop: Desktop, *, wait: bool) -> None:
    """Wait until a desktop can be seen, telling what happens meanwhile, and print it."""
    said = ""
    while wait and desktop["state"] in ("queued", "starting"):
        line = _progress(desktop)
        if line != said and not context.as_json:
            output.warn(line)
        said = line
        time.sleep(POLL_SECONDS)
        desktop = context.api.get(_address(desktop))
    if desktop["state"] not in ("queued", "starting", "running"):
        why = desktop["reason"] or desktop["state"]
        raise Failure(f"{desktop['name']} does not run: {why}", code=f"desktop_{desktop['state']}")
    if context.as_json:
        output.print_json(desktop)
    else:
        _print([desktop], empty="")


def _progress(desktop: Desktop) -> str:
    if desktop["state"] == "queued":
        at = until(desktop["expected_at"], datetime.now(UTC))
        line = f"{desktop['name']} waits for room, place {desktop['queue_position']}"
        return f"{line}, probably until {at}." if at else f"{line}."
    return f"{desktop['name']}: {desktop['progress'] or 'starting'}"


def _setup(context: Context, name: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = context.api.get("/desktop-config/list")["configurations"]
    for one in rows:
        if one["name"] == name:
            return one
    raise CannotTell(
        f"There is nothing called {name!r} to make a desktop from. See: toolcrib desktops images"
    )


def _print(rows: list[Desktop], *, empty: str) -> None:
    now = datetime.now(UTC)
    cells = [
        (
            one["name"],
            one["state"],
            one["holder"],
            one["configuration"],
            one["volume"],
            until(one["ends_at"], now),
            _remark(one, now),
        )
        for one in rows
    ]
    output.print_table(("Name", "State", "Person", "Image", "Volume", "Until", "Remark"), cells, empty=empty)


def _remark(desktop: Desktop, now: datetime) -> str:
    if desktop["queue_position"] is not None:
        return f"place {desktop['queue_position']} in the queue"
    kept = parse_moment(desktop["keep_until"])
    if kept is not None:
        return f"kept until {local(kept, now)}"
    return str(desktop["reason"] or desktop["progress"] or ENDS.get(desktop["end_reason"], ""))
