"""A kind's hook is called for every change of its claims, in units of work and in group commits."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete, literal_column, select, update

from tests.claims.conftest import Claims, person
from tests.claims.room_keys import RoomClosed, book, calls, faults
from tests.claims.rooms import Rooms
from toolcrib.kernel.claims import service
from toolcrib.kernel.claims.commands import ForceRelease, Release, Transfer
from toolcrib.kernel.claims.owed import owed_claim_hooks
from toolcrib.kernel.claims.problems import ClaimHeld
from toolcrib.kernel.claims.sweep import forgive_outage
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.requester import Requester


async def test_every_verb_is_told(claims: Claims, rooms: Rooms) -> None:
    await claims.acquire("m1", "ana", minutes=10)
    await rooms.agree()
    await claims.renew("m1", "ana", minutes=20)
    await rooms.agree()
    await claims.transfer("m1", "ana", "ben")
    await rooms.agree()
    await claims.wait("m1", "cem")
    await claims.release("m1", "ben")
    await rooms.agree()
    await claims.force_release("m1", "root", "fire drill")
    await rooms.agree()
    first = await claims.acquire("m1", "ana", minutes=1)
    await claims.wait("m1", "dan")
    claims.clock.advance(minutes=2)
    await claims.expire("m1", first.fence)
    await rooms.agree()
    assert [verb for verb, _ in await rooms.told()] == [
        "acquired",
        "renewed",
        "transferred",
        "released",
        "acquired",
        "force_released",
        "acquired",
        "expired",
        "acquired",
    ]


async def test_a_claim_that_is_over_ends_for_its_kind_before_it_is_taken_again(
    claims: Claims, rooms: Rooms
) -> None:
    await claims.acquire("m1", "ana", minutes=1)
    claims.clock.advance(minutes=2)
    await claims.acquire("m1", "ben")
    await rooms.agree()
    assert [verb for verb, _ in await rooms.told()] == ["acquired", "expired", "acquired"]


async def test_an_end_that_a_refused_command_met_is_told_too(claims: Claims, rooms: Rooms) -> None:
    await claims.acquire("m1", "ana", minutes=1)
    await claims.wait("m1", "ben")
    claims.clock.advance(minutes=2)
    if claims.door == "group_commit":
        with pytest.raises(ClaimHeld):
            await claims.acquire("m1", "cem")
    else:
        async with claims.database.write() as session:  # which goes on after the refusal
            with pytest.raises(ClaimHeld):
                await service.run(session, claims.acquisition("m1", "cem"), now=claims.clock())
    await rooms.agree()
    assert [verb for verb, _ in await rooms.told()] == ["acquired", "expired", "acquired"]


async def test_the_hook_hears_who_asked_and_from_where(claims: Claims, rooms: Rooms) -> None:
    asked = Requester("ana", "uuid-of-ana", "203.0.113.7", "curl/8")
    release = Release(claims.ref("m1"), person("ana"), reason="done")
    if claims.door == "group_commit":
        await claims.writer.submit([claims.acquisition("m1", "ana")], asked)
        await claims.wait("m1", "ben")
        await claims.writer.submit([release], asked)
    else:
        async with claims.database.write() as session:
            await service.run(session, claims.acquisition("m1", "ana"), now=claims.clock(), by=asked)
        await claims.wait("m1", "ben")
        async with claims.database.write() as session:
            await service.run_one(session, release, now=claims.clock(), by=asked)
    found = select(calls.c.verb, calls.c.asked_by, calls.c.ip_address, calls.c.reason).order_by(calls.c.seq)
    assert [tuple(row) for row in await rooms.rows(found)] == [
        ("acquired", "ana", "203.0.113.7", None),
        ("released", "ana", "203.0.113.7", "done"),
        ("acquired", None, None, None),  # ben's turn came: nobody asked for it then
    ]


@pytest.mark.every_database
@pytest.mark.parametrize("what", ["refuse", "crash", "bad statement"])
async def test_a_hook_that_raises_rolls_back_its_own_group_alone(
    claims: Claims, rooms: Rooms, what: str
) -> None:
    before = await claims.acquire("b", "ben")
    await rooms.break_at("a", "acquired", what)
    await rooms.break_at("b", "released", what)
    log = await claims.told()
    outcomes = await asyncio.gather(
        claims.run(claims.acquisition("c", "cem")),
        claims.run(claims.acquisition("d", "dan"), claims.acquisition("a", "ana")),
        claims.run(Release(claims.ref("b"), person("ben"))),
        claims.run(claims.acquisition("e", "eva")),
        return_exceptions=True,
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
    assert len(refused) == 2
    assert all(isinstance(each, RoomClosed) == (what == "refuse") for each in refused)
    assert what == "refuse" or {each.status for each in refused} == {500}
    assert await claims.live("a") is await claims.live("d") is None
    assert await claims.live("b") == before
    assert await claims.live("c")
    assert await claims.live("e")
    await rooms.agree()
    assert await rooms.owed() == []
    events = await claims.events()
    assert [event.seq for event in events] == [1, 2, 3]
    assert len(log) + 2 == len(events)
    await rooms.mend()
    await claims.run(claims.acquisition("d", "dan"), claims.acquisition("a", "ana"))
    await claims.release("b", "ben")
    await rooms.agree()


@pytest.mark.every_database
@pytest.mark.parametrize("what", ["refuse", "crash", "bad statement"])
async def test_an_end_by_time_comes_whatever_the_hook_does(claims: Claims, rooms: Rooms, what: str) -> None:
    first = await claims.acquire("m1", "ana", minutes=1)
    await claims.wait("m1", "ben")
    await rooms.break_at("m1", "expired", what)
    claims.clock.advance(minutes=2)
    await claims.expire("m1", first.fence)
    live = await claims.live("m1")
    assert live is not None
    assert live.holder == "ben"
    assert [attempts for _, attempts in await rooms.owed()] == [1]
    await claims.release("m1", "ben")
    second = await claims.acquire("m1", "cem")
    assert second.fence > live.fence
    await rooms.mend()
    claims.clock.advance(seconds=11)
    await rooms.retry()
    assert await rooms.owed() == []
    assert ("expired", None) in await rooms.told()
    await rooms.agree()


@pytest.mark.every_database
@pytest.mark.parametrize("what", ["refuse", "crash"])
async def test_a_release_ends_the_claim_whatever_the_hook_says_of_whoever_is_next(
    claims: Claims, rooms: Rooms, what: str
) -> None:
    await claims.acquire("m1", "ana")
    await claims.wait("m1", "ben")
    await rooms.break_at("m1", "acquired", what)
    await claims.release("m1", "ana")
    held = await claims.live("m1")
    assert held is not None
    assert held.holder == "ben"
    assert len(await rooms.owed()) == 1
    await rooms.mend()
    claims.clock.advance(seconds=11)
    await rooms.retry()
    assert await rooms.owed() == []
    await rooms.agree()


@pytest.mark.every_database
async def test_an_account_s_end_ends_its_claims_whatever_the_hook_says(claims: Claims, rooms: Rooms) -> None:
    await claims.acquire("m1", "ana")
    await claims.acquire("m2", "ana")
    for verb in ("force_released", "transferred"):
        for room in ("m1", "m2"):
            await rooms.break_at(room, verb, "refuse")
    with pytest.raises(RoomClosed):
        await claims.force_release("m1", "root", "no longer here")
    gone = ForceRelease(claims.ref("m1"), "root", "no longer here", refusable=False)
    passed = Transfer(claims.ref("m2"), "root", person("ben"), None, refusable=False)
    await claims.run(gone, passed)
    assert await claims.live("m1") is None
    assert (await claims.live("m2") or pytest.fail("it ended")).holder == "ben"
    assert len(await rooms.owed()) == 2
    await rooms.mend()
    claims.clock.advance(seconds=11)
    await rooms.retry()
    await rooms.agree()


async def test_what_keeps_failing_is_tried_less_and_less_often(claims: Claims, rooms: Rooms) -> None:
    bad = await claims.acquire("bad", "ana", minutes=1)
    good = await claims.acquire("good", "ana", minutes=1)
    await rooms.break_at("bad", "expired", "crash")
    await rooms.break_at("good", "expired", "crash")
    claims.clock.advance(minutes=2)
    await claims.expire("bad", bad.fence)
    await claims.expire("good", good.fence)
    async with claims.database.write() as session:
        await session.execute(delete(faults).where(faults.c.room == "good"))
    tries = []
    for _ in range(240):
        claims.clock.advance(minutes=1)
        await rooms.retry()
        tries.append((await rooms.owed())[0][1])
    assert len(await rooms.owed()) == 1  # the other was told at the first turn
    steps = [minute for minute in range(1, len(tries)) if tries[minute] != tries[minute - 1]]
    assert 8 <= tries[-1] <= 14
    assert steps[-1] - steps[-2] == 60
    await rooms.mend()
    claims.clock.advance(minutes=61)
    await rooms.retry()
    await rooms.agree()


async def test_a_clock_set_back_does_not_postpone_what_is_owed(claims: Claims, rooms: Rooms) -> None:
    first = await claims.acquire("m1", "ana", minutes=1)
    await rooms.break_at("m1", "expired", "crash")
    claims.clock.advance(minutes=2)
    await claims.expire("m1", first.fence)
    assert len(await rooms.owed()) == 1
    await rooms.mend()
    claims.clock.advance(days=-1)
    await rooms.retry()
    assert await rooms.owed() == []


async def test_calls_about_one_claim_are_made_in_order(claims: Claims, rooms: Rooms) -> None:
    """An outage moves an end, which the kind misses; then a person gives the claim back."""
    await claims.acquire("m1", "ana", minutes=1, heartbeat=True)
    await claims.acquire("m2", "ana", minutes=1, heartbeat=True)
    for room in ("m1", "m2"):
        await rooms.break_at(room, "renewed", "crash")
    await forgive_outage(claims.database, claims.clock(), timedelta(minutes=5))
    assert len(await rooms.owed()) == 2
    with pytest.raises(Problem) as refusal:
        await claims.release("m1", "ana")
    assert refusal.value.status == 500
    claims.clock.advance(minutes=6)
    await claims.expire("m2", (await rooms.rows(select(book.c.fence).where(book.c.room == "m2")))[0][0])
    assert await claims.live("m2") is None
    assert len(await rooms.owed()) == 3
    await rooms.mend()
    await claims.acquire("m2", "ben")
    await claims.expire("m1", (await rooms.rows(select(book.c.fence).where(book.c.room == "m1")))[0][0])
    await rooms.retry()
    assert await rooms.owed() == []
    by_room = select(calls.c.verb).order_by(calls.c.seq).where(calls.c.room == "m1")
    assert [verb for (verb,) in await rooms.rows(by_room)] == ["acquired", "renewed", "expired"]


async def test_a_damaged_row_is_dropped_and_holds_up_nobody(claims: Claims, rooms: Rooms) -> None:
    for room in ("m1", "m2"):
        await rooms.break_at(room, "expired", "crash")
        first = await claims.acquire(room, "ana", minutes=1)
        claims.clock.advance(minutes=2)
        await claims.expire(room, first.fence)
    (damaged, _), _ = await rooms.owed()
    async with rooms.database.write() as session:
        row = update(owed_claim_hooks).where(owed_claim_hooks.c.seq == damaged)
        await session.execute(row.values(told=literal_column("'{'")))
    await rooms.mend()
    claims.clock.advance(seconds=11)
    await rooms.retry()
    assert await rooms.owed() == []
    assert [verb for verb, _ in await rooms.told()].count("expired") == 1


async def test_an_outage_is_forgiven_with_an_event_and_the_hook(claims: Claims, rooms: Rooms) -> None:
    await forgive_outage(claims.database, claims.clock(), timedelta(0))  # says: alive now
    kept = await claims.acquire("m1", "ana", minutes=1, heartbeat=True)
    await claims.acquire("m2", "ana", minutes=1)
    claims.clock.advance(minutes=5)
    assert await forgive_outage(claims.database, claims.clock(), timedelta(minutes=1)) == 1
    live = await claims.live("m1")
    assert live is not None
    assert (live.fence, live.expires_at) == (kept.fence, claims.clock() + timedelta(minutes=1))
    last = (await claims.events())[-1]
    assert (last.verb, last.actor, last.key) == ("renewed", None, "m1")
    await rooms.agree()
    assert (await rooms.told())[-1] == ("renewed", None)


async def test_a_nudge_follows_the_commit_and_only_that(claims: Claims, rooms: Rooms) -> None:
    nudged: list[str] = []
    claims.database.on_nudge(nudged.append)
    await claims.acquire("m1", "ana")
    assert nudged == ["room_keys.print"]
    await rooms.break_at("m2", "acquired", "crash")
    with pytest.raises(Problem):
        await claims.acquire("m2", "ana")
    assert nudged == ["room_keys.print"]
