"""The options that commands for documents share, and how they print rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from toolcrib.cli.core.durations import since, until
from toolcrib.cli.documents import completion

OnePlace = Annotated[
    str,
    typer.Argument(
        metavar="PLACE",
        show_default=False,
        help="me:FILE, company:FILE, PROJECT:FILE.",
        autocompletion=completion.complete_remote_path,
    ),
]
ManyPlaces = Annotated[
    list[str],
    typer.Argument(
        metavar="PLACE",
        show_default=False,
        help="me:FILE, company:FILE, PROJECT:FILE.",
        autocompletion=completion.complete_remote_path,
    ),
]
Source = Annotated[
    str,
    typer.Argument(
        metavar="FROM", show_default=False, help="A place.", autocompletion=completion.complete_remote_path
    ),
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="TO",
        show_default=False,
        help="A place; with a / at its end, or where it is a folder: under the same name in it.",
        autocompletion=completion.complete_remote_path,
    ),
]
MaybePlace = Annotated[
    str | None,
    typer.Argument(
        metavar="PLACE",
        show_default=False,
        help="me:FOLDER, company:FOLDER, PROJECT:FOLDER.",
        autocompletion=completion.complete_remote_path,
    ),
]
Changelog = Annotated[
    str | None, typer.Option("--message", "-m", metavar="TEXT", help="What changed; kept with the version.")
]
Reason = Annotated[str | None, typer.Option("--message", "-m", metavar="TEXT", help="Why; others see it.")]
Comment = Annotated[
    str | None, typer.Option("--message", "-m", metavar="TEXT", help="Kept with the decision.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress, and nothing on success.")]
Version = Annotated[int | None, typer.Option("--version", metavar="N", min=1, help="This version.")]

STATES = {"pending_validation": "waiting", "validated": "approved"}


def state(word: str) -> str:
    """Return a status as people say it."""
    return STATES.get(word, word)


def file_state(file: dict[str, Any]) -> str:
    """Return the state of a listed file; empty if its current version never needed approval."""
    told = file["status"]
    if told == "validated":  # a file has this status from its first upload on
        told = file.get("version_status") or "draft"
    return "" if told == "draft" else state(told)


def when(text: str | None, now: datetime) -> str:
    """Format a moment: `13:05 (2 h)`."""
    return since(text, now)


def held(file: dict[str, Any], now: datetime) -> str:
    """Return who holds a listed file, and since when."""
    return f"{file['locked_by_name']} {since(file['locked_at'], now)}" if file["locked"] else ""


def lock_rows(locks: Sequence[dict[str, Any]], shown: Sequence[str], now: datetime) -> list[Sequence[Any]]:
    return [
        (
            place,
            one["locked_by_name"],
            since(one["locked_at"], now),
            until(one["expires_at"], now),
            "" if one["lock_type"] == "edit" else one["lock_type"],
            one["reason"],
        )
        for place, one in zip(shown, locks, strict=True)
    ]


LOCK_COLUMNS = ("RemotePath", "Holder", "Since", "Until", "Kind", "Reason")
