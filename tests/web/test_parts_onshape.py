"""Onshape on the page: the account is connected, a part linked, its drawing fetched; and all that may go wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import Locator, Page, expect

from tests.conftest import shared_server
from tests.parts.onshape.fake_onshape import FakeOnshape, fake_onshape
from tests.servers.environment import SINGLE
from tests.servers.process import free_port
from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, fits
from tests.web.documents import pdf
from tests.web.test_every_page import faults
from tests.web.workshop import Workshop, a_workshop

URL = "https://cad.onshape.com/documents/d1d1/w/a2a2/e/e3e3"


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeOnshape]:
    with fake_onshape() as onshape:
        onshape.pdf = pdf("Bracket")
        yield onshape


@pytest.fixture(scope="module")
def connected_crib(
    tmp_path_factory: pytest.TempPathFactory, provider: FakeOnshape
) -> Iterator[ToolcribServer]:
    port = free_port()
    server = shared_server(
        tmp_path_factory.mktemp("onshape") / "data",
        port=port,
        ONSHAPE_REDIRECT_URI=f"https://shop.example.com/cb,http://127.0.0.1:{port}/api/auth/onshape/callback",
        ONSHAPE_WAIT_SECONDS="1",
        **provider.settings,
        **SINGLE,
    )
    yield server
    server.close()


@pytest.fixture
def onshape(provider: FakeOnshape) -> FakeOnshape:
    provider.reset()
    return provider


@pytest.fixture
def shop(connected_crib: ToolcribServer, folder: str) -> Workshop:
    return a_workshop(connected_crib, folder)


def offer(page: Page) -> Locator:
    return page.get_by_role("region", name="Drawing").get_by_role("group", name="Onshape")


def told(page: Page, text: str) -> Locator:
    return page.get_by_role("alert").filter(has_text=text)


async def test_a_part_is_linked_and_its_drawing_fetched(
    open_page: Open, onshape: FakeOnshape, shop: Workshop
) -> None:
    part = shop.add("Bracket")
    page = await open_page("ann", f"/parts/{part}?view=1", server=shop.server)
    await offer(page).get_by_role("button", name="Link to Onshape…").click()
    await page.keyboard.type("https://cad.onshape.com/documents/d1d1")  # at once, into the dialog
    dialog = page.get_by_role("dialog")
    address = dialog.get_by_label("Address of the drawing")
    await expect(address).to_have_value("https://cad.onshape.com/documents/d1d1")
    await expect(dialog).to_contain_text("This names no tab of a document")
    await address.fill("https://cad.onshape.com.evil.example/documents/d1d1/w/a2a2/e/e3e3")
    await expect(dialog).to_contain_text("This is no address of Onshape")
    await address.fill(f"{URL}?renderMode=0")
    assert not await faults(page)
    await page.keyboard.press("Enter")
    await expect(offer(page)).to_contain_text("You are not connected to Onshape.")
    assert shop.read(part)["onshape_url"] == f"{URL}?renderMode=0"

    await offer(page).get_by_role("button", name="Connect to Onshape").click()
    await expect(offer(page)).to_contain_text("Connected as Fay.")
    await expect(told(page, "Connected to Onshape")).to_be_visible()
    await expect(page).to_have_url(f"{shop.server.url}/parts/{part}?view=1")
    await offer(page).get_by_role("button", name="Fetch from Onshape").click()
    await expect(told(page, "has come from Onshape, as revision 1")).to_be_visible()
    await expect(page.get_by_role("region", name="Drawing")).to_contain_text("Rev 1")
    assert not await faults(page)
    await offer(page).get_by_role("button", name="Fetch from Onshape").click()
    await expect(told(page, "still the same")).to_be_visible()
    await page.set_viewport_size({"width": 360, "height": 800})
    await fits(page, 360, "the part")
    assert all(path.startswith(("/api/", "/oauth/")) for path in onshape.paths())


async def test_what_goes_wrong_at_onshape_is_said_where_it_matters(
    open_page: Open, onshape: FakeOnshape, shop: Workshop
) -> None:
    part = shop.add("Bracket", onshape_url=URL)
    page = await open_page("ben", f"/parts/{part}", server=shop.server)
    onshape.mode = "refuses"
    await offer(page).get_by_role("button", name="Connect to Onshape").click()
    await expect(told(page, "You did not let Toolcrib read your documents")).to_be_visible()
    await expect(page).to_have_url(f"{shop.server.url}/parts/{part}")
    onshape.mode = "denied"
    await offer(page).get_by_role("button", name="Connect to Onshape").click()
    await expect(told(page, "Onshape did not confirm the sign-in")).to_be_visible()
    onshape.mode = "works"
    await offer(page).get_by_role("button", name="Connect to Onshape").click()
    await expect(offer(page)).to_contain_text("Connected as Fay.")

    fetch = offer(page).get_by_role("button", name="Fetch from Onshape")
    for mode, words in {
        "slow": "took too long to make a PDF",
        "failed": "could not make a PDF of this drawing",
        "error": "has a problem of its own (500)",
        "403": "may not read this document",
        "no pdf": "file is no PDF",
    }.items():
        onshape.mode = mode
        await fetch.click()
        await expect(offer(page).get_by_role("alert")).to_contain_text(words)
    assert not await faults(page)
    onshape.mode = "slow"
    await fetch.click()
    await expect(offer(page).get_by_role("status")).to_contain_text("Onshape is making the PDF")
    await expect(offer(page).get_by_role("alert")).to_contain_text("took too long")

    onshape.tokens.append("a later one, so that ours is accepted no more")
    onshape.mode = "denied"  # and no other one is given
    await fetch.click()
    await expect(offer(page)).to_contain_text("Your connection to Onshape has expired.")
    onshape.mode = "works"
    await offer(page).get_by_role("button", name="Connect again").click()
    await expect(offer(page)).to_contain_text("Connected as Fay.")
    await fetch.click()
    await expect(page.get_by_role("region", name="Drawing")).to_contain_text("Rev 1")


async def test_the_account_is_shown_and_disconnected_in_the_settings(
    open_page: Open, onshape: FakeOnshape, shop: Workshop
) -> None:
    page = await open_page("zoe", shop.page("/parts/settings"), server=shop.server)
    account = page.get_by_role("region", name="Your Onshape account")
    await expect(account).to_contain_text("Not connected.")
    await account.get_by_role("button", name="Connect to Onshape").click()
    await expect(account).to_contain_text("Connected as Fay (fay@example.com), since")
    await expect(page).to_have_url(shop.server.url + shop.page("/parts/settings"))
    assert not await faults(page)
    await account.get_by_role("button", name="Disconnect").click()
    await expect(account).to_contain_text("Not connected.")
    assert shop.server.user("zoe").get("/api/shop/onshape").json()["connected"] is False


async def test_whoever_only_looks_is_told_so(open_page: Open, onshape: FakeOnshape, shop: Workshop) -> None:
    part = shop.add("Bracket", onshape_url="https://cad.onshape.com/documents/d1d1")
    page = await open_page("eve", f"/parts/{part}", server=shop.server)
    await expect(offer(page)).to_contain_text("names no drawing")
    change = offer(page).get_by_role("button", name="Change the address")
    await expect(change).to_have_attribute("aria-disabled", "true")
    await change.focus()
    await expect(page.get_by_role("tooltip")).to_contain_text("not change them")
    assert not onshape.calls


async def test_a_server_without_onshape_offers_nothing_of_it(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shop = a_workshop(crib, folder)
    part = shop.add("Bracket", onshape_url=URL)
    page = await open_page("ann", f"/parts/{part}")
    await expect(page.get_by_role("region", name="Drawing")).to_contain_text("No drawing yet")
    await expect(page.get_by_role("link", name="Open the document")).to_be_visible()
    await expect(offer(page)).to_have_count(0)
    await page.goto(crib.url + shop.page("/parts/settings"))
    await expect(page.get_by_role("heading", name="Rules")).to_be_visible()
    await expect(page.get_by_text("Onshape")).to_have_count(0)
