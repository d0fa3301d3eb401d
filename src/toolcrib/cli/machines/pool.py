"""`toolcrib machines ls`, and what administrators do with the machines of a pool."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.durations import local, parse_moment, until
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.general.sign_in import secret
from toolcrib.cli.machines.completion import complete_machine

app = typer.Typer()

NewName = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]
Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False, autocompletion=complete_machine)]
ManyNames = Annotated[
    list[str], typer.Argument(metavar="NAME…", show_default=False, autocompletion=complete_machine)
]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; it is shown with the machine.")]
Off = Annotated[bool, typer.Option("--off", help="End it.")]
Format = Annotated[str | None, typer.Option("--format", metavar="yaml|csv")]
Row = dict[str, Any]


def _address(name: str, verb: str = "") -> str:
    return f"/pool/machines/{quote(name, safe='')}{verb}"


def _state(machine: Row) -> str:
    word = str(machine["state"])
    return word if machine["online"] is not False else f"{word}, offline"


def booked(booking: Row | None, now: datetime) -> str:
    begins = parse_moment(booking["starts_at"]) if booking else None
    return f"{local(begins, now)} by {booking['holder']}" if booking and begins else ""


@command(app, "ls")
def ls(
    context: Context,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="In name, host, holder or tags.")
    ] = None,
    tags: Annotated[str | None, typer.Option("--tag", "-t", metavar="TAGS", help='"gpu && !flaky"')] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Only those that are free, held, quarantined, …")
    ] = None,
) -> None:
    """List the machines that you may see: what each is doing, who has it, until when."""
    rows: list[Row] = []
    after: str | None = None
    while True:
        page = context.api.get("/pool/machines", tags=tags, q=text, state=state, after=after)
        rows += page["machines"]
        after = page["next"]
        if after is None:
            break
    if context.as_json:
        output.print_json(rows)
        return
    now = datetime.now(UTC)
    cells = [
        (
            one["name"],
            _state(one),
            one["holder"],
            until(one["reserved_until"], now),
            f"{one['host']}:{one['port']}",
            " ".join(one["tags"]),
            one["reason"],
            booked(one["next_booking"], now),
        )
        for one in rows
    ]
    heads = ("Machine", "State", "Holder", "Until", "Address", "Tags", "Reason", "Booked")
    output.print_table(heads, cells, empty="There are no machines.")


@command(app, "add")
def add(
    context: Context,
    name: NewName,
    *,
    host: Annotated[str, typer.Option("--host", help="Its DNS name or IP address.")],
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 22,
    user: Annotated[str, typer.Option("--user", help="The account that manages it.")] = "root",
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The private key of that account.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the account's password from standard input.")
    ] = False,
    sudo: Annotated[bool, typer.Option("--sudo", help="The account needs sudo.")] = False,
    jump: Annotated[str | None, typer.Option("--jump", metavar="NAME", help="Reached through it.")] = None,
    reset: Annotated[
        str | None,
        typer.Option("--reset", metavar="NAME", help="Which of the server's programs resets it, or none."),
    ] = None,
    homes: Annotated[
        str | None, typer.Option("--homes", metavar="wipe|archive", help="What becomes of home folders.")
    ] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", "-t", help="May be given several times.")] = None,
    scope: Annotated[
        str | None, typer.Option("--scope", help="Who alone sees it: project:NAME or company:ID.")
    ] = None,
) -> None:
    """Register a machine (admins only). Without --key its password is asked for, or is in
    `TOOLCRIB_MACHINE_PASSWORD`."""
    body: Row = {"name": name, "host": host, "port": port, "user": user, "sudo": sudo, "tags": tags or []}
    body |= {
        key: value
        for key, value in {"jump": jump, "scope": scope, "reset": reset, "homes": homes}.items()
        if value
    }
    if key is not None:
        body["private_key"] = _read(key)
    if key is None or password_stdin:
        body["password"] = secret(
            f"Password of {user} on {name}",
            from_stdin=password_stdin,
            variable="TOOLCRIB_MACHINE_PASSWORD",
        )
    context.show(context.api.post("/machines", body), f"Added {name}")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as bad:
        raise CannotTell(f"{file} cannot be read: {bad}") from bad


@command(app, "rm")
def rm(context: Context, names: ManyNames) -> None:
    """Remove machines from the pool (admins only). Refused for one that is held."""
    for name in names:
        context.api.delete(f"/machines/{quote(name, safe='')}")
        if not context.as_json:
            output.print_text(f"Removed {name}")
    if context.as_json:
        output.print_json({"removed": names})


def _format_of(given: str | None, file: Path | None) -> str:
    found = given or ("csv" if file is not None and file.suffix.lower() == ".csv" else "yaml")
    if found not in ("yaml", "csv"):
        raise CannotTell("--format is yaml or csv.")
    return found


@command(app, "import")
def import_(
    context: Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="- is standard input.")],
    form: Format = None,
) -> None:
    """Register the machines of an inventory file that are not there yet (admins only). Ends with 1 when an entry
    could not be used."""
    text = sys.stdin.read() if str(file) == "-" else _read(file)
    answer = context.api.post("/pool/inventory", {"format": _format_of(form, file), "text": text})
    lines = [f"Added {name}" for name in answer["added"]]
    lines += [f"{name} is there already" for name in answer["existing"]]
    context.show(answer, "\n".join(lines))
    if not context.as_json:
        for one in answer["skipped"]:
            output.warn(f"Skipped {one['entry']}: {one['reason']}")
    if answer["skipped"]:
        raise typer.Exit(Failure.exit_code)


@command(app, "export")
def export(
    context: Context,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", show_default=False)] = None,
    form: Format = None,
) -> None:
    """Write the inventory, to a file or standard output (admins only). Passwords and keys are not in it."""
    with context.api.answer("GET", "/pool/inventory", params={"format": _format_of(form, file)}) as answer:
        content = answer.read()
    if file is None:
        sys.stdout.write(content.decode())
        return
    try:
        file.write_bytes(content)
    except OSError as bad:
        raise CannotTell(f"{file} cannot be written: {bad}") from bad
    context.show({"file": os.fspath(file)}, f"Wrote {file}")


@command(app, "check")
def check(context: Context, names: ManyNames) -> None:
    """Look at machines now (admins only). Ends with 1 when one cannot be reached or is in quarantine."""
    rows = [context.api.post(_address(name, "/check")) for name in names]
    for one in rows:
        if not context.as_json:
            reason = f": {one['reason']}" if one["reason"] else ""
            output.print_text(
                f"{one['name']} is {'online' if one['online'] else 'offline'}, {one['state']}{reason}"
            )
    if context.as_json:
        output.print_json(rows)
    if any(not one["online"] or one["state"] == "quarantined" for one in rows):
        raise typer.Exit(Failure.exit_code)


@command(app, "enroll")
def enroll(
    context: Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME…]", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every machine that has a password.")] = False,
) -> None:
    """Have the pool sign in on machines by a key of its own, and forget their passwords (admins only).

    A password is forgotten once the key alone has signed in and become root. Ends with 1 when one keeps its password.
    """
    if bool(names) == everything:
        raise CannotTell("Name the machines, or give --all.")
    if everything:
        rows = context.api.get("/pool/machines")["machines"]
        names = [one["name"] for one in rows if one["has_password"]]
    done: list[Row] = []
    failed: list[Failure] = []
    for name in names or ():
        try:
            done.append(context.api.post(_address(name, "/enroll")))
        except Failure as refused:
            if refused.code != "not_enrolled":
                raise
            failed.append(refused)
            output.warn(str(refused))
        else:
            if not context.as_json:
                output.print_text(f"{name} has no password any more")
    if context.as_json:
        output.print_json(done)
    elif not done and not failed:
        output.print_text("No machine has a password.")
    if failed:
        raise typer.Exit(Failure.exit_code)


def _switch(context: Context, verb: str, name: str, *, on: bool, reason: str | None) -> None:
    body = {"on": on, **({"reason": reason} if reason else {})}
    answer = context.api.post(_address(name, f"/{verb}"), body)
    context.show(answer, f"{name} is {_state(answer)}")


@command(app, "quarantine")
def quarantine(context: Context, name: Name, reason: Reason = None, off: Off = False) -> None:
    """Take a machine out of the pool, or with --off give it back to it (admins only)."""
    _switch(context, "quarantine", name, on=not off, reason=reason)


@command(app, "maintenance")
def maintenance(context: Context, name: Name, reason: Reason = None, off: Off = False) -> None:
    """Let nobody new have a machine; who has it keeps it (admins only)."""
    _switch(context, "maintenance", name, on=not off, reason=reason)


@command(app, "accept-host-key")
def accept_host_key(
    context: Context,
    name: Name,
    host_key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="The key, as you know it from elsewhere.")
    ] = None,
) -> None:
    """Accept the changed host key of a machine (admins only). Without KEY a terminal is asked."""
    offered = context.api.get(_address(name))["offered_host_key"]
    if offered is None:
        raise Failure(f"{name} has shown no other host key.", code="no_offered_host_key")
    if host_key is None:
        if not sys.stdin.isatty():
            raise CannotTell(f"Compare the key and give it to accept it: {offered}")
        typer.confirm(f"{output.clean(name)} now shows {output.clean(offered)}. Accept it?", abort=True)
        host_key = offered
    answer = context.api.post(_address(name, "/accept-host-key"), {"host_key": host_key})
    context.show(answer, f"{name} is {_state(answer)}")
