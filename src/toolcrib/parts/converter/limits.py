"""Limits that a process puts on itself before it opens a file that may be hostile."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress

# The largest file that it may write.
FILE_BYTES = 1024 * 2**20
# Priority below the server's, whose answers must not wait for a conversion.
NICENESS = 5
# The server ends it in time; where that fails, it ends itself so much later.
MARGIN_SECONDS = 5

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4


def limit_this_process(*, seconds: int, memory_bytes: int, parent: int) -> None:
    """End with the server, by signal after `seconds`, and fail to get more memory than that. Writes no core dump."""
    if sys.platform == "linux":
        end_with_parent(parent)
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    with suppress(ValueError, OSError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    os.nice(NICENESS)
    # Their default action ends the process, whoever holds the interpreter lock.
    for number in (signal.SIGALRM, signal.SIGXCPU, signal.SIGXFSZ, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.alarm(seconds + MARGIN_SECONDS)


def end_with_parent(parent: int) -> None:
    """End this process when `parent`, which started it, ends. What it holds cannot be read by others."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # some systems send dumps to a program, whatever their limit
    if os.getppid() != parent:
        os._exit(1)
