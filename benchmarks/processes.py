"""Locks per second with two server processes on PostgreSQL, against one, in turn and on the same machine.

The processes, the database and the load share the processors: on two cores a second process has nothing to gain, and
is to lose nothing.
"""

from __future__ import annotations

import json

from benchmarks import load
from benchmarks.figures import Figure, compared
from benchmarks.target import Target, target

ROUNDS = 5
CONNECTIONS = 64
REQUESTS = 6_000


def run() -> list[Figure]:
    with target("postgresql") as one, target("postgresql", workers=2) as two:
        _locks(one, "warm")
        _locks(two, "warm")
        pairs = [(_locks(two, f"r{number}"), _locks(one, f"r{number}")) for number in range(ROUNDS)]
    what = f"durable lock acquisitions, postgresql, {CONNECTIONS} connections"
    return compared(what, "2 processes against 1", pairs, ("two", "one"), aims=(1.0, 1.5))


def _locks(server: Target, folder: str) -> load.Report:
    body = json.dumps({"asset_path": f"{folder}/{{n}}.uasset", "branch": "main"})
    headers = {"Authorization": f"Bearer {server.token}"}
    order = load.Order(
        server.port, "POST", "/api/locks", headers, body, connections=CONNECTIONS, requests=REQUESTS
    )
    done = load.run(order)
    if done.statuses != {"201": REQUESTS}:
        raise RuntimeError(f"not every lock was taken: {done.statuses}")
    return done
