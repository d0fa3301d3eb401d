"""The commands of an installed kind, as another package brings them: keys of meeting rooms.

For want of a server side of their own the keys are kept as assets.
"""

from contextlib import suppress
from typing import Annotated, Any

import typer

from toolcrib.cli.core import claims
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.durations import duration_seconds, new_end_seconds
from toolcrib.cli.core.failures import Failure, Held
from toolcrib.cli.core.options import NewEnd
from toolcrib.cli.core.waiting import as_program

app = typer.Typer(no_args_is_help=True, help="Keys of meeting rooms.")

KIND = "asset"
Room = Annotated[str, typer.Argument(metavar="ROOM", show_default=False)]
Person = Annotated[str, typer.Argument(metavar="USER", show_default=False)]


@command(app, "list")
def list_keys(context: Context) -> None:
    """List the keys that people hold."""
    rows = context.api.all_pages("/claims", "claims", kind=KIND, q="room/")
    claims.print_claims(rows, empty="All keys are in the cupboard.")


@command(app, "take")
def take(
    context: Context,
    room: Room,
    wait: Annotated[bool, typer.Option("--wait", help="Wait in line until it is free.")] = False,
    timeout: Annotated[str | None, typer.Option("--timeout", metavar="TIME")] = None,
) -> None:
    """Take a key."""
    key = f"room/{room}"
    body = context.in_project({"asset_path": key, "branch": "rooms", "wait": wait, **as_program(None)})

    def ask() -> tuple[Any, dict[str, Any]]:
        try:
            answer = context.api.post("/locks", body)
        except Held as refused:
            raise Held(claims.holder_line(room, refused.details), code=refused.code) from refused
        return answer.get("lock"), answer

    def leave() -> None:
        with suppress(Failure):
            claims.give_up(context.api, *ask())

    if not wait:
        taken, _ = ask()
    else:
        seconds = duration_seconds(timeout)
        taken, answer = claims.wait_for(
            context, room, kind=KIND, key=key, ask=ask, leave=leave, timeout_seconds=seconds
        )
        if taken is None:
            raise Held(claims.holder_line(room, answer["held"]), code="claim_held")
    context.show(taken, f"You have the key of {room}.")


def held(context: Context, room: str) -> claims.Claim:
    return claims.find_claim(context.api, f"room/{room}", kind=KIND)


@command(app, "return")
def return_key(context: Context, room: Room) -> None:
    """Give a key back."""
    context.show(claims.release(context.api, held(context, room)), f"The key of {room} is back.")


@command(app, "seize")
def seize(context: Context, room: Room, reason: Annotated[str, typer.Option("--reason")]) -> None:
    """Take a key away from its holder (admins only)."""
    answer = claims.force_release(context.api, held(context, room), reason)
    context.show(answer, f"The key of {room} is back.")


@command(app, "keep")
def keep(context: Context, room: Room, *, expires: NewEnd) -> None:
    """Keep a key for longer."""
    answer = claims.renew(context.api, held(context, room), new_end_seconds(expires))
    context.show(answer, claims.holder_line(room, answer["claim"]))


@command(app, "pass")
def pass_on(context: Context, room: Room, to: Person) -> None:
    """Hand a key to another person."""
    answer = claims.transfer(context.api, held(context, room), to)
    context.show(answer, f"{to} has the key of {room}.")
