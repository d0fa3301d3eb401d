"""What becomes of what people hold and wait for when their account is disabled or removed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from tests.clock import FakeClock
from tests.identity.conftest import StartApp
from tests.servers.inprocess import AppServer
from toolcrib.kernel.claims.commands import Acquire, Wait
from toolcrib.kernel.claims.models import Claim, Holder, Ref, claims
from toolcrib.kernel.events.log import read_after
from toolcrib.kernel.identity.disabled_holders import AT_ONCE


async def lock(person: httpx.AsyncClient, path: str, project: str = "default") -> int:
    body = {"asset_path": path, "branch": "main", "project": project}
    answer = await person.post("/api/locks", json=body)
    answer.raise_for_status()
    fence: int = answer.json()["lock"]["fence"]
    return fence


async def project_of(owner: httpx.AsyncClient, name: str, **members: str) -> None:
    made = await owner.post("/api/projects", json={"name": name})
    for username, role in members.items():
        member = f"/api/projects/{made.json()['id']}/members/{username}"
        (await owner.put(member, json={"role": role})).raise_for_status()


async def holder_of(crib: AppServer, username: str) -> Holder:
    found = (await (await crib.admin()).get("/api/people", params={"q": username})).json()
    return Holder(username, next(person["uuid"] for person in found if person["username"] == username))


async def take(crib: AppServer, ref: Ref, holder: Holder) -> Claim:
    (claim,) = await crib.kernel.claims.submit([Acquire(ref, holder)])
    assert claim is not None
    return claim


async def wait(client: httpx.AsyncClient, fence: int, **body: Any) -> None:
    (await client.post(f"/api/claims/{fence}/queue", json=body)).raise_for_status()


async def set_active(crib: AppServer, username: str, active: bool) -> None:
    admin = await crib.admin()
    people = (await admin.get("/api/admin/users")).json()
    (user_id,) = [person["id"] for person in people if person["username"] == username]
    answer = await admin.put(f"/api/admin/users/{user_id}/status", json={"is_active": active})
    assert answer.json()["is_active"] is active


async def holders(crib: AppServer) -> dict[str, str]:
    listed = (await (await crib.admin()).get("/api/claims", params={"limit": 10_000})).json()["claims"]
    return {f"{claim['kind']} {claim['key']}": claim["holder"] for claim in listed}


async def reasons(crib: AppServer) -> dict[str, str]:
    answer = await (await crib.admin()).get("/api/events", params={"verb": "force_released"})
    return {event["key"]: event["data"]["reason"] for event in answer.json()["events"]}


@pytest.mark.every_database
async def test_locks_stay_with_a_disabled_account_and_all_else_ends(crib: AppServer) -> None:
    ann, ben, cem = [await crib.user(name) for name in ("ann", "ben", "cem")]
    mine = await holder_of(crib, "ann")
    await lock(ann, "map")
    await take(crib, Ref("document", "", "plan"), mine)
    room = await take(crib, Ref("room", "", "blue"), mine)
    await wait(ben, room.fence)
    waited = await lock(cem, "tree")
    told = await lock(cem, "rock")
    await wait(ann, waited)
    await wait(ben, waited)
    await wait(ann, told, take=False)

    await set_active(crib, "ann", False)

    expected = {
        "asset map": "ann",
        "document plan": "ann",
        "room blue": "ben",
        "asset tree": "cem",
        "asset rock": "cem",
    }
    assert await holders(crib) == expected
    assert await reasons(crib) == {"blue": "account disabled"}
    checked = (await ben.post("/api/locks/check", json={"paths": ["map", "tree"]})).json()
    assert {each["asset_path"]: each["holder_disabled"] for each in checked["held"]} == {
        "map": True,
        "tree": False,
    }
    listed = (await ben.get("/api/claims", params={"kind": "asset"})).json()["claims"]
    assert {each["key"] for each in listed if each["holder_disabled"]} == {"map"}
    # Disabled people are skipped in queues.
    for fence in (waited, told):
        (await cem.post(f"/api/claims/{fence}/release")).raise_for_status()
    assert (await holders(crib))["asset tree"] == "ben"
    assert (await ben.get("/api/events", params={"verb": "offered"})).json()["events"] == []

    await set_active(crib, "ann", True)

    assert await holders(crib) == {
        "asset map": "ann",
        "document plan": "ann",
        "room blue": "ben",
        "asset tree": "ben",
    }
    checked = (await ben.post("/api/locks/check", json={"paths": ["map"]})).json()
    assert checked["held"][0]["holder_disabled"] is False


async def test_locks_of_disabled_accounts_can_be_released(app_server: StartApp) -> None:
    crib = await app_server(disabled_holders="release")
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await wait(ben, await lock(ann, "map"))
    await lock(ann, "tree")
    await set_active(crib, "ann", False)
    assert await holders(crib) == {"asset map": "ben"}
    assert await reasons(crib) == {"map": "account disabled", "tree": "account disabled"}


@pytest.mark.every_database
async def test_locks_of_disabled_accounts_can_pass_to_the_owner(
    app_server: StartApp, database_url: str
) -> None:
    crib = await app_server(disabled_holders="owner", database_url=database_url)
    ann, ben, cem = [await crib.user(name) for name in ("ann", "ben", "cem")]
    mine = await holder_of(crib, "ann")
    await project_of(ben, "maps", ann="member", cem="member")
    await project_of(ann, "own", ben="admin")
    company = (await (await crib.admin()).post("/api/companies", json={"name": "acme"})).json()["id"]
    for name, role in (("ann", "member"), ("cem", "owner")):
        member = f"/api/companies/{company}/members/{name}"
        (await (await crib.admin()).put(member, json={"role": role})).raise_for_status()
    first = await lock(ann, "given", "maps")
    await wait(cem, first)
    await lock(ann, "kept", "own")
    await lock(ann, "open")
    await take(crib, Ref("document", f"company:{company}", "sheet"), mine)
    await take(crib, Ref("document", f"user:{mine.uuid}", "diary"), mine)
    await take(crib, Ref("room", "project:maps", "blue"), mine)

    await set_active(crib, "ann", False)

    stayed = {"asset kept": "ann", "asset open": "ann", "document diary": "ann"}
    assert await holders(crib) == {"asset given": "ben", "document sheet": "cem", **stayed}
    (passed,) = (await ben.get("/api/events", params={"verb": "transferred", "kind": "asset"})).json()[
        "events"
    ]
    assert (passed["actor"], passed["data"]["from"], passed["data"]["to"]) == ("admin", "ann", "ben")
    given = (await ben.get("/api/claims", params={"project": "maps"})).json()["claims"][0]
    assert (given["queue"], given["fence"] > first) == (1, True)

    assert (await (await crib.admin()).delete("/api/users/ann")).status_code == 200
    # Nothing stays with an account that is no more.
    assert await holders(crib) == {"asset given": "ben", "document sheet": "cem"}
    assert await reasons(crib) == {
        "blue": "account disabled",
        **dict.fromkeys(("kept", "open", "diary"), "account deleted"),
    }


@pytest.mark.every_database
async def test_what_a_request_on_its_way_took_ends_too(crib: AppServer, clock: FakeClock) -> None:
    await crib.user("ann")
    ben = await crib.user("ben")
    mine = await holder_of(crib, "ann")
    fence = await lock(ben, "map")
    await crib.kernel.jobs.run_due()
    await set_active(crib, "ann", False)
    # Their rights were looked up before, and are believed for a second.
    await take(crib, Ref("room", "", "blue"), mine)
    await crib.kernel.claims.submit([Wait(Ref("asset", "project:default", "map"), "place", mine)])
    clock.advance(minutes=2)
    await crib.kernel.jobs.run_due()
    assert await holders(crib) == {"asset map": "ben"}
    assert (await ben.get(f"/api/claims/{fence}/queue")).json() == []
    (ended,) = (await ben.get("/api/events", params={"verb": "force_released"})).json()["events"]
    assert (ended["actor"], ended["key"]) == (None, "blue")


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_very_many_claims_end_a_part_at_a_time(crib: AppServer, clock: FakeClock, how: str) -> None:
    await crib.user("ann")
    mine = await holder_of(crib, "ann")
    await crib.kernel.jobs.run_due()
    many = AT_ONCE + 1_500
    rows = [
        {
            "digest": Ref("room", "", str(number)).digest,
            "kind": "room",
            "scope": "",
            "key": str(number),
            "holder": "ann",
            "holder_uuid": mine.uuid,
            "acquired_at": clock(),
            "renewed_at": clock(),
            "heartbeat": False,
            "fence": 1_000_000 + number,
            "data": {},
        }
        for number in range(many)
    ]
    async with crib.kernel.database.write() as session:
        await session.execute(insert(claims), rows)
    if how == "disabled":
        await set_active(crib, "ann", False)
    else:
        assert (await (await crib.admin()).delete("/api/users/ann")).status_code == 200
    clock.advance(minutes=2)
    await crib.kernel.jobs.run_due()  # also without the nudge: it may be lost
    assert await holders(crib) == {}
    async with crib.kernel.database.read() as session:
        ended = await read_after(session, 0, 50_000)
    assert len([event for event in ended if event.verb == "force_released"]) == many


@pytest.mark.every_database
async def test_locks_are_found_by_any_name_that_their_holder_has_or_had(crib: AppServer) -> None:
    ann, ben, cem = [await crib.user(name) for name in ("ann", "ben", "cem")]
    for person, path in ((ann, "map"), (ben, "tree"), (cem, "rock")):
        await lock(person, path)
    admin = await crib.admin()
    ids = {person["username"]: person["id"] for person in (await admin.get("/api/admin/users")).json()}
    renamed = await admin.put(f"/api/admin/users/{ids['ann']}/username", json={"username": "anna"})
    renamed.raise_for_status()
    # Deleted people hold nothing any more.
    (await admin.delete(f"/api/admin/users/{ids['ben']}")).raise_for_status()
    held = {"ann": ["map"], "anna": ["map"], "ben": [], "cem": ["rock"], "nobody": []}
    for name, wanted in held.items():
        claims_of = (await admin.get("/api/claims", params={"holder": name})).json()["claims"]
        assert [each["key"] for each in claims_of] == wanted, name
        locks_of = (await admin.get("/api/locks", params={"holder": name})).json()
        assert [each["asset_path"] for each in locks_of] == wanted, name
    mine = (await cem.get("/api/locks", params={"mine": True, "holder": "anna"})).json()
    assert mine == []
    assert len((await cem.get("/api/locks", params={"mine": True, "path": "rock"})).json()) == 1
    assert (await cem.get("/api/locks", params={"mine": True, "path": "map"})).json() == []
