"""A load generator that costs little: keep-alive connections, one request in flight on each.

It runs in a process of its own (`python -m benchmarks.load`, the order as JSON on standard input), so that it
shares neither interpreter nor event loop with what it measures.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import uvloop


@dataclass
class Order:
    """`body` and `path` may hold `{n}`, a number new for every request."""

    port: int
    method: str = "GET"
    path: str = "/health"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    connections: int = 32
    requests: int = 10_000
    first: int = 0


@dataclass
class Report:
    requests: int
    seconds: float
    statuses: dict[str, int]
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def run(order: Order) -> Report:
    """Send the load from another process and wait for its end."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(order)),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return Report(**json.loads(done.stdout))


class _Source:
    def __init__(self, order: Order) -> None:
        self.order = order
        self.sent = 0
        self.answered = 0
        self.statuses: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.done = asyncio.get_running_loop().create_future()
        lines = [
            f"Host: 127.0.0.1:{order.port}",
            *(f"{name}: {value}" for name, value in order.headers.items()),
        ]
        if order.body:
            lines.append("Content-Type: application/json")
        self.head = "\r\n".join(lines)

    def next(self) -> bytes | None:
        if self.sent >= self.order.requests:
            return None
        number = str(self.order.first + self.sent)
        self.sent += 1
        body = self.order.body.replace("{n}", number).encode()
        path = self.order.path.replace("{n}", number)
        length = f"\r\nContent-Length: {len(body)}" if body else ""
        return f"{self.order.method} {path} HTTP/1.1\r\n{self.head}{length}\r\n\r\n".encode() + body

    def took(self, status: str, seconds: float) -> None:
        self.answered += 1
        self.statuses[status] += 1
        self.latencies.append(seconds)
        if self.answered == self.order.requests:
            self.done.set_result(None)


class _Connection(asyncio.Protocol):
    def __init__(self, source: _Source) -> None:
        self.source = source
        self.buffer = b""
        self.started = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.send()

    def send(self) -> None:
        request = self.source.next()
        if request is not None:
            self.started = time.perf_counter()
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        self.buffer = self.buffer[end + 4 + length :]
        self.source.took(head[9:12].decode(), time.perf_counter() - self.started)
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.source.done.done() and self.source.answered < self.source.order.requests:
            self.source.done.set_exception(ConnectionError("the server closed a connection"))


async def _measure(order: Order) -> Report:
    source = _Source(order)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    for _ in range(min(order.connections, order.requests)):
        await loop.create_connection(lambda: _Connection(source), "127.0.0.1", order.port)
    await source.done
    seconds = time.perf_counter() - started
    latencies = sorted(source.latencies)
    return Report(
        requests=source.answered,
        seconds=seconds,
        statuses=dict(source.statuses),
        p50_ms=latencies[len(latencies) // 2] * 1000,
        p99_ms=latencies[int(len(latencies) * 0.99)] * 1000,
    )


if __name__ == "__main__":
    report = uvloop.run(_measure(Order(**json.load(sys.stdin))))
    json.dump(asdict(report), sys.stdout)
