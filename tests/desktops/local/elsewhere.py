"""Other processes of the server: they call verbs of the launcher, and are killed before a certain step, or when they
are done."""

from __future__ import annotations

import asyncio
import ctypes
import encodings.ascii
import encodings.idna  # noqa: F401 - loaded before `live_as` becomes a user who may not read them
import os
import pickle
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.desktops.local.computer import READY_SECONDS
from toolcrib.desktops.launchers.launcher import Phase, Wanted
from toolcrib.desktops.launchers.local.launcher import LocalLauncher
from toolcrib.desktops.launchers.local.running import Desktops
from toolcrib.settings import Settings

# What changes something that outlives the process: a crash is before one of these.
_STEPS = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chown", "socket.bind", "subprocess.Popen"}


BRIDGE, BRIDGE_PORT = "172.17.0.1", 5999


class Elsewhere:
    """A process that forks for each call, since loading everything takes longer than most calls."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def call(self, work: Callable[..., None], *args: Any) -> int:
        """Call `work` in a process of its own, and return its exit code: -9 if it was killed."""
        assert self._process.stdin
        assert self._process.stdout
        pickle.dump((work, args), self._process.stdin)
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what is logged is no answer
    while True:
        try:
            work, args = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(*args)
                code = 0
            except BaseException:  # noqa: BLE001 - whatever it is, the child ends here
                traceback.print_exc()
            finally:
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)


def die_before(step: int) -> None:
    left = step

    def look(event: str, args: tuple[Any, ...]) -> None:
        nonlocal left
        if event not in _STEPS:
            return
        # Names without a folder belong to trees that are being removed, of which one step is as good as another.
        path = args[1] if event == "socket.bind" else args[0]
        if isinstance(path, (str, os.PathLike)) and not Path(path).is_absolute():
            return
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)


def start(settings: Settings, wanted: Wanted, step: int) -> None:
    die_before(step)
    Desktops(settings).start(wanted)


def stop(settings: Settings, name: str, step: int) -> None:
    die_before(step)
    Desktops(settings).stop(name)


def delete(settings: Settings, name: str, step: int) -> None:
    die_before(step)
    Desktops(settings).delete(name, home=True)


def start_and_die(settings: Settings, *all_wanted: Wanted) -> None:
    asyncio.run(_start(settings, *all_wanted))
    os.kill(os.getpid(), signal.SIGKILL)


def live_as(user: int, settings: Settings, wanted: Wanted) -> None:
    """Start, stop and delete a desktop as an ordinary user."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    asyncio.run(_live(settings, wanted))


def start_offline(settings: Settings, wanted: Wanted) -> None:
    """Start a desktop on a computer without network."""
    assert ctypes.CDLL(None).unshare(0x40000000) == 0  # CLONE_NEWNET
    asyncio.run(_fail(settings, wanted, "This computer has no network that a desktop could use."))


def start_beside_a_bridge(settings: Settings, wanted: Wanted) -> None:
    """Start a desktop on a computer with two addresses, and a server that listens on both. The session asks for it at
    the second one, and writes into `probe.txt` whether that answered."""
    assert ctypes.CDLL(None).unshare(0x40000000) == 0  # CLONE_NEWNET
    for words in (
        "link set lo up",
        *("tuntap add card mode tap", "addr add 198.51.100.2/24 dev card", "link set card up"),
        "route add default via 198.51.100.1",
        *("tuntap add bridge mode tap", f"addr add {BRIDGE}/16 dev bridge", "link set bridge up"),
    ):
        subprocess.run(["ip", *words.split()], check=True)
    with socket.create_server(("0.0.0.0", BRIDGE_PORT)):
        asyncio.run(_start(settings, wanted))


async def _fail(settings: Settings, wanted: Wanted, text: str) -> None:
    launcher = LocalLauncher(settings)
    await launcher.start(wanted)
    report = await launcher.wait_ready(wanted.name, seconds=READY_SECONDS)
    assert (report.phase, report.text) == (Phase.FAILED, text)


async def _live(settings: Settings, wanted: Wanted) -> None:
    launcher = await _start(settings, wanted)
    await launcher.stop(wanted.name)
    assert await launcher.delete(wanted.name, home=True)


async def _start(settings: Settings, *all_wanted: Wanted) -> LocalLauncher:
    launcher = LocalLauncher(settings)
    await launcher.check()
    for wanted in all_wanted:
        await launcher.start(wanted)
    for wanted in all_wanted:
        report = await launcher.wait_ready(wanted.name, seconds=READY_SECONDS)
        assert report.phase is Phase.READY, report
    return launcher


if __name__ == "__main__":
    _serve()
