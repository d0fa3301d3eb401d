"""What searching and listing cost in a large installation, against a small one of the same database."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, func, insert, select, text, update

from benchmarks.figures import Figure
from benchmarks.target import target
from toolcrib.kernel.claims.models import Ref, claims
from toolcrib.kernel.database import Database
from toolcrib.kernel.driver_statements import DriverStatement
from toolcrib.kernel.events.writer import event_counter, events

ROUNDS = 7
REQUESTS = 20
CHUNK = 10_000
# Events, and locks of one project.
SMALL, LARGE = (10_000, 2_000), (1_000_000, 200_000)
PROJECT = "grown"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
# Some of whatever can be searched for are many, some are few: those are all near the log's beginning.
FEW = 40


def run(database: str) -> list[Figure]:
    with target(database) as small, target(database) as large:
        for server, (event_count, lock_count) in ((small, SMALL), (large, LARGE)):
            asyncio.run(_fill(server.database_url, event_count, lock_count))
        ours = Connected(small.port, small.token), Connected(large.port, large.token)
        return [_figure(*ours, database, *question) for question in _questions()]


def _questions() -> Iterator[tuple[str, str, str, str]]:
    """What it is called, method, path, body."""
    early = quote((BEGIN + timedelta(seconds=5_000)).isoformat())
    earlier = quote((BEGIN + timedelta(seconds=4_000)).isoformat())
    for what, query in {
        "actor": "actor=person-7",
        "a rare actor": "actor=once",
        "nobody": "actor=nobody",
        "verb": "verb=released",
        "a rare verb": "verb=odd",
        "prefix": "prefix=maps/area-3/",
        "a rare prefix": "prefix=rare/",
        "a prefix of nothing": "prefix=none/",
        "key": "key=maps/area-3/00003.umap",
        "a key of nothing": "key=none",
        "actor and a rare verb": "actor=person-7&verb=odd",
        "time, old": f"since={earlier}&until={early}",
        "time, until long ago": f"until={early}",
        "time, in the future": "since=2999-01-01T00:00:00Z",
        "a scope of nothing": "scope=project:none",
    }.items():
        yield f"/api/events by {what}", "GET", f"/api/events?{query}", ""
    yield "/api/locks?limit=100", "GET", f"/api/locks?limit=100&project={PROJECT}", ""
    for what, query in {
        "an unknown holder": "holder=nobody",
        "oneself": "mine=true",
        "path": "path=held/000100.umap",
        "a path of nothing": "path=none",
        "a branch of nothing": "branch=none",
        "a prefix of nothing": "prefix=none/",
        "text of nothing": "q=none",
    }.items():
        yield f"/api/locks by {what}", "GET", f"/api/locks?limit=100&project={PROJECT}&{query}", ""
    yield "LFS list", "GET", f"/{PROJECT}.git/info/lfs/locks?limit=100", ""
    yield "LFS verify", "POST", f"/{PROJECT}.git/info/lfs/locks/verify", '{"limit": 100}'


def _figure(
    small: Connected, large: Connected, database: str, what: str, method: str, path: str, body: str
) -> Figure:
    for server in (small, large):
        server.milliseconds(method, path, body, 3)  # warm
    times = [[server.milliseconds(method, path, body) for server in (small, large)] for _ in range(ROUNDS)]
    return Figure(
        f"{what}, {database}: time at {LARGE[0]:,} events and {LARGE[1]:,} locks against {SMALL[0]:,} and {SMALL[1]:,}",
        statistics.median(late / early for early, late in times),
        "×",
        aim=3,
        better="lower",
        detail={
            "ms_small": [round(early, 2) for early, _ in times],
            "ms_large": [round(late, 2) for _, late in times],
        },
    )


class Connected:
    """A server, asked one request at a time."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def milliseconds(self, method: str, path: str, body: str, requests: int = REQUESTS) -> float:
        """Return the median time of some requests."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.connect()
        times = []
        for _ in range(requests):
            started = time.perf_counter()
            connection.request(method, path, body or None, self._headers)
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - started)
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
        connection.close()
        return statistics.median(times) * 1000


# A log that has grown, and its locks, without the years


async def _fill(url: str, event_count: int, lock_count: int) -> None:
    database = Database(url)
    try:
        async with database.connection_without_deadlines() as connection:
            await connection.run_sync(_write, event_count, lock_count)
            await connection.commit()
            if connection.dialect.name == "postgresql":
                await connection.execute(text("ANALYZE"))  # what its autovacuum does a minute later
                await connection.commit()
    finally:
        await database.close()


def _write(connection: Connection, event_count: int, lock_count: int) -> None:
    first = connection.execute(select(func.max(event_counter.c.seq))).scalar_one() + 1
    names = [column.name for column in events.c]
    add_events = DriverStatement(insert(events), *names)
    for start in range(0, event_count, CHUNK):
        rows = [_event(first, number) for number in range(start, min(start + CHUNK, event_count))]
        add_events.run(connection, [[row[name] for name in names] for row in rows])
    names = [column.name for column in claims.c]
    add_claims = DriverStatement(insert(claims), *names)
    fence = first + event_count - lock_count
    for start in range(0, lock_count, CHUNK):
        rows = [_claim(fence, number) for number in range(start, min(start + CHUNK, lock_count))]
        add_claims.run(connection, [[row[name] for name in names] for row in rows])
    connection.execute(update(event_counter).values(seq=first + event_count - 1))


def _event(first: int, number: int) -> dict[str, Any]:
    is_rare = number < 10 * FEW and number % 10 == 0
    key = f"rare/{number}" if is_rare else f"maps/area-{number % 10}/{number % 50_000:05}.umap"
    return {
        "seq": first + number,
        "at": BEGIN + timedelta(seconds=number),
        "actor": "once" if is_rare else f"person-{number % 100}",
        "verb": "odd" if is_rare else ("acquired", "released")[number % 2],
        "kind": "asset",
        "scope": f"project:{PROJECT}",
        "key": key,
        "digest": Ref("asset", f"project:{PROJECT}", key).digest,
        "data": {"holder": f"person-{number % 100}", "branch": "main"},
    }


def _claim(fence: int, number: int) -> dict[str, Any]:
    key = f"held/{number:06}.umap"
    ref = Ref("asset", f"project:{PROJECT}", key, folds=True)
    return {
        "digest": ref.digest,
        "folded": ref.folded,
        "kind": "asset",
        "scope": f"project:{PROJECT}",
        "key": key,
        "holder": f"person-{number % 100}",
        "holder_uuid": f"00000000-0000-4000-8000-{number % 100:012}",
        "branch": "main",
        "comment": None,
        "acquired_at": BEGIN,
        "renewed_at": BEGIN,
        "expires_at": None,
        "heartbeat": False,
        "fence": fence + number,
        "data": {},
    }
