"""Two-step sign-in: an app's codes (TOTP) and recovery codes, for accounts with a password."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest

from tests.clock import FakeClock
from tests.identity.conftest import StartApp, bearer, whoami
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.inprocess import AppServer

OTP = "/api/users/me/otp"


@dataclass
class Phone:
    """A person with an app that shows codes."""

    client: httpx.AsyncClient
    secret: str
    recovery_codes: list[str]
    clock: FakeClock

    def code(self, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(self.clock(), counter_offset=steps)

    def next_code(self) -> str:
        self.clock.advance(seconds=30)
        return self.code()


async def begin(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post(OTP, json={"current_password": PASSWORD})
    assert answer.status_code == 201, answer.text
    begun: dict[str, Any] = answer.json()
    return begun


async def enrol(client: httpx.AsyncClient, clock: FakeClock) -> Phone:
    phone = Phone(client, (await begin(client))["secret"], [], clock)
    answer = await client.put(OTP, json={"otp": phone.code()})
    assert answer.status_code == 200, answer.text
    phone.recovery_codes = answer.json()["recovery_codes"]
    return phone


async def login(server: AppServer, username: str, **more: Any) -> httpx.Response:
    body = {"username": username, "password": PASSWORD, **more}
    return await server.client.post("/api/login", json=body)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_the_app_is_told_a_secret_once_and_confirmed_by_a_first_code(
    lite: AppServer, clock: FakeClock
) -> None:
    ann = await lite.user("ann")
    begun = await begin(ann)
    uri = urlsplit(begun["uri"])
    query = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert query["secret"] == [begun["secret"]]
    assert query["issuer"] == ["Toolcrib"]
    # Until it is confirmed nothing is asked of her.
    assert (await login(lite, "ann")).status_code == 200
    state = (await ann.get(OTP)).json()
    assert state == {
        "enabled": False,
        "enabled_at": None,
        "recovery_codes_left": 0,
        "is_available": True,
        "is_required": False,
    }
    assert refusal(await ann.put(OTP, json={"otp": "000000"})) == (401, "invalid_otp")
    confirmed = await ann.put(OTP, json={"otp": pyotp.TOTP(begun["secret"]).at(clock())})
    assert len(set(confirmed.json()["recovery_codes"])) == 10
    state = await ann.get(OTP)
    assert (state.json()["enabled"], state.json()["recovery_codes_left"]) == (True, 10)
    assert begun["secret"] not in state.text
    assert refusal(await ann.post(OTP, json={"current_password": PASSWORD})) == (409, "otp_enabled")
    assert refusal(await ann.put(OTP, json={"otp": "000000"})) == (409, "otp_enabled")


async def test_setting_it_up_takes_the_password_and_an_hour_at_most(
    lite: AppServer, clock: FakeClock
) -> None:
    ann = await lite.user("ann")
    assert refusal(await ann.post(OTP, json={"current_password": "wrong"})) == (401, "wrong_password")
    assert refusal(await ann.put(OTP, json={"otp": "123456"})) == (409, "otp_not_started")
    begun = await begin(ann)
    clock.advance(minutes=61)
    late = await ann.put(OTP, json={"otp": pyotp.TOTP(begun["secret"]).at(clock())})
    assert refusal(late) == (409, "otp_not_started")
    # Beginning again makes another secret, and the first one is void.
    first, second = await begin(ann), await begin(ann)
    totp = pyotp.TOTP(first["secret"])
    assert refusal(await ann.put(OTP, json={"otp": totp.at(clock())})) == (401, "invalid_otp")
    assert (await ann.put(OTP, json={"otp": pyotp.TOTP(second["secret"]).at(clock())})).status_code == 200


async def test_signing_in_takes_password_and_code(lite: AppServer, clock: FakeClock) -> None:
    phone = await enrol(await lite.user("ann"), clock)
    without = await login(lite, "ann")
    assert refusal(without) == (401, "otp_required")
    assert without.json()["error"] == "otp_required"  # which the pool's clients read
    assert refusal(await login(lite, "ann", otp="000000")) == (401, "invalid_otp")
    assert refusal(await login(lite, "ann", otp="nonsense")) == (401, "invalid_otp")
    assert refusal(await login(lite, "ann", password="wrong", otp=phone.next_code())) == (
        401,
        "invalid_grant",
    )
    answer = await login(lite, "ann", otp=phone.next_code())
    assert answer.status_code == 200
    token = answer.json()["access_token"]
    assert (await whoami(lite, Authorization=f"Bearer {token}")).json()["user"] == "ann"
    header = await lite.client.post(
        "/api/login",
        json={"username": "ann", "password": PASSWORD},
        headers={"X-OTP": phone.next_code()},
    )
    assert header.status_code == 200


async def test_a_browser_signs_in_with_both(lite: AppServer, clock: FakeClock) -> None:
    phone = await enrol(await lite.user("ann"), clock)
    body = {"username": "ann", "password": PASSWORD}
    refused = await lite.client.post("/api/session", json=body)
    assert refusal(refused) == (401, "otp_required")
    assert "set-cookie" not in refused.headers
    answer = await lite.client.post("/api/session", json={**body, "otp": phone.next_code()})
    assert answer.status_code == 200
    assert "access_token" in answer.cookies
    lite.client.cookies.clear()


@pytest.mark.every_database
async def test_of_many_sign_ins_with_one_code_one_succeeds(
    app_server: StartApp, database_url: str, clock: FakeClock
) -> None:
    crib = await app_server(database_url=database_url, LOGIN_RATE="1000/minute")
    phone = await enrol(await crib.user("ann"), clock)
    for code in (phone.next_code(), phone.recovery_codes[0]):
        answers = await asyncio.gather(*(login(crib, "ann", otp=code) for _ in range(8)))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
        again = await login(crib, "ann", otp=code)
        assert refusal(again) == (401, "invalid_otp")


@pytest.mark.every_database
async def test_of_two_processes_that_get_one_code_one_accepts_it(
    app_server: StartApp, database_url: str, clock: FakeClock
) -> None:
    one = await app_server(database_url=database_url, LOGIN_RATE="1000/minute")
    other = await app_server(database_url=database_url, LOGIN_RATE="1000/minute")
    phone = await enrol(await one.user("ann"), clock)
    for code in (phone.next_code(), phone.recovery_codes[0]):
        answers = await asyncio.gather(*(login(server, "ann", otp=code) for server in (one, other) * 3))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_clocks_may_differ_by_one_step(
    lite: AppServer, clock: FakeClock, steps: int, accepted: bool
) -> None:
    phone = await enrol(await lite.user("ann"), clock)
    clock.advance(minutes=5)
    answer = await login(lite, "ann", otp=phone.code(steps))
    assert answer.status_code == (200 if accepted else 401)


async def test_a_code_older_than_one_that_was_used_is_refused(lite: AppServer, clock: FakeClock) -> None:
    phone = await enrol(await lite.user("ann"), clock)
    # The code that turned it on does not sign in, and neither does an older one.
    assert refusal(await login(lite, "ann", otp=phone.code())) == (401, "invalid_otp")
    assert refusal(await login(lite, "ann", otp=phone.code(-1))) == (401, "invalid_otp")
    assert (await login(lite, "ann", otp=phone.code(1))).status_code == 200


async def test_recovery_codes_stand_in_for_the_app_once_each(lite: AppServer, clock: FakeClock) -> None:
    phone = await enrol(await lite.user("ann"), clock)
    first, second, *_ = phone.recovery_codes
    assert (await login(lite, "ann", otp=first)).status_code == 200
    assert refusal(await login(lite, "ann", otp=first)) == (401, "invalid_otp")
    assert (await login(lite, "ann", otp=second.replace("-", "").upper())).status_code == 200
    assert (await phone.client.get(OTP)).json()["recovery_codes_left"] == 8
    # Nobody else's code is good.
    bob = await enrol(await lite.user("bob"), clock)
    assert refusal(await login(lite, "ann", otp=bob.recovery_codes[0])) == (401, "invalid_otp")


async def test_new_recovery_codes_replace_the_former_ones(lite: AppServer, clock: FakeClock) -> None:
    phone = await enrol(await lite.user("ann"), clock)
    path = f"{OTP}/recovery-codes"
    both = {"current_password": PASSWORD, "otp": phone.next_code()}
    wrong = await phone.client.post(path, json={**both, "current_password": "wrong"})
    assert refusal(wrong) == (401, "wrong_password")
    assert refusal(await phone.client.post(path, json={**both, "otp": "000000"})) == (401, "invalid_otp")
    made = await phone.client.post(path, json=both)
    assert made.status_code == 201
    assert not set(made.json()["recovery_codes"]) & set(phone.recovery_codes)
    assert (await login(lite, "ann", otp=phone.recovery_codes[0])).status_code == 401
    assert (await login(lite, "ann", otp=made.json()["recovery_codes"][0])).status_code == 200


async def test_turning_it_off_takes_password_and_code(lite: AppServer, clock: FakeClock) -> None:
    phone = await enrol(await lite.user("ann"), clock)
    path = f"{OTP}/disable"
    both = {"current_password": PASSWORD, "otp": phone.next_code()}
    wrong = await phone.client.post(path, json={**both, "current_password": "wrong"})
    assert refusal(wrong) == (401, "wrong_password")
    assert refusal(await phone.client.post(path, json={**both, "otp": "000000"})) == (401, "invalid_otp")
    assert (await phone.client.post(path, json=both)).status_code == 204
    assert (await login(lite, "ann")).status_code == 200
    assert refusal(await phone.client.post(path, json=both)) == (404, "otp_not_enabled")
    events = (await phone.client.get("/api/events", params={"kind": "user"})).json()["events"]
    assert [event["verb"] for event in events if "otp" in event["verb"]] in (
        ["otp_enabled", "otp_disabled"],
        ["otp_disabled", "otp_enabled"],
    )


async def test_wrong_codes_delay_the_next_try_at_every_address(
    app_server: StartApp, clock: FakeClock
) -> None:
    crib = await app_server(LOGIN_RATE="1000/minute", TRUSTED_PROXIES="127.0.0.1")
    phone = await enrol(await crib.user("ann"), clock)
    body = {"username": "ann", "password": PASSWORD, "otp": "000000"}
    for number in range(10):
        headers = {"X-Forwarded-For": f"192.0.2.{number}"}
        answer = await crib.client.post("/api/login", json=body, headers=headers)
        assert refusal(answer) == (401, "invalid_otp")
    right = {**body, "otp": phone.code(1)}
    limited = await crib.client.post("/api/login", json=right, headers={"X-Forwarded-For": "192.0.2.99"})
    assert refusal(limited) == (429, "rate_limited")
    assert int(limited.headers["Retry-After"]) <= 30
    # Who does not know the password cannot keep her out.
    bob = await enrol(await crib.user("bob"), clock)
    for _ in range(12):
        await crib.client.post("/api/login", json={**body, "username": "bob", "password": "wrong"})
    elsewhere = {"X-Forwarded-For": "192.0.2.50"}
    right = {"username": "bob", "password": PASSWORD, "otp": bob.next_code()}
    assert (await crib.client.post("/api/login", json=right, headers=elsewhere)).status_code == 200


async def test_basic_takes_an_api_key_instead(lite: AppServer, clock: FakeClock) -> None:
    ann = await lite.user("ann")
    basic = httpx.BasicAuth("ann", PASSWORD)
    assert (await lite.client.get("/api/whoami", auth=basic)).status_code == 200
    phone = await enrol(ann, clock)
    for _ in range(3):  # refused from the first, though it was good a moment ago, and from memory
        refused = await lite.client.get("/api/whoami", auth=basic)
        assert refusal(refused) == (403, "api_key_needed")
        assert "API key" in refused.json()["message"]
    wrong = await lite.client.get("/api/whoami", auth=httpx.BasicAuth("ann", "wrong"))
    assert wrong.status_code == 401
    assert (await lite.client.request("PROPFIND", "/dav/", auth=basic)).status_code == 403
    key = (await ann.post("/api/users/me/keys", json={"name": "git"})).json()["key"]
    assert (await lite.client.get("/api/whoami", auth=httpx.BasicAuth("ann", key))).status_code == 200
    off = {"current_password": PASSWORD, "otp": phone.next_code()}
    assert (await ann.post(f"{OTP}/disable", json=off)).status_code == 204
    assert (await lite.client.get("/api/whoami", auth=basic)).status_code == 200


async def test_an_administrator_resets_the_factor_of_another(lite: AppServer, clock: FakeClock) -> None:
    phone = await enrol(await lite.user("ann"), clock)
    ann_id = (await phone.client.get("/api/currentuser")).json()["id"]
    path = f"/api/admin/users/{ann_id}/otp"
    bob = await lite.user("bob")
    assert (await bob.delete(path)).status_code == 403
    assert (await lite.client.delete(path)).status_code == 401
    assert (await phone.client.delete(path)).status_code == 403
    admin = await lite.admin()
    assert (await admin.delete(path)).status_code == 204
    assert (await login(lite, "ann")).status_code == 200
    assert refusal(await admin.delete(path)) == (404, "otp_not_enabled")
    own_id = (await admin.get("/api/currentuser")).json()["id"]
    assert refusal(await admin.delete(f"/api/admin/users/{own_id}/otp")) == (403, "own_account")


async def test_administrators_may_be_made_to_have_it(app_server: StartApp, clock: FakeClock) -> None:
    crib = await app_server(ADMINS_NEED_OTP=True)
    admin, ann = await crib.admin(), await crib.user("ann")
    assert (await ann.get("/api/claims")).status_code == 200
    for method, path in (("GET", "/api/claims"), ("GET", "/api/users"), ("GET", "/api/events/stream")):
        assert refusal(await admin.request(method, path)) == (403, "otp_enrolment_required")
    keys = await admin.post("/api/users/me/keys", json={"name": "a way round", "scopes": ["admin"]})
    assert refusal(keys) == (403, "otp_enrolment_required")
    assert (await admin.get("/api/currentuser")).json()["must_enrol"] is True
    assert (await ann.get("/api/currentuser")).json()["must_enrol"] is False
    assert (await admin.get(OTP)).json()["is_required"] is True
    assert (await login(crib, ADMIN)).status_code == 200
    phone = await enrol(admin, clock)
    assert (await admin.get("/api/users")).status_code == 200
    assert (await admin.get("/api/currentuser")).json()["must_enrol"] is False
    # Who becomes an administrator must enrol then.
    ann_id = (await ann.get("/api/currentuser")).json()["id"]
    await admin.put(f"/api/admin/users/{ann_id}/status", json={"is_admin": True})
    assert refusal(await ann.get("/api/claims")) == (403, "otp_enrolment_required")
    off = {"current_password": PASSWORD, "otp": phone.next_code()}
    assert (await admin.post(f"{OTP}/disable", json=off)).status_code == 204
    assert refusal(await admin.get("/api/users")) == (403, "otp_enrolment_required")


async def test_the_secret_and_the_codes_are_not_stored_in_clear(lite: AppServer, clock: FakeClock) -> None:
    phone = await enrol(await lite.user("ann"), clock)
    stored = b"".join(path.read_bytes() for path in lite.settings.data_dir.glob("*.db*"))
    assert b"second_factors" in stored
    assert phone.secret.encode() not in stored
    for code in phone.recovery_codes:
        assert code.encode() not in stored
        assert code.replace("-", "").encode() not in stored


async def test_an_account_without_a_password_leaves_it_to_the_provider(lite: AppServer) -> None:
    admin = await lite.admin()
    made = await admin.post("/api/users/createuser", json={"username": "zoe", "sub": "sub-zoe"})
    assert made.status_code == 201
    token = await _token(lite, "zoe")
    zoe = bearer(token)
    assert (await lite.client.get(OTP, headers=zoe)).json()["is_available"] is False
    refused = await lite.client.post(OTP, json={"current_password": "x"}, headers=zoe)
    assert refused.status_code == 401


async def _token(server: AppServer, username: str) -> str:
    from toolcrib.kernel.identity import users  # noqa: PLC0415

    async with server.kernel.database.read() as session:
        user = await users.get_by_name(session, username)
    return server.kernel.auth.tokens.issue(user, now=server.clock(), lifetime=timedelta(hours=1))


async def test_bodies_are_bounded(lite: AppServer) -> None:
    ann = await lite.user("ann")
    assert (await ann.put(OTP, json={"otp": "1" * 65})).status_code == 400
    assert (await ann.put(OTP, json={"otp": 123456})).status_code == 400
    assert (await login(lite, "ann", otp="1" * 65)).status_code == 400
