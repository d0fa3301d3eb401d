"""Which verbs a person may use on a claim: shown with the claim, and kept by the API, in the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.claims.test_routes import Start, held, hold
from tests.servers.inprocess import AppServer
from toolcrib.kernel.claims.commands import Acquire
from toolcrib.kernel.claims.models import Holder, Ref

VERBS = ("release", "renew", "transfer", "force_release", "wait", "ask")
BODIES: dict[str, Any] = {"transfer": {"to": "ben"}, "force_release": {"reason": "gone home"}}


@pytest.fixture
async def crib(app_server: Start) -> AppServer:
    return await app_server()


async def use(client: httpx.AsyncClient, fence: int, verb: str) -> httpx.Response:
    """Ask for `verb` at the generic route; what `ask` does is the kind's own."""
    path = "queue" if verb == "wait" else verb.replace("_", "-")
    return await client.post(f"/api/claims/{fence}/{path}", json=BODIES.get(verb, {}))


async def shown(client: httpx.AsyncClient, fence: int) -> dict[str, Any]:
    answer = await client.get(f"/api/claims/{fence}")
    claim: dict[str, Any] = answer.json()
    (listed,) = [each for each in await held(client) if each["fence"] == fence]
    assert listed == claim
    assert {verb for verb in VERBS if not claim["can"][verb]} == set(claim["cannot"])
    return claim


async def project_with(crib: AppServer, owner: httpx.AsyncClient, **roles: str) -> None:
    made = await owner.post("/api/projects", json={"name": "maps"})
    for username, role in roles.items():
        member = f"/api/projects/{made.json()['id']}/members/{username}"
        (await owner.put(member, json={"role": role})).raise_for_status()


async def test_the_api_refuses_what_is_shown_as_refused_in_the_same_words(crib: AppServer) -> None:
    ann = await crib.user("ann")
    people = {
        "holder": ann,
        "member": await crib.user("ben"),
        "viewer": await crib.user("cem"),
        "project admin": await crib.user("dan"),
        "administrator": await crib.admin(),
    }
    await project_with(crib, ann, ben="member", cem="viewer", dan="admin")
    allowed = set()
    for who, me in people.items():
        for verb in VERBS[:-1]:
            fence = await hold(ann, f"{who} {verb}", project="maps")
            claim = await shown(me, fence)
            answer = await use(me, fence, verb)
            assert answer.is_success == claim["can"][verb], (who, verb, answer.text)
            if answer.is_success:
                allowed.add((who, verb))
            else:
                assert answer.json()["message"] == claim["cannot"][verb]
                assert answer.json()["code"] in {"not_holder", "access_denied", "claim_held"}
    assert allowed == {
        *(("holder", verb) for verb in ("release", "renew", "transfer")),
        ("member", "wait"),
        *(("project admin", verb) for verb in ("transfer", "force_release", "wait")),
        *(("administrator", verb) for verb in ("transfer", "force_release", "wait")),
    }


async def test_a_viewer_may_look_but_not_wait(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await project_with(crib, ann, ben="viewer")
    fence = await hold(ann, "a", project="maps")
    claim = await shown(ben, fence)
    assert claim["cannot"]["wait"] == "You may see it, but not hold it."
    refused = await use(ben, fence, "wait")
    assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
    assert (await ann.get(f"/api/claims/{fence}/queue")).json() == []


async def test_whoever_waits_is_not_offered_to_wait_again(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    fence = await hold(ann, "a")
    assert (await shown(ben, fence))["can"]["wait"] is True
    assert (await use(ben, fence, "wait")).status_code == 201
    assert (await shown(ben, fence))["cannot"]["wait"] == "You are waiting for it already."


async def test_a_holder_is_asked_where_mail_goes_out(app_server: Start, smtp: Any) -> None:
    crib = await app_server(**smtp.settings)
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    fence = await hold(ann, "a")
    assert (await shown(ben, fence))["can"]["ask"] is True
    assert (await shown(ann, fence))["cannot"]["ask"] == "You hold it yourself."
    (await admin.put("/api/admin/config", json={"mail_enabled": False})).raise_for_status()
    assert (await shown(ben, fence))["cannot"]["ask"] == "Mail is switched off on this server."


# A kind that an installed package brings, with rules of its own.

KIND = """
from toolcrib.kernel.kinds import Kind

def rules(claim, me, now):
    if claim.data.get("cleaning"):
        return {"release": "It is being cleaned.", "wait": "Nobody can have it next.", "renew": "Ends are fixed."}
    return {}

kind = Kind("room", rules=rules)
"""


@pytest.fixture
def room_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that offers the kind `room`."""
    site = tmp_path / "site"
    facts = site / "rooms-1.0.dist-info"
    facts.mkdir(parents=True)
    (site / "rooms_for_tests.py").write_text(KIND)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: rooms\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[toolcrib.kinds]\nroom = rooms_for_tests:kind\n")
    monkeypatch.syspath_prepend(site)


@pytest.mark.usefixtures("room_kind")
async def test_a_kind_refuses_with_its_own_reason(app_server: Start) -> None:
    crib = await app_server()
    ann, ben = await crib.user("ann"), await crib.user("ben")
    uuid = (await ann.get("/api/people", params={"q": "ann"})).json()[0]["uuid"]
    holder = Holder("ann", uuid)
    (claim,) = await crib.kernel.claims.submit(
        [Acquire(Ref("room", "", "blue"), holder, data={"cleaning": True})]
    )
    assert claim is not None
    for me, verbs in ((ann, ("release", "renew")), (ben, ("wait",))):
        cannot = (await shown(me, claim.fence))["cannot"]
        for verb in verbs:
            refused = await use(me, claim.fence, verb)
            assert (refused.status_code, refused.json()["code"]) == (409, "verb_refused")
            assert refused.json()["message"] == cannot[verb]
            assert refused.json()["details"]["holder"] == "ann"
    # The kernel's own reasons come before those of a kind.
    assert (await shown(ben, claim.fence))["cannot"]["release"] == "Only ann can release it."
    assert (await use(ben, claim.fence, "release")).json()["code"] == "not_holder"
    # No route sends a room's holder a message.
    assert (await shown(ben, claim.fence))["can"]["ask"] is False
    (free,) = await crib.kernel.claims.submit([Acquire(Ref("room", "", "red"), holder)])
    assert free is not None
    assert (await use(ann, free.fence, "release")).status_code == 200
