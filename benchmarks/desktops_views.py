"""Views of desktops: what the bridge carries beside websockify, and how long others wait while eight people look."""

from __future__ import annotations

import asyncio
import base64
import multiprocessing
import os
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.figures import Figure
from tests.desktops.viewing.screens import INIT

ROUNDS = 3
SECONDS = 2.0
VIEWERS = 8
FRAMES_PER_SECOND = 25
PROBE_SECONDS = 5.0
# A picture of 64 pieces, each 8 kB of JPEG, as Tight has them: what a moving desktop sends.
PIECE = (
    struct.pack("!HHHHi", 0, 0, 64, 48, 7) + b"\x90" + bytes([8000 & 127 | 128, 8000 >> 7]) + b"\x03" * 8000
)
PICTURE = struct.pack("!BxH", 0, 64) + PIECE * 64
SMALL_PICTURE = struct.pack("!BxH", 0, 8) + PIECE * 8


def run() -> list[Figure]:
    with TemporaryDirectory(prefix="b") as folder:
        flood, paced = Path(folder) / "flood", Path(folder) / "paced"
        with _beside(_screens, str(flood), 0), _beside(_screens, str(paced), FRAMES_PER_SECOND):
            for each in (flood, paced):
                _until(each.exists)
            return [*_rates(Path(folder), flood), *_waits(Path(folder), paced)]


def _rates(folder: Path, flood: Path) -> list[Figure]:
    found: dict[str, list[float]] = {"websockify": [], "nothing copied": [], "all passes": []}
    with _websockify(flood) as port, _server(folder / "rates", flood) as tickets:
        for _ in range(ROUNDS):
            for name, rates in found.items():
                if name == "websockify":
                    rates.append(_rate(_view(port, "/", "binary")))
                else:
                    url, ticket = tickets("strict" if name == "nothing copied" else "free")
                    rates.append(_rate(_view(url, "/api/desktops/view", "binary", f"ticket.{ticket}")))
    rate = {name: statistics.median(rates) for name, rates in found.items()}
    detail = {f"{name} MB/s": round(each) for name, each in rate.items()}
    return [
        Figure(
            "bridge against websockify", rate["nothing copied"] / rate["websockify"], "×", 0.8, detail=detail
        ),
        Figure("the same, where copying is allowed", rate["all passes"] / rate["websockify"], "×", 0.8),
    ]


def _waits(folder: Path, paced: Path) -> list[Figure]:
    with _server(folder / "waits", paced) as tickets:
        port = tickets("strict")[0]
        alone = _health(port)
        views = [
            multiprocessing.get_context("fork").Process(target=_watch, args=tickets("strict"), daemon=True)
            for _ in range(VIEWERS)
        ]
        for each in views:
            each.start()
        time.sleep(1)
        beside = _health(port)
        for each in views:
            each.kill()
            each.join()
    rate = VIEWERS * FRAMES_PER_SECOND * len(SMALL_PICTURE) / 1e6
    detail = {"without viewers, p99 ms": round(alone, 1), "MB/s to all viewers": round(rate)}
    return [Figure(f"p99 of /health, {VIEWERS} viewers", beside, "ms", 50, "lower", detail)]


def _health(port: int) -> float:
    """p99 in milliseconds, on one connection."""
    took: list[float] = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        end = time.monotonic() + PROBE_SECONDS
        while time.monotonic() < end:
            began = time.perf_counter()
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(65_536)
            took.append((time.perf_counter() - began) * 1000)
            time.sleep(0.005)
    return sorted(took)[int(len(took) * 0.99)]


# A viewer that costs nearly nothing: it counts what comes


def _view(port: int, path: str, *protocols: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        f"Sec-WebSocket-Protocol: {', '.join(protocols)}\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)
    assert b" 101 " in head, head
    said = b""
    for size, answer in ((12, b"RFB 003.008\n"), (14, b"\x01"), (18, b"\x01"), (18 + len(INIT), b"")):
        while len(said) < size:
            said += _frame(connection)
        if answer:
            connection.sendall(bytes([0x82, 0x80 | len(answer)]) + bytes(4) + answer)
    return connection


def _frame(connection: socket.socket) -> bytes:
    _opcode, size = _exactly(connection, 2)
    if size == 126:
        size = int.from_bytes(_exactly(connection, 2), "big")
    elif size == 127:
        size = int.from_bytes(_exactly(connection, 8), "big")
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = connection.recv(size - len(found))
        assert more, "hung up"
        found += more
    return found


def _rate(connection: socket.socket) -> float:
    """MB/s"""
    buffer, size = bytearray(1 << 20), 0
    with connection:
        began = time.perf_counter()
        while (took := time.perf_counter() - began) < SECONDS:
            size += connection.recv_into(buffer)
    return size / took / 1e6


def _watch(port: int, ticket: str) -> None:
    with _view(port, "/api/desktops/view", "binary", f"ticket.{ticket}") as connection:
        buffer = bytearray(1 << 20)
        while connection.recv_into(buffer):
            pass


# What is beside


def _screens(path: str, frames_per_second: int) -> None:
    """VNC servers without a password that send pictures: as fast as they are taken, or so many a second."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(64)
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                _send_pictures(connection, frames_per_second)


def _send_pictures(connection: socket.socket, frames_per_second: int) -> None:
    try:
        connection.sendall(b"RFB 003.008\n")
        _exactly(connection, 12)
        connection.sendall(b"\x01\x01")
        _exactly(connection, 1)
        connection.sendall(bytes(4))
        _exactly(connection, 1)
        connection.sendall(INIT)
        while True:
            connection.sendall(SMALL_PICTURE if frames_per_second else PICTURE)
            if frames_per_second:
                time.sleep(1 / frames_per_second)
    except (OSError, AssertionError):
        pass
    os._exit(0)


def _serve(folder: str, screen: str, pipe: Any) -> None:
    """A server as `toolcrib serve` runs it, with two desktops on that screen; tickets are asked for through `pipe`."""
    import uvloop  # noqa: PLC0415 - in the server's process alone

    from tests.clock import FakeClock  # noqa: PLC0415
    from tests.desktops.viewing.stage import Stage, WebServer  # noqa: PLC0415
    from tests.servers.sqlite import fill_data_dir  # noqa: PLC0415
    from toolcrib.desktops.launchers.launcher import Address  # noqa: PLC0415

    async def main() -> None:
        fill_data_dir(Path(folder))
        server = await WebServer.start(Path(folder), FakeClock(), desktop_views_per_person=100)
        stage = Stage(server)
        address = Address(path=Path(screen))
        names = {
            "strict": await stage.desktop("ann", address),
            "free": await stage.desktop("ann", address, copy_out=True),
        }
        port = int(server.url.rpartition(":")[2])
        loop = asyncio.get_running_loop()
        while True:
            wanted = await loop.run_in_executor(None, pipe.recv)
            ticket = await stage.ticket(await stage.client("ann"), names[wanted])
            pipe.send((port, ticket["ticket"]))

    uvloop.run(main())


@contextmanager
def _server(folder: Path, screen: Path) -> Iterator[Any]:
    folder.mkdir()
    ours, theirs = multiprocessing.Pipe()
    with _beside(_serve, str(folder), str(screen), theirs):

        def ticket(name: str) -> tuple[int, str]:
            ours.send(name)
            assert ours.poll(60), "the server does not answer"
            found: tuple[int, str] = ours.recv()
            return found

        yield ticket


@contextmanager
def _websockify(screen: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    program = [sys.executable, "-m", "websockify", "--unix-target", str(screen), f"127.0.0.1:{port}"]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _beside(target: Any, *args: Any) -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(target=target, args=args, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _until(true: Any) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
