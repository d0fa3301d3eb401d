"""Local desktops: how long a sandbox takes beyond the programs in it, and what a desktop weighs."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.figures import Figure
from tests.desktops.local.computer import Computer, wanted
from toolcrib.desktops.launchers.launcher import Phase
from toolcrib.desktops.launchers.local import x11

T = TypeVar("T")

ROUNDS = 5
AT_ONCE = 5
RESOLUTION = "1920x1080"
SECONDS = 60.0


def run() -> list[Figure]:
    folder = Path(tempfile.mkdtemp(prefix="toolcrib-bench-"))
    try:
        return asyncio.run(_run(Computer(folder / "data", 999)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _run(computer: Computer) -> list[Figure]:
    bare, ones, several, megabytes, ends = [], [], [], [], []

    async def desktop() -> str:
        one = wanted(resolution=RESOLUTION)
        await computer.launcher.start(one)
        report = await computer.launcher.wait_ready(one.name, seconds=SECONDS)
        assert report.phase is Phase.READY, report
        return one.name

    async def desktops() -> list[str]:
        return await asyncio.gather(*(desktop() for _ in range(AT_ONCE)))

    for _ in range(ROUNDS):  # by turns, so that a noisy machine bothers all
        bare.append(await _bare())
        seconds, name = await _timed(desktop)
        ones.append(seconds)
        used = await computer.launcher.usage(name)
        megabytes.append((used.memory_bytes or 0) / 1e6)
        seconds, _ = await _timed(partial(computer.launcher.stop, name))
        ends.append(seconds)
        seconds, _ = await _timed(desktops)
        several.append(seconds)
        for name in await computer.launcher.statuses():
            await computer.launcher.delete(name, home=True)
    await computer.close()
    return [
        Figure(
            "local desktop: start to first window, against the same programs without a sandbox",
            statistics.median(one / other for one, other in zip(ones, bare, strict=True)),
            "×",
            aim=2,
            better="lower",
            detail={"seconds": _rounded(ones), "seconds_without": _rounded(bare)},
        ),
        Figure(
            f"local desktops: {AT_ONCE} at once against 1, start to first window",
            statistics.median(many / one for many, one in zip(several, ones, strict=True)),
            "×",
            aim=AT_ONCE,
            better="lower",
            detail={f"seconds_of_{AT_ONCE}": _rounded(several)},
        ),
        Figure(
            "local desktop: memory with one terminal (median)",
            statistics.median(megabytes),
            "MB",
            better="lower",
            detail={"stop_seconds": _rounded(ends)},
        ),
    ]


async def _timed(work: Callable[[], Awaitable[T]]) -> tuple[float, T]:
    before = time.perf_counter()
    done = await work()
    return time.perf_counter() - before, done


async def _bare() -> float:
    """Xvnc, Openbox and an xterm, as any user would start them."""
    before = time.perf_counter()
    reading, writing = os.pipe()
    display = next(number for number in range(50, 1000) if not Path(f"/tmp/.X11-unix/X{number}").exists())
    viewers = Path(tempfile.gettempdir(), f"toolcrib-bench-{os.getpid()}")
    words = f"Xvnc :{display} -displayfd {writing} -rfbport -1 -rfbunixpath {viewers} -noreset -geometry {RESOLUTION}"
    server = subprocess.Popen(
        [*words.split(), "-depth", "24", "-SecurityTypes", "None"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with open(reading) as ready:
        await asyncio.to_thread(ready.readline)
    manager = subprocess.Popen(
        ["openbox", "--startup", "xterm -fa Monospace -fs 11"],
        env={**os.environ, "DISPLAY": f":{display}"},
        stderr=subprocess.DEVNULL,
    )
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(f"/tmp/.X11-unix/X{display}")
    connection.setblocking(False)
    await asyncio.wait_for(x11.wait_for_window(connection), SECONDS)
    seconds = time.perf_counter() - before
    for process in (manager, server):
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait)
    Path(viewers).unlink(missing_ok=True)
    return seconds


def _rounded(seconds: list[float]) -> list[float]:
    return [round(each, 2) for each in seconds]
