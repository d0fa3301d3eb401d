"""Who signs in to the accounts of a reservation besides its holder, and what people may have."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from asyncssh.packet import String

from toolcrib.machines.hosts.driver import Problem

if TYPE_CHECKING:
    from pathlib import Path

    from tests.machines.pool import PoolCrib
    from tests.servers.crib import Person

KEYS = [
    f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGyBt3kV0e3z5hVt2n9Wb8Jt3Yy1p9zq8m2c4d6e8f0{one} k" for one in "AB"
]
OTHER_KEY = KEYS[1].replace("0B k", "0C k")


def share(holder: Person, made: dict[str, Any], to: str, key: str = KEYS[1]) -> Any:
    body = {"username": to, "public_keys": [key]}
    return holder.client.post(f"/api/reservations/{made['id']}/share", json=body)


def keys_on(pool: PoolCrib, name: str) -> list[str]:
    pool.settle()
    (account,) = pool.hosts.accounts(name).values()
    found: list[str] = account["keys"]  # type: ignore[assignment]
    return found


def renamed(pool: PoolCrib, person: Person) -> str:
    me = person.client.get("/api/currentuser").json()
    new = f"{me['username']}-b"
    answer = pool.admin.client.put(f"/api/admin/users/{me['id']}/username", json={"username": new})
    assert answer.status_code == 200, answer.text
    return new


def test_machines_of_a_project_are_not_shared_with_others(pool: PoolCrib) -> None:
    ann, ben, eve = pool.person(), pool.person(), pool.person()
    project = ann.client.post("/api/projects", json={"name": f"shared-{ann.username}"}).json()
    member = {"role": "member"}
    assert ann.client.put(f"/api/projects/{project['id']}/members/{ben.username}", json=member).is_success
    pool.crib.clock.advance(seconds=2)
    names = pool.machines(scope=f"project:{project['name']}")
    made = pool.have(ann, names, public_keys=[KEYS[0]])
    refused = share(ann, made, eve.username)
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_person")
    assert share(ann, made, ben.username).status_code == 200
    assert keys_on(pool, names[0]) == KEYS
    # Who leaves the project leaves the machine.
    ann.client.delete(f"/api/projects/{project['id']}/members/{ben.username}").raise_for_status()
    pool.crib.clock.advance(seconds=61)
    pool.turn()
    assert keys_on(pool, names[0]) == KEYS[:1]
    assert ben.client.get(f"/api/reservations/{made['id']}").status_code == 404


def test_a_colleague_is_told_and_finds_what_is_shared_with_them(pool: PoolCrib) -> None:
    ann, ben, eve, names = pool.person(), pool.person(), pool.person(), pool.machines()
    made = pool.have(ann, names, public_keys=[KEYS[0]])
    own = pool.have(ben, pool.machines(), public_keys=[KEYS[0]])
    assert share(ann, made, ben.username).status_code == 200

    def listed(person: Person, **params: Any) -> list[str]:
        page = person.client.get("/api/pool/reservations", params=params).json()
        return [one["id"] for one in page["reservations"]]

    both = {own["id"], made["id"]}
    assert set(listed(ben, shared=True)) == both
    pool.settle()
    assert set(listed(ben, shared=True, state="ready")) == both
    assert listed(ben, shared=True, state="waiting") == []
    assert listed(ben) == [own["id"]]
    assert listed(eve, shared=True) == []
    assert listed(ann, shared=True) == [made["id"]]
    told = ben.client.get("/api/events", params={"verb": "reservation_shared"}).json()["events"]
    assert [(one["actor"], one["data"]["machines"]) for one in told] == [(ann.username, names)]
    assert eve.client.get("/api/events", params={"verb": "reservation_shared"}).json()["events"] == []
    ann.client.delete(f"/api/reservations/{made['id']}/share/{ben.username}").raise_for_status()
    assert listed(ben, shared=True) == [own["id"]]


def test_a_colleague_is_told_once_however_often_it_is_shared_with_them(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    made = pool.have(ann, names, public_keys=[KEYS[0]])

    def told() -> list[int]:
        """How many events of sharing the holder sees, the colleague, and an administrator, who sees those of both."""
        params = {"verb": "reservation_shared", "key": made["id"]}
        people = (ann, ben, pool.admin)
        return [len(one.client.get("/api/events", params=params).json()["events"]) for one in people]

    for _ in range(3):
        assert share(ann, made, ben.username).status_code == 200
    assert told() == [1, 1, 2]
    # Another key is news to the log, and not to the colleague.
    assert share(ann, made, ben.username, OTHER_KEY).status_code == 200
    assert told() == [2, 1, 3]
    assert keys_on(pool, names[0]) == [KEYS[0], OTHER_KEY]
    ann.client.delete(f"/api/reservations/{made['id']}/share/{ben.username}").raise_for_status()
    assert share(ann, made, ben.username).status_code == 200
    assert told() == [3, 2, 5]


def test_a_disabled_colleagues_key_is_taken_away(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    made = pool.have(ann, names, public_keys=[KEYS[0]])
    assert share(ann, made, ben.username).status_code == 200
    assert keys_on(pool, names[0]) == KEYS
    id_ = ben.client.get("/api/currentuser").json()["id"]
    pool.admin.client.put(f"/api/admin/users/{id_}/status", json={"is_active": False}).raise_for_status()
    pool.crib.clock.advance(seconds=61)
    pool.turn()
    assert keys_on(pool, names[0]) == KEYS[:1]
    assert ann.client.get(f"/api/reservations/{made['id']}").json()["shared_with"] == []


def test_people_who_are_renamed_keep_what_they_have(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    made = pool.have(ann, names, public_keys=[KEYS[0]])
    assert share(ann, made, ben.username).status_code == 200
    new_ann, new_ben = renamed(pool, ann), renamed(pool, ben)
    seen = ben.client.get(f"/api/reservations/{made['id']}").json()
    assert (seen["holder"], seen["shared_with"]) == (new_ann, [new_ben])
    assert pool.state(names[0])["holder"] == new_ann
    passed = ann.client.post(f"/api/reservations/{made['id']}/transfer", json={"to": new_ben})
    assert passed.status_code == 200, passed.text
    assert keys_on(pool, names[0]) == [KEYS[1]], "the key that they had in the shared reservation"


def test_a_host_that_does_not_answer_costs_nobody_the_account_they_have(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    made = pool.have(ann, names, public_keys=[KEYS[0]])
    pool.hosts.break_(names[0], Problem.UNREACHABLE)
    assert share(ann, made, ben.username).status_code == 200
    pool.settle()
    route = f"/api/reservations/{made['id']}"
    assert ann.client.get(route).json()["machines"][0]["state"] == "preparing"
    pool.hosts.break_(names[0], None)
    pool.crib.clock.advance(seconds=30)
    pool.turn()
    assert keys_on(pool, names[0]) == KEYS
    assert ann.client.get(route).json()["state"] == "ready"


def test_places_in_the_queue_are_bounded(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    pool.have(ann, names)
    answers = [pool.ask(ben, names, wait=True) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [202] * 20 + [409]
    assert answers[-1].json()["code"] == "limit_reached"


def test_nobody_gets_more_than_one_person_may_have(tmp_path: Path, database_url: str) -> None:
    from tests.machines.pool import PoolCrib  # noqa: PLC0415 - loads the whole server
    from tests.servers.crib import Crib  # noqa: PLC0415

    crib = Crib.start(tmp_path / "data", database_url=database_url, machines_per_person=2)
    try:
        pool = PoolCrib(crib, tmp_path / "hosts")
        ann, ben, names = pool.person(), pool.person(), pool.machines(4)
        made = pool.have(ann, names, count=4, at_least=1)
        assert (made["count"], len(made["machines"])) == (2, 2)
        assert pool.ask(ann, names).json()["code"] == "limit_reached"
        # What one waits for counts, so that several places lead to no more either.
        pool.have(ben, names, count=2)
        ann.client.delete(f"/api/reservations/{made['id']}").raise_for_status()
        pool.settle()
        eve = pool.person()
        pool.have(eve, names, count=2)
        assert pool.ask(ann, names, count=2, wait=True).status_code == 202
        refused = pool.ask(ann, names, wait=True)
        assert (refused.status_code, refused.json()["code"]) == (409, "limit_reached")
    finally:
        crib.close()


def test_the_answer_to_an_endless_name_is_short(pool: PoolCrib) -> None:
    ann, names, name = pool.person(), pool.machines(), "n" * 9_000
    made = pool.have(ann, names)
    reservation = f"/api/reservations/{made['id']}"
    claim = f"/api/claims/{made['machines'][0]['fence']}"
    for status, answer in (
        (400, ann.client.post(f"{reservation}/share", json={"username": name, "public_keys": KEYS[:1]})),
        (404, ann.client.delete(f"{reservation}/share/{name}")),
        (400, ann.client.post(f"{reservation}/transfer", json={"to": name})),
        (400, ann.client.post(f"{claim}/transfer", json={"to": name})),
    ):
        assert (answer.status_code, len(answer.content) < 1_000) == (status, True), answer.text[:200]
    assert ann.client.delete(reservation).status_code == 200


@pytest.mark.parametrize("door", ["register", "change"])
def test_a_jump_host_is_reached_directly(pool: PoolCrib, door: str) -> None:
    (first,) = pool.machines()
    (second,) = pool.machines(jump=first)
    client = pool.admin.client
    if door == "register":
        body = {"name": f"{second}-behind", "host": "127.0.0.1", "port": 22, "user": "root", "password": "x"}
        refused = client.post("/api/machines", json={**body, "jump": second})
    else:
        (third,) = pool.machines()
        refused = client.patch(f"/api/pool/machines/{first}", json={"jump": third})
    assert (refused.status_code, refused.json()["code"]) == (400, "jumps_too_far")
    # Without it, its machines would be reached directly.
    removed = client.delete(f"/api/machines/{first}")
    assert (removed.status_code, removed.json()["code"]) == (409, "machine_in_use")
    assert second in removed.json()["message"]


def key_of(*numbers: bytes) -> str:
    """Return an RSA key of these numbers, as the line of a .pub file."""
    parts = [String("ssh-rsa"), *(String(number) for number in numbers)]
    return f"ssh-rsa {b64encode(b''.join(parts)).decode()}"


@pytest.mark.parametrize(
    "key",
    [
        "ssh-ed25519 AAAA",
        key_of(b"\1\0\1", b""),
        key_of(b"", b"\x7f" * 256),
        key_of(b"\1\0\1", b"\xff" * 256),  # below zero
    ],
)
def test_a_key_with_numbers_that_no_key_has_is_not_certified(pool: PoolCrib, key: str) -> None:
    ann = pool.person()
    made = pool.have(ann, pool.machines(), certificate=True)
    answer = ann.client.get(f"/api/reservations/{made['id']}/certificate", params={"public_key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), answer.text
    assert "key" in answer.json()["message"]
