"""`toolcrib machines share`, `unshare`, `transfer` and `access`: who signs in to what one has, and with which keys."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from toolcrib.cli.core.context import Context, command
from toolcrib.cli.machines.access import find
from toolcrib.cli.machines.completion import complete_own
from toolcrib.cli.machines.reservations import Keys, PasswordStdin, public_key, sign_in

app = typer.Typer()

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A machine that you hold or have booked, or the id of a reservation.",
        show_default=False,
        autocompletion=complete_own,
    ),
]
Person = Annotated[str, typer.Argument(metavar="PERSON", help="A username.", show_default=False)]


def _address(context: Context, name: str, verb: str) -> str:
    return f"/reservations/{find(context, name)['id']}/{verb}"


@command(app, "share")
def share(
    context: Context,
    name: Name,
    person: Person,
    keys: Annotated[
        list[Path] | None, typer.Option("--key", metavar="FILE", help="A public key of the colleague's.")
    ] = None,
) -> None:
    """Let a colleague sign in to the same account, with keys of their own. They need none where the reservation is with
    certificates."""
    body = {"username": person, "public_keys": [public_key(file) for file in keys or ()]}
    answer = context.api.post(_address(context, name, "share"), body)
    context.show(answer, f"Shared with {', '.join(answer['shared_with'])}")


@command(app, "unshare")
def unshare(context: Context, name: Name, person: Person) -> None:
    """Take a colleague's keys away. Sessions that are open last until the end."""
    answer = context.api.delete(_address(context, name, f"share/{quote(person, safe='')}"))
    context.show(answer, f"No longer shared with {person}")


@command(app, "transfer")
def transfer(
    context: Context, name: Name, to: Annotated[str, typer.Option("--to", help="The new holder.")]
) -> None:
    """Pass a reservation on, with all its machines. The accounts are removed, and the new holder's are made: they say
    by `toolcrib machines access` how they sign in."""
    answer = context.api.post(_address(context, name, "transfer"), {"to": to})
    context.show(answer, f"Passed on to {to}")


@command(app, "access")
def access(context: Context, name: Name, keys: Keys = None, password_stdin: PasswordStdin = False) -> None:
    """Change how you sign in: by your own key of `toolcrib ssh`, those of --key, and the password of --password-stdin;
    others are taken away."""
    body = sign_in(keys, password_stdin=password_stdin, certificate=False)
    answer: dict[str, Any] = context.api.request("PUT", _address(context, name, "access"), body=body)
    count = len(body["public_keys"])
    context.show(answer, f"Changed how you sign in: {count} {'key' if count == 1 else 'keys'}")
