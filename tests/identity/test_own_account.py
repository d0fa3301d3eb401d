"""What people change about themselves: asset-locks contract rows 10 to 13 and section 4.2."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from tests.clock import FakeClock
from tests.identity.conftest import StartApp
from tests.servers.environment import PASSWORD
from tests.servers.inprocess import AppServer
from tests.servers.smtp import MailServer
from toolcrib.kernel.outbox import outbox

NEW = "an entirely new password"
SITE = "https://crib.example.com"


@pytest.fixture
async def mailing(app_server: StartApp, database_url: str, smtp: MailServer) -> AppServer:
    """A server whose mail works; the messages lie in its outbox or in `smtp`."""
    return await app_server(database_url=database_url, public_url=SITE, **smtp.settings)


async def change_password(
    client: httpx.AsyncClient, current: str = PASSWORD, new: str = NEW
) -> httpx.Response:
    body = {"current_password": current, "new_password": new}
    return await client.put("/api/users/me/password", json=body)


async def change_email(client: httpx.AsyncClient, new: str, current: str = PASSWORD) -> httpx.Response:
    body = {"new_email": new, "current_password": current}
    return await client.put("/api/users/me/email", json=body)


async def signs_in(server: AppServer, username: str, password: str) -> bool:
    answer = await server.client.post("/api/login", json={"username": username, "password": password})
    return answer.status_code == 200


async def email_of(server: AppServer, username: str) -> str:
    people = (await (await server.admin()).get("/api/admin/users")).json()
    return str(next(person["email"] for person in people if person["username"] == username))


class Mailbox:
    """What a server has mailed so far, by recipient: still waiting, or delivered."""

    def __init__(self, server: AppServer, smtp: MailServer) -> None:
        self.server, self.smtp = server, smtp

    async def to(self, address: str) -> list[str]:
        async with self.server.kernel.database.read() as session:
            mine = select(outbox.c.text).where(outbox.c.to_address == address).order_by(outbox.c.id)
            waiting = list((await session.execute(mine)).scalars())
        return [_text(message) for message in self.smtp.to(address)] + waiting

    async def token(self, address: str, what: str) -> str:
        """The token of the newest link to `what`."""
        pattern = re.escape(f"{SITE}/confirm-{what}?token=") + r"([A-Za-z0-9._-]{20,256})"
        found = [match[1] for text in await self.to(address) if (match := re.search(pattern, text))]
        assert found, f"no link was mailed to {address}"
        return found[-1]


def _text(message: Any) -> str:
    return str(message.get_body(("plain",)).get_content())


@pytest.fixture
def mailbox(mailing: AppServer, smtp: MailServer) -> Mailbox:
    smtp.mode = "down"  # what is mailed stays in the outbox, in its order
    return Mailbox(mailing, smtp)


# Without mail


async def test_without_mail_a_password_changes_at_once(crib: AppServer) -> None:
    ann = await crib.user("ann")
    answer = await change_password(ann)
    assert (answer.status_code, answer.json()["pending"]) == (200, False)
    assert answer.json()["msg"] == answer.json()["message"] != ""
    assert await signs_in(crib, "ann", NEW)
    assert not await signs_in(crib, "ann", PASSWORD)
    assert (await ann.get("/api/currentuser")).status_code == 401


async def test_the_browser_that_changed_the_password_stays_signed_in(lite: AppServer) -> None:
    await lite.user("ann")
    browser = lite.client
    await browser.post("/api/session", json={"username": "ann", "password": PASSWORD})
    before = browser.cookies["access_token"]
    assert (await change_password(browser)).status_code == 200
    assert browser.cookies["access_token"] != before
    assert (await browser.get("/api/currentuser")).json()["username"] == "ann"


async def test_without_mail_an_address_changes_at_once(crib: AppServer) -> None:
    ann = await crib.user("ann")
    answer = await change_email(ann, "Ann.New@Example.com")
    assert (answer.status_code, answer.json()["pending"]) == (200, False)
    assert await email_of(crib, "ann") == "Ann.New@example.com"


async def test_a_change_needs_the_current_password(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for answer in (await change_password(ann, current="wrong"), await change_email(ann, "x@y.de", "wrong")):
        assert answer.status_code == 401
        assert answer.json()["msg"]
    assert await signs_in(crib, "ann", PASSWORD)
    anonymous = crib.client
    assert (await change_password(anonymous)).status_code == 401


async def test_a_new_password_must_be_worth_something(lite: AppServer) -> None:
    ann = await lite.user("ann")
    for new in ("", "short", "x" * 300, "\ud800" * 10):
        text = "".join(f"\\u{ord(letter):04x}" for letter in new)
        body = f'{{"current_password": "{PASSWORD}", "new_password": "{text}"}}'
        answer = await ann.put(
            "/api/users/me/password", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400, text
        assert PASSWORD not in answer.text, text
        assert await signs_in(lite, "ann", PASSWORD), text


NO_NEW_ADDRESSES = (
    *("", "no address", "a@b@c", "ann@", "x" * 250 + "@example.com", "Ann <ann@x.de>"),
    "ann@example.com",  # her own
)


async def test_a_new_address_must_be_one_and_another(lite: AppServer) -> None:
    ann = await lite.user("ann")
    for new in NO_NEW_ADDRESSES:
        assert (await change_email(ann, new)).status_code == 400, new


@pytest.mark.every_database
async def test_addresses_are_unique_whatever_their_case(crib: AppServer) -> None:
    ann = await crib.user("ann")
    await crib.user("ben")
    assert (await change_email(ann, "BEN@EXAMPLE.COM")).status_code == 409
    assert (await change_email(ann, "ANN@example.com")).status_code == 200


MALFORMED: list[Any] = [
    {},
    {"current_password": PASSWORD},
    {"new_password": NEW},
    {"current_password": None, "new_password": NEW},
    {"current_password": PASSWORD, "new_password": 12345678},
    [],
]


async def test_malformed_changes_are_refused_without_repeating_them(lite: AppServer) -> None:
    ann = await lite.user("ann")
    for body in MALFORMED:
        answer = await ann.put("/api/users/me/password", json=body)
        assert answer.status_code == 400, body
        assert PASSWORD not in answer.text, body
        assert NEW not in answer.text, body


# By mailed link


async def test_a_password_changes_when_its_link_is_followed(mailing: AppServer, mailbox: Mailbox) -> None:
    ann = await mailing.user("ann")
    answer = await change_password(ann)
    assert (answer.status_code, answer.json()["pending"]) == (200, True)
    assert not await signs_in(mailing, "ann", NEW)
    assert (await ann.get("/api/currentuser")).status_code == 200
    token = await mailbox.token("ann@example.com", "password")
    confirmed = await mailing.client.get(
        f"/api/confirm-password/{token}", headers={"Authorization": "Bearer x"}
    )
    assert confirmed.status_code == 200
    assert confirmed.json()["msg"]
    assert await signs_in(mailing, "ann", NEW)
    assert not await signs_in(mailing, "ann", PASSWORD)
    assert (await ann.get("/api/currentuser")).status_code == 401
    told = len(await mailbox.to("ann@example.com"))
    # The page follows the link twice for one visit.
    again = await mailing.client.get(f"/api/confirm-password/{token}")
    assert again.status_code == 200
    assert len(await mailbox.to("ann@example.com")) == told == 2


@pytest.mark.parametrize("end_api_keys", [True, False])
async def test_api_keys_end_with_a_followed_link_if_that_was_asked_for(
    mailing: AppServer, mailbox: Mailbox, end_api_keys: bool
) -> None:
    ann = await mailing.user("ann")
    made = await ann.post("/api/users/me/keys", json={"name": "k"})
    headers = {"X-API-Key": made.json()["key"]}
    body = {"current_password": PASSWORD, "new_password": NEW, "end_api_keys": end_api_keys}
    assert (await ann.put("/api/users/me/password", json=body)).json()["pending"] is True
    assert (await mailing.client.get("/api/whoami", headers=headers)).status_code == 200
    token = await mailbox.token("ann@example.com", "password")
    assert (await mailing.client.get(f"/api/confirm-password/{token}")).status_code == 200
    after = await mailing.client.get("/api/whoami", headers=headers)
    assert after.status_code == (401 if end_api_keys else 200)


async def test_following_a_link_again_undoes_nothing(mailing: AppServer, mailbox: Mailbox) -> None:
    ann = await mailing.user("ann")
    await change_password(ann)
    token = await mailbox.token("ann@example.com", "password")
    await mailing.client.get(f"/api/confirm-password/{token}")
    admin = await mailing.admin()
    people = (await admin.get("/api/admin/users")).json()
    id_ = next(person["id"] for person in people if person["username"] == "ann")
    await admin.put(f"/api/admin/users/{id_}/password", json={"new_password": "a third password"})
    assert (await mailing.client.get(f"/api/confirm-password/{token}")).status_code == 200
    assert await signs_in(mailing, "ann", "a third password")


async def test_an_address_changes_when_its_link_is_followed(mailing: AppServer, mailbox: Mailbox) -> None:
    ann = await mailing.user("ann")
    answer = await change_email(ann, "new@example.com")
    assert (answer.status_code, answer.json()["pending"]) == (200, True)
    assert await email_of(mailing, "ann") == "ann@example.com"
    assert await mailbox.to("ann@example.com") == []
    token = await mailbox.token("new@example.com", "email")
    for _ in range(2):
        assert (await mailing.client.get(f"/api/confirm-email/{token}")).status_code == 200
    assert await email_of(mailing, "ann") == "new@example.com"
    (told,) = await mailbox.to("ann@example.com")  # the former address, once
    assert "new@example.com" in told
    assert (await ann.get("/api/currentuser")).status_code == 200


async def test_a_link_is_good_for_one_purpose(mailing: AppServer, mailbox: Mailbox) -> None:
    ann = await mailing.user("ann")
    await change_email(ann, "new@example.com")
    token = await mailbox.token("new@example.com", "email")
    assert (await mailing.client.get(f"/api/confirm-password/{token}")).status_code == 400
    assert (await mailing.client.get(f"/api/confirm-email/{token}")).status_code == 200


async def test_changes_of_both_kinds_wait_side_by_side(mailing: AppServer, mailbox: Mailbox) -> None:
    ann = await mailing.user("ann")
    await change_password(ann)
    await change_email(ann, "new@example.com")
    email = await mailbox.token("new@example.com", "email")
    password = await mailbox.token("ann@example.com", "password")
    assert (await mailing.client.get(f"/api/confirm-email/{email}")).status_code == 200
    assert (await mailing.client.get(f"/api/confirm-password/{password}")).status_code == 200
    assert await email_of(mailing, "ann") == "new@example.com"
    assert await signs_in(mailing, "ann", NEW)


async def test_a_newer_request_replaces_the_older(mailing: AppServer, mailbox: Mailbox) -> None:
    ann = await mailing.user("ann")
    await change_email(ann, "one@example.com")
    await change_email(ann, "two@example.com")
    one = await mailbox.token("one@example.com", "email")
    two = await mailbox.token("two@example.com", "email")
    assert (await mailing.client.get(f"/api/confirm-email/{one}")).status_code == 400
    assert (await mailing.client.get(f"/api/confirm-email/{two}")).status_code == 200
    assert await email_of(mailing, "ann") == "two@example.com"


async def test_a_link_lapses_after_an_hour(mailing: AppServer, mailbox: Mailbox, clock: FakeClock) -> None:
    ann, ben = await mailing.user("ann"), await mailing.user("ben")
    await change_email(ann, "new@example.com")
    token = await mailbox.token("new@example.com", "email")
    taken = await change_email(ben, "New@example.com")
    assert taken.status_code == 409  # it waits for ann's link
    clock.advance(seconds=3600)
    assert (await mailing.client.get(f"/api/confirm-email/{token}")).status_code == 400
    assert (await change_email(ben, "new@example.com")).status_code == 200
    theirs = await mailbox.token("new@example.com", "email")
    assert (await mailing.client.get(f"/api/confirm-email/{theirs}")).status_code == 200
    assert await email_of(mailing, "ben") == "new@example.com"


async def test_an_address_taken_meanwhile_ends_the_change(mailing: AppServer, mailbox: Mailbox) -> None:
    ann = await mailing.user("ann")
    await change_email(ann, "new@example.com")
    token = await mailbox.token("new@example.com", "email")
    await mailing.user("ben", email="NEW@example.com")
    refused = await mailing.client.get(f"/api/confirm-email/{token}")
    assert (refused.status_code, refused.json()["code"]) == (409, "email_taken")
    assert (await mailing.client.get(f"/api/confirm-email/{token}")).status_code == 400
    assert await email_of(mailing, "ann") == "ann@example.com"


async def test_an_administrators_change_voids_the_link(mailing: AppServer, mailbox: Mailbox) -> None:
    ann = await mailing.user("ann")
    await change_password(ann)
    await change_email(ann, "new@example.com")
    password = await mailbox.token("ann@example.com", "password")
    email = await mailbox.token("new@example.com", "email")
    id_ = (await ann.get("/api/currentuser")).json()["id"]
    admin = await mailing.admin()
    await admin.put(f"/api/admin/users/{id_}/password", json={"new_password": "set by an admin"})
    await admin.put(f"/api/admin/users/{id_}/email", json={"new_email": "set@example.com"})
    assert (await mailing.client.get(f"/api/confirm-password/{password}")).status_code == 400
    assert (await mailing.client.get(f"/api/confirm-email/{email}")).status_code == 400
    assert await signs_in(mailing, "ann", "set by an admin")
    assert await email_of(mailing, "ann") == "set@example.com"


async def test_the_link_of_somebody_deleted_or_disabled_is_dead(mailing: AppServer, mailbox: Mailbox) -> None:
    admin = await mailing.admin()
    tokens = []
    for name, end in (("ann", "delete"), ("ben", "disable")):
        person = await mailing.user(name)
        await change_password(person)
        tokens.append(await mailbox.token(f"{name}@example.com", "password"))
        id_ = (await person.get("/api/currentuser")).json()["id"]
        if end == "delete":
            await admin.delete(f"/api/admin/users/{id_}")
        else:
            await admin.put(f"/api/admin/users/{id_}/status", json={"is_active": False})
    for token in tokens:
        assert (await mailing.client.get(f"/api/confirm-password/{token}")).status_code == 400


async def test_links_nobody_mailed_are_refused(lite: AppServer) -> None:
    for token in ("x", "x" * 5000, "..", "%00", "%ff", "a%2Fb", "ü"):
        for what in ("email", "password"):
            answer = await lite.client.get(f"/api/confirm-{what}/{token}")
            assert answer.status_code in {400, 404}, (what, token)
            assert answer.json()["message"], (what, token)


async def test_a_server_that_does_not_know_its_address_changes_nothing(
    app_server: StartApp, smtp: MailServer
) -> None:
    server = await app_server(**smtp.settings)
    ann = await server.user("ann")
    for answer in (await change_password(ann), await change_email(ann, "new@example.com")):
        assert answer.status_code == 502
        assert answer.json()["msg"]
    assert await signs_in(server, "ann", PASSWORD)
    assert (await change_email(await server.user("ben"), "new@example.com")).status_code == 502  # not taken


async def test_a_switched_off_mail_leaves_nobody_waiting(mailing: AppServer) -> None:
    admin = await mailing.admin()
    assert (await admin.put("/api/admin/config", json={"mail_enabled": False})).status_code == 200
    ann = await mailing.user("ann")
    answer = await change_password(ann)
    assert (answer.status_code, answer.json()["pending"]) == (200, False)
    assert await signs_in(mailing, "ann", NEW)


@pytest.mark.every_database
async def test_two_changes_on_one_proof_do_not_both_happen(
    lite: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password is proved before the change takes its turn; meanwhile an administrator resets it."""
    ann = await lite.user("ann")
    id_ = (await ann.get("/api/currentuser")).json()["id"]
    admin = await lite.admin()
    passwords = lite.kernel.auth.passwords
    hash_new: Callable[..., Awaitable[str]] = passwords.hash_new

    async def reset_first(password: str, **who: Any) -> str:
        if password == NEW:
            body = {"new_password": "set by an admin"}
            assert (await admin.put(f"/api/admin/users/{id_}/password", json=body)).status_code == 200
        return await hash_new(password, **who)

    monkeypatch.setattr(passwords, "hash_new", reset_first)
    assert (await change_password(ann)).status_code == 401
    assert await signs_in(lite, "ann", "set by an admin")


async def test_events_of_changes_hold_no_address_and_no_secret(mailing: AppServer, mailbox: Mailbox) -> None:
    ann = await mailing.user("ann")
    await change_password(ann)
    await change_email(ann, "new@example.com")
    token = await mailbox.token("new@example.com", "email")
    await mailing.client.get(f"/api/confirm-email/{token}")
    log = await (await mailing.admin()).get("/api/events", params={"kind": "user", "order": "asc"})
    verbs = [event["verb"] for event in log.json()["events"] if event["key"] == "ann"]
    assert verbs == ["created", "password_change_requested", "email_change_requested", "email_changed"]
    assert not any(word in log.text for word in ("@", token, PASSWORD, NEW, "argon2"))
    ben = await mailing.user("ben")
    assert (await ben.get("/api/events", params={"kind": "user"})).json()["events"] == []
