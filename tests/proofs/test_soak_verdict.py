"""`make soak` finds what is lost, doubled or missing: it is shown a true history, and then false ones."""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Callable
from uuid import uuid4

import pytest

from benchmarks.soak.history import Content, History
from benchmarks.soak.look import look
from benchmarks.soak.people import Person, keep_documents, lock_and_release
from benchmarks.soak.verdict import Event, Found, Held, judge
from tests.servers.crib import token
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.databases("sqlite")

Falsify = Callable[[History, Found], None]
LOCKS = 25
WORKS = [*[lock_and_release] * 3, keep_documents]


def tokens() -> dict[str, str]:
    """Of another sign-in service that the server trusts: no password needs to be hashed."""
    return {f"person{n}": token(str(uuid4()), str(uuid4()), username=f"person{n}") for n in range(len(WORKS))}


async def work(server: ToolcribServer, signed: dict[str, str], history: History) -> None:
    """Have people lock, and one keep documents, until there is something to judge."""
    over = asyncio.Event()
    people = []
    for number, name in enumerate(signed):
        uuid = server.with_token(signed[name]).get("/api/currentuser").raise_for_status().json()["uuid"]
        chance = random.Random(number)
        people.append(Person(server.url, name, uuid, signed[name], number, history, over, chance, paths=3))
    tasks = [asyncio.create_task(each(person)) for each, person in zip(WORKS, people, strict=True)]
    async with asyncio.timeout(60):
        while history.counts["lock"] < LOCKS or not history.counts["upload"] or not history.counts["wait"]:
            await asyncio.sleep(0.01)  # the history of the soak tells nobody that it has grown
        over.set()
        await asyncio.gather(*tasks)


def lose_the_newest(history: History, found: Found) -> None:
    """The end of the log is gone, with what it told."""
    fence = history.locks[-1].fence
    found.events = [event for event in found.events if event.seq < fence]
    found.held = [lock for lock in found.held if lock.fence < fence]


def lose_one_in_the_log(history: History, found: Found) -> None:
    fence = history.locks[0].fence
    found.events = [event for event in found.events if event.seq != fence]


def give_a_lock_to_another(history: History, found: Found) -> None:
    fence = history.locks[0].fence
    at = next(index for index, event in enumerate(found.events) if event.seq == fence)
    found.events[at] = found.events[at]._replace(actor="somebody")


def end_a_lock(history: History, found: Found) -> None:
    """One that nobody gave back."""
    held = history.locked("asset/kept", found.newest + 1, "person0")
    found.events.append(Event(held.fence, "acquired", held.path, held.who))


def keep_a_lock(history: History, found: Found) -> None:
    """One whose release was acknowledged."""
    ended = next(lock for lock in history.locks if lock.ended)
    found.held.append(Held(ended.path, ended.fence))


def forget_a_release(history: History, found: Found) -> None:
    key = next(lock for lock in history.locks if lock.ended).path
    found.events = [event for event in found.events if (event.verb, event.key) != ("released", key)]


def forget_who_waits(_history: History, found: Found) -> None:
    found.events = [event for event in found.events if event.verb != "queued"]


def two_at_a_time(history: History, _found: Found) -> None:
    """Two were told that they have the same path, as of one moment."""
    first = next(lock for lock in history.locks if lock.asked_to_end_at is not None)
    second = history.locked(first.path, first.fence + 1, "person9")
    second.since = (first.since + first.asked_to_end_at) / 2 if first.asked_to_end_at else 0


def the_same_lock_twice(history: History, _found: Found) -> None:
    lock = history.locks[0]
    history.locked(lock.path, lock.fence, "person9")


def held_twice(_history: History, found: Found) -> None:
    found.held += [Held("asset/x", found.newest + 1), Held("asset/x", found.newest + 2)]


def acquired_while_held(_history: History, found: Found) -> None:
    newest = found.newest
    found.events += [Event(newest + 1 + n, "acquired", "asset/x", "person0") for n in range(2)]


def an_event_twice(_history: History, found: Found) -> None:
    found.events.append(found.events[-1])


def a_hole_in_the_log(_history: History, found: Found) -> None:
    del found.events[1]


def a_stream_that_misses_one(history: History, found: Found) -> None:
    history.streams["1"] = [event.seq for event in found.events if event.seq != 2]
    history.streams_end = found.newest


def a_stream_that_stopped(history: History, found: Found) -> None:
    history.streams["1"] = []
    history.streams_end = found.newest


def a_stream_that_repeats(history: History, found: Found) -> None:
    history.streams["1"] = [1, *[event.seq for event in found.events]]
    history.streams_end = found.newest


def lose_a_document(_history: History, found: Found) -> None:
    found.contents = dict.fromkeys(found.contents)


def an_old_document(history: History, _found: Found) -> None:
    """The server has what came before the newest that it acknowledged."""
    address = next(iter(history.contents))
    history.contents[address] = Content("the digest of something newer")


def other_bytes_were_read(history: History, _found: Found) -> None:
    history.read("download", next(iter(history.contents)), "the digest of something else")


def a_version_twice(history: History, _found: Found) -> None:
    history.numbered(next(iter(history.contents)), 1)


def forget_a_sign_in(_history: History, found: Found) -> None:
    found.refused_tokens = 1


LOST = "lost"
DOUBLED = "doubled"
GAPS = "gaps"
FALSE: list[tuple[Falsify, str]] = [
    (lose_the_newest, LOST),
    (lose_one_in_the_log, LOST),
    (give_a_lock_to_another, LOST),
    (end_a_lock, LOST),
    (keep_a_lock, LOST),
    (forget_a_release, LOST),
    (forget_who_waits, LOST),
    (lose_a_document, LOST),
    (an_old_document, LOST),
    (other_bytes_were_read, LOST),
    (forget_a_sign_in, LOST),
    (two_at_a_time, DOUBLED),
    (the_same_lock_twice, DOUBLED),
    (held_twice, DOUBLED),
    (acquired_while_held, DOUBLED),
    (an_event_twice, DOUBLED),
    (a_version_twice, DOUBLED),
    (a_stream_that_repeats, DOUBLED),
    (a_hole_in_the_log, GAPS),
    (a_stream_that_misses_one, GAPS),
    (a_stream_that_stopped, GAPS),
]


async def test_a_true_history_is_good_and_false_ones_are_found(
    server: Callable[..., ToolcribServer],
) -> None:
    crib = server(TRUST_TOKEN_ISSUERS="*")
    history, signed = History(), tokens()
    await asyncio.to_thread(asyncio.run, work(crib, signed, history))
    clients = {name: crib.with_token(each) for name, each in signed.items()}
    found = await asyncio.to_thread(look, crib.admin, clients, history)
    verdict = judge(history, found)
    assert verdict.is_good, verdict
    assert verdict.acknowledged > LOCKS
    for falsify, what in FALSE:
        told, has = copy.copy(history), copy.copy(found)
        told.__dict__ |= {
            name: copy.deepcopy(value) for name, value in vars(history).items() if name != "_clock"
        }
        has.__dict__ |= copy.deepcopy(vars(found))
        falsify(told, has)
        judged = judge(told, has)
        assert getattr(judged, what), falsify.__name__
        assert not judged.is_good


def test_the_longest_silence_is_between_two_acknowledgements_or_at_the_end() -> None:
    now = 0.0
    history = History(lambda: now)
    for at in (1, 3, 8, 9):
        now = float(at)
        history.acknowledge("lock")
    assert history.longest_silence == 5
    now = 20.0
    history.end()
    assert history.longest_silence == 11
