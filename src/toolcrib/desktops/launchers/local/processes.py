"""The processes of desktops: which are alive, which belong to which desktop, what they use, and how they end.

A process is known by its id, its start time and the boot it belongs to, since ids are used again. All processes that
start a sandbox carry the desktop's mark in their environment, so those that outlived their record are found too.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from toolcrib.desktops.launchers.launcher import LauncherDown

MARK = "TOOLCRIB_DESKTOP"
END_SECONDS = 10.0
_PROC = Path("/proc")
_ENDED = {"Z", "X"}
_WINDOW_SERVER = "Xvnc"


@cache
def boot_id() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


@dataclass(frozen=True)
class Identity:
    """One process, and no other that gets its id later."""

    pid: int
    start: int
    boot: str

    def is_alive(self) -> bool:
        if self.boot != boot_id():
            return False
        found = _stat(self.pid)
        return found is not None and found.start == self.start and found.state not in _ENDED


@dataclass(frozen=True)
class _Stat:
    name: str
    state: str
    parent: int
    ticks: int
    """Processor time of the process and of its children that have been waited for."""
    start: int


def _stat(pid: int) -> _Stat | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    before, _, after = text.rpartition(")")  # the name in it may hold anything
    words = after.split()
    return _Stat(
        before.partition("(")[2],
        words[0],
        int(words[1]),
        sum(int(word) for word in words[11:15]),
        int(words[19]),
    )


def identify(pid: int) -> Identity | None:
    found = _stat(pid)
    return None if found is None or found.state in _ENDED else Identity(pid, found.start, boot_id())


def _all() -> Iterator[int]:
    for entry in os.scandir(_PROC):
        if entry.name.isdecimal():
            yield int(entry.name)


def marked(mark: str) -> dict[str, list[Identity]]:
    """Living processes by the name of the desktop that they were started for; `mark` is the server's own."""
    wanted = f"{MARK}={mark}/".encode()
    found: dict[str, list[Identity]] = {}
    for pid in _all():
        # First who it is: what is read of the next process with its id then belongs to nobody.
        process = identify(pid)
        try:
            environment = (_PROC / str(pid) / "environ").read_bytes()
        except OSError:
            continue  # ended, or another user's
        for line in environment.split(b"\0"):
            if process and line.startswith(wanted):
                found.setdefault(line[len(wanted) :].decode("ascii", "replace"), []).append(process)
                break
    return found


def _namespace(pid: int) -> str | None:
    with suppress(OSError):
        return os.readlink(_PROC / str(pid) / "ns" / "pid")
    return None


def _id_inside(pid: int) -> int | None:
    """The process's id in the innermost of its namespaces."""
    with suppress(OSError):
        for line in (_PROC / str(pid) / "status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return None


@dataclass(frozen=True)
class Sandbox:
    """The processes of one desktop."""

    first: tuple[Identity, ...]
    """The first process inside the sandbox, with which all others in there end; or none."""
    inside: tuple[Identity, ...]
    outside: tuple[Identity, ...]
    """Those that hold the sandbox up."""

    @property
    def everything(self) -> tuple[Identity, ...]:
        return (*self.outside, *self.inside)


def sandbox_of(starters: Iterable[Identity]) -> Sandbox:
    """Find everything that runs for a desktop, given the processes that carry its mark."""
    starters = list(starters)
    ours = _namespace(os.getpid())
    outside = tuple(one for one in starters if _namespace(one.pid) == ours)
    # Programs inside may change what they carry, so the sandbox is found by its parents, too.
    related = {one.pid for one in starters} | _descendants(one.pid for one in outside)
    spaces = {space for pid in related if (space := _namespace(pid)) not in (None, ours)}
    known = [one for pid in _all() if (one := identify(pid))] if spaces else []
    inside = tuple(one for one in known if _namespace(one.pid) in spaces)
    return Sandbox(tuple(one for one in inside if _id_inside(one.pid) == 1), inside, outside)


def _descendants(parents: Iterable[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid in _all():
        if found := _stat(pid):
            children.setdefault(found.parent, []).append(pid)
    found_all: set[int] = set()
    waiting = list(parents)
    while waiting:
        new = [child for child in children.get(waiting.pop(), ()) if child not in found_all]
        found_all.update(new)
        waiting += new
    return found_all


def programs_in(sandbox: Sandbox) -> tuple[Identity, ...]:
    """All but the sandbox's first process and its window server, which the others need while they end."""
    return tuple(
        one
        for one in sandbox.inside
        if one not in sandbox.first and (found := _stat(one.pid)) and found.name != _WINDOW_SERVER
    )


def send(processes: Iterable[Identity], number: signal.Signals) -> list[int]:
    """Send a signal, and return descriptors that become readable when their processes end. Close them."""
    watched = []
    for one in processes:
        with suppress(OSError):
            descriptor = os.pidfd_open(one.pid)
            watched.append(descriptor)
            if (
                one.is_alive()
            ):  # what the descriptor stands for is this process, and not the next one of its id
                signal.pidfd_send_signal(descriptor, number)
    return watched


def wait_for_end(descriptors: list[int], seconds: float) -> None:
    """Wait until all have ended, for at most so long, and close the descriptors."""
    end = time.monotonic() + seconds
    waiting = select.poll()
    for descriptor in descriptors:
        waiting.register(descriptor, select.POLLIN)
    left = len(descriptors)
    try:
        while left and (rest := end - time.monotonic()) > 0:
            for descriptor, _ in waiting.poll(rest * 1000):
                waiting.unregister(descriptor)
                left -= 1
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def end_all(mark: str, name: str) -> None:
    """Kill everything that runs for a desktop, and return when nothing of it is left.

    Raises:
        LauncherDown: some of it would not end.
    """
    end = time.monotonic() + END_SECONDS
    while starters := marked(mark).get(name):
        if time.monotonic() > end:
            raise LauncherDown("Processes of this desktop do not end. Try again later.")
        sandbox = sandbox_of(starters)
        # From the inside out: those outside end by themselves then, and cannot leave anything behind.
        wait_for_end(send(sandbox.first or sandbox.inside, signal.SIGKILL), 2.0)
        wait_for_end(send(sandbox.outside, signal.SIGKILL), 2.0)


def usage(processes: Iterable[Identity]) -> tuple[float, int]:
    """Processor seconds and bytes of memory, shared pages divided among those who share them."""
    ticks, memory = 0, 0
    for one in processes:
        if found := _stat(one.pid):
            ticks += found.ticks
            memory += _memory(one.pid)
    return ticks / os.sysconf("SC_CLK_TCK"), memory


def _memory(pid: int) -> int:
    with suppress(OSError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
