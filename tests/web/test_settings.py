"""What a person changes about themselves."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx
from playwright.async_api import Page, expect

from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.smtp import MailServer
from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, row, sign_in


async def _link_in_mail(page: Page, mailbox: MailServer, address: str, route: str) -> str:
    """The link of the newest mail to this address: path and query."""
    for _ in range(100):
        for mail in reversed(mailbox.to(address)):
            body = mail.get_body(("plain",))
            found = re.search(
                rf"http://crib\.example(/{route}\?token=\S+)", body.get_content() if body else ""
            )
            if found:
                return found.group(1)
        await page.wait_for_timeout(100)
    raise AssertionError(f"no mail to {address} has a link to {route}")


async def test_a_password_changes_through_the_link_in_the_mail(
    open_page: Open, mailing_crib: ToolcribServer, mailbox: MailServer
) -> None:
    page = await open_page("pia", "/settings?tab=password", server=mailing_crib)
    made = await page.request.post(f"{mailing_crib.url}/api/users/me/keys", data={"name": "k"})
    headers = {"X-API-Key": (await made.json())["key"]}
    await page.get_by_label("Current password").fill(PASSWORD)
    await page.get_by_label("New password", exact=True).fill("a brand new passphrase")
    await page.get_by_label("New password, again").fill("a brand new passphrase")
    await page.get_by_label("End my API keys too").check()
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_role("status").filter(has_text=re.compile("mail", re.I))).to_be_visible()
    link = await _link_in_mail(page, mailbox, "pia@example.com", "confirm-password")

    elsewhere = await open_page(None, link, server=mailing_crib)
    await expect(elsewhere.get_by_role("heading", name="Confirm your new password")).to_be_visible()
    await expect(elsewhere.get_by_role("link", name="Go to the board")).to_be_visible()
    await elsewhere.goto(f"{mailing_crib.url}/login")
    await sign_in(elsewhere, "pia", "a brand new passphrase")
    await expect(elsewhere.get_by_role("heading", name="Board")).to_be_visible()
    assert httpx.get(f"{mailing_crib.url}/api/whoami", headers=headers).status_code == 401
    login = {"username": "pia", "password": PASSWORD}
    assert httpx.post(f"{mailing_crib.url}/api/login", json=login).status_code == 401


async def test_a_wrong_current_password_keeps_the_session_and_what_was_typed(open_page: Open) -> None:
    page = await open_page("otto", "/settings?tab=password")
    await page.get_by_label("Current password").fill("wrong")
    await page.get_by_label("New password", exact=True).fill("a brand new passphrase")
    await page.get_by_label("New password, again").fill("a brand new passphrase")
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_role("alert")).to_contain_text(re.compile("password", re.I))
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_label("New password", exact=True)).to_have_value("a brand new passphrase")


async def test_an_address_changes_through_the_link_in_the_mail(
    open_page: Open, mailing_crib: ToolcribServer, mailbox: MailServer
) -> None:
    page = await open_page("quin", "/settings?tab=email", server=mailing_crib)
    await page.get_by_label("New address").fill("quin@new.example.com")
    await page.get_by_label("Current password").fill(PASSWORD)
    await page.get_by_role("button", name="Change address").click()
    await expect(page.get_by_role("status").filter(has_text=re.compile("mail", re.I))).to_be_visible()
    link = await _link_in_mail(page, mailbox, "quin@new.example.com", "confirm-email")
    await page.goto(urlsplit(page.url)._replace(path="", query="").geturl() + link)
    await expect(page.get_by_role("link", name="Go to the board")).to_be_visible()
    await page.get_by_role("link", name="Go to the board").click()
    await page.get_by_role("link", name="Settings").click()
    await expect(page.get_by_text("quin@new.example.com")).to_be_visible()


async def test_a_link_that_is_no_longer_good_says_so(open_page: Open) -> None:
    page = await open_page(None, "/confirm-email?token=used-up")
    await expect(page.get_by_role("link", name="Back to the settings")).to_be_visible()
    await page.goto(page.url.split("?")[0])
    await expect(page.get_by_text("This link is not complete.")).to_be_visible()


async def test_a_key_is_shown_once_works_and_is_revoked(open_page: Open, crib: ToolcribServer) -> None:
    page = await open_page("rosa", "/settings?tab=keys", own=True)
    await page.get_by_label("Name").fill("build machine")
    await expect(page.get_by_role("checkbox", name="read")).to_be_checked()
    await expect(page.get_by_role("checkbox", name="admin")).not_to_be_checked()
    await page.get_by_role("checkbox", name="locks").check()
    await page.get_by_role("button", name="Create key").click()
    shown = page.get_by_role("status").locator("code")
    await expect(shown).to_have_text(re.compile("^tck_"))
    key = await shown.inner_text()
    headers = {"X-API-Key": key}
    assert httpx.get(f"{crib.url}/api/currentuser", headers=headers).json()["username"] == "rosa"
    lock = {"asset_path": "rosa.psd", "branch": "main"}
    assert httpx.post(f"{crib.url}/api/locks", json=lock, headers=headers).status_code == 201
    refused = httpx.post(f"{crib.url}/api/projects", json={"name": "rosas"}, headers=headers)
    assert refused.json()["details"] == {"scopes": ["admin"]}
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("status").get_by_role("button", name=re.compile("^Copy")).click()
    assert await page.evaluate("navigator.clipboard.readText()") == key
    await page.reload()
    await expect(row(page, "build machine")).to_contain_text("read, locks")
    await expect(page.get_by_text(key)).to_have_count(0)
    await page.get_by_role("button", name="Revoke build machine").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("You have no keys")).to_be_visible()
    assert httpx.get(f"{crib.url}/api/currentuser", headers=headers).status_code == 401


async def test_administrators_make_and_revoke_tokens(open_page: Open, crib: ToolcribServer) -> None:
    page = await open_page("rosa", "/settings?tab=keys")
    await expect(page.get_by_role("button", name="Create key")).to_be_visible()
    await expect(page.get_by_text("API token")).to_have_count(0)
    page = await open_page(ADMIN, "/settings?tab=keys", own=True)
    await page.get_by_text("API token", exact=True).click()
    await page.get_by_label("Name").fill("front end")
    await expect(page.get_by_role("checkbox")).to_have_count(0)
    await page.get_by_role("button", name="Create token").click()
    shown = page.get_by_role("status").locator("code")
    await expect(shown).to_have_text(re.compile(r"^eyJ"))
    token = await shown.inner_text()
    login = httpx.post(f"{crib.url}/api/tokens/api-login", json={"token": token})
    assert login.json()["username"] == ADMIN
    await expect(row(page, "front end")).to_contain_text("API token")
    await page.get_by_role("button", name="Revoke front end").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text(token)).to_have_count(0)
    await expect(page.get_by_role("button", name="Revoke front end")).to_have_count(0)
    refused = httpx.get(f"{crib.url}/api/currentuser", headers={"Authorization": f"Bearer {token}"})
    assert refused.json()["error"] == "Token is revoked"


async def test_browsers_are_listed_and_signed_out(open_page: Open, crib: ToolcribServer) -> None:
    page = await open_page(None, "/settings?tab=sessions")
    crib.user("sven")
    await sign_in(page, "sven", PASSWORD)
    mine = row(page, "(this browser)")
    await expect(mine).to_contain_text("Chrome on Linux")
    await expect(page.get_by_role("button", name=re.compile("^Sign out Chrome"))).to_have_count(0)

    other = await open_page(None, "/settings?tab=sessions")  # while the first page looks on
    await sign_in(other, "sven", PASSWORD)
    await expect(page.get_by_role("button", name="Sign out Chrome on Linux")).to_be_visible()
    await page.get_by_role("button", name="Sign out Chrome on Linux").click()
    await page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign out Chrome on Linux")).to_have_count(0)
    assert (await other.request.get(f"{crib.url}/api/currentuser")).status == 401
    assert (await page.request.get(f"{crib.url}/api/currentuser")).status == 200

    await page.get_by_role("button", name="Sign out everywhere").click()
    copied = {each["name"]: each["value"] for each in await page.context.cookies()}
    await page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    await expect(page.get_by_label("Password", exact=True)).to_be_visible()
    assert httpx.get(f"{crib.url}/api/currentuser", cookies=copied).status_code == 401


async def test_the_instructions_name_this_server(open_page: Open, crib: ToolcribServer) -> None:
    page = await open_page("ann", "/settings?tab=setup")
    await expect(page.get_by_text(f"toolcrib login --url {crib.url} --username ann")).to_be_visible()
    git = f"git config lfs.url http://ann@{crib.url.removeprefix('http://')}/default.git/info/lfs"
    await expect(page.get_by_text(git)).to_be_visible()


async def test_what_one_stores_and_may_store_is_shown(open_page: Open, crib: ToolcribServer) -> None:
    crib.user("stella")
    crib.admin.put("/api/admin/quotas/users/stella", json={"allowed_bytes": 2_500_000}).raise_for_status()
    page = await open_page("stella", "/settings?tab=storage")
    await expect(page.get_by_text("0 bytes of 2.5 MB")).to_be_visible()
    await expect(page.get_by_role("progressbar", name="You: 0 bytes of 2.5 MB")).to_have_count(1)
