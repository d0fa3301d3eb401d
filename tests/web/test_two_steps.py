"""Two-step sign-in in the browser: set it up, sign in with it, turn it off, and be made to have it."""

from __future__ import annotations

import time

import pyotp
from playwright.async_api import Page, expect

from tests.servers.environment import PASSWORD
from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, StartServer, sign_in


async def enrol(page: Page) -> tuple[str, list[str]]:
    """Fill in the forms that set it up; the secret and the recovery codes."""
    await page.get_by_label("Current password").fill(PASSWORD)
    await page.get_by_role("button", name="Set up").click()
    await expect(page.get_by_role("img", name="QR code for the authenticator app")).to_be_visible()
    secret = await page.locator("code").inner_text()
    await page.get_by_role("textbox", name="Code").fill("000000")
    await page.get_by_role("button", name="Turn on").click()
    await expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
    await page.get_by_role("textbox", name="Code").fill(pyotp.TOTP(secret).now())
    await page.get_by_role("button", name="Turn on").click()
    await expect(page.get_by_role("button", name="I have kept them")).to_be_visible()
    return secret, await page.locator("ol li").all_inner_texts()


def next_code(secret: str) -> str:
    """A code that was not used yet: that of the next step is taken, too."""
    return pyotp.TOTP(secret).at(time.time(), counter_offset=1)


async def test_a_person_sets_it_up_signs_in_with_it_and_turns_it_off(
    open_page: Open, crib: ToolcribServer
) -> None:
    page = await open_page("otto", "/settings?tab=two-steps")
    secret, codes = await enrol(page)
    assert len(codes) == 10
    await page.get_by_role("button", name="I have kept them").click()
    await expect(page.get_by_text("10 left")).to_be_visible()

    await page.get_by_role("button", name="Account: otto").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page).to_have_url(f"{crib.url}/login")
    await sign_in(page, "otto")
    code = page.get_by_role("textbox", name="Code")
    await expect(code).to_be_focused()
    await expect(page.get_by_label("Username")).to_have_value("otto")
    await expect(page.get_by_role("alert")).to_have_count(0)
    await code.fill("000000")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
    await code.fill(next_code(secret))
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("heading", name="Board")).to_be_visible()

    await page.goto(f"{crib.url}/settings?tab=two-steps")
    await page.get_by_role("button", name="Turn off").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Current password").fill(PASSWORD)
    await dialog.get_by_role("textbox", name="Code").fill(codes[0])
    await dialog.get_by_role("button", name="Turn off").click()
    await expect(page.get_by_role("button", name="Set up")).to_be_visible()


async def test_an_administrator_is_made_to_have_it(open_page: Open, server: StartServer) -> None:
    strict = server(ADMINS_NEED_OTP=True)
    page = await open_page("admin", "/assets", server=strict)
    await expect(page).to_have_url(f"{strict.url}/two-steps")
    await expect(page.get_by_role("heading", name="Set up two-step sign-in")).to_be_visible()
    await page.reload()
    await enrol(page)
    await page.get_by_role("button", name="I have kept them").click()
    await expect(page.get_by_role("heading", name="Board")).to_be_visible()
