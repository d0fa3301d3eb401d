"""Numbers that come as text. Python refuses to read one of more than 4,300 digits, and takes long for shorter ones, so
their length is looked at first."""

from __future__ import annotations

# As many digits as every database and every client keeps.
MAX_DIGITS = 18
LARGEST: int = 10**MAX_DIGITS - 1


def whole_number(text: str) -> int | None:
    """The number written in `text` by 1 to 18 ASCII digits; None if it is anything else."""
    is_one = len(text) <= MAX_DIGITS and text.isascii() and text.isdecimal()
    return int(text) if is_one else None


def size_number(text: str) -> int | None:
    """As `whole_number`, for what is only compared with a size: more digits mean LARGEST."""
    if not text.isascii() or not text.isdecimal():
        return None
    digits = text.lstrip("0")
    return LARGEST if len(digits) > MAX_DIGITS else int(digits or "0")
