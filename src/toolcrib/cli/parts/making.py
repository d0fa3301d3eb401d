"""`parts take`, `assign`, `release`, `count`, `done`, and what is in the way."""

from typing import Annotated

import typer

from toolcrib.cli.core.context import Context, command
from toolcrib.cli.parts.which import Needed, Part, Reason, called, pieces, post, say, state

app = typer.Typer()

TakeOver = Annotated[bool, typer.Option("--take-over", help="Even if somebody has it: with --reason.")]
Override = Annotated[bool, typer.Option("--override", help="Finish it to the older model: with --reason.")]


@command(app, "take")
def take(context: Context, part: Part, take_over: TakeOver = False, reason: Reason = None) -> None:
    """Take a part: you make it."""
    found = post(context, part, "take", take_over=take_over, reason=reason)
    say(context, found, f"You make {called(found)} now ({pieces(found)}).")


@command(app, "assign")
def assign(
    context: Context,
    part: Part,
    username: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    take_over: TakeOver = False,
    reason: Reason = None,
) -> None:
    """Have somebody else make a part: what you have, or as an admin of the project."""
    found = post(context, part, "assign", username=username, take_over=take_over, reason=reason)
    say(context, found, f"{username} makes {called(found)} now.")


@command(app, "release")
def release(context: Context, part: Part, reason: Reason = None) -> None:
    """Give a part back to the board."""
    found = post(context, part, "release", reason=reason)
    say(context, found, f"{called(found)} is free again.")


@command(app, "count")
def count(
    context: Context,
    part: Part,
    made: Annotated[
        int | None,
        typer.Argument(metavar="MADE", min=0, help="Without it one, or none where some are scrapped."),
    ] = None,
    scrapped: Annotated[int, typer.Option("--scrapped", min=0)] = 0,
    reason: Annotated[str | None, typer.Option("--reason", "-m", help="The code that scrap needs.")] = None,
    note: Annotated[str | None, typer.Option("--note")] = None,
    override: Override = False,
) -> None:
    """Count pieces that you made and scrapped. The last one finishes the part."""
    if made is None:
        made = 0 if scrapped else 1
    found = post(
        context, part, "count", made=made, scrapped=scrapped, reason=reason, note=note, override=override
    )
    say(context, found, f"{called(found)}: {pieces(found)} ({state(found)}).")


@command(app, "done")
def done(context: Context, part: Part, override: Override = False, reason: Reason = None) -> None:
    """Finish the step that is due, or the part."""
    found = post(context, part, "done", override=override, reason=reason)
    say(context, found, f"{called(found)} is done: {state(found)}.")


@command(app, "recheck")
def recheck(context: Context, part: Part) -> None:
    """Say that you have looked at the newer model of a part that you make."""
    found = post(context, part, "recheck")
    say(context, found, f"{called(found)}: you work to revision {found['revision']} now.")


@command(app, "block")
def block(context: Context, part: Part, reason: Needed) -> None:
    """Say what is in the way of making a part."""
    found = post(context, part, "block", reason=reason)
    say(context, found, f"{called(found)} is blocked.")


@command(app, "unblock")
def unblock(context: Context, part: Part) -> None:
    """Say that nothing is in the way any more."""
    found = post(context, part, "unblock")
    say(context, found, f"{called(found)} can be made again.")


@command(app, "rework")
def rework(
    context: Context,
    part: Part,
    reason: Needed,
    step: Annotated[int | None, typer.Option("--step", metavar="ID", help="As `show --json` has it.")] = None,
) -> None:
    """Send a part back, to be done again."""
    found = post(context, part, "rework", reason=reason, step_id=step)
    say(context, found, f"{called(found)} goes back: {state(found)}.")


@command(app, "last-step")
def last_step(context: Context, part: Part) -> None:
    """Say that a finished part was inspected or picked up, whichever the project wants."""
    found = post(context, part, "last-step")
    say(context, found, f"{called(found)}: {found['last_step'].replace('_', ' ')}.")


@command(app, "revert")
def revert(context: Context, part: Part, reason: Reason = None) -> None:
    """Take a completed part back."""
    found = post(context, part, "revert", reason=reason)
    say(context, found, f"{called(found)} is open again: {state(found)}.")
