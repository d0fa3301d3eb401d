"""Who is signed in is limited by person, whatever the address; an address counts before that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import ValidationError

from tests.servers.environment import PASSWORD

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]

pytestmark = pytest.mark.databases("sqlite")

HERE, ELSEWHERE = {"X-Forwarded-For": "203.0.113.1"}, {"X-Forwarded-For": "198.51.100.7"}


async def again(client: httpx.AsyncClient, headers: dict[str, str] | None = None) -> httpx.Response:
    """Give one's password again, which is limited; nothing comes of it, since the new address is none."""
    body = {"new_email": "no address", "current_password": PASSWORD}
    return await client.put("/api/users/me/email", json=body, headers=headers)


@pytest.mark.parametrize("trusted", ["127.0.0.1", "198.51.100.200"])
async def test_two_people_behind_one_address(app_server: Start, trusted: str) -> None:
    crib = await app_server(TRUSTED_PROXIES=trusted)
    ann, ben = await crib.user("ann"), await crib.user("ben")
    assert [(await again(ann, HERE)).status_code for _ in range(11)] == [400] * 10 + [429]
    assert (await again(ben, HERE)).status_code == 400
    assert (await again(ben)).status_code == 400
    refused = await again(ann, ELSEWHERE)  # another address is no second series of tries
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    body = refused.json()
    assert (body["code"], body["error"]) == ("rate_limited", body["message"])
    assert body["details"]["retry_after_seconds"] == int(refused.headers["Retry-After"])
    crib.clock.advance(minutes=1)
    assert (await again(ann, HERE)).status_code == 400


async def test_an_address_counts_before_signing_in(app_server: Start) -> None:
    crib = await app_server(login_rate="3/minute")
    ann = await crib.user("ann")

    async def sign_in(headers: dict[str, str]) -> int:
        body = {"username": "nobody", "password": "x"}
        return (await crib.client.post("/api/login", json=body, headers=headers)).status_code

    assert [await sign_in(HERE) for _ in range(4)] == [401, 401, 401, 429]
    assert await sign_in(ELSEWHERE) == 401
    # Who is signed in goes on at the address that has used up its tries.
    for _ in range(10):
        assert (await ann.get("/api/whoami", headers=HERE)).status_code == 200


async def test_an_address_behind_a_proxy_that_is_not_trusted_is_the_proxy_s(app_server: Start) -> None:
    crib = await app_server(login_rate="3/minute", TRUSTED_PROXIES="198.51.100.200")
    body = {"username": "nobody", "password": "x"}
    statuses = [
        (await crib.client.post("/api/login", json=body, headers=headers)).status_code
        for headers in (HERE, ELSEWHERE, HERE, ELSEWHERE)
    ]
    assert statuses == [401, 401, 401, 429]


async def test_what_one_does_to_desktops_is_counted_together(app_server: Start) -> None:
    crib = await app_server(DESKTOP_RATE="3/minute")
    ann, ben = await crib.user("ann"), await crib.user("ben")
    calls = [
        ("POST", "/api/connections/scaledown"),
        ("POST", "/api/connections/resume"),
        ("DELETE", "/api/desktops/none"),
    ]
    for method, path in calls:
        answer = await ann.request(method, path, json={"name": "none"} if method == "POST" else None)
        assert answer.status_code == 404, path
    more = [
        "connections/scaleup",
        "connections/permanent-delete",
        "connections/attach-pvc",
        "desktops/none/stop",
    ]
    for path in more:
        refused = await ann.post(f"/api/{path}", json={"name": "none"}, headers=HERE)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited"), path
        assert int(refused.headers["Retry-After"]) > 0
    assert (await ann.get("/api/connections/list")).status_code == 200
    assert (await ben.post("/api/connections/resume", json={"name": "none"}, headers=HERE)).status_code == 404
    crib.clock.advance(minutes=1)
    assert (await ann.post("/api/connections/resume", json={"name": "none"})).status_code == 404


@pytest.mark.parametrize("setting", ["DESKTOP_RATE", "LOGIN_RATE", "PARTS_WRONG_KEY_RATE"])
async def test_a_rate_that_cannot_be_read_fails_the_start(app_server: Start, setting: str) -> None:
    with pytest.raises((ValueError, ValidationError, RuntimeError)):
        await app_server(**{setting: "often"})
