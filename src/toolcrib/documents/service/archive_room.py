"""How many archives may be sent at the same time: each takes memory for as long as its reader takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from toolcrib.documents.errors import ArchivesBusy, TooManyTransfers

# In one process.
OF_ONE_PERSON = 2
OF_ALL = 8


class ArchiveRoom:
    """Counts the archives that this process is sending."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()

    @contextmanager
    def running(self, person: str) -> Iterator[None]:
        """Count one more while it runs.

        Raises:
            TooManyTransfers: the person has as many as allowed (429).
            ArchivesBusy: so have all together (503).
        """
        if self._running[person] >= OF_ONE_PERSON:
            raise TooManyTransfers(
                f"You are downloading {OF_ONE_PERSON} folders already. Try again when one has ended.",
                headers={"Retry-After": "10"},
            )
        if self._running.total() >= OF_ALL:
            raise ArchivesBusy
        self._running[person] += 1
        try:
            yield
        finally:
            self._running[person] -= 1
            if not self._running[person]:
                del self._running[person]
