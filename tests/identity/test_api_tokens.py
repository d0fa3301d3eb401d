"""API tokens (desktops contract, section 9)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from sqlalchemy import select

from tests.clock import FakeClock
from tests.identity.conftest import SECRET, StartApp, bearer, whoami
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.inprocess import AppServer
from toolcrib.kernel.identity.api_tokens import ENDED_KEPT
from toolcrib.kernel.identity.models import ApiKey

JSON = {"Content-Type": "application/json"}
HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


async def make(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/api/tokens", json={"name": "front end"} | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def listed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/api/tokens", headers=JSON)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["tokens"]
    return found


def said(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["error"] == body["message"]
    return answer.status_code, body["error"]


@pytest.mark.every_database
async def test_a_token_is_made_shown_once_used_listed_and_revoked(crib: AppServer, clock: FakeClock) -> None:
    admin = await crib.admin()
    made = await make(admin, description="for the front end", expires_in_days=7, unknown=1)
    assert set(made) == {"token", "token_id", "name", "expires_at", "created_by"}
    assert (made["name"], made["created_by"]) == ("front end", ADMIN)
    assert UUID(made["token_id"])
    claims = jwt.decode(made["token"], SECRET, ["HS256"], {"verify_exp": False, "verify_iat": False})
    assert claims["sub"] == f"token:{made['token_id']}"
    assert (claims["token_id"], claims["name"], claims["admin"]) == (made["token_id"], "front end", True)
    assert claims["exp"] - claims["iat"] == 7 * 86_400
    assert parsedate_to_datetime(made["expires_at"]).timestamp() == claims["exp"]

    assert (await whoami(crib, **bearer(made["token"]))).json() == {"user": ADMIN, "roles": ["admin"]}
    (row,) = await listed(admin)
    assert set(row) == {
        "id",
        "token_id",
        "name",
        "description",
        "created_at",
        "expires_at",
        "created_by",
        "last_used",
        "revoked",
        "revoked_at",
    }
    assert row["description"] == "for the front end"
    assert row["created_at"] == clock().strftime(HTTP_DATE)
    assert (row["revoked"], row["revoked_at"]) == (False, None)
    assert made["token"] not in str(row)

    revoked = await admin.delete(f"/api/tokens/{made['token_id']}", headers=JSON)
    assert (revoked.status_code, revoked.json()) == (200, {"message": "Token successfully revoked"})
    assert (await whoami(crib, **bearer(made["token"]))).status_code == 401
    (row,) = await listed(admin)
    assert (row["revoked"], row["revoked_at"]) == (True, clock().strftime(HTTP_DATE))
    clock.advance(minutes=1)
    assert (await admin.delete(f"/api/tokens/{made['token_id']}")).status_code == 200
    assert (await listed(admin)) == [row]  # when it was revoked does not change


async def test_lists_are_of_one_s_own_newest_first(crib: AppServer) -> None:
    admin, other = await crib.admin(), await crib.user("boss", is_admin=True)
    names = ["a", "b", "c"]
    for name in names:
        await make(admin, name=name)
    await make(other, name="theirs")
    assert [row["name"] for row in await listed(admin)] == names[::-1]
    assert [row["name"] for row in await listed(other)] == ["theirs"]


async def test_one_token_is_shown_and_revoked_by_any_administrator(crib: AppServer) -> None:
    admin, other = await crib.admin(), await crib.user("boss", is_admin=True)
    made = await make(other)
    shown = (await admin.get(f"/api/tokens/{made['token_id']}")).json()["token"]
    assert shown == (await listed(other))[0]
    assert shown["created_by"] == "boss"
    assert (await admin.delete(f"/api/tokens/{made['token_id']}")).status_code == 200
    assert said(await crib.client.get("/api/tokens", headers=bearer(made["token"]))) == (
        401,
        "Token is revoked",
    )
    for unknown in (str(uuid4()), "9", "token", "a%00b", "%ED%A0%80", "x" * 300):
        for method in ("GET", "DELETE"):
            answer = await admin.request(method, f"/api/tokens/{unknown}")
            assert answer.status_code == 404, unknown
            assert answer.json()["error"].endswith("not found")
    answer = await admin.delete("/api/tokens/9")
    assert said(answer) == (404, "Token with ID 9 not found")


async def test_the_family_has_two_addresses(lite: AppServer) -> None:
    admin = await lite.admin()
    answer = await admin.post("/api/token", json={"name": "k"})
    assert answer.status_code == 201
    made = answer.json()
    assert (await admin.get("/api/token")).json() == (await admin.get("/api/tokens")).json()
    assert (await admin.get(f"/api/token/{made['token_id']}")).status_code == 200
    login = await lite.client.post("/api/token/api-login", json={"token": made["token"]})
    assert login.json()["username"] == ADMIN
    assert (await admin.delete(f"/api/token/{made['token_id']}")).status_code == 200
    ann = await lite.user("ann")
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/x"), ("DELETE", "/x")):
        anonymous = await lite.client.request(method, f"/api/token{path}", headers=JSON)
        assert said(anonymous) == (401, "Token is missing!")
        assert said(await ann.request(method, f"/api/token{path}")) == (403, "Admin privilege required!")


async def test_strangers_have_no_part_in_tokens(lite: AppServer) -> None:
    admin, ann = await lite.admin(), await lite.user("ann")
    made = await make(admin)
    calls = (("GET", ""), ("POST", ""), ("GET", f"/{made['token_id']}"), ("DELETE", f"/{made['token_id']}"))
    for method, path in calls:
        body = {"name": "k"} if method == "POST" else None
        assert said(await lite.client.request(method, f"/api/tokens{path}", json=body)) == (
            401,
            "Token is missing!",
        )
        refused = await ann.request(method, f"/api/tokens{path}", json=body)
        assert said(refused) == (403, "Admin privilege required!")
    key = await admin.post("/api/users/me/keys", json={"name": "k", "scopes": ["read", "admin"]})
    by_key = {"X-API-Key": key.json()["key"]}
    assert (await lite.client.get("/api/tokens", headers=by_key)).status_code == 200
    for method, path in calls:
        if method != "GET":
            answer = await lite.client.request(
                method, f"/api/tokens{path}", json={"name": "k"} if method == "POST" else None, headers=by_key
            )
            assert answer.status_code == 403, (method, path)
    assert [row["revoked"] for row in await listed(admin)] == [False]


async def test_a_token_does_what_its_person_may_do_now(crib: AppServer) -> None:
    admin = await crib.admin()
    boss = await crib.user("boss", is_admin=True)
    token = (await make(boss))["token"]
    headers = bearer(token)
    made = await crib.client.post(
        "/api/users/createuser", json={"username": "zoe", "sub": "s-1"}, headers=headers
    )
    assert made.status_code == 201
    assert (await crib.client.get("/api/machines", headers=headers)).status_code == 200
    id_ = (await boss.get("/api/currentuser")).json()["id"]
    status = f"/api/admin/users/{id_}/status"
    assert (await admin.put(status, json={"is_admin": False})).status_code == 200
    assert (await whoami(crib, **headers)).json() == {"user": "boss", "roles": []}
    assert said(await crib.client.get("/api/users/list", headers=headers)) == (
        403,
        "Admin privilege required!",
    )
    login = await crib.client.post("/api/tokens/api-login", json={"token": token})
    assert login.json() == {"username": "boss", "is_admin": False, "email": "boss@example.com"}
    renamed = await admin.put(f"/api/admin/users/{id_}/username", json={"username": "chief"})
    assert renamed.status_code == 200
    assert (await whoami(crib, **headers)).json()["user"] == "chief"
    assert (await admin.put(status, json={"is_active": False})).status_code == 200
    assert (await whoami(crib, **headers)).status_code == 401
    assert (await crib.client.post("/api/tokens/api-login", json={"token": token})).status_code == 400
    assert (await admin.delete(f"/api/admin/users/{id_}")).status_code == 204
    assert said(await crib.client.get("/api/users/list", headers=headers)) == (401, "Token is invalid")


async def test_a_token_ends_on_its_day(crib: AppServer, clock: FakeClock) -> None:
    admin = await crib.admin()
    made = await make(admin, expires_in_days=1)
    headers = bearer(made["token"])
    clock.advance(hours=23, minutes=59)
    assert (await whoami(crib, **headers)).status_code == 200
    clock.advance(minutes=1)
    assert said(await crib.client.get("/api/tokens", headers=headers)) == (401, "Token is expired")
    login = await crib.client.post("/api/tokens/api-login", json={"token": made["token"]})
    assert said(login) == (400, "Token is expired")
    (row,) = await listed(await crib.sign_in(ADMIN))
    assert row["revoked"] is False


async def test_tokens_that_are_none(lite: AppServer, mint: Callable[..., str]) -> None:
    admin = await lite.admin()
    made = await make(admin)
    head, payload, signature = made["token"].split(".")
    for token, text in (
        (f"{head}.{payload}.{signature[::-1]}", "Token is invalid!"),
        (
            mint(secret="another secret of thirty-two bytes!", sub=f"token:{made['token_id']}"),
            "Token is invalid!",
        ),
        (mint(sub=f"token:{uuid4()}"), "Token is invalid"),
        # Signed with our secret, but never given out.
        (mint(sub=f"token:{made['token_id']}", token_id=made["token_id"], admin=True), "Token is invalid"),
        (mint(sub="token:"), "Token is invalid"),
        (mint(sub="token:\0"), "Token is invalid!"),
        ("token:", "Token is invalid!"),
    ):
        assert said(await lite.client.get("/api/tokens", headers=bearer(token))) == (401, text), token
    unsigned = jwt.encode({"sub": f"token:{made['token_id']}"}, "", "none")
    assert said(await lite.client.get("/api/tokens", headers=bearer(unsigned))) == (401, "Token is invalid!")


async def test_the_answer_of_api_login(crib: AppServer, mint: Callable[..., str]) -> None:
    admin = await crib.admin()
    made = await make(admin)

    async def login(body: Any) -> httpx.Response:
        return await crib.client.post("/api/tokens/api-login", json=body)

    answer = await login({"token": made["token"], "more": 1})
    assert answer.status_code == 200
    assert set(answer.json()) == {"username", "is_admin", "email"}
    assert (answer.json()["username"], answer.json()["is_admin"]) == (ADMIN, True)
    session = admin.headers["Authorization"].removeprefix("Bearer ")
    key = (await admin.post("/api/users/me/keys", json={"name": "k"})).json()["key"]
    for body, text in (
        ({}, "Missing request data"),
        ({"other": 1}, "Token is required"),
        ({"token": ""}, "Token is required"),
        ({"token": None}, "Token is required"),
        ({"token": "nonsense"}, "Token is invalid"),
        ({"token": "a.b.c"}, "Token is invalid"),
        ({"token": session}, "Token is invalid"),
        ({"token": key}, "Token is invalid"),
        ({"token": mint(sub=f"token:{made['token_id']}")}, "Token is invalid"),
    ):
        assert said(await login(body)) == (400, text), body
    for content in (b"", b"{"):
        refused = await crib.client.post("/api/tokens/api-login", content=content, headers=JSON)
        assert refused.status_code == 400
    assert (await login({"token": ["x"]})).status_code == 400
    assert (await login({"token": "é" * 5000})).status_code == 400
    await admin.delete(f"/api/tokens/{made['token_id']}")
    assert said(await login({"token": made["token"]})) == (400, "Token is revoked")


UNUSABLE: list[tuple[Any, str | None]] = [
    ({}, "Missing request data"),
    ({"description": "x"}, None),
    ({"name": ""}, None),
    ({"name": "x" * 256}, None),
    ({"name": "a\nb"}, None),
    ({"name": " a"}, None),
    ({"name": 5}, None),
    ({"name": "k", "expires_in_days": 0}, None),
    ({"name": "k", "expires_in_days": 366}, None),
    ({"name": "k", "expires_in_days": -1}, None),
    ({"name": "k", "expires_in_days": 1.5}, None),
    ({"name": "k", "expires_in_days": None}, None),
    ({"name": "k", "description": "x" * 1001}, None),
    ({"name": "k", "description": "a\0b"}, None),
    ([], None),
]


async def test_tokens_that_cannot_be_are_not_made(lite: AppServer) -> None:
    admin = await lite.admin()
    for body, text in UNUSABLE:
        answer = await admin.post("/api/tokens", json=body)
        assert answer.status_code == 400, body
        assert text is None or said(answer) == (400, text), body
        assert await listed(admin) == [], body


async def test_defaults_and_numbers_as_texts(lite: AppServer, clock: FakeClock) -> None:
    admin = await lite.admin()
    for days, wanted in ((None, 30), ("365", 365)):
        made = await make(admin, **({} if days is None else {"expires_in_days": days}))
        lasts = parsedate_to_datetime(made["expires_at"]) - clock()
        assert lasts.days in {wanted - 1, wanted}
    assert [row["description"] for row in await listed(admin)] == [None, None]


@pytest.mark.every_database
async def test_the_last_use_is_noted_at_most_once_a_minute(crib: AppServer, clock: FakeClock) -> None:
    admin = await crib.admin()
    made = await make(admin)

    async def last_used() -> str | None:
        for _ in range(5):  # noted behind the request
            await asyncio.sleep(0.02)
        found: str | None = (await listed(admin))[0]["last_used"]
        return found

    assert await last_used() is None
    await whoami(crib, **bearer(made["token"]))
    first = await last_used()
    assert first == clock().strftime(HTTP_DATE)
    clock.advance(seconds=30)
    await whoami(crib, **bearer(made["token"]))
    await crib.client.post("/api/tokens/api-login", json={"token": made["token"]})
    assert await last_used() == first
    clock.advance(seconds=40)
    await crib.client.post("/api/tokens/api-login", json={"token": made["token"]})
    assert await last_used() == clock().strftime(HTTP_DATE)


@pytest.mark.every_database
async def test_a_token_revoked_elsewhere_dies_within_a_second(
    app_server: StartApp, database_url: str
) -> None:
    here, there = await app_server(database_url=database_url), await app_server(database_url=database_url)
    admin = await here.admin()
    made = await make(admin)
    assert (await whoami(there, **bearer(made["token"]))).status_code == 200
    await admin.delete(f"/api/tokens/{made['token_id']}")
    async with asyncio.timeout(1):
        while (await whoami(there, **bearer(made["token"]))).status_code != 401:
            await asyncio.sleep(0.02)


async def test_tokens_are_among_one_s_keys(crib: AppServer) -> None:
    """One list, one limit, one way to end them."""
    admin = await crib.admin()
    made = await make(admin)
    key = (await admin.post("/api/users/me/keys", json={"name": "k"})).json()
    keys = (await admin.get("/api/users/me/keys")).json()
    assert [(row["name"], row["token_id"], row["scopes"]) for row in keys] == [
        ("k", None, ["read"]),
        ("front end", made["token_id"], None),
    ]
    assert made["token_id"].startswith(keys[1]["prefix"])
    ben = await crib.user("ben")
    url = f"/api/users/me/keys/{keys[1]['id']}"
    assert (await ben.delete(url)).status_code == 404
    assert (await admin.delete(url)).status_code == 204
    assert (await admin.delete(url)).status_code == 404
    assert (await whoami(crib, **bearer(made["token"]))).status_code == 401
    assert [row["id"] for row in (await admin.get("/api/users/me/keys")).json()] == [key["id"]]
    assert [row["revoked"] for row in await listed(admin)] == [True]


async def test_there_are_at_most_so_many(app_server: StartApp, clock: FakeClock) -> None:
    crib = await app_server(API_KEYS_PER_PERSON="2")
    admin = await crib.admin()
    made = await make(admin)
    await admin.post("/api/users/me/keys", json={"name": "k"})
    refused = await admin.post("/api/tokens", json={"name": "k"})
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_keys")
    await admin.delete(f"/api/tokens/{made['token_id']}")
    await make(admin, expires_in_days=1)
    clock.advance(days=1)
    await make(admin)  # the expired one does not count


async def test_the_list_of_ended_tokens_is_bounded(lite: AppServer) -> None:
    admin = await lite.admin()
    newest = ""
    for _ in range(ENDED_KEPT + 3):
        newest = (await make(admin))["token_id"]
        await admin.delete(f"/api/tokens/{newest}")
    await make(admin)
    rows = await listed(admin)
    assert len(rows) == ENDED_KEPT + 1
    assert rows[1]["token_id"] == newest


async def test_a_password_may_take_the_tokens_with_it(crib: AppServer) -> None:
    boss = await crib.user("boss", is_admin=True)
    made = await make(boss)
    body = {"current_password": PASSWORD, "new_password": "an entirely new password"}
    assert (await boss.put("/api/users/me/password", json=body)).status_code == 200
    assert (await whoami(crib, **bearer(made["token"]))).status_code == 200
    admin = await crib.admin()
    id_ = next(
        one["id"] for one in (await admin.get("/api/users/list")).json()["users"] if one["username"] == "boss"
    )
    reset = {"new_password": "another new password", "end_api_keys": True}
    assert (await admin.put(f"/api/admin/users/{id_}/password", json=reset)).status_code == 200
    assert said(await crib.client.get("/api/tokens", headers=bearer(made["token"]))) == (
        401,
        "Token is revoked",
    )


@pytest.mark.every_database
async def test_tokens_outlive_the_secret_that_signed_them(
    app_server: StartApp, database_url: str, mint: Callable[..., str]
) -> None:
    old = await app_server(database_url=database_url)
    admin = await old.admin()
    made, gone = await make(admin), await make(admin)
    await admin.delete(f"/api/tokens/{gone['token_id']}")
    session = admin.headers["Authorization"].removeprefix("Bearer ")
    new = await app_server(
        database_url=database_url, JWT_SECRET_KEY="n" * 40
    )  # nor is the one before it known
    assert (await whoami(new, **bearer(made["token"]))).json()["user"] == ADMIN
    assert (await new.client.post("/api/tokens/api-login", json={"token": made["token"]})).status_code == 200
    assert said(await new.client.get("/api/tokens", headers=bearer(gone["token"]))) == (
        401,
        "Token is revoked",
    )
    assert (await whoami(new, **bearer(session))).status_code == 401
    forged = mint(sub=f"token:{made['token_id']}", token_id=made["token_id"])
    for server in (old, new):
        assert (await whoami(server, **bearer(forged))).status_code == 401


@pytest.mark.every_database
async def test_what_is_done_with_tokens_is_in_the_log_without_them(crib: AppServer) -> None:
    admin, other = await crib.admin(), await crib.user("boss", is_admin=True)
    made = await make(admin)
    await other.delete(f"/api/tokens/{made['token_id']}")
    log = await admin.get("/api/events", params={"kind": "api_key"})
    events = log.json()["events"]
    assert [(each["verb"], each["actor"], each["key"]) for each in events] == [
        ("key_revoked", "boss", "front end"),
        ("key_created", ADMIN, "front end"),
    ]
    assert {each["data"]["token_id"] for each in events} == {made["token_id"]}
    assert made["token"] not in log.text
    async with crib.kernel.database.read() as session:
        (row,) = (await session.execute(select(ApiKey))).scalars()
    assert made["token"] not in {row.digest, row.prefix, row.name, row.description}


async def test_a_token_is_not_exchanged_for_a_session(lite: AppServer) -> None:
    made = await make(await lite.admin())
    assert (await lite.client.post("/api/auth/refresh", headers=bearer(made["token"]))).status_code == 403


async def test_two_revocations_at_once(crib: AppServer) -> None:
    admin, other = await crib.admin(), await crib.user("boss", is_admin=True)
    made = await make(admin)
    url = f"/api/tokens/{made['token_id']}"
    answers = await asyncio.gather(*(one.delete(url) for one in (admin, other) * 4))
    assert {each.status_code for each in answers} == {200}
    log = (await admin.get("/api/events", params={"kind": "api_key"})).json()["events"]
    assert [each["verb"] for each in log] == ["key_revoked", "key_created"]


@pytest.mark.databases("sqlite")
async def test_a_token_in_a_cookie_makes_no_person_even_where_every_issuer_may(app_server: StartApp) -> None:
    trusting = await app_server(trust_token_issuers=["*"])
    admin = await trusting.admin()
    made = await make(admin)
    assert (await admin.delete(f"/api/tokens/{made['token_id']}")).status_code == 200
    before = (await admin.get("/api/users/list")).json()
    answer = await whoami(trusting, Cookie=f"access_token={made['token']}")
    assert answer.status_code == 401, answer.text
    assert (await admin.get("/api/users/list")).json() == before
