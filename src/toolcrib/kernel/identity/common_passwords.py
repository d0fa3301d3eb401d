"""The most common passwords, which attackers try first. Deliberately a short list, in lower case."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_LIST = Path(__file__).with_name("common_passwords.txt")


def is_common(password: str) -> bool:
    """Return whether `password` is in the list, ignoring case."""
    return password.casefold() in _commonest()


@cache
def _commonest() -> frozenset[str]:
    return frozenset(_LIST.read_text(encoding="utf-8").split())
