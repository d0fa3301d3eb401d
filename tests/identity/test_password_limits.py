"""Passwords under attack: who is limited by whose tries, and who is not."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.identity.conftest import StartApp, whoami
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.inprocess import AppServer
from tests.servers.toolcrib import ToolcribServer

HERE, ELSEWHERE = "203.0.113.1", "198.51.100.7"
# One more than the wrong passwords that cost nothing.
ENOUGH = 10


def basic(username: str, password: str, gap: str = " ") -> str:
    return f"Basic{gap}{base64.b64encode(f'{username}:{password}'.encode()).decode()}"


async def log_in(
    server: AppServer, username: str, password: str = PASSWORD, address: str = HERE
) -> httpx.Response:
    return await server.client.post(
        "/api/login",
        json={"username": username, "password": password},
        headers={"X-Forwarded-For": address},
    )


async def show(server: AppServer, username: str, password: str = PASSWORD, address: str = HERE) -> Any:
    return await whoami(server, Authorization=basic(username, password), X_Forwarded_For=address)


async def guess(
    server: AppServer, username: str, count: int, address: str = HERE, word: str = "guess"
) -> list[int]:
    """The statuses of so many wrong passwords, all different."""
    answers = [await log_in(server, username, f"{word} {number}", address) for number in range(count)]
    return [answer.status_code for answer in answers]


@pytest.fixture
def hashed(lite: AppServer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed, in order."""
    return watch(lite, monkeypatch)


def watch(server: AppServer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    passwords, seen = server.kernel.auth.passwords, []
    verify = passwords.verify

    async def watched(stored: str | None, password: str, *queue: Any) -> Any:
        seen.append(password)
        return await verify(stored, password, *queue)

    monkeypatch.setattr(passwords, "verify", watched)
    return seen


# Routes that ask for the current password


async def confirm(client: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    """Give one's password again, where nothing comes of it: the new address is none."""
    body = {"new_email": "no address", "current_password": password}
    return await client.put("/api/users/me/email", json=body)


async def test_repeating_ones_own_password_keeps_nobody_from_signing_in(lite: AppServer) -> None:
    ann = await lite.user("ann")
    flood = [asyncio.create_task(confirm(ann)) for _ in range(100)]
    await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
    sign_ins = await asyncio.gather(*(log_in(lite, ADMIN) for _ in range(5)))
    assert [answer.status_code for answer in sign_ins] == [200] * 5
    statuses = [answer.status_code for answer in await asyncio.gather(*flood)]
    assert statuses.count(400) == 10  # the password was right, the address none; each counted
    assert statuses.count(429) == 90


async def test_people_who_change_something_do_not_keep_others_from_signing_in(lite: AppServer) -> None:
    """Their passwords wait in a queue of their own, so the sign-in is answered long before the last of them."""
    people = [await lite.user(f"p{number}") for number in range(4)]
    changes = [asyncio.create_task(confirm(each)) for each in people for _ in range(6)]
    await asyncio.wait(changes, return_when=asyncio.FIRST_COMPLETED)
    assert (await log_in(lite, ADMIN)).status_code == 200
    assert sum(not change.done() for change in changes) > len(changes) / 2
    assert {answer.status_code for answer in await asyncio.gather(*changes)} == {400}


async def test_one_password_of_a_person_is_hashed_at_a_time(
    lite: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = lite.kernel.auth.passwords
    verify, under_way, most = passwords.verify, 0, 0

    async def watched(*arguments: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await verify(*arguments)
        finally:
            under_way -= 1

    monkeypatch.setattr(passwords, "verify", watched)
    ann = await lite.user("ann")
    await asyncio.gather(*(confirm(ann) for _ in range(4)))
    assert most == 1
    await asyncio.gather(*(guess(lite, "ann", 1, HERE) for _ in range(3)))
    assert most == 1
    await asyncio.gather(*(log_in(lite, "ann", address=address) for address in (HERE, ELSEWHERE)))
    assert most == 2  # a stranger's tries elsewhere do not come before the owner's


# Wrong passwords, by account and address together


async def test_wrong_passwords_wait_longer_and_longer(lite: AppServer) -> None:
    await lite.user("ann")
    assert await guess(lite, "ann", ENOUGH) == [401] * ENOUGH
    waits = []
    for number in range(7):
        refused = await log_in(lite, "ann")  # the right one waits as well
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        waits.append(int(refused.headers["Retry-After"]))
        lite.clock.advance(seconds=waits[-1] - 1)
        assert (await log_in(lite, "ann")).status_code == 429
        lite.clock.advance(seconds=1)
        assert (await log_in(lite, "ann", f"another guess {number}")).status_code == 401
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    lite.clock.advance(days=-1)  # the machine's clock was wrong: nobody waits until it has caught up
    assert (await log_in(lite, "ann")).status_code == 200


async def test_the_owner_at_another_address_never_waits_for_a_stranger(lite: AppServer) -> None:
    await lite.user("ann")
    await lite.user("ben")
    await guess(lite, "ann", ENOUGH)
    assert (await log_in(lite, "ann")).status_code == 429
    assert (await show(lite, "ann")).status_code == 429
    assert (await log_in(lite, "ann", address=ELSEWHERE)).status_code == 200
    assert (await show(lite, "ann", address=ELSEWHERE)).status_code == 200
    # Nor do others behind the address the guesses came from.
    assert (await log_in(lite, "ben")).status_code == 200
    # The response does not reveal whether there is such an account.
    await guess(lite, "nobody", ENOUGH)
    assert (await log_in(lite, "nobody")).status_code == 429


async def test_wrong_passwords_of_all_routes_count_together(lite: AppServer) -> None:
    ann = await lite.user("ann")
    local = "127.0.0.1"
    for number in range(3):
        assert (await confirm(ann, f"wrong {number}")).status_code == 401
        assert (await show(lite, "ann", f"no {number}", local)).status_code == 401
    await guess(lite, "ann", ENOUGH - 6, local)
    assert (await log_in(lite, "ann", address=local)).status_code == 429
    assert (await confirm(ann)).status_code == 429
    assert (await ann.get("/api/currentuser")).status_code == 200  # who is signed in stays so


async def test_a_right_password_ends_the_count(lite: AppServer) -> None:
    await lite.user("ann")
    for word in ("one", "another"):
        await guess(lite, "ann", ENOUGH - 1, word=word)
        assert (await log_in(lite, "ann")).status_code == 200


# A program that repeats a password that is no longer right


async def test_a_program_that_repeats_a_dead_password_stops_nobody(
    app_server: StartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await app_server(login_rate="3/minute")
    await server.user("ann")
    hashed = watch(server, monkeypatch)
    volley = await asyncio.gather(*(show(server, "ann", "dead") for _ in range(20)))
    later = [await show(server, "ann", "dead") for _ in range(20)]
    assert {answer.status_code for answer in (*volley, *later)} == {401}
    assert {answer.json()["msg"] for answer in later} == {"Wrong username or password."}
    assert hashed == ["dead"]
    # It counted once, and others behind its address sign in as if it were not there.
    await server.user("ben")
    assert (await show(server, "ben")).status_code == 200
    assert (await show(server, "ann")).status_code == 200
    assert [(await show(server, "ben", f"guess {n}")).status_code for n in range(3)] == [401, 401, 429]
    assert (await show(server, "ann", "dead")).status_code == 401


async def test_a_dead_password_is_dead_only_for_what_it_was_tried_on(
    lite: AppServer, hashed: list[str]
) -> None:
    ann = await lite.user("ann")
    ident = (await ann.get("/api/currentuser")).json()["id"]
    admin = await lite.admin()
    new = "what the helper sends"
    assert (await show(lite, "ann", new)).status_code == 401
    assert (await show(lite, "cem", new)).status_code == 401
    assert (await show(lite, "ann", new, ELSEWHERE)).status_code == 401
    assert len(hashed) == 3
    await admin.put(f"/api/admin/users/{ident}/password", json={"new_password": new})
    person = {"username": "cem", "password": new, "email": "cem@example.com"}
    assert (await admin.post("/api/admin/users", json=person)).status_code == 201
    for name in ("ann", "cem"):
        assert (await show(lite, name, new)).status_code == 200
        assert (await log_in(lite, name, new)).status_code == 200
    for is_active, wanted in ((False, 401), (True, 200)):
        await admin.put(f"/api/admin/users/{ident}/status", json={"is_active": is_active})
        answers = [await show(lite, "ann", new) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [wanted] * 3
    assert (await log_in(lite, "ann", new)).status_code == 200


async def test_a_right_password_is_hashed_once_however_it_is_written(
    lite: AppServer, hashed: list[str]
) -> None:
    await lite.user("ann")
    for gap in (" ", "  ", "   "):
        value = basic("ann", PASSWORD, gap)
        for written in (value, value.replace("Basic", "bASIC"), value.replace("Basic", "basic")):
            assert (await whoami(lite, Authorization=written)).json()["user"] == "ann"
    assert hashed == [PASSWORD]


# The commonest passwords


@pytest.mark.parametrize("password", ["password1", "Qwertyuiop"])
async def test_nobody_gets_one_of_the_commonest_passwords(lite: AppServer, password: str) -> None:
    ann, admin = await lite.user("ann"), await lite.admin()
    ident = (await ann.get("/api/currentuser")).json()["id"]
    body = {"current_password": PASSWORD, "new_password": password}
    answers = [
        await admin.post("/api/admin/users", json={"username": "z", "password": password, "email": "z@z.de"}),
        await admin.post("/api/users", json={"username": "z", "password": password}),
        await admin.put(f"/api/admin/users/{ident}/password", json={"new_password": password}),
        await ann.put("/api/users/me/password", json=body),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert "most common" in answer.json()["message"]
        assert password not in answer.text


def test_a_common_password_in_the_settings_works_and_is_warned_of(
    server: Callable[..., ToolcribServer],
) -> None:
    started = server(new=True, INITIAL_ADMIN_PASSWORD="Password1")
    body = {"username": ADMIN, "password": "Password1"}
    assert started.client.post("/api/login", json=body).status_code == 200
    (warning,) = [line for line in started.output().splitlines() if "setting=INITIAL_ADMIN_PASSWORD" in line]
    assert "common_password" in warning
    assert "Password1" not in warning
