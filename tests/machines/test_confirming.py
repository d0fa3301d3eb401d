"""Use it or lose it: what nobody confirms in time passes on."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.servers.process import wait_until
from toolcrib.machines.jobs import do_work
from toolcrib.machines.service.confirming import forgive_outage

if TYPE_CHECKING:
    from tests.machines.pool import PoolCrib
    from tests.servers.crib import Person

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGyBt3kV0e3z5hVt2n9Wb8Jt3Yy1p9zq8m2c4d6e8f0A ben"


def begun(pool: PoolCrib, person: Person, names: list[str]) -> dict[str, Any]:
    """A booking that has just begun."""
    start = (pool.crib.clock() + timedelta(minutes=1)).isoformat()
    made = pool.ask(person, names, starts_at=start, minutes=60)
    assert made.status_code == 201, made.text
    pool.crib.clock.advance(minutes=1)
    pool.work()
    found: dict[str, Any] = person.client.get(f"/api/reservations/{made.json()['id']}").json()
    assert found["state"] == "ready"
    assert found["confirm_by"] is not None
    return found


def verbs(person: Person, made: dict[str, Any]) -> list[str]:
    answer = person.client.get("/api/events", params={"kind": "machine", "limit": 500}).json()
    return [event["verb"] for event in answer["events"] if event["key"] == made["id"]]


def test_a_booking_that_nobody_confirms_ends_and_who_waits_gets_the_machine(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    made = begun(pool, ann, names)
    waiting = pool.ask(ben, names, minutes=30, wait=True).json()
    pool.crib.clock.advance(minutes=8)
    pool.turn()
    assert verbs(ann, made).count("confirmation_due") == 1
    pool.crib.clock.advance(minutes=6)
    pool.turn()
    assert ann.client.get(f"/api/reservations/{made['id']}").json()["state"] == "ready"
    pool.crib.clock.advance(minutes=1)
    late = ann.client.post(f"/api/reservations/{made['id']}/confirm")
    assert (late.status_code, late.json()["code"]) == (409, "reservation_over")
    pool.work()
    ended = ann.client.get(f"/api/reservations/{made['id']}").json()
    assert (ended["state"], ended["reason"]) == ("ended", "Nobody confirmed in time that it is used.")
    assert verbs(ann, made).count("confirmation_due") == 1
    assert ben.client.get(f"/api/reservations/{waiting['id']}").json()["state"] == "ready"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/confirm", None),
        ("POST", "/extend", {"minutes": 10}),
        ("PUT", "/access", {"public_keys": [KEY]}),
    ],
)
def test_what_is_used_is_kept(pool: PoolCrib, method: str, path: str, body: Any) -> None:
    ann, names = pool.person(), pool.machines()
    made = begun(pool, ann, names)
    url = f"/api/reservations/{made['id']}"
    assert pool.person().client.request(method, url + path, json=body).status_code == 404
    answer = ann.client.request(method, url + path, json=body)
    assert (answer.status_code, answer.json()["confirm_by"]) == (200, None)
    pool.settle()
    pool.crib.clock.advance(minutes=16)
    pool.work()
    assert ann.client.get(url).json()["state"] == "ready"
    assert "confirmation_due" not in verbs(ann, made)


def test_machines_of_a_program_that_has_gone_pass_on(pool: PoolCrib) -> None:
    ann, ben, eve, names = pool.person(), pool.person(), pool.person(), pool.machines()
    held = pool.have(ann, names)
    gone = pool.ask(ben, names, wait=True, program=True).json()
    there = pool.ask(eve, names, wait=True, program=True).json()
    ann.client.delete(f"/api/reservations/{held['id']}")
    pool.settle()
    served = ben.client.get(f"/api/reservations/{gone['id']}").json()
    assert served["state"] == "ready"
    pool.crib.clock.advance(seconds=29)
    assert eve.client.post(f"/api/reservations/{there['id']}/renew").status_code == 200
    pool.crib.clock.advance(seconds=1)
    pool.work()
    assert ben.client.get(f"/api/reservations/{gone['id']}").json()["state"] == "ended"
    assert eve.client.get(f"/api/reservations/{there['id']}").json()["state"] == "ready"
    # Renewing the place says as well that the program is there.
    renewed = eve.client.post(f"/api/reservations/{there['id']}/renew").json()
    assert renewed["confirm_by"] is None
    pool.crib.clock.advance(seconds=31)
    pool.work()
    assert eve.client.get(f"/api/reservations/{there['id']}").json()["state"] == "ready"


class Gates:
    """Has accounts on all machines take until the end of the block."""

    def __init__(self, pool: PoolCrib, person: Person) -> None:
        self._pool = pool
        free = person.client.get("/api/available").json()["available"]
        self._open = [pool.hosts.hold_up(name) for name in free]

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_raised: object) -> None:
        async def open_all() -> None:
            for gate in self._open:
                gate()

        self._pool.crib.run(open_all())
        self._pool.settle()


def own(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.client.get("/api/pool/reservations").json()["reservations"]
    return found


def test_who_hung_up_before_the_answer_keeps_nothing(pool: PoolCrib) -> None:
    ann, _ = pool.person(), pool.machines()
    token = f"Authorization: {ann.client.headers['Authorization']}"
    with Gates(pool, ann):
        site = urlsplit(pool.crib.url)
        with socket.create_connection((site.hostname or "", site.port or 0)) as line:
            line.sendall(
                f"GET /api/reserve?username=ann HTTP/1.1\r\nHost: {site.netloc}\r\n{token}\r\n\r\n".encode()
            )
            wait_until(lambda: bool(own(ann)), "the reservation")
        wait_until(lambda: own(ann)[0]["state"] == "ended", "the reservation to be given back")
    (made,) = own(ann)
    assert made["reason"] == "The client hung up."
    assert pool.hosts.accounts(made["machines"][0]["machine"]) == {}


def test_what_its_client_is_never_told_of_ends(pool: PoolCrib) -> None:
    ann, _ = pool.person(), pool.machines()
    kernel = pool.crib.app.kernel
    query = {"username": "ann"}
    with Gates(pool, ann), ThreadPoolExecutor(1) as apart:
        asked = apart.submit(lambda: ann.client.get("/api/reserve", params=query))
        wait_until(lambda: bool(own(ann)), "the reservation")
        # As after a kill: nobody tells the client of it any more.
        pool.crib.clock.advance(seconds=201)
        pool.crib.run(do_work(kernel, pool.crib.clock()))
        answer = asked.result()
    assert (answer.status_code, answer.json()["code"]) == (409, "reservation_over")
    assert pool.hosts.accounts(own(ann)[0]["machines"][0]["machine"]) == {}
    # What it is told of lasts.
    assert ann.client.get("/api/reserve", params=query).status_code == 200
    made = own(ann)[0]
    pool.crib.clock.advance(seconds=300)
    pool.work()
    assert own(ann)[0]["state"] == "ready"
    ann.client.delete(f"/api/reservations/{made['id']}")
    pool.settle()


def test_what_ran_out_while_the_server_was_down_lasts_a_while_longer(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    held = pool.have(ann, names)
    program = pool.ask(ben, names, wait=True, program=True).json()
    pool.crib.clock.advance(seconds=90)
    pool.crib.run(forgive_outage(pool.crib.app.kernel))  # as at a start
    pool.work()
    assert ben.client.get(f"/api/reservations/{program['id']}").json()["state"] == "waiting"
    ann.client.delete(f"/api/reservations/{held['id']}")
    pool.settle()
    pool.crib.clock.advance(seconds=90)
    pool.crib.run(forgive_outage(pool.crib.app.kernel))
    pool.work()
    assert ben.client.post(f"/api/reservations/{program['id']}/confirm").json()["confirm_by"] is None
