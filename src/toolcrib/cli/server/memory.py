"""Memory that the C library keeps."""

import ctypes
from contextlib import suppress

_M_MMAP_THRESHOLD = -3  # malloc.h
_LARGE_BYTES = 4 * 1024 * 1024


def return_large_blocks() -> None:
    """Have the C library return blocks of 4 MiB or more to the system when they are freed.

    Without that, glibc's malloc keeps blocks as large as those that were freed before: after the first password, the 19
    MiB that hashing takes stay with the process for good. Other C libraries have no such setting.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
