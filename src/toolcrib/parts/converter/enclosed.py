"""A call that sees no files but those of one folder: what is read may name others, as an assembly names its parts."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from toolcrib.parts.converter.limits import end_with_parent

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000


def call_enclosed(folder: Path, work: Callable[[Path], int]) -> int:
    """Call `work` with the path of `folder` as a process of its own, whose root is that folder, and return what it
    returned. A signal that ends it ends this process too.

    Where the system does not let this process do so, it is called with all files in sight: on another system than
    Linux, or without root's rights and user namespaces.
    """
    if sys.platform == "win32":
        return work(folder)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        status = 1
        with suppress(BaseException):
            if sys.platform == "linux":
                end_with_parent(parent)
            status = work(_enter(folder))
        os._exit(min(status, 255))
    _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        number = os.WTERMSIG(ended)
        signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
        os.kill(os.getpid(), number)
    return os.waitstatus_to_exitcode(ended)


def _enter(folder: Path) -> Path:
    """Make `folder` the root, with this process's own open files in it, since the library writes to one by its name.
    Returns where the folder is from now on."""
    libc = ctypes.CDLL(None, use_errno=True)
    files = folder / "proc" / "self" / "fd"
    files.mkdir(parents=True)
    if libc.unshare(_CLONE_NEWNS) != 0 or libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None) != 0:
        return folder
    if libc.mount(b"/proc/self/fd", os.fsencode(files), None, _MS_BIND, None) != 0:
        return folder
    os.chroot(folder)
    os.chdir("/")
    os.environ["TMPDIR"] = "/"
    return Path("/")


def allow_enclosing() -> None:
    """Be allowed to mount and to change the root, where user namespaces allow it to everybody.

    Call it while there is one thread, and before the process is made undumpable."""
    if sys.platform != "linux" or os.geteuid() == 0:
        return
    user, group = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER) != 0:
        return
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(text, encoding="utf-8")
