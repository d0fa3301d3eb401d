"""The fair queue over sets of machines, as plain code on plain values: no database, no clock.

A request holds nothing until it can hold all that it needs. The queue is looked at from its front: a request whose
machines are free is served; for one that needs more, the free machines it could use are promised to it, so that
nobody behind it, and nobody who comes new, gets them. So a large request is not overtaken by small ones for ever, and
requests that want other machines do not wait for it. Decision 10 says why this is fair.

A machine that is booked is given, and promised, only until the booking begins (decision 11).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Want:
    """One request: `count` machines out of `usable`, or as few as `at_least`. `usable` are the machines in service,
    free or not, in the order in which they are to be chosen."""

    id: str
    count: int
    at_least: int
    usable: Sequence[int]
    seconds: int

    @property
    def is_possible(self) -> bool:
        return len(self.usable) >= self.at_least


@dataclass(frozen=True, slots=True)
class Plan:
    """`granted` are the machines for the requests that can be served now; `promised` those kept for others."""

    granted: Mapping[str, Sequence[int]]
    promised: Set[int]


# When each machine is booked: from, until.
Booked = Mapping[int, Sequence[tuple[datetime, datetime]]]
Fits = Callable[[int, int], bool]


def is_open(booked: Booked, machine: int, start: datetime, end: datetime) -> bool:
    """Whether nobody has booked any of the time from `start` to `end`."""
    return not any(begins < end and ends > start for begins, ends in booked.get(machine, ()))


def open_at(booked: Booked, moment: datetime) -> Fits:
    """Return whether a machine can be held for some seconds from `moment` on."""
    return lambda machine, seconds: is_open(booked, machine, moment, moment + timedelta(seconds=seconds))


def plan(queue: Sequence[Want], free: Collection[int], fits: Fits = lambda _machine, _seconds: True) -> Plan:
    """Serve `queue`, front first, from the machines of `free` that are free for as long as is asked for. A request that
    the machines in service could never satisfy waits for others to come into service, and holds nobody up."""
    left, promised = set(free), set[int]()
    granted: dict[str, Sequence[int]] = {}
    for want in queue:
        if not left:
            break  # nothing can be given or promised any more, however many wait
        if not want.is_possible:
            continue
        found = [each for each in want.usable if each in left and fits(each, want.seconds)]
        if len(found) >= want.at_least:
            granted[want.id] = found[: want.count]
            left.difference_update(granted[want.id])
        else:
            promised.update(found)
            left.difference_update(found)
    return Plan(granted, promised)


INSTANT = timedelta(microseconds=1)


def free_beside(queue: Sequence[Want], idle: Collection[int], booked: Booked, moment: datetime) -> set[int]:
    """Return which machines of `idle` are free at `moment` for whoever does not wait."""
    planned = plan(queue, idle, open_at(booked, moment))
    taken = {machine for machine in booked if not is_open(booked, machine, moment, moment + INSTANT)}
    return set(idle).difference(taken, planned.promised, *planned.granted.values())


@dataclass(frozen=True, slots=True)
class Turn:
    """When a request will be served, and with which machines."""

    at: datetime
    ends_at: datetime
    machines: Sequence[int]


def forecast(
    queue: Sequence[Want],
    free: Collection[int],
    ends: Mapping[int, datetime],
    now: datetime,
    booked: Booked | None = None,
) -> dict[str, Turn]:
    """Return when each request will be served, and how, if every hold and booking lasts until its end, and so will
    those given meanwhile.

    `ends` are the ends of the machines that are held. Machines that are given back early usually make it earlier, and
    seldom later: somebody in front who is content with few then gets more. A machine that fails makes it later.
    Requests that cannot be told of are left out.
    """
    booked = booked or {}
    waiting, idle, busy = list(queue), set(free), dict(ends)
    later = sorted({end for times in booked.values() for _, end in times if end > now}, reverse=True)
    found: dict[str, Turn] = {}
    moment = now
    while waiting:
        granted = plan(waiting, idle, open_at(booked, moment)).granted
        if granted:
            seconds = {want.id: want.seconds for want in waiting}
            for id_, chosen in granted.items():
                turn = found[id_] = Turn(moment, moment + timedelta(seconds=seconds[id_]), chosen)
                idle.difference_update(chosen)
                busy.update(dict.fromkeys(chosen, turn.ends_at))
            waiting = [want for want in waiting if want.id not in granted]
            continue
        coming = [*([min(busy.values())] if busy else []), *later[-1:]]
        if not coming:
            break
        moment = max(moment, min(coming))
        while later and later[-1] <= moment:
            later.pop()
        over = [machine for machine, end in busy.items() if end <= moment]
        for machine in over:
            del busy[machine]
        idle.update(over)
    return found


def estimates(
    queue: Sequence[Want],
    free: Collection[int],
    ends: Mapping[int, datetime],
    now: datetime,
    booked: Booked | None = None,
) -> dict[str, datetime]:
    """Return when each request will be served, as `forecast` has it."""
    return {id_: turn.at for id_, turn in forecast(queue, free, ends, now, booked).items()}
