"""Whichever way a hold ends, the account goes with it; and who may not do what."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from toolcrib.kernel.claims.commands import Acquire
from toolcrib.kernel.claims.models import PRIVATE, Holder, Ref
from toolcrib.kernel.claims.sweep import announce_ends
from toolcrib.kernel.clock import iso_format

if TYPE_CHECKING:
    from tests.machines.pool import PoolCrib
    from tests.servers.crib import Person


def _fence(made: dict[str, Any]) -> int:
    fence: int = made["machines"][0]["fence"]
    return fence


@pytest.mark.every_database
def test_every_door_removes_the_account(pool: PoolCrib) -> None:
    admin = pool.admin.client
    names = pool.machines(5)
    people = [pool.person() for _ in names]
    held = [pool.have(person, names, minutes=60) for person in people]
    at = {made["machines"][0]["machine"]: made for made in held}
    assert set(at) == set(names)
    released, forced, passed, disabled, expired = held
    assert people[0].client.post(f"/api/claims/{_fence(released)}/release").status_code == 200
    reason = {"reason": "maintenance"}
    assert admin.post(f"/api/claims/{_fence(forced)}/force-release", json=reason).status_code == 200
    to = {"to": people[0].username}
    assert people[2].client.post(f"/api/claims/{_fence(passed)}/transfer", json=to).status_code == 200
    assert admin.delete(f"/api/users/{people[3].username}").status_code == 200
    pool.settle()
    marks = {name: [each["mark"] for each in pool.hosts.accounts(name).values()] for name in names}
    for made in (released, forced, disabled):
        assert marks[made["machines"][0]["machine"]] == []
    (mark,) = marks[passed["machines"][0]["machine"]]
    assert mark != passed["id"]
    assert marks[expired["machines"][0]["machine"]] == [expired["id"]]
    pool.crib.clock.advance(minutes=61)
    pool.crib.run(announce_ends(pool.crib.app.kernel, pool.crib.clock()))
    pool.settle()
    assert [pool.hosts.accounts(name) for name in names] == [{}] * 5


def test_a_claim_that_an_earlier_release_made_has_its_account(pool: PoolCrib) -> None:
    """It says for which reservation it is, and no more."""
    ann, (name,) = pool.person(), pool.machines()
    start = iso_format(pool.crib.clock() + timedelta(minutes=30))
    booked = pool.ask(ann, [name], starts_at=start).raise_for_status().json()
    data = {PRIVATE: {"reservation": booked["id"]}}
    end = pool.crib.clock() + timedelta(minutes=10)
    holder = Holder(ann.username, ann.uuid)
    command = Acquire(Ref("machine", "", name), holder, expires_at=end, data=data)
    pool.crib.run(pool.crib.app.kernel.claims.submit([command]))
    pool.settle()
    accounts = pool.hosts.accounts(name)
    assert list(accounts) == [booked["login"]]
    assert accounts[booked["login"]]["mark"] == booked["id"]
    pool.crib.clock.advance(minutes=11)
    pool.crib.run(announce_ends(pool.crib.app.kernel, pool.crib.clock()))
    pool.settle()
    assert pool.hosts.accounts(name) == {}


def test_generic_verbs_that_the_pool_has_its_own_for_say_so(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines()
    made = pool.have(ann, names)
    claim = ann.client.get(f"/api/claims/{_fence(made)}").json()
    assert (claim["kind"], claim["key"]) == ("machine", names[0])
    assert claim["cannot"]["renew"].startswith("A reservation is extended as a whole")
    refused = ann.client.post(f"/api/claims/{_fence(made)}/renew", json={"ttl_seconds": 9000})
    assert (refused.status_code, refused.json()["code"]) == (409, "verb_refused")
    queued = pool.person().client.post(f"/api/claims/{_fence(made)}/queue", json={})
    assert queued.status_code == 409


def _refusals(client: Any, made: dict[str, Any], name: str) -> dict[str, int]:
    own = f"/api/reservations/{made['id']}"
    at = f"/api/pool/machines/{name}"
    calls = [
        ("GET", own, None),
        ("DELETE", own, None),
        ("POST", f"{own}/extend", {"minutes": 1}),
        ("POST", f"{own}/renew", None),
        ("POST", f"{own}/share", {"username": "admin", "public_keys": ["ssh-ed25519 " + "A" * 68]}),
        ("DELETE", f"{own}/share/admin", None),
        ("POST", f"{own}/transfer", {"to": "admin"}),
        ("PUT", f"{own}/access", {"password": "another"}),
        ("GET", f"{own}/certificate", None),
        ("PATCH", at, {"enabled": False}),
        ("POST", f"{at}/maintenance", {"on": True, "reason": "x"}),
        ("POST", f"{at}/quarantine", {"on": True, "reason": "x"}),
        ("POST", f"{at}/accept-host-key", {"host_key": "x"}),
        ("POST", f"{at}/check", None),
        ("POST", f"{at}/enroll", None),
        ("GET", f"{at}/output", None),
        ("GET", "/api/pool/inventory", None),
        ("POST", "/api/pool/inventory", {"text": "[]"}),
        ("POST", f"/api/pool/queue/{made['id']}/move", {"place": 1, "reason": "x"}),
        ("POST", "/api/machines", {}),
        ("DELETE", f"/api/machines/{name}", None),
        ("GET", "/api/release_all", None),
        ("POST", "/api/release_all", None),
    ]
    return {
        f"{method} {path}": client.request(method, path, json=body).status_code
        for method, path, body in calls
    }


def test_others_are_refused(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines()
    made = pool.have(ann, names)
    stranger: Person = pool.person()
    assert set(_refusals(stranger.client, made, names[0]).values()) <= {403, 404}
    assert set(_refusals(pool.crib.client(), made, names[0]).values()) == {401}
    assert ann.client.get(f"/api/reservations/{made['id']}").json()["state"] == "ready"


def test_machines_of_a_project_are_for_its_members(pool: PoolCrib) -> None:
    ann, ben, viewer = pool.person(), pool.person(), pool.person()
    project = pool.crib.project(ann, viewer=viewer)
    named = ann.client.get(f"/api/projects/{project}").json()["name"]
    names = pool.machines(scope=f"project:{named}")
    assert ben.client.get(f"/api/pool/machines/{names[0]}").status_code == 404
    assert names[0] not in [each["name"] for each in ben.client.get("/api/machines").json()]
    assert pool.ask(ben, names).json()["code"] == "unknown_tag"
    body = {"names": names, "password": "a password"}
    assert ben.client.post("/api/reservations", json=body).status_code == 404
    assert viewer.client.get(f"/api/pool/machines/{names[0]}").status_code == 200
    assert pool.ask(viewer, names).json()["code"] == "too_few_machines"
    assert pool.have(ann, names)["state"] == "ready"
    moved = pool.admin.client.patch(f"/api/pool/machines/{names[0]}", json={"scope": ""})
    assert (moved.status_code, moved.json()["code"]) == (409, "machine_in_use")


def test_secrets_are_in_no_answer_and_no_event(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines(password="s3cret-of-root")
    made = pool.have(ann, names, password="s3cret-of-ann")
    admin = pool.admin.client
    answers = [
        admin.get(f"/api/pool/machines/{names[0]}").text,
        admin.get("/api/pool/inventory").text,
        admin.get(f"/api/reservations/{made['id']}").text,
        admin.get("/api/events", params={"kind": "machine"}).text,
        admin.get("/api/claims", params={"kind": "machine"}).text,
    ]
    assert not [text for text in answers if "s3cret" in text or "$6$" in text]


BAD_YAML = {
    "unfinished": "{",
    "no list": "x: 1",
    "aliases": "a: &a [1]\nmachines: [*a, *a]",
    "half a character": 'machines: [{name: "\\ud800"}]',
    "deep": "[" * 5_000 + "]" * 5_000,
    "deep blocks": "- " * 5_000 + "a",
    "deep and unfinished": "{a: " * 5_000,
    "code": "machines: !!python/object/apply:os.getpid []",
    "two": "---\na: 1\n---\nb: 1\n",
    "a bool that is none": "- !!bool foo",
    "a time that is none": "- !!timestamp foo",
    "a number that is none": "- !!int ''",
    "a long number": f"- !!int {'1:' * 65_000}1",
    "a number": "- !!float 1.5",
    "bytes": "- !!binary YQ==",
    "a set": "!!set {a}",
    "pairs": "!!omap [a: 1]",
    "a merged mapping": "- {!!merge <<: {name: a}}",
    "a list that is text": "!!seq foo",
    "a mapping that is text": "- !!map foo",
    "text that is a list": "- !!str [a]",
    "nothing that is a list": "- !!null [a]",
    "a list as a name": "- {[a]: b}",
    "a tag of its own": "- !foo bar",
}


def test_an_inventory_goes_out_and_comes_in(pool: PoolCrib) -> None:
    admin = pool.admin.client
    text = "machines:\n- {name: inv-1, host: 10.0.0.1, port: 22, user: root, password: secret}\n- {name: 'a b'}\n- 7\n"
    done = admin.post("/api/pool/inventory", json={"format": "yaml", "text": text}).json()
    assert (done["added"], len(done["skipped"])) == (["inv-1"], 2)
    rows = "name,host,port,user,password\ninv-1,10.0.0.1,22,root,x\ninv-2,10.0.0.2,22,root,x\n"
    done = admin.post("/api/pool/inventory", json={"format": "csv", "text": rows}).json()
    assert (done["added"], done["existing"]) == (["inv-2"], ["inv-1"])
    assert "inv-2,10.0.0.2,22,root," in admin.get("/api/pool/inventory", params={"format": "csv"}).text
    for form in ("yaml", "csv"):
        exported = admin.get("/api/pool/inventory", params={"format": form}).text
        again = admin.post("/api/pool/inventory", json={"format": form, "text": exported}).json()
        assert {"inv-1", "inv-2"} <= set(again["existing"])
        assert (again["added"], again["skipped"]) == ([], [])
    for bad in BAD_YAML.values():
        refused = admin.post("/api/pool/inventory", json={"text": bad})
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_inventory")
    for name in ("inv-1", "inv-2"):
        admin.delete(f"/api/machines/{name}")


def test_an_inventory_is_read_as_it_is_written(pool: PoolCrib) -> None:
    """YAML takes 0123 for 83, 12:30 for 750 and 1e3 for 1000, and a few characters for a number of 5,000 digits."""
    admin = pool.admin.client
    names = ["0123", "1e3", "0x1F", "no", "2026-01-01"]
    text = "".join(
        f"- {{name: {name}, host: h, port: {port}, user: root, password: 12:30, jump: ~, enabled: false}}\n"
        for port, name in enumerate(names, start=1)
    )
    text += f"- {{name: long, host: h, port: {'1:' * 3_000}1, user: root, password: x}}\n"
    done = admin.post("/api/pool/inventory", json={"text": text}).json()
    assert done["added"] == names
    (skipped,) = done["skipped"]
    assert skipped["entry"] == "long"
    for name in names:
        found = admin.get(f"/api/pool/machines/{name}").json()
        assert (found["enabled"], found["jump"]) == (False, None)
        assert admin.delete(f"/api/machines/{name}").status_code == 200


def test_an_inventory_of_more_than_an_ordinary_body(pool: PoolCrib) -> None:
    admin = pool.admin.client
    text = "name,host,port,user,password\n" + "".join(f"{'x' * 60}!{n},h,1,u,p\n" for n in range(1_500))
    done = admin.post("/api/pool/inventory", json={"format": "csv", "text": text})
    assert done.status_code == 200, done.text
    assert len(done.json()["skipped"]) == 1_500
    refused = admin.post("/api/pool/inventory", json={"format": "csv", "text": text * 2})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")


def test_an_administrator_moves_somebody_forward(pool: PoolCrib) -> None:
    ann, ben, eve, names = pool.person(), pool.person(), pool.person(), pool.machines()
    held = pool.have(ann, names)
    pool.ask(ben, names, wait=True)
    last = pool.ask(eve, names, wait=True).json()
    moved = pool.admin.client.post(
        f"/api/pool/queue/{last['id']}/move", json={"place": 1, "reason": "A demonstration."}
    )
    assert moved.json()["queue"][0]["id"] == last["id"]
    ann.client.delete(f"/api/reservations/{held['id']}")
    pool.settle()
    assert eve.client.get(f"/api/reservations/{last['id']}").json()["state"] == "ready"
