"""How much of one server process a team needs: `python -m benchmarks.model --people 200 --streams 150`.

It adds up what `python -m benchmarks costs` measured on this machine for the team's numbers, at its busiest hour, and
says what is used up first. Run that part first.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import costs
from benchmarks.__main__ import RESULTS

DAY_SECONDS = 8 * 3600  # of work
# Beyond this share of a processor, waiting times grow quickly.
BUSY = 0.6
YEAR_DAYS = 250
# More people, streams or MiB than anybody has.
LARGEST = 1e9


def _told(default: float, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass
class Team:
    """What a team does on a working day. `peak` is how much busier than the average its busiest minutes are."""

    people: float = _told(100, "people at work at the same time")
    streams: float = _told(100, "open pages and programs that follow the event log")
    locks: float = _told(40, "locks that one person takes and gives back in a day")
    lists: float = _told(500, "lists of locks that one person's programs ask for in a day")
    requests: float = _told(500, "other small requests of one person in a day")
    uploaded: float = _told(500, "MiB that one person uploads in a day")
    downloaded: float = _told(2_000, "MiB that one person downloads in a day")
    peak: float = _told(5, "the busiest minutes against the average")


@dataclass
class Load:
    """Seconds of a processor for each second of the busiest minutes, and what a year leaves behind."""

    by_what: dict[str, float]
    streams_mib: float
    events_a_day: float
    database_gib_a_year: float
    files_gib_a_year: float

    @property
    def processor(self) -> float:
        return sum(self.by_what.values())


def load_of(team: Team, cost: dict[str, float]) -> Load:
    """`cost`: by the names of `costs`, in the units of that part."""
    per_second = team.people * team.peak / DAY_SECONDS
    events_a_day = 2 * team.locks * team.people
    events = 2 * team.locks * per_second
    micro = {
        "locks": team.locks * per_second * (cost[costs.LOCK] + cost[costs.RELEASE]),
        "events to streams": events * team.streams * cost[costs.DELIVERY],
        "lists of locks": team.lists * per_second * cost[costs.LIST],
        "other requests": team.requests * per_second * cost[costs.REQUEST],
        "uploads": team.uploaded * per_second * cost[costs.MIB_UP],
        "downloads": team.downloaded * per_second * cost[costs.MIB_DOWN],
    }
    return Load(
        {name: each / 1e6 for name, each in micro.items()},
        streams_mib=team.streams * cost[costs.STREAM_MEMORY] / 1024,
        events_a_day=events_a_day,
        database_gib_a_year=events_a_day * YEAR_DAYS * cost[costs.EVENT_DISK] / 2**20,
        files_gib_a_year=team.uploaded * team.people * YEAR_DAYS / 1024,
    )


def measured(file: Path) -> dict[str, float]:
    """The costs on the machine where `file` was written.

    Raises:
        FileNotFoundError: they were not measured yet.
    """
    taken = json.loads(file.read_text(encoding="utf-8"))
    return {figure["name"]: figure["value"] for figure in taken["figures"]}


def _number(text: str) -> float:
    """Read a number that is said about a team.

    Raises:
        ValueError, ArgumentTypeError: it is none, or one that no team has.
    """
    number = float(text)
    if not 0 <= number <= LARGEST:  # which is also false of "nan"
        raise argparse.ArgumentTypeError(f"not from 0 to {LARGEST:,.0f}: {text}")
    return number


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model", description=__doc__)
    for each in fields(Team):
        text = f"{each.metadata['help']} [{each.default:g}]"
        parser.add_argument(f"--{each.name}", type=_number, default=each.default, help=text)
    parser.add_argument("--costs", type=Path, default=RESULTS / "costs.json", help="of another machine")
    told = vars(parser.parse_args(arguments))
    try:
        cost = measured(told.pop("costs"))
    except FileNotFoundError:
        sys.stderr.write("Measure this machine first: .venv/bin/python -m benchmarks costs\n")
        return 2
    team = Team(**told)
    load = load_of(team, cost)
    table = Table("at the busiest minutes", "share of one processor")
    for name, share in sorted(load.by_what.items(), key=lambda each: -each[1]):
        table.add_row(name, f"{share:.1%}")
    table.add_row("together", f"{load.processor:.1%}", style="bold")
    console = Console(width=100)
    console.print(table)
    console.print(f"Memory for open streams: {load.streams_mib:,.0f} MiB.")
    console.print(
        f"Events a day: {load.events_a_day:,.0f}. Database: {load.database_gib_a_year:,.1f} GiB a year; "
        f"files: {load.files_gib_a_year:,.0f} GiB a year."
    )
    if not load.processor:
        console.print("Nobody asks for anything: one process is enough.")
    elif load.processor <= BUSY:
        console.print(f"One process is enough up to {BUSY / load.processor:,.1f} times as much.")
    else:
        console.print("One process is too busy then: see docs/scaling.md for the next step.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
