"""In, out, and a session that ends in the middle of something."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, StartServer, row, sign_in


async def test_a_person_signs_in_with_a_password_and_out_again(open_page: Open, crib: ToolcribServer) -> None:
    crib.user("ida")
    page = await open_page(None)
    await expect(page).to_have_url(f"{crib.url}/login")
    await sign_in(page, "ida")
    await expect(page.get_by_role("heading", name="Board")).to_be_visible()
    await page.get_by_role("button", name="Account: ida").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page).to_have_url(f"{crib.url}/login")
    await page.goto(f"{crib.url}/assets")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_a_wrong_password_is_said_and_the_name_stays(open_page: Open) -> None:
    page = await open_page(None, "/login")
    await sign_in(page, "admin", "wrong")
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("Username")).to_have_value("admin")
    await expect(page.get_by_label("Password", exact=True)).to_have_value("")


async def test_a_deep_link_is_shown_after_signing_in(open_page: Open, crib: ToolcribServer) -> None:
    crib.user("ida")
    page = await open_page(None, "/assets?q=Some%20File.umap")
    await sign_in(page, "ida")
    await expect(page).to_have_url(f"{crib.url}/assets?q=Some+File.umap")
    await expect(page.get_by_role("searchbox")).to_have_value("Some File.umap")


async def test_nobody_is_sent_to_another_site(open_page: Open, crib: ToolcribServer) -> None:
    crib.user("ida")
    page = await open_page(None, "/login?next=//evil.example/")
    await sign_in(page, "ida")
    await expect(page.get_by_role("heading", name="Board")).to_be_visible()
    assert page.url == f"{crib.url}/"


async def test_a_session_that_ends_loses_nothing_typed(open_page: Open, folder: str) -> None:
    page = await open_page("ida")
    await _fill_lock_dialog(page, f"{folder}/Hero.uasset", "half an hour of thought")
    await page.context.clear_cookies()
    await page.get_by_role("dialog").get_by_role("button", name="Lock", exact=True).click()

    again = page.get_by_role("dialog", name="Your session has ended")
    await expect(again.get_by_label("Username")).to_have_value("ida")
    await again.get_by_label("Password", exact=True).fill("correct horse battery")
    await again.get_by_role("button", name="Sign in", exact=True).click()

    await expect(row(page, f"{folder}/Hero.uasset")).to_contain_text("half an hour of thought")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def _fill_lock_dialog(page: Page, path: str, comment: str) -> None:
    await page.get_by_role("button", name="Lock a path").click()
    await page.get_by_role("textbox", name="Path").fill(path)
    await page.get_by_role("textbox", name="Comment").fill(comment)


async def test_a_configured_provider_gets_a_button(open_page: Open, server: StartServer) -> None:
    provided = server(
        OIDC_PROVIDER_URL="http://127.0.0.1:9/",
        OIDC_CLIENT_ID="crib",
        OIDC_CLIENT_SECRET="secret",
        OIDC_LABEL="Studio account",
    )
    page = await open_page(None, "/login?next=/assets", server=provided)
    button = page.get_by_role("link", name="Studio account")
    await expect(button).to_have_attribute("href", "/api/auth/oidc/login?redirect=1&next=%2Fassets")
