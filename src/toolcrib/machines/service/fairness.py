"""The fair queue over sets of machines, as plain code on plain values: no database, no clock.

A request holds nothing until it can hold all that it needs. The queue is looked at from its front: a request whose
machines are free is served; for one that needs more, the free machines it could use are promised to it, so that
nobody behind it, and nobody who comes new, gets them. So a large request is not overtaken by small ones for ever, and
requests that want other machines do not wait for it. Decision 10 says why this is fair.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
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


def plan(queue: Sequence[Want], free: Collection[int]) -> Plan:
    """Serve `queue`, front first, from `free`. A request that the machines in service could never satisfy waits for
    others to come into service, and holds nobody up."""
    left, promised = set(free), set[int]()
    granted: dict[str, Sequence[int]] = {}
    for want in queue:
        if not want.is_possible:
            continue
        found = [each for each in want.usable if each in left]
        if len(found) >= want.at_least:
            granted[want.id] = found[: want.count]
            left.difference_update(granted[want.id])
        else:
            promised.update(found)
            left.difference_update(found)
    return Plan(granted, promised)


def estimates(
    queue: Sequence[Want], free: Collection[int], ends: Mapping[int, datetime], now: datetime
) -> dict[str, datetime]:
    """Return when each request will be served if every hold lasts until its end, and so will those given meanwhile.

    `ends` are the ends of the machines that are held. Machines that are given back early usually make it earlier, and
    seldom later: somebody in front who is content with few then gets more. A machine that fails makes it later.
    Requests that cannot be told of are left out.
    """
    waiting, idle, busy = list(queue), set(free), dict(ends)
    found: dict[str, datetime] = {}
    moment = now
    while waiting:
        granted = plan(waiting, idle).granted
        if granted:
            seconds = {want.id: want.seconds for want in waiting}
            for id_, chosen in granted.items():
                found[id_] = moment
                idle.difference_update(chosen)
                busy.update(dict.fromkeys(chosen, moment + timedelta(seconds=seconds[id_])))
            waiting = [want for want in waiting if want.id not in granted]
            continue
        if not busy:
            break
        moment = max(moment, min(busy.values()))
        over = [machine for machine, end in busy.items() if end <= moment]
        for machine in over:
            del busy[machine]
        idle.update(over)
    return found
