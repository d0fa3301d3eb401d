"""Reservations: who gets which machines, and that accounts last exactly as long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolcrib.machines.hosts.driver import Problem

if TYPE_CHECKING:
    from tests.machines.pool import PoolCrib

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGyBt3kV0e3z5hVt2n9Wb8Jt3Yy1p9zq8m2c4d6e8f0A ben"


def test_an_account_is_there_for_as_long_as_the_machine_is_held(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines(2)
    made = pool.have(ann, names, count=2, minutes=30)
    assert (made["state"], [each["state"] for each in made["machines"]]) == ("ready", ["ready"] * 2)
    for name in names:
        (account,) = pool.hosts.accounts(name).values()
        assert str(account["password_hash"]).startswith("$6$")
        assert account["mark"] == made["id"]
    ended = ann.client.delete(f"/api/reservations/{made['id']}")
    assert (ended.status_code, ended.json()["state"]) == (200, "ended")
    pool.settle()
    assert [pool.hosts.accounts(name) for name in names] == [{}, {}]
    assert {pool.state(name)["state"] for name in names} == {"free"}


def test_a_machine_is_dirty_until_its_account_is_known_to_be_gone(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    made = pool.have(ann, names)
    pool.hosts.break_(names[0], Problem.UNREACHABLE)
    assert ann.client.delete(f"/api/reservations/{made['id']}").status_code == 200
    pool.settle()
    assert pool.state(names[0])["state"] == "cleaning"
    assert pool.ask(ben, names).json()["code"] == "not_enough_machines"
    for _ in range(3):
        pool.crib.clock.advance(seconds=60)
        pool.turn()
    assert pool.state(names[0])["state"] == "quarantined"
    pool.hosts.break_(names[0], None)
    pool.crib.clock.advance(seconds=3600)
    pool.turn()
    assert pool.hosts.accounts(names[0]) == {}
    assert pool.state(names[0])["state"] == "free"


def test_the_account_goes_when_time_runs_out(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines()
    pool.have(ann, names, minutes=5)
    pool.crib.clock.advance(minutes=5)
    pool.turn()
    assert pool.hosts.accounts(names[0]) == {}


def test_one_machine_alone_is_replaced_too(pool: PoolCrib) -> None:
    names = pool.machines(2)
    pool.hosts.break_(names[0], Problem.UNREACHABLE)
    made = pool.have(pool.person(), names)
    assert (made["state"], [each["state"] for each in made["machines"]]) == ("ready", ["failed", "ready"])


def test_a_failing_machine_is_quarantined_and_another_one_takes_its_place(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines(3)
    pool.hosts.break_(names[0], Problem.FAILED)
    made = pool.have(ann, names, count=2)
    assert made["state"] == "ready"
    ready = [each["machine"] for each in made["machines"] if each["state"] == "ready"]
    assert sorted(ready) == sorted(names[1:])
    assert pool.state(names[0])["state"] == "quarantined"
    assert {pool.state(name)["state"] for name in names[1:]} == {"held"}


def test_a_request_that_cannot_be_filled_fails_whole_and_leaves_nothing(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines(2)
    pool.hosts.break_(names[1], Problem.FULL)
    made = pool.have(ann, names, count=2)
    assert made["state"] == "failed"
    assert names[1] in made["reason"]
    assert pool.hosts.accounts(names[0]) == {}
    assert pool.state(names[0])["state"] == "free"


def test_at_least_so_many_are_enough(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines(2)
    assert pool.ask(ann, names, count=3).status_code == 409
    made = pool.have(ann, names, count=3, at_least=1)
    assert len(made["machines"]) == 2


def test_passing_a_reservation_on_changes_the_account(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    made = pool.have(ann, names, login="ann", public_keys=[KEY])
    passed = ann.client.post(f"/api/reservations/{made['id']}/transfer", json={"to": ben.username})
    assert passed.status_code == 200, passed.text
    pool.settle()
    (account,) = pool.hosts.accounts(names[0]).values()
    assert (account["keys"], account["password_hash"]) == ([], None)
    (mine,) = ben.client.get("/api/pool/reservations").json()["reservations"]
    assert (mine["state"], account["mark"]) == ("ready", mine["id"])
    given = ben.client.put(f"/api/reservations/{mine['id']}/access", json={"public_keys": [KEY]})
    assert given.status_code == 200, given.text
    pool.settle()
    (account,) = pool.hosts.accounts(names[0]).values()
    assert account["keys"] == [KEY]
    assert ann.client.get(f"/api/reservations/{made['id']}").json()["state"] == "ended"


def test_sharing_adds_a_key_and_takes_it_away(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    made = pool.have(ann, names)
    route = f"/api/reservations/{made['id']}/share"
    shared = ann.client.post(route, json={"username": ben.username, "public_keys": [KEY]})
    assert shared.json()["shared_with"] == [ben.username]
    pool.settle()
    assert [account["keys"] for account in pool.hosts.accounts(names[0]).values()] == [[KEY]]
    assert ben.client.get(f"/api/reservations/{made['id']}").status_code == 200
    assert ann.client.delete(f"{route}/{ben.username}").status_code == 200
    pool.settle()
    assert [account["keys"] for account in pool.hosts.accounts(names[0]).values()] == [[]]
    assert ben.client.get(f"/api/reservations/{made['id']}").status_code == 404


def test_extending_is_refused_while_somebody_waits(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    made = pool.have(ann, names, minutes=30)
    route = f"/api/reservations/{made['id']}/extend"
    longer = ann.client.post(route, json={"minutes": 10}).json()
    assert longer["ends_at"] > made["ends_at"]
    assert pool.ask(ben, names, wait=True).status_code == 202
    assert ann.client.post(route, json={"minutes": 10}).json()["code"] == "somebody_waits"


def test_what_becomes_free_goes_to_whoever_waits_and_large_requests_are_not_overtaken(pool: PoolCrib) -> None:
    ann, ben, eve, names = pool.person(), pool.person(), pool.person(), pool.machines(2)
    first = pool.have(ann, names, minutes=30)
    large = pool.ask(ben, names, count=2, wait=True).json()
    assert (large["state"], large["queue"]["place"] >= 1) == ("waiting", True)
    assert large["queue"]["estimate"] == first["ends_at"]
    # One machine is free, but promised.
    states = {pool.state(name)["state"] for name in names}
    assert states == {"held", "promised"}
    refused = pool.ask(eve, names)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_enough_machines")
    ann.client.delete(f"/api/reservations/{first['id']}")
    pool.settle()
    served = ben.client.get(f"/api/reservations/{large['id']}").json()
    assert (served["state"], len(served["machines"])) == ("ready", 2)


def test_a_place_in_the_queue_ends(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    pool.have(ann, names, minutes=600)
    program = pool.ask(ben, names, wait=True, program=True).json()
    patient = pool.ask(pool.person(), names, wait=True, wait_minutes=10)
    assert patient.status_code == 202
    pool.crib.clock.advance(seconds=50)
    assert ben.client.post(f"/api/reservations/{program['id']}/renew").status_code == 200
    pool.crib.clock.advance(seconds=50)
    pool.turn()
    assert ben.client.get(f"/api/reservations/{program['id']}").json()["state"] == "waiting"
    pool.crib.clock.advance(seconds=61)
    pool.turn()
    over = ben.client.get(f"/api/reservations/{program['id']}").json()
    assert (over["state"], over["reason"]) == ("ended", "lapsed")


def test_a_login_that_is_there_already_is_not_touched(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines()
    (pool.hosts.folder / names[0]).mkdir(parents=True)
    (pool.hosts.folder / names[0] / "ann.json").write_text('{"mark": "somebody"}')
    made = pool.have(ann, names, login="ann")
    assert made["state"] == "failed"
    assert pool.hosts.accounts(names[0])["ann"]["mark"] == "somebody"
    assert pool.state(names[0])["state"] == "free"
