"""`python -m benchmarks.soak --db postgresql --minutes 15`: exits with 1 if anything was lost, doubled or a gap."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections import Counter
from contextlib import suppress

import httpx

from benchmarks.soak import faults
from benchmarks.soak.history import History
from benchmarks.soak.look import look, read_log
from benchmarks.soak.people import WORK, Person, follow
from benchmarks.soak.stage import Stage, stage
from benchmarks.soak.verdict import Verdict, judge
from tests.servers.databases import KINDS

SHOWN = 20
SETTLE_SECONDS = 120.0


def main() -> int:
    asked = _arguments()
    chance = random.Random(asked.seed)
    print(f"{asked.db}, {asked.minutes:g} minutes, seed {asked.seed}", flush=True)
    with stage(asked.db, workers=asked.workers) as on:
        history = History()
        happened = asyncio.run(_soak(on, history, asked.minutes * 60, chance))
        verdict = judge(history, look(_anew(on, on.server.admin), _clients(on), history))
    _print(verdict, history, happened)
    return 0 if verdict.is_good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--db", choices=KINDS, default="sqlite")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--workers", type=int, default=1, help="server processes")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of faults and work")
    return parser.parse_args()


def _names() -> list[str]:
    return [f"person{number}" for number in range(sum(WORK.values()))]


def _clients(on: Stage) -> dict[str, httpx.Client]:
    return {name: _anew(on, on.server.user(name)) for name in _names()}


def _anew(on: Stage, client: httpx.Client) -> httpx.Client:
    """The same person, without connections that have seen faults."""
    return on.server.with_token(_token(client))


async def _soak(on: Stage, history: History, seconds: float, chance: random.Random) -> Counter[str]:
    """Work while faults happen, then let everybody finish. Returns the faults."""
    over, read = asyncio.Event(), asyncio.Event()
    works = [work for work, count in WORK.items() for _ in range(count)]
    people = await asyncio.to_thread(_people, on, history, chance)
    history.begin()
    workers: list[asyncio.Task[None]] = []
    followers: list[asyncio.Task[None]] = []
    for work, person in zip(works, people, strict=True):
        follows = work is follow
        person.over = read if follows else over
        if follows:  # an administrator's stream has every event
            person.token = _token(on.server.admin)
        (followers if follows else workers).append(asyncio.create_task(work(person)))
    try:
        happened = await faults.happen(on, seconds, chance)
        await on.apart(on.heal)
        history.end()
        over.set()
        await asyncio.gather(*workers)
        await _until_read(on, history)
    finally:
        over.set()
        read.set()
    await asyncio.gather(*followers)
    return happened


def _people(on: Stage, history: History, chance: random.Random) -> list[Person]:
    people = []
    for number, name in enumerate(_names()):
        client = on.server.user(name)
        uuid = client.get("/api/currentuser").raise_for_status().json()["uuid"]
        own = random.Random(chance.random())
        people.append(
            Person(on.server.url, name, uuid, _token(client), number, history, asyncio.Event(), own)
        )
    return people


def _token(client: httpx.Client) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


async def _until_read(on: Stage, history: History) -> None:
    """Wait until those who follow the log have its newest event. One that does not get it has a gap."""
    events = await asyncio.to_thread(read_log, _anew(on, on.server.admin))
    history.streams_end = events[-1].seq
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            while any(not seen or seen[-1] < history.streams_end for seen in history.streams.values()):
                await asyncio.sleep(0.1)


def _print(verdict: Verdict, history: History, happened: Counter[str]) -> None:
    print("faults:", ", ".join(f"{count} {name}" for name, count in sorted(happened.items())) or "none")
    print("not acknowledged:", dict(history.failures.most_common()))
    for what, count in sorted(history.counts.items()):
        print(f"  {count:8} {what}")
    print(f"acknowledged     {verdict.acknowledged}")
    for name, found in (("lost", verdict.lost), ("doubled", verdict.doubled), ("gaps", verdict.gaps)):
        print(f"{name:16} {len(found)}")
        for each in found[:SHOWN]:
            print(f"    {each}")
    print(f"longest silence  {verdict.longest_silence:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
