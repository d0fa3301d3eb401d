"""Programs in line: a place is a lease, and what comes from the line must be confirmed."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.claims.conftest import Claims
from toolcrib.kernel.claims.problems import (
    AlreadyWaiting,
    ClaimHeld,
    ClaimLost,
    ClaimNotFound,
    NotHolder,
    TooManyPrograms,
)
from toolcrib.kernel.claims.queue_rules import MAX_PROGRAMS
from toolcrib.kernel.claims.sweep import forgive_outage
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.outages import OUTAGE_SECONDS

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer


@pytest.mark.every_database
async def test_a_place_that_nobody_renews_lapses_and_one_that_is_renewed_lasts(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    await claims.wait_as_program("m1", "ben")
    await claims.wait_as_program("m1", "cem")
    await claims.wait("m1", "dan", minutes=10)
    for _ in range(3):
        claims.clock.advance(seconds=40)
        await claims.keep_waiting("m1", "cem")
    with pytest.raises(ClaimNotFound):
        await claims.keep_waiting("m1", "ben")
    assert await claims.queue("m1") == ["cem", "dan"]  # before any sweep
    await claims.end_waiting("m1", "ben")
    await claims.end_waiting("m1", "cem")  # renewed since the sweep read it
    await claims.wait_as_program("m1", "ben")  # back, behind the others
    await claims.release("m1", "ana")
    live = await claims.live("m1")
    assert live is not None
    assert live.holder == "cem"
    assert await claims.queue("m1") == ["dan", "ben"]
    (lapse,) = [event for event in await claims.events() if event.verb == "unqueued"]
    assert (lapse.actor, lapse.data["holder"], lapse.data["reason"]) == (None, "ben", "lapsed")


@pytest.mark.every_database
async def test_what_a_program_does_not_confirm_passes_on(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    await claims.wait_as_program("m1", "ben", ttl=600)
    await claims.wait_as_program("m1", "cem", ttl=600)
    await claims.wait("m1", "dan")
    await claims.release("m1", "ana")
    given = await claims.live("m1")
    assert given is not None
    assert (given.holder, given.expires_at) == ("ben", claims.clock() + timedelta(seconds=30))
    claims.clock.advance(seconds=30)
    await claims.expire("m1", given.fence)
    with pytest.raises(NotHolder):
        await claims.confirm("m1", "ben", given.fence)
    passed = await claims.live("m1")
    assert passed is not None
    assert passed.holder == "cem"
    claims.clock.advance(seconds=20)
    kept = await claims.confirm("m1", "cem", passed.fence)
    assert (kept.expires_at, kept.fence) == (claims.clock() + timedelta(seconds=600), passed.fence)
    assert (await claims.confirm("m1", "cem", passed.fence)) == kept  # again: nothing changes
    await claims.release("m1", "cem")
    person = await claims.live("m1")
    assert person is not None
    assert (person.holder, person.expires_at) == ("dan", None)  # a person need not confirm
    assert [verb for verb, _, _ in await claims.told()][4:] == [
        "released",
        "acquired",
        "expired",
        "acquired",
        "renewed",
        "released",
        "acquired",
    ]


async def test_renewing_and_handing_over_confirm_too(claims: Claims) -> None:
    for key in ("renewed", "passed"):
        await claims.acquire(key, "ana")
        await claims.wait_as_program(key, "ben", ttl=600)
        await claims.release(key, "ana")
    renewed = await claims.renew("renewed", "ben", None)
    passed = await claims.transfer("passed", "ben", "cem")
    assert (renewed.expires_at, renewed.heartbeat, renewed.unconfirmed) == (None, False, None)
    assert passed.expires_at == claims.clock() + timedelta(seconds=600)
    assert (passed.heartbeat, passed.unconfirmed) == (False, None)


@pytest.mark.every_database
async def test_programs_of_one_account_wait_each_for_itself(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    for program in ("first", "second", "third"):
        await claims.wait_as_program("m1", "ben", program)
    with pytest.raises(AlreadyWaiting):
        await claims.wait_as_program("m1", "ben", "second")
    await claims.wait("m1", "cem")
    claims.clock.advance(seconds=40)
    for program in ("second", "third"):
        await claims.keep_waiting("m1", "ben", program)
    claims.clock.advance(seconds=30)  # the first is dead, and the others do not keep its place
    assert await claims.places("m1") == ["m1/ben/second", "m1/ben/third", "m1/cem/person"]
    await claims.release("m1", "ana")
    given = await claims.live("m1")
    assert given is not None
    assert (given.holder, given.program) == ("ben", "m1/ben/second")
    kept = await claims.confirm("m1", "ben", given.fence)
    assert (kept.expires_at, kept.program) == (None, "m1/ben/second")
    # What one program holds is held for the others, too.
    await claims.wait_as_program("m1", "ben", "fourth")
    await claims.keep_waiting("m1", "ben", "third")
    claims.clock.advance(seconds=50)
    await claims.end_waiting("m1", "ben", "third")
    assert await claims.places("m1") == ["m1/ben/third", "m1/cem/person", "m1/ben/fourth"]
    await claims.release("m1", "ben")
    passed = await claims.live("m1")
    assert passed is not None
    assert (passed.program, passed.fence > given.fence) == ("m1/ben/third", True)
    claims.clock.advance(seconds=30)  # it was killed in its turn
    await claims.expire("m1", passed.fence)
    last = await claims.live("m1")
    assert last is not None
    assert (last.holder, last.expires_at) == ("cem", None)


async def test_a_person_and_their_programs_wait_apart(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    await claims.wait_as_program("m1", "ben", "one")
    await claims.wait("m1", "ben")
    with pytest.raises(AlreadyWaiting):
        await claims.wait("m1", "ben")
    await claims.wait_as_program("m1", "ben", "two")
    await claims.stop_waiting("m1", "ben")  # the person, while there is one
    assert await claims.places("m1") == ["m1/ben/one", "m1/ben/two"]
    await claims.stop_waiting("m1", "ben")
    assert await claims.places("m1") == []


async def test_a_program_does_not_wait_for_what_its_person_took(claims: Claims) -> None:
    await claims.acquire("m1", "ben")
    with pytest.raises(ClaimHeld, match="You hold it"):
        await claims.wait_as_program("m1", "ben", "one")


async def test_a_hand_over_serves_the_person_and_the_first_of_their_programs(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    for program in ("one", "two"):
        await claims.wait_as_program("m1", "ben", program)
    await claims.wait("m1", "ben")
    passed = await claims.transfer("m1", "ana", "ben")
    assert (passed.program, passed.expires_at) == ("m1/ben/one", None)
    assert await claims.places("m1") == ["m1/ben/two"]


async def test_the_programs_of_one_account_in_one_line_are_limited(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    for number in range(MAX_PROGRAMS):
        await claims.wait_as_program("m1", "ben", str(number))
    with pytest.raises(TooManyPrograms):
        await claims.wait_as_program("m1", "ben", "more")
    await claims.wait("m1", "ben")
    await claims.wait_as_program("m1", "cem")
    assert len(await claims.queue("m1")) == MAX_PROGRAMS + 2


@pytest.mark.every_database
async def test_our_outage_ends_no_wait_and_nothing_that_was_given(claims: Claims) -> None:
    await forgive_outage(claims.database, claims.clock(), timedelta(0))
    await claims.acquire("m1", "ana")
    await claims.wait_as_program("m1", "ben")
    await claims.acquire("m2", "ana")
    await claims.wait_as_program("m2", "cem")
    await claims.release("m2", "ana")
    claims.clock.advance(minutes=30)  # the server was down meanwhile
    await forgive_outage(claims.database, claims.clock(), timedelta(minutes=1))
    assert await claims.queue("m1") == ["ben"]
    given = await claims.live("m2")
    assert given is not None
    claims.clock.advance(seconds=50)
    assert (await claims.confirm("m2", "cem", given.fence)).expires_at is None
    await claims.keep_waiting("m1", "ben")
    claims.clock.advance(seconds=61)
    assert await claims.queue("m1") == []


@pytest.mark.parametrize("minutes_down", [3, 30])
async def test_our_outage_puts_no_chosen_end_off(claims: Claims, minutes_down: int) -> None:
    """What was given over the outage can be confirmed until the end that its program chose, and is over then."""
    await forgive_outage(claims.database, claims.clock(), timedelta(0))
    await claims.acquire("m1", "ana")
    chosen = claims.clock() + timedelta(minutes=5)
    await claims.wait_as_program("m1", "ben", ends_at=chosen)
    await claims.release("m1", "ana")
    claims.clock.advance(minutes=minutes_down)
    await forgive_outage(claims.database, claims.clock(), timedelta(minutes=10))
    given = await claims.live("m1")
    if minutes_down > 5:
        assert given is None
        return
    assert given is not None
    assert given.expires_at == chosen
    assert (await claims.confirm("m1", "ben", given.fence)).expires_at == chosen
    claims.clock.advance(minutes=3)
    assert await claims.live("m1") is None


# Over HTTP


Start = Callable[..., Awaitable["AppServer"]]


@pytest.fixture
async def crib(app_server: Start) -> AppServer:
    return await app_server()


async def lock(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    return await client.post("/api/locks", json={"branch": "main", "asset_path": "a", **body})


async def test_a_program_keeps_its_place_and_confirms_what_it_is_given(crib: AppServer) -> None:
    ann, ben, cem = await crib.user("ann"), await crib.user("ben"), await crib.user("cem")
    fence = (await lock(ann)).json()["lock"]["fence"]
    place = (await lock(ben, wait=True, program=True, timeout_seconds=150, expires_in=3600)).json()
    assert (place["position"], place["lease_seconds"], place["confirm_seconds"]) == (1, 60, 30)
    generic = await cem.post(f"/api/claims/{fence}/queue", json={"program": True})
    assert generic.json()["lease_seconds"] == 60
    mine, others = (
        f"/api/claims/waiting/{place['waiter_id']}",
        f"/api/claims/waiting/{generic.json()['waiter_id']}",
    )
    again = (await lock(ben, wait=True, program=True)).json()
    assert (again["waiter_id"], again["until"]) == (place["waiter_id"], place["until"])
    crib.clock.advance(seconds=50)
    assert (await ben.post(f"{mine}/renew")).json()["place"]["position"] == 1
    crib.clock.advance(seconds=50)
    await crib.kernel.jobs.run_due()  # takes cem out
    queue = (await ann.get(f"/api/claims/{fence}/queue")).json()
    assert [(one["username"], one["program"]) for one in queue] == [("ben", True)]
    (lapse,) = (await ann.get("/api/events?verb=unqueued")).json()["events"]
    assert (lapse["actor"], lapse["data"]["holder"]) == (None, "cem")
    assert (await cem.post(f"{others}/renew")).status_code == 404

    await ann.post(f"/api/claims/{fence}/release")
    claim = (await ben.post(f"{mine}/renew")).json()["claim"]
    assert claim["holder"] == "ben"
    anonymous = httpx.AsyncClient(base_url=str(ben.base_url))
    for other, status in ((ann, 404), (cem, 404), (anonymous, 401)):
        assert (await other.post(f"{mine}/renew")).status_code == status
        assert (await other.delete(mine)).status_code == status
        confirmed = await other.post(f"/api/claims/{claim['fence']}/confirm")
        assert confirmed.status_code == (403 if status == 404 else 401)
    await anonymous.aclose()
    confirmed = await ben.post(f"/api/claims/{claim['fence']}/confirm")
    ends = crib.clock() + timedelta(seconds=3600)
    assert confirmed.json()["claim"]["expires_at"].startswith(f"{ends:%Y-%m-%dT%H:%M}")
    assert (
        await ben.delete(mine)
    ).status_code == 404  # giving up the wait does not give up what was confirmed
    crib.clock.advance(seconds=100)
    await crib.kernel.jobs.run_due()
    assert (await ben.get("/api/locks/a")).json()["locked_by"] == "ben"


async def test_an_end_that_was_chosen_does_not_move_while_one_waits(crib: AppServer) -> None:
    ann, ben, cem = await crib.user("ann"), await crib.user("ben"), await crib.user("cem")
    chosen = iso_format(crib.clock() + timedelta(hours=1))
    for path in ("a", "b"):
        await ann.post("/api/locks", json={"branch": "main", "asset_path": path})
        for person, how in ((ben, {"program": True, "program_id": "one"}), (cem, {})):
            asked = {"branch": "main", "asset_path": path, "wait": True, "expires_at": chosen, **how}
            place = (await person.post("/api/locks", json=asked)).json()
            assert place["until"] == chosen
    crib.clock.advance(seconds=50)
    await ann.delete("/api/locks/a")
    given = (await ben.get("/api/locks/a")).json()
    assert (await ben.post(f"/api/claims/{given['fence']}/confirm")).is_success
    assert (await ben.get("/api/locks/a")).json()["expires_at"] == chosen
    await ben.delete("/api/locks/a")
    assert (await cem.get("/api/locks/a")).json()["expires_at"] == chosen
    crib.clock.advance(hours=1)
    await ann.delete("/api/locks/b")  # the end has passed: nobody is given it
    assert (await ann.get("/api/locks/b")).status_code == 404


async def test_a_program_that_asks_in_the_moment_of_its_turn_has_it(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    for _ in range(5):
        await lock(ann)
        ask = partial(lock, ben, wait=True, program=True, program_id="one")
        assert (await ask()).status_code == 202
        answers = await asyncio.gather(*(ask() for _ in range(4)), ann.delete("/api/locks/a"), ask(), ask())
        assert {each.status_code for each in answers} <= {200, 201, 202}
        assert (await ask()).status_code == 201
        assert (await ben.delete("/api/locks/a")).status_code == 200


async def test_programs_that_name_themselves_have_each_its_place_and_its_lock(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    fence = (await lock(ann)).json()["lock"]["fence"]

    async def ask(name: str | None) -> httpx.Response:
        return await lock(ben, wait=True, program=True, program_id=name)

    one, two = [(await ask(name)).json() for name in ("one", "two")]
    assert (one["position"], two["position"]) == (1, 2)
    again = (await ask("one")).json()
    assert (again["waiter_id"], again["position"]) == (one["waiter_id"], 1)
    generic = await ben.post(f"/api/claims/{fence}/queue", json={"program": True, "program_id": "three"})
    assert (generic.status_code, generic.json()["position"]) == (201, 3)
    await ann.post(f"/api/claims/{fence}/release")
    given = await ask("one")
    assert (given.status_code, given.json()["lock"]["locked_by"]) == (201, "ben")
    behind = await ask("two")
    assert (behind.status_code, behind.json()["position"], behind.json()["held"]["holder"]) == (202, 1, "ben")
    claim = (await ben.post(f"/api/claims/waiting/{one['waiter_id']}/renew")).json()["claim"]
    await ben.post(f"/api/claims/{claim['fence']}/confirm")
    assert (await ask("one")).json()["lock"]["expires_at"] is None
    assert (await ask("four")).json()["position"] == 3
    # The end of one takes nothing from the others; one without a name is told that the account holds it.
    assert (await ben.delete(f"/api/claims/waiting/{two['waiter_id']}")).status_code == 204
    assert (await ask("one")).status_code == 201
    assert (await ask(None)).json()["code"] == "claim_held"
    assert (await ben.post("/api/locks", json={"branch": "b", "asset_path": "a"})).status_code == 409
    await ben.delete("/api/locks/a")
    assert (await ask("four")).json()["position"] == 1
    assert (await ask("three")).status_code == 201


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("seconds", [0, OUTAGE_SECONDS + 1])
async def test_a_database_that_takes_no_changes_ends_no_wait(
    app_server: Start, database_url: str, seconds: float
) -> None:
    crib = await app_server(database_url=database_url, database_timeout_seconds=1)
    ann, ben = await crib.user("ann"), await crib.user("ben")
    fence = (await lock(ann)).json()["lock"]["fence"]
    place = (await lock(ben, wait=True, program=True)).json()
    await crib.kernel.jobs.run_due()
    with closing(sqlite3.connect(str(crib.kernel.database.url.database), check_same_thread=False)) as other:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        for _ in range(2):
            refused = await ben.post(f"/api/claims/waiting/{place['waiter_id']}/renew")
            assert refused.status_code == 503
            crib.clock.advance(seconds=90)
        await asyncio.sleep(seconds)
    await crib.kernel.jobs.run_due()
    queue = (await ann.get(f"/api/claims/{fence}/queue")).json()
    assert [one["username"] for one in queue] == ["ben"]
    crib.clock.advance(seconds=90)  # it could renew, and did not
    await crib.kernel.jobs.run_due()
    assert (await ann.get(f"/api/claims/{fence}/queue")).json() == []


async def test_time_to_wait_ends_on_the_server_and_leaving_gives_back_what_is_unconfirmed(
    crib: AppServer,
) -> None:
    ann, ben, cem = await crib.user("ann"), await crib.user("ben"), await crib.user("cem")
    fence = (await lock(ann)).json()["lock"]["fence"]
    place = (await lock(ben, wait=True, program=True, timeout_seconds=40)).json()
    crib.clock.advance(seconds=30)
    assert (await ben.post(f"/api/claims/waiting/{place['waiter_id']}/renew")).is_success
    crib.clock.advance(seconds=11)
    await crib.kernel.jobs.run_due()
    assert (await ann.get(f"/api/claims/{fence}/queue")).json() == []
    place = (await lock(ben, wait=True, program=True)).json()
    # A client that says nothing of programs keeps its place as ever, and need not confirm.
    assert (await lock(cem, wait=True)).json()["lease_seconds"] is None
    await ann.post(f"/api/claims/{fence}/release")
    assert (await ben.get("/api/locks/a")).json()["locked_by"] == "ben"
    assert (await ben.delete(f"/api/claims/waiting/{place['waiter_id']}")).status_code == 204
    held = (await cem.get("/api/locks/a")).json()
    assert (held["locked_by"], held["expires_at"]) == ("cem", None)


async def test_a_confirmation_that_comes_too_late_is_refused(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    await claims.wait_as_program("m1", "ben")
    await claims.release("m1", "ana")
    first = await claims.live("m1")
    assert first is not None
    claims.clock.advance(seconds=31)
    with pytest.raises(ClaimNotFound):
        await claims.confirm("m1", "ben", first.fence)
    await claims.acquire("m1", "ben")
    with pytest.raises(ClaimLost):
        await claims.confirm("m1", "ben", first.fence)
