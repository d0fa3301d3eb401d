"""From an event's commit to its arrival at 200 subscribers, and what reconnecting costs: nothing may be lost."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

import httpx
import orjson

from benchmarks.figures import Figure
from benchmarks.target import Target

SUBSCRIBERS = 200
PER_SECOND = 50
SECONDS = 10
RECONNECTS = 100


def run(target: Target) -> list[Figure]:
    return asyncio.run(_run(target))


async def _run(target: Target) -> list[Figure]:
    delays = await _delays(target)
    delays.sort()
    p99 = delays[int(len(delays) * 0.99)] * 1000
    wrong = await _reconnects(target)
    return [
        Figure(
            f"event commit to subscriber, {SUBSCRIBERS} subscribers, {PER_SECOND} events/s: p99",
            p99,
            "ms",
            aim=100,
            better="lower",
            detail={
                "deliveries": len(delays),
                "p50_ms": round(delays[len(delays) // 2] * 1000, 2),
                "max_ms": round(delays[-1] * 1000, 2),
            },
        ),
        Figure(
            f"events lost or repeated over {RECONNECTS} forced reconnects", wrong, "", aim=0, better="lower"
        ),
    ]


class Stream:
    """A subscriber that costs little: one socket, lines as they come."""

    def __init__(self, target: Target, after: int | None = None) -> None:
        self.target = target
        self.after = after

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.target.port, limit=2**20)
        resume = f"Last-Event-ID: {self.after}\r\n" if self.after is not None else ""
        self.writer.write(
            f"GET /api/events/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self.target.token}\r\n{resume}\r\n".encode()
        )
        await self.reader.readuntil(b"event: hello\n")

    async def event(self) -> tuple[int, bytes]:
        """The next event's number and its data line."""
        while True:
            line = await self.reader.readline()
            if not line:
                raise ConnectionError("the stream ended")
            if line.startswith(b"data: ") and b'"verb"' in line:
                return int(line[line.index(b'"seq":') + 6 :].split(b",", 1)[0]), line

    def close(self) -> None:
        self.writer.close()


async def _delays(target: Target) -> list[float]:
    """Measured from `at`, the moment of the request that caused the event: its commit lies in between."""
    streams = [Stream(target) for _ in range(SUBSCRIBERS)]
    for stream in streams:
        await stream.open()
    delays: list[float] = []
    total = PER_SECOND * SECONDS

    async def listen(stream: Stream) -> None:
        for _ in range(total):
            _, line = await stream.event()
            arrived = time.time()
            at = orjson.loads(line[6:])["at"]
            delays.append(arrived - datetime.fromisoformat(at).timestamp())

    listeners = [asyncio.create_task(listen(stream)) for stream in streams]
    await _write_events(target, "fan", total)
    await asyncio.wait_for(asyncio.gather(*listeners), 60)
    for stream in streams:
        stream.close()
    return delays


async def _write_events(target: Target, folder: str, count: int) -> None:
    headers = {"Authorization": f"Bearer {target.token}"}
    async with httpx.AsyncClient(base_url=target.url, headers=headers) as client:
        started = time.perf_counter()
        for number in range(count):
            body = {"asset_path": f"{folder}/{number}", "branch": "main"}
            (await client.post("/api/locks", json=body)).raise_for_status()
            await asyncio.sleep(max(0.0, started + (number + 1) / PER_SECOND - time.perf_counter()))


async def _reconnects(target: Target) -> int:
    """Cut a stream again and again while events are written; count what is missing or twice."""
    seen: list[int] = []
    stream = Stream(target)
    await stream.open()
    writing = asyncio.create_task(_write_events(target, "cut", PER_SECOND * SECONDS))
    for _ in range(RECONNECTS):
        for _ in range(4):
            seen.append((await asyncio.wait_for(stream.event(), 30))[0])
        stream.close()
        stream = Stream(target, after=seen[-1])
        await stream.open()
    stream.close()
    await writing
    expected = list(range(seen[0], seen[0] + len(seen)))
    return sum(1 for got, wanted in zip(seen, expected, strict=True) if got != wanted)
