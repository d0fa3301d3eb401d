"""The contract of holding, through both doors, on every database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.claims.conftest import Claims
from tests.clock import FakeClock
from toolcrib.kernel.claims.problems import (
    AlreadyWaiting,
    BadEnd,
    ClaimHeld,
    ClaimLost,
    ClaimNotFound,
    NotHolder,
)
from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.problems import Problem

pytestmark = pytest.mark.every_database


async def test_a_thing_is_held_by_one_person(claims: Claims) -> None:
    first = await claims.acquire("m1", "ana")
    with pytest.raises(ClaimHeld) as refusal:
        await claims.acquire("m1", "ben")
    assert refusal.value.details["holder"] == "ana"
    assert refusal.value.details["fence"] == first.fence
    live = await claims.live("m1")
    assert live == first


async def test_the_holder_cannot_take_it_twice(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    with pytest.raises(ClaimHeld):
        await claims.acquire("m1", "ana")


async def test_keys_are_compared_to_the_letter(claims: Claims) -> None:
    for key in ("A", "a", "á", "a ", "a/"):
        await claims.acquire(key, "ana")
    assert (await claims.counter()) == 5


async def test_a_released_thing_can_be_taken_again_with_a_larger_fence(claims: Claims) -> None:
    first = await claims.acquire("m1", "ana")
    await claims.release("m1", "ana")
    assert await claims.live("m1") is None
    second = await claims.acquire("m1", "ben")
    assert second.fence > first.fence


async def test_only_the_holder_releases(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    with pytest.raises(NotHolder):
        await claims.release("m1", "ben")
    with pytest.raises(ClaimNotFound):
        await claims.release("m2", "ana")
    assert await claims.live("m1") is not None


async def test_a_late_release_does_not_free_a_later_claim(claims: Claims) -> None:
    first = await claims.acquire("m1", "ana")
    await claims.release("m1", "ana")
    again = await claims.acquire("m1", "ana")
    with pytest.raises(ClaimLost):
        await claims.release("m1", "ana", fence=first.fence)
    assert await claims.live("m1") == again


async def test_renewing_moves_the_end_and_keeps_the_fence(claims: Claims) -> None:
    first = await claims.acquire("m1", "ana", minutes=10)
    claims.clock.advance(minutes=5)
    renewed = await claims.renew("m1", "ana", minutes=10)
    assert renewed.fence == first.fence
    assert renewed.acquired_at == first.acquired_at
    claims.clock.advance(minutes=9)
    assert await claims.live("m1") is not None
    endless = await claims.renew("m1", "ana", minutes=None)
    assert endless.expires_at is None


async def test_an_expired_claim_is_over_before_any_sweep(claims: Claims) -> None:
    first = await claims.acquire("m1", "ana", minutes=1)
    claims.clock.advance(minutes=1)
    assert await claims.live("m1") is None
    with pytest.raises(ClaimNotFound):
        await claims.renew("m1", "ana", minutes=5)
    with pytest.raises(ClaimNotFound):
        await claims.release("m1", "ana")
    second = await claims.acquire("m1", "ben")
    assert second.fence > first.fence
    verbs = [verb for verb, _, _ in await claims.told()]
    assert verbs == ["acquired", "expired", "acquired"]


async def test_the_sweep_announces_an_end_once_and_never_a_renewed_claim(claims: Claims) -> None:
    first = await claims.acquire("m1", "ana", minutes=1)
    assert await claims.expire("m1", first.fence) is None
    await claims.renew("m1", "ana", minutes=5)
    claims.clock.advance(minutes=2)
    assert await claims.expire("m1", first.fence) is None
    claims.clock.advance(minutes=4)
    ended = await claims.expire("m1", first.fence)
    assert ended is not None
    assert await claims.expire("m1", first.fence) is None
    verbs = [verb for verb, _, _ in await claims.told()]
    assert verbs == ["acquired", "renewed", "expired"]


async def test_the_sweep_leaves_the_next_holder_alone(claims: Claims) -> None:
    first = await claims.acquire("m1", "ana", minutes=1)
    claims.clock.advance(minutes=2)
    await claims.acquire("m1", "ben", minutes=1)
    claims.clock.advance(minutes=2)
    assert await claims.expire("m1", first.fence) is None


async def test_an_end_must_lie_ahead(claims: Claims) -> None:
    with pytest.raises(BadEnd):
        await claims.acquire("m1", "ana", minutes=0)
    await claims.acquire("m1", "ana", minutes=5)
    with pytest.raises(BadEnd):
        await claims.renew("m1", "ana", minutes=-1)


async def test_authority_ends_a_claim_and_says_why(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    await claims.force_release("m1", "root", "ana is on holiday")
    assert await claims.live("m1") is None
    last = (await claims.events())[-1]
    assert (last.verb, last.actor, last.data["holder"], last.data["reason"]) == (
        "force_released",
        "root",
        "ana",
        "ana is on holiday",
    )


async def test_a_handed_over_claim_gets_a_new_fence(claims: Claims) -> None:
    first = await claims.acquire("m1", "ana", minutes=30)
    passed = await claims.transfer("m1", "ana", "ben")
    assert passed.holder == "ben"
    assert passed.fence > first.fence
    assert passed.expires_at == first.expires_at
    with pytest.raises(NotHolder):
        await claims.release("m1", "ana", fence=first.fence)
    with pytest.raises(NotHolder):
        await claims.transfer("m1", "ana", "cem")
    assert (await claims.transfer("m1", None, "cem")).holder == "cem"


async def test_a_group_is_all_or_nothing(claims: Claims) -> None:
    await claims.acquire("b", "ben")
    with pytest.raises(ClaimHeld):
        await claims.run(*(claims.acquisition(key, "ana") for key in "abc"))
    assert await claims.live("a") is None
    assert await claims.live("c") is None
    assert await claims.counter() == 1
    taken = await claims.run(*(claims.acquisition(key, "ana") for key in "acd"))
    assert [claim.key for claim in taken if claim] == ["a", "c", "d"]


async def test_every_change_writes_its_line_and_numbers_have_no_gap(claims: Claims) -> None:
    await claims.acquire("m1", "ana", minutes=10)
    await claims.renew("m1", "ana", minutes=20)
    await claims.transfer("m1", "ana", "ben")
    await claims.release("m1", "ben")
    with pytest.raises(Problem):
        await claims.release("m1", "ben")
    events = await claims.events()
    assert [event.seq for event in events] == [1, 2, 3, 4]
    assert [(event.verb, event.actor) for event in events] == [
        ("acquired", "ana"),
        ("renewed", "ana"),
        ("transferred", "ana"),
        ("released", "ben"),
    ]
    assert await claims.counter() == 4


# Waiting


async def test_the_first_in_the_queue_is_given_the_claim(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    for name in ("ben", "cem", "dan"):
        await claims.wait("m1", name)
    await claims.stop_waiting("m1", "ben")
    await claims.release("m1", "ana")
    live = await claims.live("m1")
    assert live is not None
    assert live.holder == "cem"
    assert await claims.queue("m1") == ["dan"]
    with pytest.raises(ClaimHeld):
        await claims.acquire("m1", "eva")


async def test_those_who_asked_to_be_told_are_told_and_do_not_hold_it_up(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    await claims.wait("m1", "ben", take=False)
    await claims.wait("m1", "cem")
    await claims.force_release("m1", "root", "fire drill")
    live = await claims.live("m1")
    assert live is not None
    assert live.holder == "cem"
    offered = [event.data["holder"] for event in await claims.events() if event.verb == "offered"]
    assert offered == ["ben"]


async def test_an_expired_claim_passes_to_the_queue_not_to_who_asks_next(claims: Claims) -> None:
    await claims.acquire("m1", "ana", minutes=1)
    await claims.wait("m1", "ben")
    claims.clock.advance(minutes=2)
    with pytest.raises(ClaimHeld) as refusal:
        await claims.acquire("m1", "cem")
    assert refusal.value.claim.holder == "ben"


async def test_who_waited_too_long_is_passed_over(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    await claims.wait("m1", "ben", minutes=5)
    claims.clock.advance(minutes=6)
    await claims.release("m1", "ana")
    assert await claims.live("m1") is None
    assert await claims.queue("m1") == []


async def test_one_place_per_person_and_none_for_the_holder_or_a_free_thing(claims: Claims) -> None:
    with pytest.raises(ClaimNotFound):
        await claims.wait("m1", "ben")
    await claims.acquire("m1", "ana")
    with pytest.raises(ClaimHeld):
        await claims.wait("m1", "ana")
    await claims.wait("m1", "ben")
    with pytest.raises(AlreadyWaiting):
        await claims.wait("m1", "ben")
    with pytest.raises(ClaimNotFound):
        await claims.stop_waiting("m1", "cem")


async def test_who_is_handed_the_claim_leaves_the_queue(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    await claims.wait("m1", "ben")
    await claims.transfer("m1", "ana", "ben")
    assert await claims.queue("m1") == []


# Races


async def test_of_many_at_once_one_wins(claims: Claims, engine: Database) -> None:
    """Two engines on one database stand for two server processes."""
    other = Claims(Database(engine.url.render_as_string(hide_password=False)), claims.clock, claims.door)
    try:
        for round_number in range(10):
            results = await asyncio.gather(
                *(
                    (claims if number % 2 else other).acquire(f"m{round_number}", f"p{number}")
                    for number in range(20)
                ),
                return_exceptions=True,
            )
            won = [result for result in results if not isinstance(result, BaseException)]
            assert len(won) == 1
            assert all(
                isinstance(result, ClaimHeld) for result in results if isinstance(result, BaseException)
            )
    finally:
        await other.database.close()
    assert [event.seq for event in await claims.events()] == list(range(1, 11))


async def test_crossed_groups_from_two_processes_never_deadlock(claims: Claims, engine: Database) -> None:
    other = Claims(Database(engine.url.render_as_string(hide_password=False)), claims.clock, claims.door)
    keys = [f"k{number}" for number in range(6)]
    try:
        for _ in range(10):
            results = await asyncio.gather(
                *(
                    (claims if number % 2 else other).run(
                        *(
                            claims.acquisition(key, f"p{number}")
                            for key in (keys if number % 3 else reversed(keys))
                        )
                    )
                    for number in range(8)
                ),
                return_exceptions=True,
            )
            won = [result for result in results if not isinstance(result, BaseException)]
            assert len(won) == 1
            assert all(
                isinstance(result, ClaimHeld) for result in results if isinstance(result, BaseException)
            )
            for claim in won[0]:
                assert claim is not None
                await claims.release(claim.key, claim.holder)
    finally:
        await other.database.close()


async def test_whoever_comes_while_a_batch_waits_for_the_write_lock_is_in_it(
    engine: Database, clock: FakeClock
) -> None:
    """Else each of several processes would take its turn for those alone who came before it had to wait."""
    claims = Claims(engine, clock, "group_commit")
    other = Database(engine.url.render_as_string(hide_password=False))
    try:
        async with other.write() as session:
            await take_write_lock(session)
            first = asyncio.create_task(claims.acquire("first", "ana"))
            await asyncio.sleep(0)  # both tasks, this one and the writer's, begin
            await asyncio.sleep(0)
            clock.advance(minutes=1)
            second = asyncio.create_task(claims.acquire("second", "bob"))
            await asyncio.sleep(0)
        batch = [await first, await second]
    finally:
        await other.close()
    assert [claim.acquired_at for claim in batch] == [clock(), clock()]  # each batch asks the clock once


async def test_one_bad_group_does_not_spoil_the_batch(claims: Claims) -> None:
    """What the database cannot store fails alone, and the others are kept."""
    bad = claims.acquisition("bad", "ana")
    bad.data = {"not": object()}
    results = await asyncio.gather(
        claims.acquire("good1", "ana"),
        claims.run(bad),
        claims.acquire("good2", "ana"),
        return_exceptions=True,
    )
    assert [isinstance(result, BaseException) for result in results] == [False, True, False]
    assert await claims.live("good1") is not None
    assert await claims.live("good2") is not None
    assert await claims.counter() == 2


async def test_a_heartbeat_claim_outlives_our_outage(claims: Claims) -> None:
    from toolcrib.kernel.claims.sweep import forgive_outage  # noqa: PLC0415

    await forgive_outage(claims.database, claims.clock(), timedelta(0))
    await claims.acquire("viewer", "ana", minutes=1, heartbeat=True)
    await claims.acquire("booked", "ana", minutes=1)
    claims.clock.advance(minutes=30)  # the server was down meanwhile
    await forgive_outage(claims.database, claims.clock(), timedelta(minutes=1))
    viewer = await claims.live("viewer")
    assert viewer is not None
    assert viewer.expires_at == claims.clock() + timedelta(minutes=1)
    assert await claims.live("booked") is None


async def test_both_doors_at_once_take_turns(engine: Database, clock: FakeClock) -> None:
    """Neither door may hold what the other waits for."""
    quick, slow = Claims(engine, clock, "group_commit"), Claims(engine, clock, "unit_of_work")

    async def through(door: Claims, count: int) -> None:
        for number in range(count):
            await door.acquire(f"{door.door}/{number}", "ana")
            await door.release(f"{door.door}/{number}", "ana")

    await asyncio.wait_for(asyncio.gather(through(quick, 100), through(slow, 100)), 60)
    assert [event.seq for event in await quick.events()] == list(range(1, 401))
