"""Limits per person: how many of something that stays, or is under way, one person may have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from toolcrib.kernel.problems import Problem


class LimitReached(Problem):
    """A refusal because one person has as many as one person may have. `details` name the setting that says how many,
    how many it allows, and how many there are."""

    setting: ClassVar[str]

    def __init__(self, text: str, *, allowed: int, count: int, headers: dict[str, str] | None = None) -> None:
        details = {"limit": self.setting, "allowed": allowed, "count": count}
        super().__init__(text, details, headers=headers)


class TooManyUploads(LimitReached):
    """The person has as many uploads under way as one person may have: finish some, or delete them."""

    code, status, setting = "too_many_uploads", 429, "UPLOADS_PER_PERSON"

    def __init__(self, *, allowed: int, count: int) -> None:
        text = f"You have {count} uploads under way, of at most {allowed}: finish some, or delete them."
        super().__init__(text, allowed=allowed, count=count, headers={"Retry-After": "30"})


class ArrivingUploads:
    """Counts the uploads whose bytes arrive in this process, for each person by UUID."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._of: Counter[str] = Counter()

    @property
    def count(self) -> int:
        return self._of.total()

    @contextmanager
    def one_of(self, person: str) -> Iterator[None]:
        """Count one more of `person` until the block ends.

        Raises:
            TooManyUploads: there are as many as allowed (429).
        """
        if self._of[person] >= self._allowed:
            raise TooManyUploads(allowed=self._allowed, count=self._of[person])
        self._of[person] += 1
        try:
            yield
        finally:
            self._of[person] -= 1
            if not self._of[person]:
                del self._of[person]
