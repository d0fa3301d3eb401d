"""What goes wrong during a soak. Each fault returns once it is over."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

from benchmarks.soak.stage import Stage

LONGEST_SECONDS = 4.0
SLOW_SECONDS = 0.05


def kill(stage: Stage, _seconds: float) -> None:
    """SIGKILL, and a new start."""
    stage.server.kill()
    stage.start()


def stop(stage: Stage, seconds: float) -> None:
    """The process stands still, as on a machine that swaps or is moved."""
    stage.server.signal(signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        stage.server.signal(signal.SIGCONT)


def restart(stage: Stage, _seconds: float) -> None:
    """SIGTERM, and a new start."""
    stage.server.stop()
    stage.start()


def cut(stage: Stage, _seconds: float) -> None:
    """All connections to the database end."""
    assert stage.proxy is not None
    stage.proxy.cut()


def swallow(stage: Stage, _seconds: float) -> None:
    """All connections to the database die in silence."""
    assert stage.proxy is not None
    stage.proxy.swallow()


def slow(stage: Stage, seconds: float) -> None:
    """The database takes its time. On SQLite, another program holds the write lock."""
    if stage.proxy is not None:
        stage.proxy.slow(SLOW_SECONDS)
        time.sleep(seconds)
        stage.proxy.slow(0)
        return
    with closing(sqlite3.connect(stage.server.data_dir / "toolcrib.db", isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout = 30000")
        other.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        other.execute("ROLLBACK")


def full(stage: Stage, seconds: float) -> None:
    """Nothing fits on the disk of the data directory."""
    assert stage.disk is not None
    stage.disk.fill()
    try:
        time.sleep(seconds)
    finally:
        stage.disk.make_room()


def of(stage: Stage) -> list[Callable[[Stage, float], None]]:
    """The faults that can happen on this stage."""
    found: list[Callable[[Stage, float], None]] = [kill, kill, stop, restart, slow]
    if stage.proxy is not None:
        found += [cut, swallow]
    if stage.disk is not None:
        found.append(full)
    return found


async def happen(stage: Stage, seconds: float, chance: random.Random) -> Counter[str]:
    """Have one fault after the other happen, for `seconds`, with quiet times between. Returns how many of each."""
    counts: Counter[str] = Counter()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(left, chance.uniform(0.5, 6)))
        fault = chance.choice(of(stage))
        await stage.apart(fault, stage, chance.uniform(0.2, LONGEST_SECONDS))
        counts[fault.__name__] += 1
    return counts
