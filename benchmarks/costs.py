"""What each thing costs one server process: the processor time, memory and disk that `benchmarks.model` adds up.

Processor time is counted, not waiting, so that a busy machine changes the figures little.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import make_url

from benchmarks import load, proc
from benchmarks.documents import Desk
from benchmarks.events import Stream
from benchmarks.figures import Figure
from benchmarks.target import Target

LOCKS = 4_000
STREAMS = 100
STREAMED = 1_000
MIB = 2**20
# Names of figures, as `benchmarks.model` looks for them.
LOCK, RELEASE, LIST, REQUEST = "lock", "release", "unchanged list of locks", "small request"
DELIVERY, MIB_UP, MIB_DOWN = "event told to one stream", "MiB uploaded", "MiB downloaded"
STREAM_MEMORY, EVENT_DISK = "open stream", "event with its lock"


def run(target: Target) -> list[Figure]:
    headers = {"Authorization": f"Bearer {target.token}"}
    body = json.dumps({"asset_path": "w/{n}.uasset", "branch": "main"})
    load.run(load.Order(target.port, "POST", "/api/locks", headers, body, requests=LOCKS))  # warm
    bytes_before = _database_bytes(target)
    body = json.dumps({"asset_path": "c/{n}.uasset", "branch": "main"})
    lock = _each(target, LOCKS, load.Order(target.port, "POST", "/api/locks", headers, body))
    disk = (_database_bytes(target) - bytes_before) / LOCKS
    release = _each(target, LOCKS, load.Order(target.port, "DELETE", "/api/locks/c/{n}.uasset", headers))
    etag = _etag(target, headers)
    unchanged = {**headers, "If-None-Match": etag}
    listed = _each(target, LOCKS, load.Order(target.port, "GET", "/api/locks", unchanged))
    small = _each(target, LOCKS, load.Order(target.port, "GET", "/api/currentuser", headers))
    memory, delivery = asyncio.run(_streams(target, lock))
    desk = Desk(target)
    size = 256 * MIB
    up = _seconds(target, lambda: desk.upload("costs.bin", size)) / 256
    down = _seconds(target, lambda: desk.download("costs.bin", size)) / 256
    times = {LOCK: lock, RELEASE: release, LIST: listed, REQUEST: small, DELIVERY: delivery}
    return [
        *(Figure(name, seconds * 1e6, "µs", better="lower") for name, seconds in times.items()),
        Figure(MIB_UP, up * 1e6, "µs", better="lower"),
        Figure(MIB_DOWN, down * 1e6, "µs", better="lower"),
        Figure(STREAM_MEMORY, memory / 1024, "KiB", better="lower"),
        Figure(EVENT_DISK, disk / 1024, "KiB", better="lower"),
    ]


def _seconds(target: Target, work: Callable[[], object]) -> float:
    before = proc.cpu_seconds(target.server.pid)
    work()
    return proc.cpu_seconds(target.server.pid) - before


def _each(target: Target, count: int, order: load.Order) -> float:
    order.requests = count
    return _seconds(target, lambda: _sure(load.run(order))) / count


def _sure(done: load.Report) -> None:
    if any(status >= "400" for status in done.statuses):
        raise RuntimeError(f"refused: {done.statuses}")


def _etag(target: Target, headers: dict[str, str]) -> str:
    return target.server.client.get("/api/locks", headers=headers).raise_for_status().headers["ETag"]


def _database_bytes(target: Target) -> int:
    file = Path(make_url(target.database_url).database or "")
    return sum(each.stat().st_size for each in file.parent.glob(f"{file.name}*") if each.exists())


async def _streams(target: Target, lock: float) -> tuple[float, float]:
    """Bytes of memory for each open stream, and seconds for each event that one of them is told."""
    before = proc.resident_mib(target.server.pid)[0]
    streams = [Stream(target) for _ in range(STREAMS)]
    for stream in streams:
        await stream.open()
    memory = (proc.resident_mib(target.server.pid)[0] - before) * MIB / STREAMS

    async def listen(stream: Stream) -> None:
        for _ in range(STREAMED):
            await stream.event()

    listeners = [asyncio.create_task(listen(stream)) for stream in streams]
    headers = {"Authorization": f"Bearer {target.token}"}
    body = json.dumps({"asset_path": "s/{n}.uasset", "branch": "main"})
    order = load.Order(target.port, "POST", "/api/locks", headers, body, connections=1, requests=STREAMED)
    spent = proc.cpu_seconds(target.server.pid)
    await asyncio.to_thread(lambda: _sure(load.run(order)))
    await asyncio.wait_for(asyncio.gather(*listeners), 60)
    spent = proc.cpu_seconds(target.server.pid) - spent
    for stream in streams:
        stream.close()
    return memory, max(0.0, spent - STREAMED * lock) / (STREAMED * STREAMS)
