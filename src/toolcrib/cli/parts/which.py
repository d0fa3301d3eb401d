"""Which part a command is about, and how parts are shown in a line."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from toolcrib.cli.core.context import Context
from toolcrib.cli.core.failures import CannotTell, Failure

Row = dict[str, Any]
Part = Annotated[
    str, typer.Argument(metavar="PART", show_default=False, help="Its id, or a number like FR-001.")
]
ManyParts = Annotated[list[str], typer.Argument(metavar="PART…", show_default=False)]
Reason = Annotated[str | None, typer.Option("--reason", "-m", metavar="TEXT", help="Why.")]
Needed = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Why.")]

PAGE = 500
# In front of what is an id even where it is some part's number, too.
ID = "id:"
PRIORITIES = {-1: "low", 0: "", 1: "high", 2: "urgent"}


def parts_of(context: Context, **query: Any) -> list[Row]:
    """Return all parts that match, however many."""
    rows: list[Row] = []
    while True:
        page = context.api.get("/shop/parts", **query, limit=PAGE, offset=len(rows))
        rows += page["parts"]
        if not page["parts"] or len(rows) >= page["total"]:
            return rows


def find(context: Context, text: str) -> int:
    """Return the id of the part that `text` names: an id, or a part number that only one part has.

    Raises:
        Failure: there is no such part.
        CannotTell: several parts have this number, or one has it and another has it as its id.
    """
    is_id = _is_number(text.removeprefix(ID))
    if is_id and text.startswith(ID):
        return int(text.removeprefix(ID))
    rows = parts_of(context, search=text, project=context.given.project or "*", sort_by="id")
    ids = [int(part["id"]) for part in rows if part["part_number"].lower() == text.lower()]
    if is_id and int(text) not in ids and (not ids or _is_there(context, int(text))):
        ids.append(int(text))
    if not ids:
        raise Failure(f"There is no part {text}.", code="part_not_found")
    if len(ids) > 1:
        choice = ", ".join(f"{ID}{each}" for each in ids)
        raise CannotTell(f"Several parts are called {text}. Say which one: {choice}", code="ambiguous")
    return ids[0]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_there(context: Context, part_id: int) -> bool:
    try:
        context.api.get(f"/shop/parts/{part_id}")
    except Failure as refused:
        if refused.code != "part_not_found":
            raise
        return False
    return True


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
        return found.astimezone(UTC).isoformat()
    except (ValueError, OverflowError) as bad:
        raise CannotTell(f"{text!r} is no day; write for example 2026-05-01.") from bad
