"""How soon it answers, and what it weighs when nothing happens."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.figures import Figure
from tests.servers.environment import ADMIN, DEFAULTS, PASSWORD, child_environment, toolcrib
from tests.servers.process import Process, free_port

STARTS = 5


def run() -> list[Figure]:
    first: list[float] = []
    later: list[float] = []
    memory: list[float] = []
    signed_in: list[float] = []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory(prefix="toolcrib-bench-") as folder:
            for times in (first, later):
                seconds, megabytes, later_megabytes = _start(Path(folder))
                times.append(seconds)
                memory.append(megabytes)
                signed_in.append(later_megabytes)
    return [
        Figure(
            "start to first 200, on a new data directory (median)",
            statistics.median(first),
            "s",
            aim=2,
            better="lower",
            detail={"seconds": [round(each, 2) for each in first]},
        ),
        Figure(
            "start to first 200, on existing data (median)",
            statistics.median(later),
            "s",
            aim=2,
            better="lower",
            detail={"seconds": [round(each, 2) for each in later]},
        ),
        Figure(
            "idle resident memory (median)",
            statistics.median(memory),
            "MB",
            aim=110,
            better="lower",
            detail={"megabytes": [round(each) for each in memory]},
        ),
        Figure(
            "resident memory after a sign-in (median)",
            statistics.median(signed_in),
            "MB",
            better="lower",
            detail={"megabytes": [round(each) for each in signed_in]},
        ),
    ]


def _start(folder: Path) -> tuple[float, float, float]:
    port = free_port()
    started = time.perf_counter()
    process = Process(
        [toolcrib(), "serve", "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(folder / "data")],
        output=folder / "log",
        env=child_environment(**DEFAULTS),
    )
    try:
        with httpx.Client() as client:
            while True:
                try:
                    if client.get(f"http://127.0.0.1:{port}/health").status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                if not process.running or time.perf_counter() - started > 60:
                    raise RuntimeError("the server did not start")
                time.sleep(0.01)
            seconds = time.perf_counter() - started
            time.sleep(2)  # idle: the start's own work is over
            idle = _resident(process.pid)
            name = {"username": ADMIN, "password": PASSWORD}
            client.post(f"http://127.0.0.1:{port}/api/login", json=name).raise_for_status()
        return seconds, idle, _resident(process.pid)
    finally:
        process.kill()


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("no VmRSS")
