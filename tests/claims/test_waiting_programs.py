"""Programs in line: a place is a lease, and what comes from the line must be confirmed."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.claims.conftest import Claims
from toolcrib.kernel.claims.problems import AlreadyWaiting, ClaimLost, ClaimNotFound, NotHolder
from toolcrib.kernel.claims.sweep import forgive_outage

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


async def test_waiting_as_a_person_makes_the_place_last_and_not_the_other_way(claims: Claims) -> None:
    await claims.acquire("m1", "ana")
    await claims.wait_as_program("m1", "ben")
    await claims.wait("m1", "ben")
    with pytest.raises(AlreadyWaiting):
        await claims.wait_as_program("m1", "ben")
    claims.clock.advance(minutes=5)
    assert await claims.queue("m1") == ["ben"]


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


@pytest.mark.databases("sqlite")
async def test_a_database_that_takes_no_changes_ends_no_wait(app_server: Start, database_url: str) -> None:
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
