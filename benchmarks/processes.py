"""Locks per second with two server processes on PostgreSQL, against one, in turn and on the same machine.

The processes, the database and the load share the processors: on two cores a second process has nothing to gain, and
is to lose nothing.
"""

from __future__ import annotations

import json
import statistics

from benchmarks import load
from benchmarks.figures import Figure
from benchmarks.target import Target, target

ROUNDS = 5
CONNECTIONS = 64
REQUESTS = 6_000


def run() -> list[Figure]:
    with target("postgresql") as one, target("postgresql", workers=2) as two:
        _locks(one, "warm")
        _locks(two, "warm")
        pairs = [(_locks(one, f"r{number}"), _locks(two, f"r{number}")) for number in range(ROUNDS)]
    return [
        Figure(
            f"durable lock acquisitions, postgresql, {CONNECTIONS} connections: 2 processes against 1",
            statistics.median(second.rate / first.rate for first, second in pairs),
            "×",
            aim=1.0,
            detail={
                "locks_per_second_1": [round(first.rate) for first, _ in pairs],
                "locks_per_second_2": [round(second.rate) for _, second in pairs],
            },
        ),
        Figure(
            "the same: the slowest 1 %, 2 processes against 1",
            statistics.median(second.p99_ms / first.p99_ms for first, second in pairs),
            "×",
            aim=1.5,
            better="lower",
            detail={
                "p99_ms_1": [round(first.p99_ms, 1) for first, _ in pairs],
                "p99_ms_2": [round(second.p99_ms, 1) for _, second in pairs],
            },
        ),
    ]


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
