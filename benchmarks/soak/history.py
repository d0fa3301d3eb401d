"""What was acknowledged to people during a soak, as they saw it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Lock:
    """A lock that somebody was told they have. Times are when they knew: `since` its answer came, and when they asked
    for its end."""

    path: str
    fence: int
    who: str
    since: float
    asked_to_end_at: float | None = None
    ended: bool = False


@dataclass
class Content:
    """What somebody stored at one address, which nobody else writes to. `acknowledged` is the digest of the newest
    that was; `tried` are those sent after it, of which nobody can tell."""

    acknowledged: str
    tried: list[str] = field(default_factory=list)


class History:
    """Notes what is acknowledged, when, and the longest time in which nothing was."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self.longest_silence = 0.0
        self.counts: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.locks: list[Lock] = []
        self.by_fence: dict[int, Lock] = {}
        self.queued: Counter[tuple[str, str]] = Counter()
        self.contents: dict[str, Content] = {}
        self.versions: Counter[tuple[str, int]] = Counter()
        self.tokens: list[str] = []
        self.streams: dict[str, list[int]] = {}
        self.streams_end = 0  # the newest event that each stream should have
        self.wrong: list[str] = []

    def begin(self) -> None:
        self._last = self._clock()

    def acknowledge(self, what: str) -> None:
        now = self._clock()
        self.longest_silence = max(self.longest_silence, now - self._last)
        self._last = now
        self.counts[what] += 1

    def failed(self, what: str) -> None:
        self.failures[what] += 1

    def end(self) -> None:
        """The time after the last acknowledgement counts, too."""
        self.longest_silence = max(self.longest_silence, self._clock() - self._last)

    # Locks

    def locked(self, path: str, fence: int, who: str) -> Lock:
        self.acknowledge("lock")
        lock = Lock(path, fence, who, self._clock())
        self.locks.append(lock)
        self.by_fence[fence] = lock
        return lock

    def waits(self, path: str, who: str) -> None:
        self.acknowledge("wait")
        self.queued[path, who] += 1

    def ends(self, fence: int) -> None:
        """Somebody asks for the end of a lock, which may have been acknowledged to them or not."""
        lock = self.by_fence.get(fence)
        if lock is not None and lock.asked_to_end_at is None:
            lock.asked_to_end_at = self._clock()

    def ended(self, fence: int) -> None:
        self.acknowledge("release")
        lock = self.by_fence.get(fence)
        if lock is not None:
            lock.ended = True

    # Content

    def sends(self, address: str, digest: str) -> None:
        if address in self.contents:
            self.contents[address].tried.append(digest)

    def stored(self, what: str, address: str, digest: str) -> None:
        self.acknowledge(what)
        self.contents[address] = Content(digest)

    def numbered(self, address: str, version: int) -> None:
        self.versions[address, version] += 1

    def read(self, what: str, address: str, digest: str) -> None:
        """Somebody who is alone at `address` was sent this content."""
        self.acknowledge(what)
        known = self.contents.get(address)
        if known is not None and digest not in {known.acknowledged, *known.tried}:
            self.wrong.append(f"{address}: other content than was stored was read")
