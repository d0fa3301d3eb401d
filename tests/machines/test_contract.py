"""The machine-pool contract as its clients see it: sections 1 to 6 and 10."""

from __future__ import annotations

import re
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from asyncssh.packet import MPInt, String, UInt32

from tests.servers.environment import PASSWORD
from toolcrib.machines.hosts.driver import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.machines.pool import PoolCrib

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
MACHINE = {"name": "box", "host": "10.0.0.11", "port": 22, "user": "root", "password": "secret"}


@pytest.fixture(autouse=True)
def empty(pool: PoolCrib) -> Iterator[None]:
    """`GET /reserve` chooses from all machines, so each test begins and ends with none."""
    _clear(pool)
    yield
    _clear(pool)


def _clear(pool: PoolCrib) -> None:
    # What other tests have booked or wait for would be theirs as the time goes on.
    later: dict[str, Any] = {"mine": False, "state": ["waiting", "booked"]}
    for one in pool.admin.client.get("/api/pool/reservations", params=later).json()["reservations"]:
        cancelled = pool.admin.client.delete(f"/api/reservations/{one['id']}", params={"reason": "tidying"})
        assert cancelled.status_code == 200, cancelled.text
    pool.admin.client.get("/api/release_all")
    pool.settle()
    for machine in pool.admin.client.get("/api/pool/machines").json()["machines"]:
        if machine["jump"]:
            changed = pool.admin.client.patch(f"/api/pool/machines/{machine['name']}", json={"jump": None})
            assert changed.status_code == 200, changed.text
    for machine in pool.admin.client.get("/api/machines").json():
        name = machine["name"]
        if (broken := pool.hosts.folder / name / "broken").exists():
            broken.unlink()
        pool.crib.clock.advance(hours=2)
        pool.turn()
        gone = pool.admin.client.delete(f"/api/machines/{name}")
        assert gone.status_code == 200, gone.text


def test_the_register_script_and_the_web_pages_find_what_they_read(pool: PoolCrib) -> None:
    client = pool.crib.client()
    assert client.get("/healthz").json() == {"status": "ok"}
    signed = client.post("/api/login", json={"username": "admin", "password": PASSWORD})
    assert (signed.status_code, signed.json()["token_type"].lower()) == (200, "bearer")
    token = {"Authorization": f"Bearer {signed.json()['access_token']}"}
    assert client.get("/api/whoami", headers=token).json() == {"user": "admin", "roles": ["admin"]}
    added = client.post("/api/machines", json={**MACHINE, "name": " box ", "port": "2222"}, headers=token)
    shown = {
        "name": "box",
        "host": "10.0.0.11",
        "port": 2222,
        "user": "root",
        "reserved": False,
        "reserved_by": None,
        "reserved_until": None,
    }
    assert (added.status_code, added.json()) == (201, shown)
    assert client.get("/api/machines", headers=token).json() == [shown]
    again = client.post("/api/machines", json=MACHINE, headers=token)
    assert (again.status_code, again.json()["error"]) == (409, "conflict")
    assert again.json()["message"] == "Machine with this name already exists"
    gone = client.delete("/api/machines/box", headers=token)
    assert (gone.status_code, gone.json()) == (200, {"message": "deleted"})
    missing = client.delete("/api/machines/box", headers=token)
    assert (missing.status_code, missing.json()["error"]) == (404, "not_found")
    assert missing.json()["message"] == "Machine not found"


@pytest.mark.every_database
def test_reserving_answers_once_the_accounts_are_there(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines(3, tag="m")
    query: dict[str, Any] = {"username": "carol", "reservation_password": "-pw1", "count": 2, "duration": 30}
    answer = ann.client.get("/api/reserve", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert TIME.fullmatch(body["reserved_until"])
    held = [each["machine"] for each in body["machines"]]
    assert all("carol" in pool.hosts.accounts(name) for name in held)
    assert {key: body[key] for key in ("username", "reservation_password", "duration_minutes")} == {
        "username": "carol",
        "reservation_password": "-pw1",
        "duration_minutes": 30,
    }
    assert set(body["machines"][0]) == {"machine", "host", "port"}
    (free,) = set(names) - set(held)
    assert ann.client.get("/api/available").json() == {"available": [free], "reserved": sorted(held)}
    listed = ann.client.get("/api/reservations").json()["reservations"]
    assert {each["machine"] for each in listed} == set(held)
    first: dict[str, Any] = listed[0]
    assert (first["username"], first["reserved_until"]) == ("carol", body["reserved_until"])
    assert 0 < first["seconds_remaining"] <= 1800
    (shown,) = [each for each in ann.client.get("/api/machines").json() if each["name"] == held[0]]
    assert (shown["reserved"], shown["reserved_by"]) == (True, "carol")
    refused = pool.admin.client.delete(f"/api/machines/{held[0]}")
    assert (refused.status_code, refused.json()["error"]) == (400, "bad_request")
    assert refused.json()["message"] == "Machine is currently reserved; release first"
    too_many = ann.client.get("/api/reserve", params={**query, "count": 2})
    assert (too_many.status_code, too_many.json()["error"]) == (400, "Only 1 machines available")
    released = pool.admin.client.get("/api/release_all")
    assert (released.status_code, released.json()) == (200, {"message": "All machines released"})
    pool.settle()
    assert [pool.hosts.accounts(name) for name in names] == [{}] * 3
    assert pool.admin.client.get("/api/release_all").json() == {"message": "No machines to release."}


def test_a_failure_leaves_nothing_reserved(pool: PoolCrib) -> None:
    names = pool.machines(2, tag="m")
    pool.hosts.break_(names[1], Problem.REFUSED)
    failed = pool.person().client.get("/api/reserve", params={"count": 2, "username": "carol"})
    assert (failed.status_code, failed.json()["error"]) == (500, "Failed to create user")
    assert names[1] in failed.json()["ansible_error"]
    pool.settle()
    assert pool.hosts.accounts(names[0]) == {}
    assert pool.admin.client.get("/api/reservations").json() == {"reservations": []}


@pytest.mark.parametrize(
    "query",
    [
        {"count": 0},
        {"count": -1},
        {"count": "many"},
        {"count": 10**30},
        {"duration": 0},
        {"duration": 10**9},
        {"duration": "1.5"},
        {"username": "root"},
        {"username": "daemon"},
        {"username": "a b"},
        {"username": "$(reboot)"},
        {"username": "{{ 7*7 }}"},
        {"username": "a" * 33},
        {"reservation_password": "a\nb"},
        {"reservation_password": "x" * 129},
    ],
)
def test_bad_values_are_refused_with_a_text(pool: PoolCrib, query: dict[str, Any]) -> None:
    pool.machines(1, tag="m")
    answer = pool.person().client.get("/api/reserve", params={"username": "carol", **query})
    assert answer.status_code == 400
    assert " " in answer.json()["error"]
    assert pool.admin.client.get("/api/available").json()["reserved"] == []


def test_without_a_password_one_is_made(pool: PoolCrib) -> None:
    pool.machines(1, tag="m")
    body = pool.person().client.post("/api/reserve", json={"username": "carol"}).json()
    assert len(body["reservation_password"]) >= 16
    assert body["duration_minutes"] == 60


def test_what_changes_something_by_get_takes_a_token_alone(pool: PoolCrib) -> None:
    pool.machines(1, tag="m")
    by_cookie = pool.crib.person()
    for route in ("/api/reserve", "/api/release_all"):
        refused = by_cookie.client.get(route)
        assert (refused.status_code, refused.json()["error"]) == (401, "unauthorized")
        assert refused.json()["message"] == "Missing Bearer token"
        assert pool.crib.client().get(route).status_code == 401
        assert pool.admin.client.head(route).status_code == 405
    refused = pool.person().client.get("/api/release_all")
    assert (refused.status_code, refused.json()["message"]) == (403, "Missing required role: admin")
    assert pool.admin.client.get("/api/available").json()["reserved"] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "", "host": None, "port": 0}, "Missing fields: name, host, port"),
        ({"password": ""}, "Missing fields: password"),
        ({"name": "a/b"}, None),
        ({"name": "a b"}, None),
        ({"name": "a\nb"}, None),
        ({"host": "a;b"}, None),
        ({"host": "{{ x }}"}, None),
        ({"host": "999.1.1.1"}, None),
        ({"host": "127.1"}, None),
        ({"host": "box.0x7f"}, None),
        ({"port": "ssh"}, None),
        ({"port": 70000}, None),
        ({"port": True}, None),
        ({"user": "$(id)"}, None),
    ],
)
def test_a_machine_that_could_not_be_one_is_refused(
    pool: PoolCrib, change: dict[str, Any], message: str | None
) -> None:
    answer = pool.admin.client.post("/api/machines", json={**MACHINE, **change})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert message is None or answer.json()["message"] == message


def test_ordinary_users_are_refused_before_their_body_is_read(pool: PoolCrib) -> None:
    ann = pool.person()
    for method, route in (("POST", "/api/machines"), ("DELETE", "/api/machines/x"), ("GET", "/api/users")):
        refused = ann.client.request(method, route, content=b"[]" if method == "POST" else None)
        assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
        assert refused.json()["message"] == "Missing required role: admin"
    for route in ("/api/machines", "/api/available", "/api/reservations"):
        refused = pool.crib.client().get(route)
        assert (refused.status_code, refused.json()["message"]) == (401, "Missing Bearer token")
    body = pool.admin.client.post(
        "/api/machines", content=b"[1]", headers={"Content-Type": "application/json"}
    )
    assert (body.status_code, body.json()["error"]) == (400, "invalid_request")


def test_an_account_that_ends_gives_its_machines_back(pool: PoolCrib) -> None:
    (name,) = pool.machines(1, tag="m")
    ann = pool.person()
    assert ann.client.get("/api/reserve", params={"username": "carol"}).status_code == 200
    assert pool.admin.client.delete(f"/api/users/{ann.username}").status_code == 200
    pool.settle()
    assert pool.hosts.accounts(name) == {}


@pytest.mark.every_database
def test_no_machine_is_given_to_two_of_fifty_at_once(pool: PoolCrib) -> None:
    names = pool.machines(10, tag="m")
    people = [pool.person() for _ in range(5)]

    def reserve(number: int) -> httpx.Response:
        return people[number % 5].client.get("/api/reserve", params={"username": f"user{number}"})

    with ThreadPoolExecutor(25) as threads:
        answers = list(threads.map(reserve, range(50)))
    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert sorted(each["machines"][0]["machine"] for each in won) == sorted(names)
    lost = [answer for answer in answers if answer.status_code != 200]
    assert {(answer.status_code, answer.json()["error"]) for answer in lost} == {
        (400, "Only 0 machines available")
    }
    for each in won:
        assert list(pool.hosts.accounts(each["machines"][0]["machine"])) == [each["username"]]


def test_a_password_under_the_minimum_is_refused_in_words(pool: PoolCrib) -> None:
    answer = pool.admin.client.post("/api/users", json={"username": "new-one", "password": "seven77"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["message"] == "A password has 8 to 256 characters."


KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"


def impossible_key() -> str:
    """Return an OpenSSH key that is written as it should be, of a number that no key has."""
    point = String("nistp256") + String(b"\4" + bytes(64))
    public = String("ecdsa-sha2-nistp256") + point
    check, number, comment = UInt32(1) * 2, MPInt(0), String("")
    private = check + public + number + comment
    private += bytes(range(1, 1 + -len(private) % 8))
    unencrypted = String("none") + String("none") + String("")
    key = b"openssh-key-v1\0" + unencrypted + UInt32(1) + String(public) + String(private)
    return KEY.replace("b3BlbnNzaC1rZXktdjEAAAAA", b64encode(key).decode())


@pytest.mark.parametrize(
    "secret",
    [
        {"password": "two\nlines"},
        {"password": "one\r"},
        {"private_key": "no key"},
        {"private_key": KEY},
        {"private_key": impossible_key()},
    ],
)
def test_a_secret_that_can_open_no_machine_is_refused_at_once(pool: PoolCrib, secret: dict[str, str]) -> None:
    client = pool.admin.client
    refused = client.post("/api/machines", json={**MACHINE, **secret})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request"), refused.text
    assert client.post("/api/machines", json=MACHINE).status_code == 201
    changed = client.patch("/api/pool/machines/box", json=secret)
    assert (changed.status_code, changed.json()["code"]) == (400, "invalid_request"), changed.text


def test_a_machine_on_which_nothing_was_tried_is_not_cleaned(pool: PoolCrib) -> None:
    assert pool.admin.client.post("/api/machines", json=MACHINE).status_code == 201
    pool.hosts.break_("box", Problem.INVALID)
    refused = pool.person().client.get("/api/reserve", params={"username": "zed"})
    assert (refused.status_code, refused.json()["error"]) == (500, "Failed to create user")
    assert pool.state("box")["state"] == "free"
