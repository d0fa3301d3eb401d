"""Memory that the C library keeps, and the garbage collector."""

import ctypes
import gc
from contextlib import suppress

_M_MMAP_THRESHOLD = -3  # malloc.h
_LARGE_BYTES = 4 * 1024 * 1024
# Allocations between two runs of the garbage collector. A large answer allocates many objects at once; with the
# default of 700, the collector would take an eighth of its time.
_GARBAGE_THRESHOLD = 20_000


def collect_seldom() -> None:
    """Have the garbage collector run seldom, and skip all that is loaded now: in a server, that stays."""
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD, 20, 20)
    gc.enable()


def return_large_blocks() -> None:
    """Have the C library return blocks of 4 MiB or more to the system when they are freed.

    Without that, glibc's malloc keeps blocks as large as those that were freed before: after the first password, the 19
    MiB that hashing takes stay with the process for good. Other C libraries have no such setting.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
