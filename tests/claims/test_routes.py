"""Everything held, over HTTP: who sees what, and what may be done about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]


@pytest.fixture
async def crib(app_server: Start) -> AppServer:
    return await app_server()


async def hold(client: httpx.AsyncClient, path: str, **more: Any) -> int:
    answer = await client.post("/api/locks", json={"asset_path": path, "branch": "main", **more})
    answer.raise_for_status()
    fence: int = answer.json()["lock"]["fence"]
    return fence


async def held(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/claims", params=query)
    claims: list[dict[str, Any]] = answer.json()["claims"]
    return claims


async def test_the_list_shows_what_is_held_and_what_the_caller_may_do(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    fence = await hold(ann, "maps/a", comment="lighting", expires_in=60)
    (claim,) = await held(ann)
    assert claim["fence"] == fence
    assert claim["id"] == str(fence)
    assert (claim["kind"], claim["scope"], claim["key"]) == ("asset", "project:default", "maps/a")
    assert (claim["holder"], claim["comment"]) == ("ann", "lighting")
    assert claim["expires_at"]
    assert claim["url"].startswith("/assets?")
    assert claim["can"] == {
        "release": True,
        "renew": True,
        "transfer": True,
        "force_release": False,
        "wait": False,
        "ask": False,
    }
    assert (await held(ben))[0]["can"] == {
        "release": False,
        "renew": False,
        "transfer": False,
        "force_release": False,
        "wait": True,
        "ask": False,  # no mail here
    }
    assert (await held(admin))[0]["can"]["force_release"] is True


async def test_filters_and_pages(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    for number in range(5):
        await hold(ann, f"maps/{number}")
    await hold(ben, "props/Chair_1", project="other", comment="legs")

    async def keys(**query: Any) -> list[str]:
        return [claim["key"] for claim in await held(ann, **query)]

    assert len(await keys(mine=1)) == 5
    assert await keys(holder="ben") == ["props/Chair_1"]
    assert await keys(project="other") == ["props/Chair_1"]
    assert await keys(kind="machine") == []
    assert len(await keys(prefix="maps/")) == 5
    assert await keys(q="chair_") == ["props/Chair_1"]
    assert await keys(q="LEGS") == ["props/Chair_1"]
    first = (await ann.get("/api/claims?limit=4")).json()
    second = (await ann.get(f"/api/claims?limit=4&cursor={first['next_cursor']}")).json()
    assert len(first["claims"]) == 4
    assert len(second["claims"]) == 2
    assert second["next_cursor"] is None
    assert (await ann.get("/api/claims?cursor=x")).status_code == 400
    assert (await ann.get("/api/claims?limit=0")).status_code == 400


async def test_an_unchanged_list_is_304(crib: AppServer) -> None:
    ann = await crib.user("ann")
    await hold(ann, "a")
    tag = (await ann.get("/api/claims")).headers["ETag"]
    assert (await ann.get("/api/claims", headers={"If-None-Match": tag})).status_code == 304
    await hold(ann, "b")
    assert (await ann.get("/api/claims", headers={"If-None-Match": tag})).status_code == 200


async def test_a_stranger_cannot_tell_a_hidden_claim_from_none(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    (await ann.post("/api/projects", json={"name": "secret"})).raise_for_status()
    fence = await hold(ann, "a", project="secret")
    assert await held(ben) == []
    for method, path, body in (
        ("GET", "", None),
        ("POST", "/renew", {}),
        ("POST", "/release", {}),
        ("POST", "/force-release", {"reason": "x"}),
        ("POST", "/transfer", {"to": "ben"}),
        ("POST", "/queue", {}),
        ("DELETE", "/queue", None),
        ("GET", "/queue", None),
    ):
        hidden = await ben.request(method, f"/api/claims/{fence}{path}", json=body)
        missing = await ben.request(method, f"/api/claims/{fence + 1000}{path}", json=body)
        assert hidden.status_code == missing.status_code == 404, path
        assert hidden.json() == missing.json()
    assert len(await held(ann)) == 1


async def test_renew_and_release_belong_to_the_holder(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    fence = await hold(ann, "a")
    for verb in ("renew", "release"):
        assert (await ben.post(f"/api/claims/{fence}/{verb}", json={})).status_code == 403
    renewed = await ann.post(f"/api/claims/{fence}/renew", json={"ttl_seconds": 60})
    assert renewed.json()["claim"]["expires_at"]
    both = {"ttl_seconds": 60, "expires_at": "2099-01-01T00:00:00Z"}
    assert (await ann.post(f"/api/claims/{fence}/renew", json=both)).status_code == 400
    assert (await ann.post(f"/api/claims/{fence}/renew", json={"ttl_seconds": 10**12})).status_code == 400
    assert (await ann.post(f"/api/claims/{fence}/release")).status_code == 200
    assert (await ann.post(f"/api/claims/{fence}/release")).status_code == 404


async def test_force_release_needs_authority_and_a_reason(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    fence = await hold(ann, "a")
    reason = {"reason": "gone home"}
    assert (await ben.post(f"/api/claims/{fence}/force-release", json=reason)).status_code == 403
    assert (await admin.post(f"/api/claims/{fence}/force-release", json={"reason": "  "})).status_code == 400
    assert (await admin.post(f"/api/claims/{fence}/force-release", json=reason)).status_code == 200
    (event,) = (await ann.get("/api/events?verb=force_released")).json()["events"]
    assert (event["actor"], event["data"]["holder"], event["data"]["reason"]) == ("admin", "ann", "gone home")


async def test_a_claim_is_handed_over_to_someone_who_may_hold_it(crib: AppServer) -> None:
    ann, ben, cem = await crib.user("ann"), await crib.user("ben"), await crib.user("cem")
    fence = await hold(ann, "a")
    assert (await ben.post(f"/api/claims/{fence}/transfer", json={"to": "ben"})).status_code == 403
    assert (await ann.post(f"/api/claims/{fence}/transfer", json={"to": "nobody"})).status_code == 400
    passed = await ann.post(f"/api/claims/{fence}/transfer", json={"to": "ben", "comment": "your turn"})
    claim = passed.json()["claim"]
    assert (claim["holder"], claim["comment"]) == ("ben", "your turn")
    assert claim["fence"] > fence
    assert (await ann.delete("/api/locks/a")).status_code == 403
    (await ann.post("/api/projects", json={"name": "closed"})).raise_for_status()
    fence = await hold(ann, "b", project="closed")
    assert (await ann.post(f"/api/claims/{fence}/transfer", json={"to": "cem"})).status_code == 400
    assert await held(cem, project="closed") == []


async def test_the_queue_over_http(crib: AppServer) -> None:
    ann, ben, cem = await crib.user("ann"), await crib.user("ben"), await crib.user("cem")
    fence = await hold(ann, "a")
    assert (await ben.post(f"/api/claims/{fence}/queue", json={})).json()["position"] == 1
    assert (await cem.post(f"/api/claims/{fence}/queue", json={"take": False})).json()["position"] == 2
    assert (await ben.post(f"/api/claims/{fence}/queue", json={})).status_code == 409
    assert (await ann.post(f"/api/claims/{fence}/queue", json={})).status_code == 409
    queue = (await ann.get(f"/api/claims/{fence}/queue")).json()
    assert [(place["username"], place["take"]) for place in queue] == [("ben", True), ("cem", False)]
    assert (await held(ann))[0]["queue"] == 2
    assert [(await held(person))[0]["waiting"] for person in (ann, ben, cem)] == [False, True, True]
    assert (await ben.delete(f"/api/claims/{fence}/queue")).status_code == 204
    assert (await ben.delete(f"/api/claims/{fence}/queue")).status_code == 404
    await ann.post(f"/api/claims/{fence}/release")
    assert await held(ann) == []
    (offer,) = (await cem.get("/api/events?verb=offered")).json()["events"]
    assert offer["data"]["holder"] == "cem"


async def test_what_ended_is_announced_without_anybody_asking(crib: AppServer) -> None:
    ann = await crib.user("ann")
    await hold(ann, "a", expires_in=60)
    crib.clock.advance(seconds=61)
    await crib.kernel.jobs.run_due()
    (event,) = (await ann.get("/api/events?verb=expired")).json()["events"]
    assert event["key"] == "a"
    assert event["actor"] is None
    assert event["data"]["held_seconds"] == 60
