"""`toolcrib machines reserve`, `release`, `extend`, `reservations` and `queue`.

All but `release` are also commands without the group, hidden in the help. `toolcrib release` is an older spelling of
`unlock` and stays that.
"""

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from toolcrib.cli.core import claims, output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.durations import duration_seconds, local, parse_moment, until
from toolcrib.cli.core.failures import CannotTell, Failure, Held
from toolcrib.cli.general.sign_in import secret
from toolcrib.cli.machines.access import CURRENT, OPEN, Reservation, find, names_of, own
from toolcrib.cli.machines.completion import complete_machine, complete_own, complete_waiting
from toolcrib.cli.machines.own_key import own_public_key

app = typer.Typer()
top = typer.Typer()

POLL_SECONDS = 1.0
# The refusals that say that others have the machines.
TAKEN = ("not_enough_machines", "machine_held", "booked_then", "somebody_waits")
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME…]", show_default=False, autocompletion=complete_machine),
]
Waiting = Annotated[
    str, typer.Argument(metavar="ID", help="As `queue` shows it.", autocompletion=complete_waiting)
]
OwnNames = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME…]", show_default=False, autocompletion=complete_own)
]
Count = Annotated[int | None, typer.Option("--count", "-n", min=1, help="How many machines; 1 if not given.")]
Tags = Annotated[
    str | None, typer.Option("--tag", "-t", metavar="TAGS", help='Only such machines: "gpu && !flaky".')
]
Length = Annotated[str, typer.Option("--for", metavar="TIME", help="How long: 30m, 2h. In whole minutes.")]
Purpose = Annotated[str | None, typer.Option("--message", "-m", help="What for; others see it.")]
AtLeast = Annotated[int | None, typer.Option("--at-least", min=1, help="Be content with fewer.")]
Keys = Annotated[
    list[Path] | None, typer.Option("--key", metavar="FILE", help="A public key that may sign in too.")
]
Certificates = Annotated[
    bool, typer.Option("--certificate", help="Sign in by short-lived certificates; no key is left there.")
]
Login = Annotated[str | None, typer.Option("--login", help="The login name on the machines.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read a password for the accounts from standard input.")
]


def minutes(text: str) -> int:
    """Read a length of time in whole minutes, rounded up."""
    return -(-(duration_seconds(text) or 60) // 60)


def wish(
    context: Context, names: list[str] | None, count: int | None, tags: str | None, length: str
) -> dict[str, Any]:
    """Return what a request for machines says of which ones, and for how long."""
    body: dict[str, Any] = {"minutes": minutes(length)}
    given = {"names": list(names or ()), "count": count, "tags": tags}
    scope = f"project:{context.given.project}" if context.given.project else None
    return body | {key: value for key, value in {**given, "scope": scope}.items() if value}


@command(app, "reserve")
@command(top, hidden=("reserve",))
def reserve(
    context: Context,
    *,
    names: Names = None,
    count: Count = None,
    tags: Tags = None,
    length: Length = "1h",
    purpose: Purpose = None,
    at_least: AtLeast = None,
    keys: Keys = None,
    certificate: Certificates = False,
    login: Login = None,
    password_stdin: PasswordStdin = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stand in the queue if too few are free.")] = False,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Wait at most so long.")
    ] = None,
) -> None:
    """Reserve machines, by name or by number and tags, and wait until the accounts are there.

    Sign in with `toolcrib ssh NAME`. All machines or none are reserved, unless --at-least says otherwise. With --wait
    your place in the queue stays when you press Ctrl-C; `toolcrib machines release ID` gives it up.
    """
    body = wish(context, names, count, tags, length)
    if timeout and not wait:
        raise CannotTell("--timeout is for --wait.")
    more = {"purpose": purpose, "at_least": at_least, "login": login, "wait": wait or None}
    body |= {key: value for key, value in more.items() if value is not None}
    body |= sign_in(keys, password_stdin=password_stdin, certificate=certificate)
    if timeout:
        body["wait_minutes"] = minutes(timeout)
    made = ask(context, body)
    tell_place(None, made)
    while made["state"] in ("waiting", "preparing"):
        time.sleep(POLL_SECONDS)
        before, made = made, context.api.get(f"/reservations/{made['id']}")
        tell_place(before, made)
    if made["state"] != "ready":
        raise Failure(f"No machines: {made['reason'] or made['state']}", code=f"reservation_{made['state']}")
    if context.as_json:
        output.print_json(made)
    else:
        print_reservations([made])


def sign_in(keys: list[Path] | None, *, password_stdin: bool, certificate: bool) -> dict[str, Any]:
    """Return what a request says of how one signs in on the machines: by our own key at least, or certificates of
    it."""
    own_keys = [] if certificate else [own_public_key()]
    body: dict[str, Any] = {"public_keys": [*own_keys, *(public_key(file) for file in keys or ())]}
    if certificate:
        body["certificate"] = True
    if password_stdin:
        body["password"] = secret(
            "Password for the machines", from_stdin=True, variable="TOOLCRIB_MACHINE_PASSWORD"
        )
    return body


def ask(context: Context, body: dict[str, Any], *, method: str = "POST", path: str = "") -> Reservation:
    """Ask for machines, or for a change of the reservation at `path`.

    Raises:
        Held: others have them.
        Failure: the request is refused for another reason.
    """
    try:
        made: Reservation = context.api.request(method, f"/reservations{path}", body=body)
    except Failure as refused:
        if refused.code not in TAKEN:
            raise
        raise Held(str(refused), code=refused.code, details=refused.details) from refused
    return made


def public_key(file: Path) -> str:
    """Read a public key, and never a private one.

    Raises:
        CannotTell: the file cannot be read, or is no public key.
    """
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as bad:
        raise CannotTell(f"{file} cannot be read: {bad}") from bad
    if "PRIVATE KEY" in text or "\n" in text or not text:
        raise CannotTell(f"{file} is not a public key. Its name usually ends with .pub.")
    return text


def tell_place(before: Reservation | None, now: Reservation) -> None:
    """Say where somebody stands in the queue: at first, and when it changes whether they could be served at all."""
    if now["state"] == "waiting" and (before is None or _obstacle(before) != _obstacle(now)):
        output.warn(_waiting_line(now))


def _obstacle(reservation: Reservation) -> str | None:
    """Return why the pool as it is would never serve a request in the queue."""
    found: str | None = (reservation["queue"] or {}).get("obstacle")
    return found


def _waiting_line(reservation: Reservation) -> str:
    place, obstacle = reservation["queue"] or {}, _obstacle(reservation)
    served = until(place.get("estimate"), datetime.now(UTC))
    line = f"Waiting in line, place {place.get('place')} of {place.get('of')}"
    if obstacle:
        line += f", but others go first until that changes: {obstacle.removesuffix('.')}"
    return line + (f", probably served at {served}" if served else "") + f". ({reservation['id']})"


def moment(text: str | None, now: datetime) -> str:
    found = parse_moment(text)
    return local(found, now) if found else ""


def _asked_for(one: Reservation) -> str:
    """Say what somebody asked for, as far as one may know that."""
    if one["damaged"]:
        return "damaged"
    if one["names"]:
        return " ".join(one["names"])
    return f"{one['count']} × {one['tags']}" if one["tags"] else str(one["count"])


def print_reservations(rows: list[Reservation], *, empty: str = "") -> None:
    now = datetime.now(UTC)
    cells = [
        (
            one["id"],
            names_of(one) or " ".join(one["booked_machines"]) or _asked_for(one),
            one["state"],
            one["holder"],
            one["login"],
            moment(one["starts_at"], now) if one["state"] == "booked" else "",
            until(one["ends_at"], now) if one["state"] in ("booked", *CURRENT) else "",
            one["purpose"],
        )
        for one in rows
    ]
    heads = ("Reservation", "Machines", "State", "Holder", "Login", "From", "Until", "Purpose")
    output.print_table(heads, cells, empty=empty)


@command(app, "reservations")
@command(top, hidden=("reservations",))
def reservations(
    context: Context,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's (admins only).")] = False,
    ended: Annotated[bool, typer.Option("--ended", help="Also those that are over.")] = False,
) -> None:
    """List your reservations, and those that others share with you."""
    states = (*OPEN, *(("failed", "ended") if ended else ()))
    rows = own(context, *states, mine=not everybody, shared=True)
    if context.as_json:
        output.print_json(rows)
    else:
        print_reservations(
            rows, empty="There are no reservations." if everybody else "You have reserved no machines."
        )


@command(app, "release")
def release(
    context: Context,
    *,
    names: OwnNames = None,
    everything: Annotated[bool, typer.Option("--all", help="All that you have, booked or wait for.")] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why; needed for what others hold (admins only).")
    ] = None,
) -> None:
    """Give machines back, by name; or whole reservations, bookings and places in the queue, by their id.

    The accounts on the machines are removed, and open sessions end.
    """
    if bool(names) == everything:
        raise CannotTell("Name the machines or reservations, or give --all.")
    done: list[str] = []
    mine = own(context, *OPEN)
    for name in names or [one["id"] for one in mine]:
        _release(context, name, mine, reason)
        done.append(name)
        if not context.as_json:
            output.print_text(f"Released {name}")
    if context.as_json:
        output.print_json({"released": done})


def _release(context: Context, name: str, mine: list[Reservation], reason: str | None) -> None:
    for one in mine:
        if name == one["id"]:
            params = {"reason": reason}
            context.api.request("DELETE", f"/reservations/{one['id']}", params=params)
            return
        for machine in one["machines"]:
            if machine["machine"] == name and machine["state"] in CURRENT:
                claims.release(context.api, machine)
                return
    booked = [one["id"] for one in mine if name in one["booked_machines"]]
    if booked and reason is None:
        raise Failure(
            f"You have booked {name}. To cancel that: toolcrib machines release {' or '.join(booked)}",
            code="booked",
        )
    claim = claims.find_claim(context.api, name, kind="machine")
    if reason is None:
        raise CannotTell(f"{name} is held by {claim['holder']}. To end that, give --reason (admins only).")
    claims.force_release(context.api, claim, reason)


@command(app, "extend")
@command(top, hidden=("extend",))
def extend(
    context: Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A machine, or the id of a reservation.", autocompletion=complete_own
        ),
    ],
    length: Annotated[str, typer.Option("--for", metavar="TIME", help="How much longer: 30m, 2h.")],
) -> None:
    """Keep a reservation longer, with all its machines. Refused while others wait for such machines."""
    body = {"minutes": minutes(length)}
    answer = context.api.post(f"/reservations/{find(context, name)['id']}/extend", body)
    ends = until(answer["ends_at"], datetime.now(UTC))
    context.show(answer, f"{names_of(answer)} until {ends}")


@command(app, "output")
def show_output(
    context: Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A machine you have, or the id of a reservation.")
    ],
) -> None:
    """Show what was done last on the machines of a reservation, and what that said (its holder and admins only)."""
    is_id = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name)
    found = name if is_id else find(context, name)["id"]
    rows = context.api.get(f"/reservations/{found}/output")["machines"]
    if context.as_json:
        output.print_json(rows)
        return
    now = datetime.now(UTC)
    for one in rows:
        at = parse_moment(one["at"])
        done = f"{one['what']} {one['problem'] or 'done'}, {local(at, now)}" if at else "nothing was done yet"
        output.print_text(f"{one['machine']}: {done}")
        for line in one["output"].splitlines():
            output.print_text(f"  {line}")


@command(app, "queue")
@command(top, hidden=("queue",))
def queue(context: Context) -> None:
    """List who waits for machines, in the order of service, with the probable time."""
    rows: list[dict[str, Any]] = []
    while True:
        page = context.api.get("/pool/queue", offset=len(rows))
        rows += page["queue"]
        if not page["queue"] or len(rows) >= page["total"]:
            break
    if context.as_json:
        output.print_json(rows)
        return
    now = datetime.now(UTC)
    cells = [
        (
            one["queue"]["place"],
            one["holder"],
            _asked_for(one),
            f"{one['minutes']} min",
            _obstacle(one) or until(one["queue"]["estimate"], now),
            one["purpose"],
            one["id"],
        )
        for one in rows
        if one["queue"]
    ]
    heads = ("Place", "Who", "Wants", "For", "Probably", "Purpose", "Reservation")
    output.print_table(heads, cells, empty="Nobody waits.")


@command(app, "move")
def move(
    context: Context,
    reservation: Waiting,
    place: Annotated[int, typer.Option("--place", min=1)],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is logged.")],
) -> None:
    """Give somebody in the queue another place (admins only)."""
    path = f"/pool/queue/{quote(reservation, safe='')}/move"
    context.show(context.api.post(path, {"place": place, "reason": reason}), f"Moved to place {place}.")


@command(app, "priority")
def priority(
    context: Context,
    reservation: Waiting,
    to: Annotated[int, typer.Option("--to", min=-100, max=100, help="Everybody begins with 0.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is logged.")],
) -> None:
    """Have somebody in the queue served before all with a lower priority (admins only)."""
    path = f"/pool/queue/{quote(reservation, safe='')}/priority"
    context.show(context.api.post(path, {"priority": to, "reason": reason}), f"Has priority {to} now.")
