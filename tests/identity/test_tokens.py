"""Which tokens are believed: ours, older ones, those of services that share the secret, and no others."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from joserfc import jwt as jose
from joserfc.jwk import OctKey

from tests.clock import FakeClock
from tests.identity.conftest import SECRET, StartApp, bearer, seconds, whoami
from tests.servers.environment import ADMIN
from tests.servers.inprocess import AppServer

Mint = Callable[..., str]


async def status(server: AppServer, token: str) -> int:
    return (await whoami(server, **bearer(token))).status_code


async def own_token(server: AppServer, username: str) -> str:
    client = await server.user(username)
    return client.headers["Authorization"].removeprefix("Bearer ")


async def test_requests_without_a_credential_are_told_so(lite: AppServer) -> None:
    for headers in ({}, {"Authorization": "Digest x"}, {"Authorization": "Bearer"}, {"Authorization": ""}):
        answer = await lite.client.get("/api/whoami", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"] == "unauthorized"
        assert answer.json()["message"] == "Missing Bearer token"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_older_token_without_our_claims_is_good(crib: AppServer, mint: Mint) -> None:
    await crib.user("ann")
    assert await status(crib, mint()) == 200
    assert await status(crib, mint(iat=1_600_000_000, nbf=1_600_000_000, jti=None, type=None)) == 200
    assert await status(crib, mint(iat=None, nbf=None)) == 200


async def test_rights_come_from_the_database_and_not_from_the_token(crib: AppServer, mint: Mint) -> None:
    await crib.user("ann")
    forged = mint(is_admin=True, roles=["admin"])
    answer = await whoami(crib, **bearer(forged))
    assert answer.json() == {"user": "ann", "roles": []}
    assert (await crib.client.get("/api/admin/users", headers=bearer(forged))).status_code == 403


def tampered(token: str, **claims: Any) -> str:
    head, body, signature = token.split(".")
    payload = json.loads(base64.urlsafe_b64decode(body + "==")) | claims
    text = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    return f"{head}.{text}.{signature}"


async def test_a_token_that_was_touched_is_refused(crib: AppServer, mint: Mint) -> None:
    await crib.user("ann")
    good = mint()
    assert await status(crib, good) == 200
    refused = [
        tampered(good, sub=ADMIN),
        good[:-2],
        good + "A",
        good.rsplit(".", 1)[0] + ".",
        good.rsplit(".", 1)[0],
        mint(secret="another secret that is long enough to be one"),
        mint(algorithm="HS512"),
        jwt.encode({"sub": "ann"}, "", algorithm="none"),
        "x",
        "a.b.c",
        "é.ü.ñ",
    ]
    for token in refused:
        answer = await crib.client.get("/api/whoami", headers={b"Authorization": b"Bearer " + token.encode()})
        assert answer.status_code == 401, token
        assert answer.json()["error"] == "unauthorized"


async def test_a_token_signed_with_a_public_key_algorithm_is_refused(crib: AppServer) -> None:
    key = generate_private_key(65537, 2048)
    assert await status(crib, jwt.encode({"sub": ADMIN}, key, algorithm="RS256")) == 401


async def test_the_times_in_a_token_count(lite: AppServer, mint: Mint, clock: FakeClock) -> None:
    await lite.user("ann")
    now = seconds(clock())
    assert await status(lite, mint(exp=now + 1)) == 200
    answer = await whoami(lite, **bearer(mint(exp=now)))
    assert (answer.status_code, answer.json()["message"]) == (401, "Token expired")
    assert await status(lite, mint(nbf=now + 3600)) == 401
    assert await status(lite, mint(iat=now + 3600)) == 401
    for wrong in ("soon", True, [now], float("inf")):
        assert await status(lite, mint(exp=wrong)) == 401


async def test_claims_that_are_no_names_are_refused(lite: AppServer, mint: Mint) -> None:
    for claims, wanted in (
        ({"sub": None}, 401),
        ({"sub": 7}, 401),
        ({"sub": ["ann"]}, 401),
        ({"sub": "a\0b"}, 401),
        ({"sub": "x" * 300}, 401),
        ({"sub": ""}, 403),
        ({"sub": ADMIN, "type": "refresh"}, 401),
        ({"sub": ADMIN, "iss": "toolcrib", "token_version": "1"}, 401),
        ({"sub": ADMIN, "iss": "toolcrib", "token_version": 1}, 401),  # ours always say whose they are
    ):
        assert await status(lite, sign(mint, claims)) == wanted, claims


def sign(mint: Mint, claims: dict[str, Any]) -> str:
    """PyJWT will not sign a `sub` that is no text; others do."""
    if isinstance(claims.get("sub"), (str, type(None))):
        return mint(**claims)
    return jose.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))


async def test_a_token_may_name_its_person_by_uuid_or_in_user_id(crib: AppServer, mint: Mint) -> None:
    ann = (await (await crib.user("ann")).get("/api/currentuser")).json()
    for claims in (
        {"sub": ann["uuid"]},
        {"sub": ann["uuid"].upper()},
        {"sub": None, "user_id": ann["uuid"]},
        {"sub": "ann", "user_id": ann["uuid"]},
        {"sub": "ann", "user_id": str(uuid4())},
    ):
        assert (await whoami(crib, **bearer(mint(**claims)))).json()["user"] == "ann", claims
    assert await status(crib, mint(sub="bob")) == 401
    assert await status(crib, mint(sub=str(uuid4()))) == 401


async def test_a_token_that_names_two_people_is_nobodys(crib: AppServer, mint: Mint) -> None:
    ben = (await (await crib.user("ben")).get("/api/currentuser")).json()
    await crib.user("ann")
    assert await status(crib, mint(sub="ann", user_id=ben["uuid"])) == 401


# Provisioning


async def test_strangers_are_refused_unless_their_issuer_is_trusted(
    app_server: StartApp, database_url: str, mint: Mint
) -> None:
    server = await app_server(database_url=database_url, trust_token_issuers=["sso"])
    uuid, company = str(uuid4()), str(uuid4())
    claims = {"sub": "zoe", "user_id": uuid, "company_id": company, "is_admin": True, "roles": ["admin"]}
    assert await status(server, mint(**claims)) == 401
    assert await status(server, mint(**claims, iss="other")) == 401
    token = mint(**claims, iss="sso")
    me = (await server.client.get("/api/currentuser", headers=bearer(token))).json()
    assert (me["username"], me["uuid"], me["company_id"], me["company_role"], me["is_admin"]) == (
        "zoe",
        uuid,
        company,
        "member",
        False,
    )
    again = (await server.client.get("/api/currentuser", headers=bearer(mint(**claims, iss="sso")))).json()
    assert again["id"] == me["id"]
    people = (await (await server.admin()).get("/api/admin/users")).json()
    assert [person["username"] for person in people] == [ADMIN, "zoe"]


async def companies_of(server: AppServer, *tokens: str) -> list[str | None]:
    """The company that counts for a request with each token."""
    answers = [await server.client.get("/api/currentuser", headers=bearer(token)) for token in tokens]
    return [answer.json()["company_id"] for answer in answers]


async def account(server: AppServer, username: str) -> dict[str, Any]:
    people = (await (await server.admin()).get("/api/admin/users")).json()
    return dict(next(person for person in people if person["username"] == username))


async def test_the_account_follows_the_company_a_trusted_token_names(
    app_server: StartApp, database_url: str, mint: Mint
) -> None:
    server = await app_server(database_url=database_url, trust_token_issuers=["sso"])
    one, two = str(uuid4()), str(uuid4())
    claims = {"sub": "zoe", "user_id": str(uuid4()), "iss": "sso"}
    without = mint(**claims)
    assert await companies_of(server, without) == [None]
    first, second = mint(**claims, company_id=one), mint(**claims, company_id=two.upper())
    assert await companies_of(server, first, without) == [one, one]
    assert (await account(server, "zoe"))["company_id"] == one
    # Each token decides for its own requests; the account goes with the one that came last.
    assert await companies_of(server, second, first, second, first, without) == [two, one, two, one, two]
    zoe = await account(server, "zoe")
    assert (zoe["company_id"], zoe["company_role"]) == (two, "member")
    log = await (await server.admin()).get("/api/events", params={"kind": "company", "order": "asc"})
    told = [(event["verb"], event["data"].get("username")) for event in log.json()["events"]]
    assert told == [
        ("created", None),
        ("member_set", "zoe"),
        ("created", None),
        ("member_removed", "zoe"),
        ("member_set", "zoe"),
    ]


async def test_only_those_who_are_trusted_name_a_company(app_server: StartApp, mint: Mint) -> None:
    server = await app_server(trust_token_issuers=["sso"])
    await server.user("ann")
    wanted = str(uuid4())
    for claims in ({}, {"iss": "other"}, {"iss": "toolcrib"}):
        assert await companies_of(server, mint(company_id=wanted, **claims)) == [None]
    unreadable: tuple[Any, ...] = (None, "", "no uuid", 7, [wanted], {})
    for nothing in unreadable:
        assert await companies_of(server, mint(company_id=nothing, iss="sso")) == [None]
    assert await companies_of(server, mint(company_id=wanted, iss="sso")) == [wanted]


async def test_an_owner_stays_one_where_the_token_names_their_company(
    app_server: StartApp, mint: Mint
) -> None:
    server = await app_server(trust_token_issuers=["sso"])
    await server.user("ann")
    admin = await server.admin()
    mine = (await admin.post("/api/companies", json={"name": "Mine"})).json()["id"]
    added = await admin.put(f"/api/companies/{mine}/members/ann", json={"role": "owner"})
    assert added.is_success

    async def renames(token: str, name: str) -> int:
        answer = await server.client.patch(
            f"/api/companies/{mine}", json={"name": name}, headers=bearer(token)
        )
        return answer.status_code

    assert await renames(mint(company_id=mine, iss="sso"), "Ours") == 200
    # With the other company's token they have no right in this one, owner or not.
    elsewhere = mint(company_id=str(uuid4()), iss="sso")
    assert await renames(elsewhere, "Stolen") == 404
    assert (await account(server, "ann"))["company_role"] == "member"


@pytest.mark.every_database
async def test_tokens_of_two_companies_at_once_each_decide_for_their_requests(
    app_server: StartApp, database_url: str, mint: Mint
) -> None:
    server = await app_server(database_url=database_url, trust_token_issuers=["*"])
    claims = {"sub": "zoe", "user_id": str(uuid4())}
    wanted = [str(uuid4()) for _ in range(4)] * 3
    tokens = [mint(**claims, company_id=company, jti=str(uuid4())) for company in wanted]
    found = await asyncio.gather(*(companies_of(server, token) for token in tokens))
    assert found == [[company] for company in wanted]
    assert (await account(server, "zoe"))["company_id"] in wanted


async def test_a_trusted_token_that_names_only_a_uuid_finds_a_name(app_server: StartApp, mint: Mint) -> None:
    server = await app_server(trust_token_issuers=["*"])
    await server.user("ann")
    for claims, name in (
        ({"sub": str(uuid4()), "preferred_username": "ann"}, "ann-2"),
        ({"sub": str(uuid4()), "preferred_username": "a:b"}, "a-b"),
        ({"sub": str(uuid4()), "name": "\t"}, None),
    ):
        me = (await server.client.get("/api/currentuser", headers=bearer(mint(**claims)))).json()
        assert me["uuid"] == claims["sub"]
        assert me["username"] == (name or claims["sub"])


async def test_a_deleted_person_comes_back_only_with_a_newer_trusted_token(
    app_server: StartApp, database_url: str, mint: Mint, clock: FakeClock
) -> None:
    server = await app_server(database_url=database_url, trust_token_issuers=["*"])
    claims = {"sub": "zoe", "user_id": str(uuid4())}
    old = mint(**claims)
    me = (await server.client.get("/api/currentuser", headers=bearer(old))).json()
    clock.advance(minutes=1)
    assert (await (await server.admin()).delete(f"/api/admin/users/{me['id']}")).status_code == 204
    assert await status(server, old) == 401
    assert await status(server, mint(**claims, iat=None, nbf=None)) == 401
    clock.advance(minutes=1)
    new = mint(**claims)
    assert await status(server, new) == 200
    assert await status(server, new) == 200
    assert await status(server, old) == 401
