"""Sign-in, groups and sign-out with a certified OpenID provider. What it cannot be made to do wrong, the small one of
`provider.py` does (`test_oidc.py`, `test_oidc_sign_out.py`)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.clock import FakeClock
from tests.identity.conftest import StartApp, bearer, whoami
from tests.identity.test_oidc import come_back, depart
from tests.servers.inprocess import AppServer
from tests.servers.oidc_provider import (
    Browser,
    CertifiedProvider,
    Registered,
    brought,
    certified_provider,
)

GROUPS = {
    "OIDC_GROUPS_CLAIM": "realm_access.roles",
    "OIDC_GROUP_ROLES": json.dumps({"crib-admins": "admin", "artists": "project:Engine:member"}),
}


@pytest.fixture(scope="module")
def idp() -> Iterator[CertifiedProvider]:
    with certified_provider() as one:
        yield one


@pytest.fixture(scope="module")
def client(idp: CertifiedProvider) -> Registered:
    return idp.register()


@pytest.fixture
async def sso(app_server: StartApp, client: Registered) -> AppServer:
    server = await app_server(**client.settings, **GROUPS)
    client.move_to(server.url)
    return server


@pytest.fixture
async def browser(idp: CertifiedProvider) -> AsyncIterator[Browser]:
    one = idp.browser()
    yield one
    await one.close()


async def sign_in(server: AppServer, browser: Browser, person: str) -> httpx.Response:
    return await come_back(server, brought(await browser.sign_in(await depart(server), person)))


async def test_a_person_signs_in_and_is_described(
    sso: AppServer, idp: CertifiedProvider, browser: Browser
) -> None:
    idp.tell_of(
        ida={
            "email": "ida@example.com",
            "email_verified": True,
            "name": "Ida Lund",
            "organization": "Acme",
            "locale": "nb",
        }
    )
    answer = await sign_in(sso, browser, "ida")
    assert answer.status_code == 200, answer.text
    user = answer.json()["user"]
    assert (user["username"], user["email"], user["is_admin"]) == ("ida", "ida@example.com", False)
    shown = (await (await sso.admin()).get("/api/users/ida")).json()["user"]
    assert (shown["name"], shown["organization"], shown["locale"]) == ("Ida Lund", "Acme", "nb")
    assert (shown["sub"], shown["email_verified"]) == ("ida", True)
    again = await sign_in(sso, browser, "ida")  # she is signed in there still
    assert again.json()["user"] == user


async def test_a_browser_signs_in_and_out_here_and_there(
    sso: AppServer, idp: CertifiedProvider, browser: Browser
) -> None:
    left = await browser.http.get(f"{sso.url}/api/auth/oidc/login", params={"redirect": 1})
    back = await browser.http.get(await browser.sign_in(left.headers["location"], "ole"))
    assert back.headers["location"] == "/"
    assert (await browser.http.get(f"{sso.url}/api/whoami")).json()["user"] == "ole"
    url = (await browser.http.post(f"{sso.url}/api/auth/logout")).json()["redirect_url"]
    assert url.startswith(f"{idp.url}/session/end?")
    assert await browser.sign_out(url) == f"{sso.url}/login"
    assert (await browser.http.get(f"{sso.url}/api/whoami")).status_code == 401
    # There she is signed out, too: the provider asks who she is.
    page = await browser.http.get(await depart(sso), follow_redirects=True)
    assert "password" in page.text


async def test_signing_out_there_ends_the_sessions_here(
    sso: AppServer, idp: CertifiedProvider, browser: Browser
) -> None:
    token = (await sign_in(sso, browser, "eva")).json()["token"]
    elsewhere = idp.browser()
    other = (await sign_in(sso, elsewhere, "eva")).json()["token"]
    assert await browser.sign_out(f"{idp.url}/session/end") is None
    assert (await whoami(sso, Authorization=f"Bearer {token}")).status_code == 401
    assert (await sso.client.post("/api/auth/refresh", headers=bearer(token))).status_code == 401
    # Her other session at the provider, and here, goes on.
    assert (await whoami(sso, Authorization=f"Bearer {other}")).status_code == 200
    await elsewhere.close()


async def test_groups_give_and_take_roles(sso: AppServer, idp: CertifiedProvider, browser: Browser) -> None:
    admin = await sso.admin()
    assert (await admin.post("/api/projects", json={"name": "Engine"})).status_code == 201
    idp.tell_of(pia={"realm_access": {"roles": ["crib-admins", "artists"]}})
    assert (await sign_in(sso, browser, "pia")).json()["user"]["is_admin"] is True
    members = (await admin.get("/api/projects/Engine/members")).json()
    assert {"pia": "member"}.items() <= {each["username"]: each["role"] for each in members}.items()
    idp.tell_of(pia={"realm_access": {"roles": []}})
    assert (await sign_in(sso, browser, "pia")).json()["user"]["is_admin"] is False
    members = (await admin.get("/api/projects/Engine/members")).json()
    assert "pia" not in {each["username"] for each in members}


async def test_a_code_is_good_once(sso: AppServer, browser: Browser) -> None:
    first = brought(await browser.sign_in(await depart(sso), "mia"))
    assert (await come_back(sso, first)).status_code == 200
    again = await come_back(sso, first)
    assert (again.status_code, again.json()["message"]) == (400, "Invalid or expired state")
    second = brought(await browser.sign_in(await depart(sso), "mia"))
    replayed = await come_back(sso, {"code": first["code"], "state": second["state"]})
    assert (replayed.status_code, replayed.json()["message"]) == (400, "Token exchange failed")


async def test_a_code_needs_the_verifier_of_its_sign_in(sso: AppServer, browser: Browser) -> None:
    one = brought(await browser.sign_in(await depart(sso), "mia"))
    other = brought(await browser.sign_in(await depart(sso), "mia"))
    mixed = await come_back(sso, {"code": one["code"], "state": other["state"]})
    assert (mixed.status_code, mixed.json()["message"]) == (400, "Token exchange failed")


async def test_a_code_of_another_client_is_refused(
    app_server: StartApp, sso: AppServer, idp: CertifiedProvider, browser: Browser
) -> None:
    another = idp.register()
    server = await app_server(**another.settings)
    another.move_to(server.url)
    theirs = brought(await browser.sign_in(await depart(server), "mia"))
    ours = brought(await browser.sign_in(await depart(sso), "mia"))
    answer = await come_back(sso, {"code": theirs["code"], "state": ours["state"]})
    assert (answer.status_code, answer.json()["message"]) == (400, "Token exchange failed")


async def test_an_expired_id_token_is_refused(sso: AppServer, browser: Browser, clock: FakeClock) -> None:
    back = brought(await browser.sign_in(await depart(sso), "mia"))
    clock.advance(minutes=3)  # the ID token lasts for one
    late = await come_back(sso, back)
    assert (late.status_code, late.json()["code"]) == (400, "invalid_id_token")
