"""Pages of other origins: CORS_ORIGINS without cookies, CORS_ALLOWED_ORIGINS and FRONTEND_URL with them below /api."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from tests.servers.environment import PASSWORD, settings

if TYPE_CHECKING:
    import httpx

    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]

pytestmark = pytest.mark.databases("sqlite")

DESK = "https://desk.example.com"
OTHER = "https://other.example.com"
ALLOW, COOKIES = "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"


async def preflight(crib: AppServer, origin: str, path: str = "/api/users/list") -> httpx.Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return await crib.client.options(path, headers=asked)


def allowed(answer: httpx.Response) -> tuple[str | None, str | None]:
    return answer.headers.get(ALLOW), answer.headers.get(COOKIES)


async def test_listed_front_ends_call_with_cookies_below_the_api_alone(app_server: Start) -> None:
    crib = await app_server(
        CORS_ALLOWED_ORIGINS=f"{DESK}/, {OTHER}:443", FRONTEND_URL="http://localhost:5001"
    )
    for origin in (DESK, OTHER, "http://localhost:5001"):
        answer = await preflight(crib, origin)
        assert (answer.status_code, *allowed(answer)) == (200, origin, "true")
        called = await crib.client.get("/api/users/list", headers={"Origin": origin})
        assert (called.status_code, *allowed(called)) == (401, origin, "true")
        assert "Origin" in called.headers["Vary"]
        for path in ("/health", "/metrics", "/apix", "/api-docs"):
            assert allowed(await crib.client.get(path, headers={"Origin": origin})) == (None, None), path
    for origin in ("https://evil.example", "null", f"{DESK}.evil.example", "http://desk.example.com", "*"):
        assert allowed(await preflight(crib, origin)) == (None, None), origin
        called = await crib.client.get("/api/users/list", headers={"Origin": origin})
        assert allowed(called) == (None, None), origin


async def test_the_two_lists_stand_side_by_side(app_server: Start) -> None:
    crib = await app_server(CORS_ORIGINS="*", CORS_ALLOWED_ORIGINS=DESK)
    assert allowed(await preflight(crib, DESK)) == (DESK, "true")
    assert allowed(await crib.client.get("/api/health", headers={"Origin": DESK})) == (DESK, "true")
    assert allowed(await crib.client.get("/health", headers={"Origin": DESK})) == ("*", None)
    assert allowed(await preflight(crib, OTHER)) == ("*", None)
    none = await app_server()
    assert allowed(await preflight(none, DESK)) == (None, None)


async def test_a_listed_front_end_writes_with_the_cookie(app_server: Start) -> None:
    crib = await app_server(CORS_ALLOWED_ORIGINS=DESK, BASE_PATH="/crib")
    await crib.user("ann")
    for origin, status in ((DESK, 200), (OTHER, 403)):
        signed = await crib.client.post(
            "/api/session", json={"username": "ann", "password": PASSWORD}, headers={"Origin": origin}
        )
        assert signed.status_code == status
        assert allowed(signed) == ((DESK, "true") if status == 200 else (None, None))
        if status == 200:
            cookie = {"Cookie": f"access_token={signed.cookies['access_token']}"}
            crib.client.cookies.clear()
    for origin, status in ((DESK, 201), (OTHER, 403)):
        made = await crib.client.post(
            "/api/users/me/keys", json={"name": "k"}, headers={"Origin": origin, **cookie}
        )
        assert made.status_code == status


@pytest.mark.parametrize(
    "value", ["*", f"{DESK},*", "https://*.example.com", "desk.example.com", "null", "ftp://desk.example.com"]
)
def test_what_is_no_origin_is_refused_at_the_start(value: str) -> None:
    with pytest.raises(ValidationError, match="write addresses like"):
        settings(CORS_ALLOWED_ORIGINS=value)


@pytest.mark.parametrize(
    "value", ["*", "desk.example.com", "javascript:alert(1)", "https://", "http://a:b@c"]
)
def test_a_front_end_has_an_address(value: str) -> None:
    with pytest.raises(ValidationError, match="write addresses like"):
        settings(FRONTEND_URL=value)
