"""One child process of the test run: started in a folder of its own, watched, and stopped by its pid."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import NoReturn, Protocol

import pytest

POLL_SECONDS = 0.01
START_SECONDS = 60
STOP_SECONDS = 30


class NotReady(Exception):
    """The process ended, or did not answer in time; its output is the message."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody has now. It is below those that the system gives to clients, so that none of
    them has it when a server that was killed starts again."""
    for port in random.SystemRandom().sample(range(16_384, 32_768), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")


def listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def wait_until(true: Callable[[], bool], what: str, seconds: float = 10) -> None:
    """Look again and again, at short intervals, until `true()`; fail the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:g} s in vain for {what}")
        time.sleep(POLL_SECONDS)  # other processes are looked at: none of them tells this one


def program(name: str, *folders: str) -> str:
    """Where `name` is, looking in `folders` first.

    A machine without it skips the test, except under CI=true: there a missing server is a failure.
    """
    found = shutil.which(name, path=os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)]))
    if found is None:
        absent(f"{name} is not installed (`make test` as root on Debian installs it)")
    return found


def absent(reason: str) -> NoReturn:
    """Skip the test for something this machine lacks; under CI=true nothing may be lacking."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def account(*names: str) -> str | None:
    """The first of these that exists, for servers that refuse to run as root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in names:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return "nobody"


@contextlib.contextmanager
def scratch(name: str, user: str | None = None) -> Iterator[Path]:
    """A folder of `user`'s that goes away. Not under pytest's own, which other accounts cannot enter."""
    folder = Path(tempfile.mkdtemp(prefix=f"toolcrib-{name}-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Child(Protocol):
    """What a `Process` needs of its child; a `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: int, /) -> None: ...


class Process:
    """A child in its own process group, its output in a file."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        output: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
    ) -> None:
        self.argv = [*_guarded(user), *argv]
        self.output = output
        with output.open("ab") as log:
            self._child: Child = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    def text(self) -> str:
        """What it has printed so far."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def wait_ready(self, ready: Callable[[], bool], seconds: float = START_SECONDS) -> None:
        """Return once `ready()`. A child that dies first, or takes too long, raises NotReady."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise NotReady(f"{self.argv} ended with {self._child.returncode}:\n{self.text()}")
            if time.monotonic() > deadline:
                self.kill()
                raise NotReady(f"{self.argv} was not ready after {seconds} s:\n{self.text()}")
            time.sleep(POLL_SECONDS)

    def signal(self, number: int) -> None:
        """To the child alone."""
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(number)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Its exit status, once it has ended by itself."""
        return self._child.wait(seconds)

    def stop(self, number: int = SIGTERM, seconds: float = STOP_SECONDS) -> int:
        """Ask it to end, and return its exit status. One that does not end is killed and raises NotReady."""
        self.signal(number)
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise NotReady(f"{self.argv} did not end {seconds} s after {number}:\n{self.text()}") from None
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, to it and to whatever it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, SIGKILL)
        self._child.wait()


def _guarded(user: str | None) -> list[str]:
    """What goes before the command: run as `user`, and die with the test run should that be killed."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    if setpriv is None:
        return []
    guard = [setpriv, "--pdeathsig", "KILL"]
    if user is not None:
        entry = pwd.getpwnam(user)
        guard += ["--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid), "--clear-groups"]
    return [*guard, "--"]
