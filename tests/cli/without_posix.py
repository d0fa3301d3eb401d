"""`python without_posix.py`: import all modules of the command line as where nothing is that only POSIX has.

Prints those that cannot be imported, and why.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import socket
import sys
from importlib.abc import MetaPathFinder
from typing import Any

MODULES = {
    "crypt",
    "fcntl",
    "grp",
    "nis",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "spwd",
    "syslog",
    "termios",
    "tty",
    "uvloop",
}
SIGNALS = (
    "SIGALRM",
    "SIGCHLD",
    "SIGCONT",
    "SIGHUP",
    "SIGKILL",
    "SIGPIPE",
    "SIGQUIT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGUSR1",
    "SIGUSR2",
    "SIGWINCH",
    "SIGXCPU",
)
CALLS = (
    "O_CLOEXEC",
    "O_DIRECTORY",
    "O_NOFOLLOW",
    "chown",
    "fchmod",
    "fork",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getloadavg",
    "getpgid",
    "getuid",
    "initgroups",
    "killpg",
    "mkfifo",
    "openpty",
    "posix_fallocate",
    "pread",
    "pwrite",
    "sched_getaffinity",
    "setgid",
    "setsid",
    "setuid",
    "statvfs",
    "sysconf",
    "wait4",
)


class Absent(MetaPathFinder):
    def find_spec(self, name: str, *_: Any) -> None:
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def modules() -> list[str]:
    package = importlib.import_module("toolcrib.cli")
    return [found.name for found in pkgutil.walk_packages(package.__path__, "toolcrib.cli.")]


def main() -> None:
    for name in modules():  # libraries stay loaded as they are on this system
        importlib.import_module(name)
    for name in [
        name for name in sys.modules if name.partition(".")[0] == "toolcrib" or name in MODULES - {"posix"}
    ]:
        del sys.modules[name]
    sys.platform = "win32"
    sys.meta_path.insert(0, Absent())
    for owner, names in ((signal, SIGNALS), (os, CALLS), (socket, ("AF_UNIX",))):
        for name in names:
            if hasattr(owner, name):
                delattr(owner, name)
    for name in modules():
        try:
            importlib.import_module(name)
        except Exception as bad:  # noqa: BLE001 - whatever it is, it would end the program there
            print(f"{name}: {type(bad).__name__}: {bad}")


main()
