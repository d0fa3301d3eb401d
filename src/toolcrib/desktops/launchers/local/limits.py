"""How much of the computer a desktop may use."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import structlog

from toolcrib.desktops.launchers.launcher import LauncherRefused, Wanted
from toolcrib.desktops.names import amount_of

log = structlog.get_logger()

PROCESSES = 4096
OPEN_FILES = 65_536
_REMOVAL_SECONDS = 2.0
_MOST_BYTES = 2**62  # that a limit may be
_CPU_PERIOD = 100_000  # microseconds


def quantity_bytes(quantity: str) -> int:
    amount = amount_of(quantity)
    if amount is None or amount < 1:
        raise LauncherRefused("This is no amount of memory: write it like 4096Mi.")
    return min(int(amount), _MOST_BYTES)


@dataclass(frozen=True)
class Group:
    """The control group of one desktop."""

    path: Path

    @classmethod
    def of(cls, parent: Path, mark: str, name: str) -> Group:
        return cls(parent / f"desktop-{mark}-{name}")

    def make(self, cores: int, memory: int) -> None:
        """
        Raises:
            LauncherRefused: the server may not make groups there.
        """
        for controller in ("cpu", "memory", "pids"):
            with suppress(OSError):  # this kernel has it elsewhere, or it is enabled already
                (self.path.parent / "cgroup.subtree_control").write_text(f"+{controller}")
        try:
            self.path.mkdir(exist_ok=True)
        except OSError as error:
            log.warning("desktop_cgroup_failed", path=str(self.path), error=error.strerror)
            raise LauncherRefused(
                "The server may not write to the folder in DESKTOP_LOCAL_CGROUP."
            ) from error
        for file, value in (
            ("cpu.max", f"{cores * _CPU_PERIOD} {_CPU_PERIOD}"),
            ("memory.max", str(memory)),
            ("memory.swap.max", "0"),
            ("pids.max", str(PROCESSES)),
        ):
            if self.has(file):
                (self.path / file).write_text(value)

    def has(self, file: str) -> bool:
        return (self.path / file).exists()

    def cpu_seconds(self) -> float | None:
        with suppress(OSError):
            for line in (self.path / "cpu.stat").read_text().splitlines():
                key, _, value = line.partition(" ")
                if key == "usage_usec":
                    return int(value) / 1_000_000
        return None

    def memory_bytes(self) -> int | None:
        with suppress(OSError):
            return int((self.path / "memory.current").read_text())
        return None

    def remove(self) -> None:
        end = time.monotonic() + _REMOVAL_SECONDS
        while self.path.exists() and time.monotonic() < end:
            try:
                self.path.rmdir()
            except OSError:  # the kernel is not done with the last of its processes
                time.sleep(0.01)


def limiting(wanted: Wanted, group: Group | None) -> Iterator[str]:
    """The words of a command that limits the command after it, in what its control group does not."""
    memory = quantity_bytes(wanted.max_ram)
    yield from ("prlimit", "--core=0", _limit("nofile", OPEN_FILES), _limit("nproc", PROCESSES))
    if group is None or not group.has("memory.max"):
        yield _limit("data", memory)
    if (group is None or not group.has("cpu.max")) and (cores := _cores(wanted)):
        yield from ("taskset", "--cpu-list", ",".join(map(str, cores)))


def _limit(name: str, value: int) -> str:
    """A process may only lower its limits."""
    _, most = resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))
    return f"--{name}={value if most == resource.RLIM_INFINITY else min(value, most)}"


def _cores(wanted: Wanted) -> list[int]:
    """Which cores it gets, or none if it may use all: not the same first ones for every desktop."""
    there = sorted(os.sched_getaffinity(0))
    if wanted.max_cpu >= len(there):
        return []
    first = crc32(wanted.name.encode()) % len(there)
    return sorted((there + there)[first : first + wanted.max_cpu])
