"""Rate counters in this process."""

from __future__ import annotations

import time
from dataclasses import dataclass

from limits.aio.storage import Storage

from toolcrib.kernel.clock import Clock

# Counters kept; the oldest goes when one more comes. Each takes some 300 bytes.
KEPT = 50_000


@dataclass(slots=True)
class _Counter:
    value: int
    since: float
    seconds: float


class ProcessCounters(Storage):
    """What `limits` counts in. Its own storage looks through all counters at each count, which under attack, when
    there are many, costs more than what the limits protect."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._counters: dict[str, _Counter] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add `amount` and return the sum. A counter that is new ends after `expiry` seconds."""
        counter = self._live(key)
        if counter is None:
            if len(self._counters) >= KEPT:
                del self._counters[next(iter(self._counters))]
            counter = self._counters[key] = _Counter(0, self._clock().timestamp(), expiry)
        counter.value += amount
        return counter.value

    async def get(self, key: str) -> int:
        counter = self._live(key)
        return 0 if counter is None else counter.value

    async def get_expiry(self, key: str) -> float:
        """When the counter ends, on the clock of `time.time()`, as the storages of `limits` say it."""
        counter = self._live(key)
        left = 0.0 if counter is None else counter.since + counter.seconds - self._clock().timestamp()
        return time.time() + left

    async def clear(self, key: str) -> None:
        self._counters.pop(key, None)

    async def check(self) -> bool:
        return True

    async def reset(self) -> int | None:
        count = len(self._counters)
        self._counters.clear()
        return count

    def _live(self, key: str) -> _Counter | None:
        counter = self._counters.get(key)
        if counter is None:
            return None
        # Negative if the clock was set back: nobody is to wait until it has caught up.
        if 0 <= self._clock().timestamp() - counter.since < counter.seconds:
            return counter
        del self._counters[key]
        return None
