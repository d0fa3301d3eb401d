"""Signing in through an OpenID provider (desktops contract, section 8)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.clock import FakeClock
from tests.identity.conftest import StartApp, bearer
from tests.identity.provider import Provider, provider
from tests.servers.environment import ADMIN
from tests.servers.inprocess import AppServer


@pytest.fixture
def idp() -> Iterator[Provider]:
    with provider() as one:
        yield one


@pytest.fixture
async def sso(app_server: StartApp, database_url: str, idp: Provider) -> AppServer:
    return await app_server(database_url=database_url, **idp.settings)


@pytest.fixture
async def sso_lite(app_server: StartApp, idp: Provider) -> AppServer:
    return await app_server(**idp.settings)


async def depart(server: AppServer) -> str:
    answer = await server.client.get("/api/auth/oidc/login")
    assert answer.status_code == 200
    return str(answer.json()["authorization_url"])


async def come_back(server: AppServer, brought: dict[str, str]) -> httpx.Response:
    return await server.client.post("/api/auth/oidc/callback", json=brought)


async def sign_in(server: AppServer, idp: Provider) -> httpx.Response:
    return await come_back(server, idp.sign_in(await depart(server)))


async def test_the_page_is_told_where_the_button_leads(sso_lite: AppServer) -> None:
    answer = (await sso_lite.client.get("/api/auth/providers")).json()
    (button,) = answer["oidc"]
    assert button == {
        "name": "oidc",
        "label": "Single sign-on",
        "login_url": "/api/auth/oidc/login?redirect=1",
    }


async def test_whoever_the_provider_vouches_for_gets_an_account_and_a_token(
    sso: AppServer, idp: Provider
) -> None:
    idp.person |= {"is_admin": True, "roles": ["admin"], "groups": ["admin"]}
    answer = await sign_in(sso, idp)
    assert answer.status_code == 200
    body = answer.json()
    assert body["user"] == {
        "id": body["user"]["id"],
        "username": "zoe",
        "email": "zoe@example.com",
        "is_admin": False,
    }
    me = (await sso.client.get("/api/currentuser", headers=bearer(body["token"]))).json()
    assert (me["id"], me["username"]) == (body["user"]["id"], "zoe")
    again = await sign_in(sso, idp)
    assert again.json()["user"] == body["user"]
    # There is no password to guess.
    assert (await sso.client.post("/api/login", json={"username": "zoe", "password": ""})).status_code == 400
    assert (await sso.client.post("/api/login", json={"username": "zoe", "password": "x"})).status_code == 401


async def test_the_way_there_gives_nothing_away(sso_lite: AppServer) -> None:
    first, second = await depart(sso_lite), await depart(sso_lite)
    for name in ("state", "nonce", "code_challenge"):
        one, other = (parse_qs(urlsplit(url).query)[name][0] for url in (first, second))
        assert one != other
        assert len(one) >= 43
    query = parse_qs(urlsplit(first).query)
    assert query["redirect_uri"] == [f"{sso_lite.url}/api/auth/oidc/callback"]
    assert "secret" not in first


@pytest.mark.parametrize("methods", [["client_secret_basic"], ["client_secret_post"]])
async def test_the_client_shows_its_secret_as_the_provider_likes(
    sso_lite: AppServer, idp: Provider, methods: list[str]
) -> None:
    idp.methods = methods
    assert (await sign_in(sso_lite, idp)).status_code == 200
    form = idp.seen[-1][1]
    assert len(form["code_verifier"]) >= 86
    assert ("client_secret" in form) == (methods == ["client_secret_post"])


async def test_an_account_is_found_by_subject_and_never_by_address(sso: AppServer, idp: Provider) -> None:
    ann = await sso.user("ann")
    idp.person = {"sub": "stranger", "preferred_username": "ann", "email": "ANN@example.com"}
    made = (await sign_in(sso, idp)).json()["user"]
    assert (made["username"], made["email"]) == ("ann-2", "")
    assert made["id"] != (await ann.get("/api/currentuser")).json()["id"]
    idp.person = {"sub": "other", "preferred_username": ADMIN, "email": "not an address"}
    assert (await sign_in(sso, idp)).json()["user"]["username"] == f"{ADMIN}-2"
    # The subject stays, whatever else changes.
    idp.person = {"sub": "stranger", "preferred_username": "renamed"}
    assert (await sign_in(sso, idp)).json()["user"]["id"] == made["id"]


async def test_what_the_id_token_lacks_the_provider_may_tell(sso_lite: AppServer, idp: Provider) -> None:
    idp.person = {"sub": "sub-2"}
    idp.userinfo = {"preferred_username": "yan", "email": "yan@example.com"}
    user = (await sign_in(sso_lite, idp)).json()["user"]
    assert (user["username"], user["email"]) == ("yan", "yan@example.com")
    # Not about somebody else, and no address the provider doubts.
    idp.person = {"sub": "sub-3", "email": "x@example.com", "email_verified": False}
    idp.userinfo = {"sub": "sub-2", "preferred_username": "wrong"}
    user = (await sign_in(sso_lite, idp)).json()["user"]
    assert (user["username"], user["email"]) == ("x@example.com", "")


async def test_strangers_may_be_kept_out(app_server: StartApp, idp: Provider) -> None:
    server = await app_server(**idp.settings, OIDC_CREATE_USERS=False)
    refused = await sign_in(server, idp)
    assert (refused.status_code, refused.json()["message"]) == (400, "User not found")


async def test_a_disabled_person_stays_out(sso: AppServer, idp: Provider) -> None:
    id_ = (await sign_in(sso, idp)).json()["user"]["id"]
    await (await sso.admin()).put(f"/api/admin/users/{id_}/status", json={"is_active": False})
    assert (await sign_in(sso, idp)).status_code == 401


LIES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "nonce of another sign-in": lambda claims: claims | {"nonce": "x" * 43},
    "no nonce": lambda claims: {name: each for name, each in claims.items() if name != "nonce"},
    "for another client": lambda claims: claims | {"aud": "somebody else"},
    "for several, not issued to us": lambda claims: claims | {"aud": ["toolcrib", "b"], "azp": "b"},
    "for another client, but issued to us": lambda claims: claims | {"aud": "b", "azp": "toolcrib"},
    "no audience": lambda claims: {name: each for name, each in claims.items() if name != "aud"},
    "another issuer": lambda claims: claims | {"iss": "https://evil.example.org"},
    "expired": lambda claims: claims | {"exp": int(time.time()) - 3600},
    "no expiry": lambda claims: {name: each for name, each in claims.items() if name != "exp"},
    "no subject": lambda claims: {name: each for name, each in claims.items() if name != "sub"},
    "empty subject": lambda claims: claims | {"sub": ""},
    "subject that is no text": lambda claims: claims | {"sub": 7},
    "subject that cannot be stored": lambda claims: claims | {"sub": "a\0b"},
    "not yet": lambda claims: claims | {"nbf": int(time.time()) + 3600},
    "of another access token": lambda claims: claims | {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("lie", LIES)
async def test_an_id_token_that_does_not_fit_proves_nothing(
    sso_lite: AppServer, idp: Provider, lie: str
) -> None:
    idp.claims = LIES[lie]
    answer = await sign_in(sso_lite, idp)
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid token response")
    assert len((await (await sso_lite.admin()).get("/api/admin/users")).json()) == 1
    idp.claims = lambda claims: claims
    assert (await sign_in(sso_lite, idp)).status_code == 200


@pytest.mark.parametrize("how", ["sign_with_the_client_secret", "sign_with_another_key"])
async def test_a_signature_that_is_not_the_providers_proves_nothing(
    sso_lite: AppServer, idp: Provider, how: str
) -> None:
    getattr(idp, how)()
    assert (await sign_in(sso_lite, idp)).status_code == 400


async def test_the_provider_may_change_its_key(sso_lite: AppServer, idp: Provider, clock: FakeClock) -> None:
    assert (await sign_in(sso_lite, idp)).status_code == 200
    idp.rotate_key()
    assert (await sign_in(sso_lite, idp)).status_code == 400  # the keys were just looked up
    clock.advance(seconds=31)
    assert (await sign_in(sso_lite, idp)).status_code == 200


@pytest.mark.every_database
async def test_a_state_is_good_once(sso: AppServer, idp: Provider) -> None:
    brought = idp.sign_in(await depart(sso))
    answers = await asyncio.gather(*(come_back(sso, brought) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    replay = idp.sign_in(await depart(sso)) | {"state": brought["state"]}
    assert (await come_back(sso, replay)).json()["message"] == "Invalid or expired state"


async def test_a_state_is_good_for_ten_minutes(sso: AppServer, idp: Provider, clock: FakeClock) -> None:
    late = idp.sign_in(await depart(sso))
    clock.advance(minutes=10)
    assert (await come_back(sso, late)).json()["code"] == "invalid_state"


async def test_codes_do_not_travel_between_sign_ins(sso_lite: AppServer, idp: Provider) -> None:
    """A code stolen from one sign-in does not fit the verifier of another."""
    stolen = idp.sign_in(await depart(sso_lite))
    own = idp.sign_in(await depart(sso_lite))
    answer = await come_back(sso_lite, {"code": stolen["code"], "state": own["state"]})
    assert (answer.status_code, answer.json()["message"]) == (400, "Token exchange failed")


INCOMPLETE: list[Any] = [
    {},
    {"code": "x"},
    {"state": "x"},
    {"code": "", "state": ""},
    {"code": 1, "state": 2},
    [],
]


async def test_incomplete_answers_are_refused(sso_lite: AppServer) -> None:
    for body in INCOMPLETE:
        answer = await sso_lite.client.post("/api/auth/oidc/callback", json=body)
        assert answer.status_code == 400, body


async def test_unknown_request_keys_are_ignored(sso_lite: AppServer, idp: Provider) -> None:
    brought = idp.sign_in(await depart(sso_lite)) | {"redirect_uri": "http://ui"}
    assert (await come_back(sso_lite, brought)).status_code == 200


async def test_a_provider_that_is_down_is_no_crash(sso_lite: AppServer, idp: Provider) -> None:
    idp.down = True
    answer = await sso_lite.client.get("/api/auth/oidc/login")
    assert (answer.status_code, answer.json()["code"]) == (502, "oidc_unavailable")
    idp.down = False
    brought = idp.sign_in(await depart(sso_lite))
    idp.down = True
    assert (await come_back(sso_lite, brought)).status_code in {400, 502}


async def test_a_provider_by_another_name_is_not_believed(sso_lite: AppServer, idp: Provider) -> None:
    idp.issuer_says = "https://evil.example.org"
    assert (await sso_lite.client.get("/api/auth/oidc/login")).status_code == 502


async def test_a_client_of_another_page_names_its_callback(app_server: StartApp, idp: Provider) -> None:
    server = await app_server(**idp.settings, OIDC_CALLBACK_URL="http://ui.example.com/auth/oidc/callback")
    url = await depart(server)
    assert parse_qs(urlsplit(url).query)["redirect_uri"] == ["http://ui.example.com/auth/oidc/callback"]
    assert (await come_back(server, idp.sign_in(url))).status_code == 200


async def test_another_front_end_has_its_callback_by_default(app_server: StartApp, idp: Provider) -> None:
    server = await app_server(**idp.settings, FRONTEND_URL="http://desk.example.com:5001/")
    query = parse_qs(urlsplit(await depart(server)).query)
    assert query["redirect_uri"] == ["http://desk.example.com:5001/auth/oidc/callback"]
    own = await server.client.get("/api/auth/oidc/login", params={"redirect": "1"})
    query = parse_qs(urlsplit(own.headers["Location"]).query)
    assert query["redirect_uri"] == [f"{server.url}/api/auth/oidc/callback"]


# The browser's way


async def browse(server: AppServer, idp: Provider, **query: str) -> dict[str, str]:
    answer = await server.client.get("/api/auth/oidc/login", params={"redirect": "1", **query})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{idp.url}/authorize?")
    for cookie in answer.headers.get_list("Set-Cookie"):
        assert all(each in cookie for each in ("HttpOnly", "SameSite=lax", "Max-Age=600"))
    return idp.sign_in(answer.headers["Location"])


async def returned(server: AppServer, brought: dict[str, str]) -> httpx.Response:
    return await server.client.get("/api/auth/oidc/callback", params=brought)


async def test_a_browser_comes_back_signed_in(sso: AppServer, idp: Provider) -> None:
    back = await returned(sso, await browse(sso, idp))
    assert (back.status_code, back.headers["Location"]) == (302, "/")
    assert "token" not in back.headers["Location"]
    assert (await sso.client.get("/api/currentuser")).json()["username"] == "zoe"


WANTED = {
    "/assets?q=a%20b": "/assets?q=a%20b",
    "/": "/",
    "https://evil.example.org": "/",
    "//evil.example.org": "/",
    "/\\evil.example.org": "/",
    "/a\r\nSet-Cookie: x=y": "/",
    "": "/",
}


async def test_a_browser_lands_on_the_page_it_wanted_if_it_is_ours(
    sso_lite: AppServer, idp: Provider
) -> None:
    for page, lands in WANTED.items():
        sso_lite.client.cookies.clear()
        back = await returned(sso_lite, await browse(sso_lite, idp, next=page))
        assert (back.status_code, back.headers["Location"]) == (302, lands), page


async def test_a_browser_that_did_not_begin_is_not_signed_in(sso: AppServer, idp: Provider) -> None:
    """Somebody else's sign-in must not be put into this browser."""
    brought = await browse(sso, idp)
    sso.client.cookies.clear()
    back = await returned(sso, brought)
    assert back.headers["Location"].startswith("/login?error=")
    assert "access_token" not in sso.client.cookies
    # Nor through the other door, when a page of ours asks.
    brought = await browse(sso, idp)
    sso.client.cookies.clear()
    answer = await sso.client.post(
        "/api/auth/oidc/callback", json=brought, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_state")


async def test_a_browser_is_told_what_went_wrong(sso_lite: AppServer, idp: Provider) -> None:
    brought = await browse(sso_lite, idp)
    for answer in ({"error": "access_denied", "state": brought["state"]}, {"state": "x"}, {"code": "x"}):
        back = await returned(sso_lite, answer)
        assert (back.status_code, back.headers["Location"][:13]) == (302, "/login?error=")
        assert "access_denied" not in back.headers["Location"]


async def test_a_site_under_a_path_keeps_to_it(app_server: StartApp, idp: Provider) -> None:
    server = await app_server(**idp.settings, base_path="/crib", public_url="https://x.example.com/crib")
    (button,) = (await server.client.get("/api/auth/providers")).json()["oidc"]
    assert button["login_url"] == "/crib/api/auth/oidc/login?redirect=1"
    answer = await server.client.get("/api/auth/oidc/login", params={"redirect": "1"})
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["redirect_uri"] == ["https://x.example.com/crib/api/auth/oidc/callback"]
    assert all("Path=/crib/api/auth/oidc" in each for each in answer.headers.get_list("Set-Cookie"))


async def test_beside_other_pages_people_come_back_to_ours(
    app_server: StartApp, idp: Provider, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("<p>The other pages")
    server = await app_server(**idp.settings, ui_dir=tmp_path)
    back = await returned(server, await browse(server, idp, next="/parts/7"))
    assert (back.status_code, back.headers["Location"]) == (302, "/crib/parts/7")
    refused = await returned(server, {"code": "x"})
    assert refused.headers["Location"].startswith("/crib/login?error=")


async def test_starting_sign_ins_is_limited(app_server: StartApp, idp: Provider) -> None:
    server = await app_server(**idp.settings, login_rate="3/minute")
    statuses = [(await server.client.get("/api/auth/oidc/login")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


async def test_a_returning_sign_in_updates_what_is_known(sso_lite: AppServer, idp: Provider) -> None:
    idp.person |= {"given_name": "Zoe", "family_name": "Z", "organization": "Lab", "locale": "de"}
    first = (await sign_in(sso_lite, idp)).json()["user"]
    admin = await sso_lite.admin()
    seen = (await admin.get("/api/users/zoe")).json()["user"]
    assert (seen["name"], seen["given_name"], seen["family_name"]) == ("Zoe Z", "Zoe", "Z")
    assert (seen["organization"], seen["locale"], seen["email_verified"]) == ("Lab", "de", False)
    (link,) = seen["auth_providers"]
    assert (link["provider"], link["provider_user_id"]) == ("oidc", "sub-1")
    assert link["last_used"] == seen["last_login"] == link["created_at"]
    sso_lite.clock.advance(seconds=100)
    idp.person |= {"name": "Zoe Younger", "email": "zoe@new.example", "email_verified": True}
    idp.person |= {"preferred_username": "someone-else"}
    del idp.person["organization"]
    idp.userinfo = {"sub": "sub-1", "organization": "New Lab", "name": "not this one"}
    assert (await sign_in(sso_lite, idp)).json()["user"] == first | {"email": "zoe@new.example"}
    later = (await admin.get("/api/users/zoe")).json()["user"]
    assert (later["name"], later["organization"]) == ("Zoe Younger", "New Lab")
    assert later["email_verified"] is True
    assert later["last_login"] != seen["last_login"]
    assert later["auth_providers"][0]["created_at"] == link["created_at"]
    # Another account's address is not taken from it.
    idp.person |= {"email": (await admin.get("/api/currentuser")).json()["email"]}
    assert (await sign_in(sso_lite, idp)).json()["user"]["email"] == "zoe@new.example"


async def test_what_is_asked_of_the_provider(app_server: StartApp, idp: Provider) -> None:
    for scope in (None, "openid email"):
        settings = {} if scope is None else {"OIDC_SCOPE": scope}
        server = await app_server(**idp.settings, **settings)
        asked = parse_qs(urlsplit(await depart(server)).query)["scope"]
        assert asked == [scope or "openid profile email organization offline_access"]


async def test_a_provider_without_discovery(app_server: StartApp, idp: Provider) -> None:
    idp.has_discovery, idp.methods = False, ["client_secret_post"]
    server = await app_server(**idp.settings)
    assert (await depart(server)).startswith(f"{idp.url}/authorize?")
    assert (await sign_in(server, idp)).json()["user"]["username"] == "zoe"


@pytest.mark.parametrize(
    ("settings", "creates"),
    [
        ({}, True),
        ({"ADMIN_OIDC_SUB": "boss@example.com"}, False),
        ({"ADMIN_OIDC_SUB": "boss@example.com", "OIDC_USER_POLICY": "auto-create"}, True),
        ({"OIDC_USER_POLICY": "registered-only", "OIDC_CREATE_USERS": "true"}, False),
        ({"OIDC_CREATE_USERS": "false"}, False),
    ],
)
async def test_who_is_given_an_account(
    app_server: StartApp, idp: Provider, settings: dict[str, str], creates: bool
) -> None:
    server = await app_server(**idp.settings, **settings)
    answer = await sign_in(server, idp)
    assert answer.status_code == (200 if creates else 400)
    assert creates or answer.json()["error"] == "User not found"


async def test_the_administrator_whom_the_settings_name(app_server: StartApp, idp: Provider) -> None:
    server = await app_server(**idp.settings, ADMIN_OIDC_SUB="sub-boss-long@example.com")
    idp.person = {"sub": "sub-boss-long@example.com", "name": "The Boss", "preferred_username": "boss"}
    answer = (await sign_in(server, idp)).json()
    assert (answer["user"]["username"], answer["user"]["is_admin"]) == ("admin-sub-boss", True)
    asked = await server.client.get("/api/users/admin-sub-boss", headers=bearer(answer["token"]))
    seen = asked.json()["user"]
    assert (seen["name"], seen["sub"]) == ("The Boss", "sub-boss-long@example.com")
