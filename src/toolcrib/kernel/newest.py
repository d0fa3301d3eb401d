"""A dictionary that keeps only so much."""

from __future__ import annotations

from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Newest(dict[Key, Value]):
    """At most `most` entries: when one more is `put`, the one that was put longest ago goes."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def put(self, key: Key, value: Value) -> None:
        self.pop(key, None)
        while len(self) >= self.most:
            del self[next(iter(self))]
        self[key] = value
