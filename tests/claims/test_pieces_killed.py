"""A server killed in the middle of a change of thousands of locks: afterwards it is all of them or none."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.every_database

PATHS = [f"game/{number}.uasset" for number in range(4_000)]


def events_since(server: ToolcribServer, seq: int, verb: str) -> dict[str, Any]:
    found: dict[str, Any] = server.admin.get(
        "/api/events", params={"verb": verb, "after": seq, "limit": 1}
    ).json()
    return found


def kill_during(server: ToolcribServer, action: str, verb: str) -> None:
    """Send the call, kill the server once a part of it is in the log, and start it again."""
    statuses: list[int] = []

    def send() -> None:
        body = json.dumps({"action": action, "paths": PATHS, "branch": "main"})
        headers = {**server.admin.headers, "Content-Type": "application/json"}
        with suppress(httpx.TransportError):
            answer = httpx.post(f"{server.url}/api/locks/bulk", content=body, headers=headers, timeout=60)
            statuses.append(answer.status_code)

    before = events_since(server, 0, verb)["last_seq"]
    sending = threading.Thread(target=send)
    sending.start()
    wait_until(lambda: bool(events_since(server, before, verb)["events"]), verb, 60)
    server.kill()
    sending.join()
    assert statuses == [], "the whole was done before the server was killed"
    server.start()


def test_a_kill_between_two_pieces_leaves_all_or_none(
    server: Callable[..., ToolcribServer], database_url: str
) -> None:
    # No sweep comes first: whoever calls again ends what was left.
    running = server(DATABASE_URL=database_url, SWEEP_SECONDS="3600")
    ann = running.admin
    order = {"paths": PATHS, "branch": "main"}

    kill_during(running, "lock", "acquired")
    assert 0 < len(ann.get("/api/locks").json()) < len(PATHS)
    taken = ann.post("/api/locks/bulk", json={"action": "lock", **order}, timeout=60)
    assert taken.status_code == 201, taken.text[:500]
    assert len(ann.get("/api/locks").json()) == len(PATHS)

    kill_during(running, "release", "released")
    assert 0 < len(ann.get("/api/locks").json()) < len(PATHS)
    again = ann.post("/api/locks/bulk", json={"action": "release", **order}, timeout=60)
    assert again.status_code == 404
    assert ann.get("/api/locks").json() == []
