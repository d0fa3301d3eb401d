"""One large body up or down, by a client that costs next to nothing: blocking sockets, no HTTP library.

It runs in a process of its own (`python -m benchmarks.transfer`, the order as JSON on standard input).
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field

BLOCK = 1024 * 1024


@dataclass
class Order:
    """`head` and `tail` go around `size` bytes of body; `size` 0 only fetches."""

    port: int
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    head: str = ""
    tail: str = ""
    size: int = 0


@dataclass
class Report:
    """`seconds` are from the first byte sent to the last one received."""

    status: int
    received: int
    body: str
    seconds: float


def run(order: Order) -> Report:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.transfer"],
        input=json.dumps(asdict(order)),
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return Report(**json.loads(done.stdout))


def _transfer(order: Order) -> Report:
    block = bytes(range(256)) * (BLOCK // 256)
    head, tail = order.head.encode(), order.tail.encode()
    lines = [f"{order.method} {order.path} HTTP/1.1", f"Host: 127.0.0.1:{order.port}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in order.headers.items()]
    if order.method != "GET":
        lines.append(f"Content-Length: {len(head) + order.size + len(tail)}")
    with socket.create_connection(("127.0.0.1", order.port), timeout=300) as peer:
        started = time.perf_counter()
        peer.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + head)
        left = order.size
        while left:
            part = min(BLOCK, left)
            peer.sendall(memoryview(block)[:part])
            left -= part
        peer.sendall(tail)
        status, received, body = _answer(peer)
        seconds = time.perf_counter() - started
    return Report(status, received, body, seconds)


def _answer(peer: socket.socket) -> tuple[int, int, str]:
    """Status, length and first part of the body; the rest is received and dropped."""
    start = b""
    while b"\r\n\r\n" not in start:
        piece = peer.recv(65_536)
        if not piece:
            raise ConnectionError("no answer")
        start += piece
    head, _, first = start.partition(b"\r\n\r\n")
    received = len(first)
    buffer = bytearray(BLOCK)
    while count := peer.recv_into(buffer):
        if received < 4096:
            first += buffer[:count]
        received += count
    return int(head.split(b" ", 2)[1]), received, first[:4096].decode("latin-1")


if __name__ == "__main__":
    json.dump(asdict(_transfer(Order(**json.load(sys.stdin)))), sys.stdout)
