"""Sizes of files, as people write and read them."""

import re

from toolcrib.cli.core.failures import CannotTell

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,3})?) ?([a-z]*)")


def parse_size(text: str) -> int:
    """Read `500MB`, `1.5 GiB`, `1000`, in bytes.

    Raises:
        CannotTell: it is not a size.
    """
    found = _SIZE.fullmatch(text.strip().lower())
    if found is None or found[2] not in _UNITS:
        raise CannotTell(f"{text!r} is not a size; write for example 500MB, 20GB or 1.5GiB.")
    return round(float(found[1]) * _UNITS[found[2]])


def human_size(size: int) -> str:
    """Format a number of bytes: `470 B`, `1.2 MB`."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
