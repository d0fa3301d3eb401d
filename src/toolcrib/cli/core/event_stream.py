"""The live stream of events."""

import json
import time
from collections.abc import Iterator
from typing import Any

from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.failures import Unreachable
from toolcrib.cli.core.output import warn

IDLE_SECONDS = 45.0  # the server sends a heartbeat every 15 s
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
# How often events are requested when we have no stream.
ASK_SECONDS = 5.0
PAGE = 1_000
TOO_MANY = "too_many_streams"


def messages(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (name, data) of each message of a server-sent event stream whose data is a JSON object."""
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
    api: ApiClient,
    *,
    after: int | None = None,
    deadline: float | None = None,
    patient: bool = False,
    **filters: Any,
) -> Iterator[Any]:
    """Yield every event from now (or from `after`) on, each once, across lost connections.

    Yields None when nothing happened for a while or the connection was lost, so that the caller can check its state.
    Ends at `deadline` (monotonic seconds). If the first connection fails, that is raised, unless we are `patient`.
    Later connections are tried again until they succeed or the server refuses us.

    The number of streams of a person is limited. When a newer stream replaces ours, events are requested every
    ASK_SECONDS from then on: connecting again would end another stream of the same person, which would then do the
    same.
    """
    pause, connected = FIRST_PAUSE_SECONDS, patient
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
                    elif name == "gap":
                        warn_of_gap(int(data["archived_through"]))
                    elif name == "end" and data.get("reason") == TOO_MANY:
                        yield from _ask_now_and_then(api, after, deadline, filters)
                        return
                    if deadline is not None and time.monotonic() >= deadline:
                        return
        except Unreachable:
            if not connected:
                raise
        yield None
        rest = pause if deadline is None else min(pause, max(0.0, deadline - time.monotonic()))
        time.sleep(rest)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def warn_of_gap(archived_through: int) -> None:
    warn(f"Some events up to {archived_through} were moved out of the log: see toolcrib events --archived.")


def _ask_now_and_then(
    api: ApiClient, after: int | None, deadline: float | None, filters: dict[str, Any]
) -> Iterator[Any]:
    warn(
        f"You follow events in too many places; this command now asks for new ones every {ASK_SECONDS:.0f} seconds."
    )
    told = 0
    while deadline is None or time.monotonic() < deadline:
        left = ASK_SECONDS if deadline is None else deadline - time.monotonic()
        time.sleep(max(0.0, min(ASK_SECONDS, left)))
        more = True
        while more:
            try:
                page = api.get("/events", order="asc", limit=PAGE, after=after, **filters)
            except Unreachable:
                break
            moved = int(page.get("archived_through", 0))
            if after is not None and moved > max(after, told):
                told = moved
                warn_of_gap(moved)
            for event in page["events"]:
                after = int(event["seq"])
                yield event
            more = page["next_after"] is not None
            if not more and after is not None:
                # Nothing else up to there is wanted, so it is not missed when it is moved.
                after = max(after, int(page["last_seq"]))
        yield None
