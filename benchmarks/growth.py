"""What searching and listing cost in a large installation, against a small one of the same database."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import quote

from benchmarks.figures import Figure
from benchmarks.growth_rows import BEGIN, BUCKET, PROJECT, Size, fill
from benchmarks.target import Target, target

ROUNDS = 7
REQUESTS = 10
# Documents as many as locks.
SMALL = Size(events=10_000, locks=2_000, buckets=50, people=2_000)
LARGE = Size(events=1_000_000, locks=200_000, buckets=5_000, people=20_000)


def run(database: str) -> list[Figure]:
    with target(database) as small, target(database) as large:
        for server, size in ((small, SMALL), (large, LARGE)):
            asyncio.run(fill(server.database_url, size))
            server.server.restart()  # it would read all that was written behind its back while it is measured
        ours = _connected(small), _connected(large)
        figures = [_figure(*ours, database, *question) for question in _questions()]
        theirs = _connected(small, "ann"), _connected(large, "ann")
        return figures + [
            _figure(*theirs, database, f"{path}, asked by no administrator", "GET", path, "")
            for path in ("/api/events?limit=100", "/api/events?actor=person-7", "/api/claims?limit=100")
        ]


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
    for what, query in {
        "nothing": "",
        "oneself": "mine=true",
        "a kind of nothing": "kind=none",
        "a project of nothing": "project=none",
        "a branch of nothing": "branch=none",
        "a prefix of nothing": "prefix=none/",
        "text of nothing": "q=none",
    }.items():
        yield f"/api/claims by {what}", "GET", f"/api/claims?limit=100&{query}", ""
    for what, path in {
        "/api/lock-history": f"/api/lock-history?project={PROJECT}&path=maps/area-3/00003.umap",
        "/api/storage/buckets": "/api/storage/buckets?limit=100",
        "/api/storage/buckets by text of nothing": "/api/storage/buckets?limit=100&q=none",
        "/api/storage/search of nothing": "/api/storage/search?q=none",
        "/api/storage/search of a name": "/api/storage/search?q=rig-00007",
        "/api/storage/search in one bucket": f"/api/storage/search?q=none&bucket=projects&id={BUCKET}",
        "/api/storage/versions/waiting": "/api/storage/versions/waiting",
        "/api/storage/locks of a file": f"/api/storage/locks?file_id={BUCKET}",
        "/api/admin/claim-clashes": "/api/admin/claim-clashes",
        "/api/admin/health": "/api/admin/health",
        "/metrics": "/metrics",
    }.items():
        yield what, "GET", path, ""
    for path in ("/api/users", "/api/admin/users", "/api/projects", "/api/companies", "/api/people"):
        yield path, "GET", f"{path}?limit=100", ""
        yield f"{path} by text of nothing", "GET", f"{path}?limit=100&q=none", ""
    yield "LFS list", "GET", f"/{PROJECT}.git/info/lfs/locks?limit=100", ""
    yield "LFS verify", "POST", f"/{PROJECT}.git/info/lfs/locks/verify", '{"limit": 100}'


def _figure(
    small: Connected, large: Connected, database: str, what: str, method: str, path: str, body: str
) -> Figure:
    for server in (small, large):
        server.milliseconds(method, path, body, 3)  # warm
    times = [[server.milliseconds(method, path, body) for server in (small, large)] for _ in range(ROUNDS)]
    return Figure(
        f"{what}, {database}: time at {LARGE.events:,} events and {LARGE.locks:,} locks "
        f"against {SMALL.events:,} and {SMALL.locks:,}",
        statistics.median(late / early for early, late in times),
        "×",
        aim=3,
        better="lower",
        detail={
            "ms_small": [round(early, 2) for early, _ in times],
            "ms_large": [round(late, 2) for _, late in times],
        },
    )


def _connected(server: Target, person: str = "") -> Connected:
    """As an administrator, or as a person who is none."""
    token = f"Bearer {server.token}"
    return Connected(server.port, server.server.user(person).headers["Authorization"] if person else token)


class Connected:
    """A server, asked one request at a time."""

    def __init__(self, port: int, authorization: str) -> None:
        self._port = port
        self._headers = {"Authorization": authorization, "Content-Type": "application/json"}

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
