"""Requests that the pool as it is could never serve: they are refused, or told why they wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.machines.test_bookings import at, refusal

if TYPE_CHECKING:
    from tests.machines.pool import PoolCrib
    from tests.servers.crib import Person

ANYWHERE: tuple[dict[str, Any], ...] = ({"wait": True}, {"wait": True, "program": True}, {})


def place(person: Person, reservation_id: str) -> dict[str, Any]:
    found: dict[str, Any] = person.client.get(f"/api/reservations/{reservation_id}").json()["queue"]
    return found


def waits_for(pool: PoolCrib, person: Person, names: list[str], count: int, **fields: Any) -> str:
    answer = pool.ask(person, names, count=count, wait=True, **fields)
    assert answer.status_code == 202, answer.text
    found: str = answer.json()["id"]
    return found


@pytest.mark.parametrize("how", ANYWHERE)
def test_more_machines_than_there_are_cannot_be_waited_for(pool: PoolCrib, how: dict[str, Any]) -> None:
    ann, names = pool.person(), pool.machines(2)
    pool.have(pool.person(), names)
    refused = pool.ask(ann, names, count=3, **how)
    assert refusal(refused) == (409, "too_few_machines")
    said = f"3 machines are needed, and the pool has only 2 that match and that {ann.username} may reserve."
    assert refused.json()["message"] == said
    assert refused.json()["details"] == {"exist": 2, "wanted": 3, "at_least": 3}
    assert ann.client.get("/api/pool/reservations").json()["reservations"] == []


def test_nor_can_they_be_booked(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines(2)
    assert refusal(pool.ask(ann, names, count=3, starts_at=at(pool, minutes=60))) == (409, "too_few_machines")
    booked = pool.ask(ann, names, count=2, starts_at=at(pool, minutes=60)).json()
    more = ann.client.patch(f"/api/reservations/{booked['id']}", json={"count": 3})
    assert refusal(more) == (409, "too_few_machines")


def test_machines_of_a_project_that_one_only_sees_are_none_to_wait_for(pool: PoolCrib) -> None:
    ann, viewer = pool.person(), pool.person()
    project = pool.crib.project(ann, viewer=viewer)
    named = ann.client.get(f"/api/projects/{project}").json()["name"]
    names = pool.machines(scope=f"project:{named}")
    refused = pool.ask(viewer, names, wait=True)
    assert refusal(refused) == (409, "too_few_machines")
    assert "has none that match" in refused.json()["message"]


def test_as_few_as_there_are_can_be_waited_for(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines(2)
    pool.have(ben, names, count=2)
    waits = waits_for(pool, ann, names, 5, at_least=2)
    assert place(ann, waits)["obstacle"] is None
    assert place(ann, waits)["estimate"] is not None


@pytest.mark.parametrize("out", ["maintenance", "disabled", "quarantine"])
def test_machines_out_of_service_are_waited_for_and_that_is_told(pool: PoolCrib, out: str) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines(2)

    def switch(*, on: bool) -> None:
        path, admin = f"/api/pool/machines/{names[1]}", pool.admin.client
        if out == "disabled":
            answer = admin.patch(path, json={"enabled": not on})
        else:
            answer = admin.post(f"{path}/{out}", json={"on": on, "reason": "a fan"})
        assert answer.status_code == 200, answer.text
        pool.settle()

    switch(on=True)
    said = "2 machines are needed; in service of those that match: 1 of 2."
    seen = ann.client.get(
        "/api/pool/preview", params={"tags": names[0].rpartition("-")[0], "count": 2}
    ).json()
    assert (seen["available"], seen["estimate"], seen["obstacle"]) == (1, None, said)
    waits = waits_for(pool, ann, names, 2)
    assert (place(ann, waits)["estimate"], place(ann, waits)["obstacle"]) == (None, said)
    # It holds up nobody: neither those who come, nor who extends what is held.
    held = pool.have(ben, names)
    assert ben.client.post(f"/api/reservations/{held['id']}/extend", json={"minutes": 5}).status_code == 200
    switch(on=False)
    assert place(ann, waits)["obstacle"] is None
    assert place(ann, waits)["estimate"] is not None
    assert refusal(ben.client.post(f"/api/reservations/{held['id']}/extend", json={"minutes": 5})) == (
        409,
        "somebody_waits",
    )
    assert ben.client.delete(f"/api/reservations/{held['id']}").status_code == 200
    pool.settle()
    assert ann.client.get(f"/api/reservations/{waits}").json()["state"] == "ready"


def told_of(person: Person, reservation_id: str) -> list[tuple[str, str | None]]:
    """What the log says of whether the place can be served, the earliest first."""
    events = person.client.get("/api/events", params={"kind": "machine", "key": reservation_id}).json()[
        "events"
    ]
    found = [(event["verb"], event["data"].get("reason")) for event in events if "blocked" in event["verb"]]
    return found[::-1]


def maintenance(pool: PoolCrib, name: str, *, on: bool) -> None:
    """Begin or end it, and let the queue be looked at twice."""
    body = {"on": on, "reason": "a fan"}
    answer = pool.admin.client.post(f"/api/pool/machines/{name}/maintenance", json=body)
    assert answer.status_code == 200, answer.text
    pool.work()
    pool.work()


def test_who_waits_is_told_once_that_it_is_in_vain_and_once_that_it_is_not(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines(3)
    held = pool.have(ben, names, count=3)
    waits, other = waits_for(pool, ann, names, 3), waits_for(pool, pool.person(), names, 1)
    blocked = ("reservation_blocked", "3 machines are needed; in service of those that match: 2 of 3.")
    maintenance(pool, names[0], on=True)
    assert told_of(ann, waits) == [blocked]
    maintenance(pool, names[1], on=True)  # one more makes no difference to it
    maintenance(pool, names[1], on=False)
    assert told_of(ann, waits) == [blocked]
    maintenance(pool, names[0], on=False)
    again = [blocked, ("reservation_unblocked", None)]
    assert told_of(ann, waits) == again
    assert told_of(pool.admin, other) == []
    assert told_of(ben, waits) == []
    # Who is served at once is told of that alone.
    maintenance(pool, names[0], on=True)
    assert ben.client.delete(f"/api/reservations/{held['id']}").status_code == 200
    pool.settle()
    pool.admin.client.delete(f"/api/reservations/{other}")
    pool.settle()
    maintenance(pool, names[0], on=False)
    assert ann.client.get(f"/api/reservations/{waits}").json()["state"] == "ready"
    assert told_of(ann, waits) == [*again, blocked]


def test_who_was_told_of_it_by_the_answer_is_not_told_again(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines(2)
    pool.have(ben, names)
    maintenance(pool, names[1], on=True)
    waits = waits_for(pool, ann, names, 2)
    pool.work()
    assert told_of(ann, waits) == []
    maintenance(pool, names[1], on=False)
    assert told_of(ann, waits) == [("reservation_unblocked", None)]


def test_who_waits_for_a_machine_that_is_removed_is_told(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines(2)
    pool.have(ben, names[:1])
    waits, behind = waits_for(pool, ann, names, 2), waits_for(pool, pool.person(), names, 1)
    assert place(ann, waits)["estimate"] is not None
    assert pool.admin.client.delete(f"/api/machines/{names[1]}").status_code == 200
    told = place(ann, waits)
    assert (told["place"] < told["of"], told["estimate"]) == (True, None)
    assert told["obstacle"] == (
        f"2 machines are needed, and the pool has only 1 that match and that {ann.username} may reserve."
    )
    (shown,) = [each for each in ben.client.get("/api/pool/queue").json()["queue"] if each["id"] == behind]
    assert (shown["queue"]["obstacle"], shown["queue"]["estimate"] is None) == (None, False)
    # A machine that takes its place serves it.
    pool.machines(1, tag="new", tags=[names[0].rpartition("-")[0]])
    assert place(ann, waits)["obstacle"] is None
