"""`toolcrib machines book`: machines for a time to come."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.durations import end_seconds, until
from toolcrib.cli.machines.access import find, names_of
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
    begins = datetime.now(UTC) + timedelta(seconds=end_seconds(start) or 0)
    body = wish(context, names, count, tags, length) | {"starts_at": begins.isoformat()}
    more = {"purpose": purpose, "at_least": at_least, "login": login}
    body |= {key: value for key, value in more.items() if value is not None}
    made = ask(context, body | sign_in(keys, password_stdin=password_stdin, certificate=certificate))
    if context.as_json:
        output.print_json(made)
    else:
        print_reservations([made])


@command(app, "confirm")
def confirm(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A machine, or the id of a reservation.")],
) -> None:
    """Say that you use a booking that has begun, so that it does not end. `toolcrib ssh` says so too."""
    answer = context.api.post(f"/reservations/{find(context, name)['id']}/confirm")
    context.show(answer, f"Confirmed: {names_of(answer)} until {until(answer['ends_at'], datetime.now(UTC))}")
