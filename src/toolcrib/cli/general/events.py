"""`toolcrib events`: what happened and, with --follow, what is happening."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.durations import local, parse_duration, parse_moment, span
from toolcrib.cli.core.event_stream import follow, warn_of_gap
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.documents.documents_api import DocumentsApi
from toolcrib.cli.documents.remote_path import is_remote

app = typer.Typer()


def describe(event: dict[str, Any], now: datetime) -> str:
    """Describe an event in one line for a person: when, who, what, and to which thing."""
    moment = parse_moment(event.get("at"))
    when = local(moment, now) if moment else ""
    data = event.get("data") or {}
    actor, holder = event.get("actor"), data.get("holder")
    words = [f"{event['seq']:>6}", when, actor or holder or "-", str(event["verb"]).replace("_", "-")]
    words.append(str(data.get("label") or event.get("key") or ""))
    notes = []
    if holder and actor and holder != actor:
        notes.append(f"held by {holder}")
    if to := data.get("to"):
        notes.append(f"to {to}")
    if ends := parse_moment(data.get("expires_at")):
        notes.append(f"until {local(ends, now)}")
    if isinstance(held := data.get("held_seconds"), int | float):
        notes.append(f"after {span(timedelta(seconds=held))}")
    if branch := data.get("branch"):
        notes.append(f"on {branch}")
    if reason := data.get("reason") or data.get("comment"):
        notes.append(str(reason))
    return "  ".join(words) + (f"  ({'; '.join(notes)})" if notes else "")


def moment_option(text: str | None) -> str | None:
    """Convert `2h` (ago) or an ISO moment (local unless it has an offset) to what the server reads."""
    if text is None:
        return None
    try:
        return (datetime.now(UTC) - parse_duration(text)).isoformat()
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat()
    except ValueError as bad:
        raise CannotTell(f"{text!r} is not a time; write 2h (ago), 2026-05-01 or 2026-05-01T13:00.") from bad


@command(app, "events")
def events(
    context: Context,
    *,
    follow_on: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new events.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=1000, help="How many past events first.")
    ] = 20,
    kind: Annotated[str | None, typer.Option("--kind", help="asset, user, config, …")] = None,
    verb: Annotated[str | None, typer.Option("--verb", help="acquired, released, expired, …")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Who did it.")] = None,
    path: Annotated[
        str | None,
        typer.Option("--path", help="The file it was done to; for documents me:FILE, PROJECT:FILE, …"),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="From then on: 2h, 2026-05-01.")] = None,
    after: Annotated[
        int | None, typer.Option("--after", min=0, help="Only events with a larger number.")
    ] = None,
    archived: Annotated[
        bool,
        typer.Option(
            "--archived",
            help="All old events that were moved out of the log, oldest first. Exit code 1 if some cannot be read.",
        ),
    ] = False,
) -> None:
    """Show what happened, or follow what is happening."""
    api = context.api
    filters = {"kind": kind, "verb": verb, "actor": actor, **(_about(context, path) if path else {})}
    query = {**filters, "since": moment_option(since)}
    if archived:
        if follow_on:
            raise CannotTell("--archived is about the past: it cannot be followed.")
        _show_archived(context, {**query, "after": after})
        return
    if after is not None:
        page = api.get("/events", limit=1000, order="asc", after=after, **query)
        past = page["events"]
        if after < page.get("archived_through", 0):
            warn_of_gap(page["archived_through"])
    else:
        page = api.get("/events", limit=max(lines, 1), order="desc", **query)
        past = page["events"][::-1][-lines:] if lines else []
    for event in past:
        show(context, event)
    if not follow_on:
        return
    begin = (
        past[-1]["seq"] if after is not None and past else after if after is not None else page["last_seq"]
    )
    for event in follow(api, after=begin, kind=kind):
        if event and _holds(filters, event):
            show(context, event)


def _about(context: Context, path: str) -> dict[str, Any]:
    """Return the conditions for events about a file: an asset's path, or where a document is or was."""
    if not is_remote(path):
        scope = f"project:{context.project}" if context.project else None
        return {"key": [context.path(path)], "scope": scope}
    docs = DocumentsApi(context)
    found = docs.get("/event-keys", **docs.paths.read(path).fields)
    return {"key": found["keys"]}


def _holds(filters: dict[str, Any], event: dict[str, Any]) -> bool:
    """Return whether an event meets the conditions; where one has several values, one of them."""
    return all(
        value is None or event.get(name) in (value if isinstance(value, list) else [value])
        for name, value in filters.items()
    )


def _show_archived(context: Context, query: dict[str, Any]) -> None:
    """Print all old events that can be read.

    Raises:
        Failure: some cannot be.
    """
    damaged: list[dict[str, Any]] = []
    while True:
        page = context.api.get("/events/archived", **query)
        for event in page["events"]:
            show(context, event)
        for file in page.get("damaged", []):
            output.warn(
                f"The file {file['name']} is missing or damaged: {file['events']} of the events from "
                f"{file['first_seq']} to {file['last_seq']} cannot be read."
            )
        damaged += page.get("damaged", [])
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    if damaged:
        raise Failure(_unreadable(damaged), code="archive_damaged", details=damaged)


def _unreadable(damaged: list[dict[str, Any]]) -> str:
    files = "1 file" if len(damaged) == 1 else f"{len(damaged)} files"
    return f"Not all old events were shown: {files} of them cannot be read."


def show(context: Context, event: dict[str, Any]) -> None:
    if context.as_json:
        output.print_json(event, lines=True)
    else:
        output.print_text(describe(event, datetime.now(UTC)))
