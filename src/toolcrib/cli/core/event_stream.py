"""The live stream of events."""

import json
import time
from collections.abc import Iterator
from typing import Any

from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.failures import Unreachable

IDLE_SECONDS = 45.0  # the server sends a heartbeat every 15 s
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0


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
    api: ApiClient, *, after: int | None = None, deadline: float | None = None, **filters: Any
) -> Iterator[Any]:
    """Yield every event from now (or from `after`) on, each once, across lost connections.

    Yields None when nothing happened for a while or the connection was lost, so that the caller can check its state.
    Ends at `deadline` (monotonic seconds). If the first connection fails, that is raised. Later connections are
    tried again until they succeed or the server refuses us.
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
