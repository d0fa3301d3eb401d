"""`toolcrib events`: what happened, and with --follow what is happening."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from toolcrib.cli import output
from toolcrib.cli.api import Api
from toolcrib.cli.context import Context, command
from toolcrib.cli.durations import local, parse_duration, parse_moment, span
from toolcrib.cli.failures import CannotTell, Unreachable

app = typer.Typer()

IDLE_SECONDS = 45.0  # the server sends a heartbeat every 15 s
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0


def messages(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, data) of each message of a server-sent event stream whose data is a JSON object."""
    name, data = "message", ""
    for line in lines:
        if not line:
            if data:
                content = json.loads(data)
                if isinstance(content, dict):
                    yield name, content
            name, data = "message", ""
        elif line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            data += line.removeprefix("data:").removeprefix(" ")


def follow(
    api: Api, *, after: int | None = None, deadline: float | None = None, **filters: Any
) -> Iterator[Any]:
    """Every event from now (or from `after`) on, each once, across lost connections.

    Yields None where nothing happened for a while or the connection was lost: a moment to look around.
    Ends at `deadline` (monotonic seconds). A first connection that fails is the caller's failure; later ones
    are tried again until they succeed or the server refuses us.
    """
    pause, connected = FIRST_PAUSE_SECONDS, False
    while deadline is None or time.monotonic() < deadline:
        left = IDLE_SECONDS if deadline is None else max(0.1, min(IDLE_SECONDS, deadline - time.monotonic()))
        try:
            with api.stream("/events/stream", {"after": after, **filters}, idle_seconds=left) as lines:
                for name, data in messages(lines):
                    connected, pause = True, FIRST_PAUSE_SECONDS
                    if name == "hello":
                        after = int(data["seq"]) if after is None else after
                    elif name == "event":
                        after = int(data["seq"])
                        yield data
                    if deadline is not None and time.monotonic() >= deadline:
                        return
        except Unreachable:
            if not connected:
                raise
        yield None
        rest = pause if deadline is None else min(pause, max(0.0, deadline - time.monotonic()))
        time.sleep(rest)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def describe(event: dict[str, Any], now: datetime) -> str:
    """One line for a person: when, who, what, to which thing."""
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
    """`2h` (ago) or an ISO moment (local unless it says otherwise), as the server reads it."""
    if text is None:
        return None
    try:
        return (datetime.now(UTC) - parse_duration(text)).isoformat()
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat()
    except ValueError as bad:
        raise CannotTell(f"{text!r} is no moment; write 2h (ago), 2026-05-01 or 2026-05-01T13:00.") from bad


@command(app, "events")
def events(
    context: Context,
    *,
    follow_on: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on printing as things happen.")
    ] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=1000, help="How many past events first.")
    ] = 20,
    kind: Annotated[str | None, typer.Option("--kind", help="asset, user, config, …")] = None,
    verb: Annotated[str | None, typer.Option("--verb", help="acquired, released, expired, …")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Who did it.")] = None,
    path: Annotated[str | None, typer.Option("--path", help="The file it was done to.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="From then on: 2h, 2026-05-01.")] = None,
    after: Annotated[
        int | None, typer.Option("--after", min=0, help="Only events with a larger number.")
    ] = None,
) -> None:
    """Show what happened, or follow what is happening."""
    key = context.path(path) if path else None
    scope = f"project:{context.project}" if path and context.project else None
    filters = {"kind": kind, "verb": verb, "actor": actor, "key": key, "scope": scope}
    api = context.api
    query = {**filters, "since": moment_option(since)}
    if after is not None:
        page = api.get("/events", limit=1000, order="asc", after=after, **query)
        past = page["events"]
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
        if event and all(value is None or event.get(name) == value for name, value in filters.items()):
            show(context, event)


def show(context: Context, event: dict[str, Any]) -> None:
    if context.as_json:
        output.print_json(event, lines=True)
    else:
        output.say(describe(event, datetime.now(UTC)))
