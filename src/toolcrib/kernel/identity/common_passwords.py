"""The commonest passwords: what guessing begins with. A short list on purpose, in lower case."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_LIST = Path(__file__).with_name("common_passwords.txt")


def is_common(password: str) -> bool:
    """Whether `password` is one of them, in whatever case."""
    return password.casefold() in _commonest()


@cache
def _commonest() -> frozenset[str]:
    return frozenset(_LIST.read_text(encoding="utf-8").split())
