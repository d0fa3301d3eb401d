"""Programs' litter: small files that programs and systems leave beside documents, which are nobody's documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Litter:
    """Which files are litter: up to `max_bytes` large, with a name that matches one of `patterns`, in any case."""

    patterns: Sequence[str] = ()
    max_bytes: int = 0

    def names(self, name: str) -> bool:
        return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in self.patterns)

    def covers(self, name: str, size: int) -> bool:
        return size <= self.max_bytes and self.names(name)
