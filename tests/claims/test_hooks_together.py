"""A hook is told of many new claims at once, and a batch has claims of several kinds; none that is refused stops the
others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import insert, select

from tests.claims.conftest import Claims, person
from tests.claims.room_keys import book, calls, hook
from tests.claims.rooms import Rooms
from toolcrib.kernel.claims import service
from toolcrib.kernel.claims.changes import Change, Inserts, Together
from toolcrib.kernel.claims.commands import Acquire, Group
from toolcrib.kernel.claims.models import Claim, Ref
from toolcrib.kernel.claims.models import claims as claim_rows
from toolcrib.kernel.claims.problems import ClaimHeld
from toolcrib.kernel.driver_statements import DriverStatement
from toolcrib.kernel.problems import Problem

BOOK = DriverStatement(insert(book), "room", "holder", "fence", "until")
CALLS = DriverStatement(insert(calls), "seq", "room", "verb", "printed")


def told_together(sizes: list[int], refused: str | None = None) -> Together:
    """The hook, which writes down how many new claims it was told of at once, and raises if `refused` is one of them;
    it has seen none of them until it returns."""

    def new(changes: Sequence[Change]) -> Inserts:
        sizes.append(len(changes))
        if any(change.event.key == refused for change in changes):
            raise RuntimeError("one by one, please")
        for change in changes:
            change.nudge("room_keys.print")
        kept = [
            (each.event.key, each.claim.holder, each.claim.fence, each.claim.expires_at) for each in changes
        ]
        called = [(each.event.seq, each.event.key, each.event.verb, False) for each in changes]
        return [(BOOK, kept), (CALLS, called)]

    return Together(hook, new)


@pytest.mark.parametrize("what", ["nothing", "refuse", "crash"])
async def test_many_new_claims_are_told_together_and_one_that_is_refused_stops_no_other(
    claims: Claims, rooms: Rooms, what: str
) -> None:
    together: list[int] = []
    refused = "m2" if what != "nothing" else None
    claims.database.claim_hooks = {"thing": told_together(together, refused)}
    await rooms.break_at("m2", "acquired", what)
    wanted = [["m1"], ["m2", "m3"], ["m1", "m4"], ["m5", "m6"]]
    groups = [Group([claims.acquisition(key, "ana") for key in keys]) for keys in wanted]
    problems: list[Problem | None]
    if claims.door == "unit_of_work":
        async with claims.database.write() as session:
            problems = [
                each.problem for each in await service.run_groups(session, groups, now=claims.clock())
            ]
            seen = (await session.execute(select(book.c.room))).scalars().all()
            assert len(seen) == (5 if what == "nothing" else 3)
    else:
        asked = [claims.run(*group.commands) for group in groups]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        problems = [each if isinstance(each, Problem) else None for each in answers]
    assert [problem is not None for problem in problems] == [False, what != "nothing", True, False]
    assert isinstance(problems[2], ClaimHeld)
    assert together == [5]
    await rooms.agree()
    told = [verb for verb, _ in await rooms.told()]
    assert told == ["acquired"] * (5 if what == "nothing" else 3)
    assert [event.seq for event in await claims.events()] == [*range(1, len(told) + 1)]


async def test_a_row_that_cannot_be_stored_fails_its_own_group_alone(claims: Claims, rooms: Rooms) -> None:
    def new(changes: Sequence[Change]) -> Inserts:
        holders = {"m2": None}  # which no row may have
        return [
            (BOOK, [(each.event.key, holders.get(each.event.key, "ana"), each.claim.fence, None)])
            for each in changes
        ]

    claims.database.claim_hooks = {"thing": Together(hook, new)}
    asked = [claims.writer.submit([claims.acquisition(key, "ana")]) for key in ("m1", "m2", "m3")]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(each, Exception) for each in answers] == [False, True, False]
    await rooms.agree()
    assert [event.key for event in await claims.events()] == ["m1", "m3"]


async def test_what_is_over_is_told_before_it_is_taken_again_with_others(
    claims: Claims, rooms: Rooms
) -> None:
    await claims.acquire("m1", "ana", minutes=1)
    claims.database.claim_hooks = {"thing": Together(hook, lambda _: pytest.fail("not all of them are new"))}
    claims.clock.advance(minutes=2)
    await claims.run(claims.acquisition("m1", "ben"), claims.acquisition("m2", "ben"))
    await rooms.agree()
    assert [verb for verb, _ in await rooms.told()] == ["acquired", "expired", "acquired", "acquired"]


async def test_one_batch_has_hooked_and_other_kinds(claims: Claims, rooms: Rooms) -> None:
    await rooms.break_at("m1", "acquired", "crash")
    plain = [Acquire(Ref("plain", "", f"p{number}"), person("ana")) for number in range(3)]
    outcomes = await asyncio.gather(
        claims.run(plain[0]),
        claims.run(plain[1], claims.acquisition("m1", "ana")),
        claims.run(plain[2]),
        claims.run(claims.acquisition("m2", "ana")),
        return_exceptions=True,
    )
    assert [isinstance(outcome, Problem) for outcome in outcomes] == [False, True, False, False]
    held = sorted(key for (key,) in await rooms.rows(select(claim_rows.c.key)))
    assert held == ["m2", "p0", "p2"]
    first: Claim | None = outcomes[0][0] if isinstance(outcomes[0], list) else None
    assert first is not None
    assert [event.seq for event in await claims.events()] == [1, 2, 3]
