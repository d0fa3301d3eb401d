"""/api/docs: the description of the API, for people."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Request, expect

from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, StartServer


@pytest.mark.parametrize("base_path", ["", "/tools/crib"])
async def test_the_description_is_shown_and_nothing_comes_from_elsewhere(
    open_page: Open, shared_crib: ToolcribServer, server: StartServer, base_path: str
) -> None:
    crib = server(BASE_PATH=base_path) if base_path else shared_crib
    page = await open_page(None, "/api/openapi.json", server=crib, own=True)
    asked = record(page)
    await page.goto(crib.url + "/api/docs")
    await expect(page.get_by_role("heading", name="Toolcrib")).to_be_visible(timeout=30_000)
    await page.locator("[id='operations-tag-sign-in']").click()
    operation = page.locator("[id$='operations-sign-in-login_api_login_post']")
    await operation.locator("button").first.click()
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    await expect(operation.get_by_text("Response headers").first).to_be_visible(timeout=30_000)
    own = urlsplit(crib.url).netloc
    assert {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))} == {own}
    assert f"{crib.url}/api/login" in asked


def record(page: Page) -> list[str]:
    """The address of everything that the page asks for."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    return asked
