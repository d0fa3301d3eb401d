"""Which part a command is about, and how parts are shown in a line."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from toolcrib.cli.core.context import Context
from toolcrib.cli.core.failures import CannotTell, Failure

Row = dict[str, Any]
Part = Annotated[str, typer.Argument(metavar="PART", show_default=False, help="Its number (id), or FR-001.")]
ManyParts = Annotated[list[str], typer.Argument(metavar="PART…", show_default=False)]
Reason = Annotated[str | None, typer.Option("--reason", "-m", metavar="TEXT", help="Why.")]
Needed = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Why.")]

PRIORITIES = {-1: "low", 0: "", 1: "high", 2: "urgent"}


def find(context: Context, text: str) -> int:
    """Return the id of the part that `text` names: an id, or a part number that only one part has.

    Raises:
        Failure: there is no such part.
        CannotTell: several parts have this number.
    """
    if text.isascii() and text.isdigit():
        return int(text)
    found = context.api.get("/shop/parts", search=text, project=context.given.project or "*", limit=500)
    rows = [part for part in found["parts"] if part["part_number"].lower() == text.lower()]
    if not rows:
        raise Failure(f"There is no part {text}.", code="part_not_found")
    if len(rows) > 1:
        ids = ", ".join(str(part["id"]) for part in rows)
        raise CannotTell(f"Several parts are called {text}. Say which one: {ids}", code="ambiguous")
    return int(rows[0]["id"])


def post(context: Context, text: str, verb: str, **body: Any) -> Row:
    """Ask for a verb of a part, and return the part as it is then."""
    sent = {name: value for name, value in body.items() if value is not None}
    found: Row = context.api.post(f"/shop/parts/{find(context, text)}/{verb}", sent)
    return found


def called(part: Row) -> str:
    return f"{part['part_number']} {part['name']}" if part["name"] else str(part["part_number"])


def say(context: Context, part: Row, sentence: str) -> None:
    """Print the part for programs, a sentence for people."""
    context.show(part, sentence)


def pieces(part: Row) -> str:
    counted = part["quantities"]
    scrapped = f", {counted['scrapped']} scrapped" if counted["scrapped"] else ""
    return f"{counted['made']} of {counted['wanted']}{scrapped}"


def state(part: Row) -> str:
    """Return where a part is, and what is to be known of it."""
    words = [str(part["step"]["process"] if part["step"] else part["category"]), str(part["status"]).lower()]
    if part["blocked"]:
        words.append("blocked")
    if part["claim"] and part["claim"]["recheck"]:
        words.append("newer model")
    return ", ".join(words)


def day(text: str | None) -> str:
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d") if text else ""


def moment(text: str) -> str:
    """Read a day or a moment for the server.

    Raises:
        CannotTell: it is neither.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as bad:
        raise CannotTell(f"{text!r} is no day; write for example 2026-05-01.") from bad
    return found.astimezone(UTC).isoformat()
