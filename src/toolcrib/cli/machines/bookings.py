"""`toolcrib machines book`, `rebook`, `confirm`, `calendar` and `calendar-feed`: machines for a time to come."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.durations import duration_seconds, moment_meant, until
from toolcrib.cli.core.failures import CannotTell
from toolcrib.cli.machines.access import find, names_of
from toolcrib.cli.machines.completion import complete_machine, complete_own
from toolcrib.cli.machines.reservations import (
    AtLeast,
    Certificates,
    Count,
    Keys,
    Length,
    Login,
    Names,
    PasswordStdin,
    Purpose,
    Tags,
    ask,
    minutes,
    moment,
    print_reservations,
    sign_in,
    wish,
)

app = typer.Typer()

At = Annotated[
    str,
    typer.Option(
        "--at", metavar="TIME", help="When it begins: 18:00, 2026-05-01T09:00; or after how long: 2h."
    ),
]


@command(app, "book")
def book(
    context: Context,
    *,
    start: At,
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
) -> None:
    """Book machines for a time to come, by name or by number and tags.

    Nobody else gets them then. `toolcrib machines release ID` cancels the booking. When it has begun, use it or confirm
    it, or it ends.
    """
    begins = moment_meant(start, datetime.now(UTC))
    body = wish(context, names, count, tags, length) | {"starts_at": begins.isoformat()}
    more = {"purpose": purpose, "at_least": at_least, "login": login}
    body |= {key: value for key, value in more.items() if value is not None}
    made = ask(context, body | sign_in(keys, password_stdin=password_stdin, certificate=certificate))
    if context.as_json:
        output.print_json(made)
    else:
        print_reservations([made])


@command(app, "rebook")
def rebook(
    context: Context,
    *,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A machine that you have booked, or the id of the booking.",
            show_default=False,
            autocompletion=complete_own,
        ),
    ],
    start: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="When it begins now: 18:00, or 2h from now.")
    ] = None,
    length: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="How long it lasts now: 30m, 2h.")
    ] = None,
    machines: Annotated[
        list[str] | None,
        typer.Option("--machine", metavar="NAME", help="These machines.", autocompletion=complete_machine),
    ] = None,
    count: Count = None,
    tags: Tags = None,
    at_least: AtLeast = None,
) -> None:
    """Give a booking that has not begun other times or machines.

    What is not said stays as it is. If what is said cannot be had, all of it stays.
    """
    begins = moment_meant(start, datetime.now(UTC)) if start else None
    given = {
        "starts_at": begins.isoformat() if begins else None,
        "minutes": minutes(length) if length else None,
        "names": machines or None,
        "count": count,
        "tags": tags,
        "at_least": at_least,
    }
    body = {key: value for key, value in given.items() if value is not None}
    if not body:
        raise CannotTell("Say what is to change: --at, --for, --machine, --count, --tag or --at-least.")
    made = ask(context, body, method="PATCH", path=f"/{find(context, name)['id']}")
    if context.as_json:
        output.print_json(made)
    else:
        print_reservations([made])


@command(app, "confirm")
def confirm(
    context: Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A machine, or the id of a reservation.", autocompletion=complete_own
        ),
    ],
) -> None:
    """Say that you use a booking that has begun, so that it does not end. `toolcrib ssh` says so too."""
    answer = context.api.post(f"/reservations/{find(context, name)['id']}/confirm")
    context.show(answer, f"Confirmed: {names_of(answer)} until {until(answer['ends_at'], datetime.now(UTC))}")


@command(app, "calendar")
def calendar(
    context: Context,
    *,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Only this machine.", autocompletion=complete_machine),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="18:00, 2026-05-01T09:00, or 2h; else now.")
    ] = None,
    length: Annotated[str, typer.Option("--for", metavar="TIME", help="How long: 12h, 7d.")] = "7d",
) -> None:
    """List who has and has booked which machine, until when."""
    now = datetime.now(UTC)
    begins = moment_meant(start, now) if start else now
    ends = begins + timedelta(seconds=duration_seconds(length) or 0)
    wanted = {"from": begins.isoformat(), "to": ends.isoformat(), "machine": name}
    answer = context.api.get("/pool/calendar", **wanted)
    if context.as_json:
        output.print_json(answer)
        return
    cells = [
        (
            one["machine"],
            moment(one["starts_at"], now),
            moment(one["ends_at"], now),
            one["holder"],
            "booked" if one["kind"] == "booking" else "held",
            one["purpose"],
        )
        for one in answer["entries"]
    ]
    heads = ("Machine", "From", "Until", "Who", "", "Purpose")
    output.print_table(heads, cells, empty="Nobody has machines then.")
    if not answer["is_complete"]:
        output.warn("There is more: ask for a shorter time.")


@command(app, "calendar-feed")
def calendar_feed(
    context: Context,
    everything: Annotated[
        bool, typer.Option("--everything", help="All that you may see, not only yours.")
    ] = False,
    off: Annotated[bool, typer.Option("--off", help="End it.")] = False,
) -> None:
    """Make a secret address at which a calendar program finds your machines; an earlier one ends.

    Whoever knows the address can read the calendar, and do nothing else.
    """
    if off:
        context.api.delete("/pool/calendar/feed")
        context.show({"url": None}, "The address of your calendar has ended.")
        return
    answer = context.api.post("/pool/calendar/feed", {"everything": everything})
    context.show(answer, answer["url"])
