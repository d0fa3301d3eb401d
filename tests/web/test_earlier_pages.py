"""Another web client's built files at `/` (UI_DIR), in a real browser, and our own page at `/crib/` beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.conftest import shared_server
from tests.parts.models.step_files import box
from tests.parts.onshape.fake_onshape import FakeOnshape, fake_onshape
from tests.parts.workshop import KEY, PART
from tests.servers.environment import SINGLE
from tests.servers.process import free_port
from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, choose_files, row, sign_in
from tests.web.documents import pdf

PAGES = Path(__file__).with_name("earlier_pages")
URL = "https://cad.onshape.com/documents/d1d1/w/a2a2/e/e3e3"
# What the other host would send: nothing leaves the machine.
THREE = "window.THREE = { draw: (context, side) => { context.fillRect(0, 0, 8 + side, 8); } };"
# Everything that the policy has refused since it was asked for.
LISTEN = """() => {
  window.refused = [];
  addEventListener("securitypolicyviolation", ({ blockedURI }) => refused.push(blockedURI));
}"""
# How a page could take a script from a host that is not listed.
LOAD = """url => new Promise((done) => {
  const script = Object.assign(document.createElement("script"), { src: url });
  script.onload = () => done("loaded");
  script.onerror = () => done("refused");
  document.head.append(script);
})"""


@pytest.fixture(scope="module")
def onshape() -> Iterator[FakeOnshape]:
    with fake_onshape() as provider:
        provider.pdf = pdf("Bracket")
        yield provider


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, onshape: FakeOnshape) -> Iterator[ToolcribServer]:
    """A server with both pages."""
    port = free_port()
    server = shared_server(
        tmp_path_factory.mktemp("earlier") / "data",
        port=port,
        UI_DIR=PAGES,
        PARTS_API_KEY=KEY,
        ONSHAPE_REDIRECT_URI=f"http://127.0.0.1:{port}/api/parts/auth/onshape/callback",
        **onshape.settings,
        **SINGLE,
    )
    server.client.headers["X-API-Key"] = KEY
    yield server
    server.close()


def add(server: ToolcribServer, name: str, **fields: object) -> int:
    added = server.client.post("/api/parts/", json={**PART, "name": name, "type": "hand", **fields})
    assert added.status_code == 201, added.text
    part: int = added.json()["id"]
    return part


async def log_in(page: Page) -> None:
    await page.get_by_label("Key").fill(KEY)
    await page.get_by_role("button", name="Log in").click()


async def earlier(open_page: Open, both: ToolcribServer) -> Page:
    """The earlier pages, loaded and logged in."""
    page = await open_page(None, "/crib/favicon.svg", server=both)
    await page.route(
        "https://cdnjs.cloudflare.com/**",
        lambda route: route.fulfill(body=THREE, content_type="text/javascript"),
    )
    await page.add_init_script(f"({LISTEN})()")
    await page.goto(both.url)
    await log_in(page)
    return page


async def press(page: Page, part: str, button: str) -> None:
    await row(page, part).get_by_role("button", name=button, exact=True).click()


async def test_parts_are_made_on_the_earlier_pages(
    open_page: Open, both: ToolcribServer, tmp_path: Path
) -> None:
    part = add(both, "Hub")
    page = await earlier(open_page, both)
    assert await page.evaluate("window.startedInline && typeof THREE.draw === 'function'")
    await press(page, "Hub", "Approve")
    await expect(row(page, "Hub")).to_contain_text("Reviewed")
    await press(page, "Hub", "Assign")
    await expect(row(page, "Hub")).to_contain_text("Fay")
    await press(page, "Hub", "Unclaim")
    await expect(row(page, "Hub")).to_contain_text("Already Started")

    model, drawing = tmp_path / "hub.step", tmp_path / "hub.pdf"
    model.write_bytes(box(60, 40, 20))
    drawing.write_bytes(pdf("Hub"))
    await choose_files(page, page.get_by_label("File").click, model)
    await press(page, "Hub", "Upload")
    await expect(page.get_by_role("status")).to_have_text("File uploaded successfully", timeout=90_000)
    await press(page, "Hub", "Model")
    await expect(page.get_by_role("status")).to_have_text("Eight views are stored", timeout=90_000)
    await expect(page.locator("#view")).to_have_js_property("naturalWidth", 64)
    assert len(both.client.get(f"/api/parts/{part}/views").json()["views"]["files"]) == 8

    await choose_files(page, page.get_by_label("File").click, drawing)
    async with page.expect_response("**/upload"):
        await press(page, "Hub", "Upload")
    await press(page, "Hub", "PDF")
    await expect(page.locator("#drawing")).to_have_attribute("src", re.compile("^blob:"))
    async with page.expect_response(lambda answer: "/file?api_key=" in answer.url) as shown:
        await press(page, "Hub", "PDF by its address")
    assert (await shown.value).headers["content-type"] == "application/pdf"
    await press(page, "Hub", "Complete")
    await expect(row(page, "Hub")).to_contain_text("Completed")

    await page.reload()  # the cookie alone: checked again, and not asked for
    await expect(row(page, "Hub")).to_be_visible()
    assert await page.evaluate("window.refused") == []
    other = await page.context.new_page()  # whose faults are expected
    await other.add_init_script(f"({LISTEN})()")
    await other.goto(f"{both.url}/parts/{part}")
    assert await other.evaluate(LOAD, "https://evil.example/three.js") == "refused"
    assert "https://evil.example/three.js" in await other.evaluate("window.refused")


async def test_a_wrong_key_and_a_pause_are_told(open_page: Open, both: ToolcribServer) -> None:
    page = await open_page(None, server=both)
    await page.get_by_label("Key").fill("wrong" * 10)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("status")).to_have_text("Invalid API key")
    for _ in range(20):
        await page.get_by_role("button", name="Log in").click()
        if "Wait" in await page.get_by_role("status").inner_text():
            break
        await page.evaluate("check().catch(() => undefined)")
    await expect(page.get_by_role("status")).to_contain_text("Wait ")


async def test_onshape_is_connected_from_the_earlier_pages(
    open_page: Open, both: ToolcribServer, onshape: FakeOnshape
) -> None:
    onshape.reset()
    add(both, "Lever", onshapeUrl=URL)
    page = await earlier(open_page, both)
    await expect(page.locator("#connected")).to_have_text("not connected")
    await press(page, "Lever", "Drawing")
    await expect(page.get_by_role("status")).to_have_text("Onshape authentication required")
    onshape.mode = "refuses"
    await page.get_by_role("button", name="Connect to Onshape").click()
    await expect(page.get_by_role("status")).to_have_text("Onshape: access_denied")
    onshape.mode = "works"
    await page.get_by_role("button", name="Connect to Onshape").click()
    await expect(page.get_by_role("status")).to_have_text("Onshape is connected")
    await expect(page).to_have_url(f"{both.url}/?onshape_connected=true")
    await expect(page.locator("#connected")).to_have_text("Fay")
    await press(page, "Lever", "Drawing")
    await expect(page.get_by_role("status")).to_have_text(f"A drawing of {len(onshape.pdf)} bytes")
    both.client.post("/api/auth/onshape/disconnect").raise_for_status()


async def test_our_page_works_beside_them(
    open_page: Open, both: ToolcribServer, onshape: FakeOnshape
) -> None:
    onshape.reset()
    part = add(both, "Spindle", onshapeUrl=URL)
    page = await open_page(None, "/crib/parts", server=both)
    both.user("ann")
    await sign_in(page, "ann")
    await expect(page).to_have_url(f"{both.url}/crib/parts")
    assert await page.evaluate("document.baseURI") == f"{both.url}/crib/"
    spindle = page.get_by_role("listitem").filter(has_text="Spindle")
    await expect(spindle).to_be_visible()

    # What happens at the earlier pages is seen here at once.
    both.client.post(f"/api/parts/{part}/approve", json={}).raise_for_status()
    both.client.post(f"/api/parts/{part}/assign", json={"assigned": "Fay"}).raise_for_status()
    await expect(spindle.filter(has_text="Fay")).to_be_visible()
    await expect(spindle).to_have_count(
        1
    )  # each column is read again by itself: for a moment it may be in two
    await spindle.get_by_role("link").click()
    await expect(page).to_have_url(f"{both.url}/crib/parts/{part}")
    await page.reload()
    await expect(page.get_by_role("heading", name="Spindle", level=1)).to_be_visible()

    offered = page.get_by_role("group", name="Onshape")
    await offered.get_by_role("button", name="Connect to Onshape").click()
    await expect(offered).to_contain_text("Connected as Fay.")
    await expect(page).to_have_url(f"{both.url}/crib/parts/{part}")
    await offered.get_by_role("button", name="Fetch from Onshape").click()
    await expect(page.get_by_role("region", name="Drawing")).to_contain_text("Rev 1")
    await page.get_by_role("button", name="Actions for").first.click()
    await page.get_by_role("menuitem", name="Print a label").press("Enter")
    await expect(page).to_have_url(f"{both.url}/crib/parts/label?ids={part}")

    await page.goto(f"{both.url}/crib/")
    await expect(page.get_by_role("heading", name="Board")).to_be_visible()
    await expect(
        row(page, "Spindle").or_(page.get_by_role("link", name=f"part {part}")).first
    ).to_be_visible()
    outside = await page.evaluate(
        "performance.getEntriesByType('resource').map(({ name }) => name)"
        f".filter((name) => !name.startsWith('{both.url}/crib/'))"
    )
    assert outside == []
    await page.goto(f"{both.url}/crib/no/such/page")
    await expect(page.get_by_text("There is no such page")).to_be_visible()
