"""Holds what was acknowledged against what the server has in the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from benchmarks.soak.history import History, Lock


class Event(NamedTuple):
    seq: int
    verb: str
    key: str
    actor: str | None


class Held(NamedTuple):
    path: str
    fence: int


@dataclass
class Found:
    """What the server has: its event log, its locks, the digests of what is stored, and how many sign-ins it refuses
    though they were acknowledged."""

    events: list[Event]
    held: list[Held]
    contents: dict[str, str | None] = field(default_factory=dict)
    refused_tokens: int = 0

    @property
    def newest(self) -> int:
        return self.events[-1].seq if self.events else 0


@dataclass
class Verdict:
    acknowledged: int
    lost: list[str]
    doubled: list[str]
    gaps: list[str]
    longest_silence: float

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.gaps)


def judge(history: History, found: Found) -> Verdict:
    lost = [*_lost_locks(history, found), *_lost_contents(history, found), *history.wrong]
    if found.refused_tokens:
        lost.append(f"{found.refused_tokens} sign-ins no longer count")
    doubled = [*_doubled_locks(history, found), *_doubled_events(found.events)]
    doubled += [
        f"{where}: version {number} twice" for (where, number), n in history.versions.items() if n > 1
    ]
    gaps = _gaps("the log", [event.seq for event in found.events], found.newest)
    for name, seen in history.streams.items():
        gaps += _gaps(f"stream {name}", seen, history.streams_end)
        doubled += [f"stream {name}: event {seq} came twice" for seq in _repeated(seen)]
    return Verdict(sum(history.counts.values()), lost, doubled, gaps, history.longest_silence)


def _lost_locks(history: History, found: Found) -> Iterator[str]:
    acquired = {event.seq: event for event in found.events if event.verb == "acquired"}
    ends = Counter(event.key for event in found.events if event.verb == "released")
    held = {lock.fence for lock in found.held}
    acknowledged_ends: Counter[str] = Counter()
    for lock in history.locks:
        event = acquired.get(lock.fence)
        if event is None or (event.key, event.actor) != (lock.path, lock.who):
            yield f"lock {lock.fence} on {lock.path} is not in the log"
        elif lock.asked_to_end_at is None and lock.fence not in held:
            yield f"lock {lock.fence} on {lock.path} ended though nobody asked for that"
        elif lock.ended and lock.fence in held:
            yield f"the release of lock {lock.fence} on {lock.path}"
        acknowledged_ends[lock.path] += lock.ended
    for path, count in acknowledged_ends.items():
        if ends[path] < count:
            yield f"{count - ends[path]} releases on {path} are not in the log"
    waits = Counter((event.key, event.actor) for event in found.events if event.verb == "queued")
    for (path, who), count in history.queued.items():
        if waits[path, who] < count:
            yield f"{count - waits[path, who]} places of {who} in the queue of {path}"


def _lost_contents(history: History, found: Found) -> Iterator[str]:
    for address, content in history.contents.items():
        if found.contents.get(address) not in {content.acknowledged, *content.tried}:
            yield f"what was stored at {address}"


def _doubled_locks(history: History, found: Found) -> Iterator[str]:
    for path, count in Counter(lock.path for lock in found.held).items():
        if count > 1:
            yield f"{path} is held {count} times"
    for fence, count in Counter(lock.fence for lock in history.locks).items():
        if count > 1:
            yield f"lock {fence} was given out {count} times"
    by_path: dict[str, list[Lock]] = defaultdict(list)
    for lock in history.locks:
        by_path[lock.path].append(lock)
    for path, locks in by_path.items():
        locks.sort(key=lambda lock: lock.since)
        for first, second in pairwise(locks):
            if first.asked_to_end_at is None or first.asked_to_end_at > second.since:
                yield f"{path}: locks {first.fence} and {second.fence} at the same time"


def _doubled_events(events: Sequence[Event]) -> Iterator[str]:
    for seq in _repeated([event.seq for event in events]):
        yield f"event {seq} twice"
    live: set[str] = set()
    for event in events:
        if event.verb == "acquired":
            if event.key in live:
                yield f"{event.key} was acquired while it was held, at event {event.seq}"
            live.add(event.key)
        elif event.verb == "released":
            live.discard(event.key)


def _gaps(where: str, seqs: Sequence[int], newest: int) -> list[str]:
    """The numbers up to the newest that are missing in `seqs`."""
    present = set(seqs)
    missing = [seq for seq in range(1, newest + 1) if seq not in present]
    return [f"{where}: {len(missing)} events are missing, the first is {missing[0]}"] if missing else []


def _repeated(seqs: Sequence[int]) -> list[int]:
    return [seq for seq, count in Counter(seqs).items() if count > 1]
