"""The main jobs, with the keyboard alone."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.servers.environment import PASSWORD
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, lock, row


async def _focused(page: Page) -> str:
    """The name and colour ring of what has the focus; a thing without a visible ring is a fault."""
    ring: str = await page.evaluate(
        "(() => { const s = getComputedStyle(document.activeElement);"
        " return [s.outlineStyle, s.outlineWidth, s.boxShadow, s.borderColor].join(' ') })()"
    )
    return ring


async def test_signing_in_locking_finding_and_releasing(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    crib.user("kay")
    path = f"{folder}/Hero.uasset"
    page = await open_page(None)
    keyboard = page.keyboard
    await expect(page.get_by_label("Username")).to_be_focused()
    await keyboard.type("kay")
    await keyboard.press("Tab")
    await keyboard.type(PASSWORD)
    await keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Board")).to_be_visible()

    # Lock a path from the palette.
    await keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_be_focused()
    await keyboard.type(path)
    await expect(page.get_by_role("option", name=f"Lock {path}")).to_have_attribute("aria-selected", "true")
    await keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Path")).to_be_focused()
    await keyboard.press("Enter")
    mine = row(page, path)
    await expect(mine).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)

    # Find it with the filter, and open it from its row.
    await keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await keyboard.type(folder)
    await expect(page).to_have_url(re.compile(folder))
    await keyboard.press("ArrowDown")
    await keyboard.press("ArrowDown")
    await expect(mine).to_be_focused()
    assert "solid" in await _focused(page)
    await keyboard.press("Enter")
    story = page.get_by_role("dialog")
    await expect(story).to_contain_text("kay locked it on main")
    await keyboard.press("Escape")
    await expect(story).to_have_count(0)

    # Change its end, then give it back, by the row's own letters.
    await keyboard.press("g")
    await keyboard.press("b")
    await expect(page.get_by_role("heading", name="Board")).to_be_visible()
    await keyboard.press("/")
    await keyboard.type(folder)
    await keyboard.press("ArrowDown")
    await keyboard.press("ArrowDown")
    await expect(mine).to_be_focused()
    await keyboard.press("e")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await keyboard.press("Escape")
    await expect(mine).to_be_focused()
    await keyboard.press("r")
    await expect(mine).to_have_count(0)
    await page.goto("about:blank")
    wait_until(lambda: crib.user("kay").get(f"/api/locks/{path}").status_code == 404, "the release")


async def test_asking_who_has_a_file_takes_one_shortcut(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    lock(crib, "ann", f"{folder}/Harbour_Night.umap", comment="lights")
    page = await open_page("ben", "/settings")
    await expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_be_focused()
    await page.keyboard.type(f"{folder} harbour")
    await expect(page.get_by_role("option").first).to_contain_text("ann")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("lights")


async def test_every_row_of_a_long_list_can_be_reached_and_selected(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    for number in range(3):
        lock(crib, "ann", f"{folder}/File{number}.uasset")
    page = await open_page("ann", f"/assets?q={folder}")
    await expect(row(page, f"{folder}/")).to_have_count(3)
    await page.keyboard.press("/")
    await page.keyboard.press("ArrowDown")
    await expect(row(page, "File0")).to_be_focused()
    await page.keyboard.press(" ")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(row(page, "File2")).to_be_focused()
    await expect(page.get_by_text("2 selected")).to_be_visible()
    await page.keyboard.press("Home")
    await expect(row(page, "File0")).to_be_focused()


async def test_one_can_skip_to_the_content_and_walk_all_of_it(open_page: Open, crib: ToolcribServer) -> None:
    page = await open_page("admin", "/settings?tab=keys")
    await expect(page.get_by_role("heading", name="API keys")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    seen = []
    for _ in range(12):
        await page.keyboard.press("Tab")
        label = await page.evaluate(
            "document.activeElement.getAttribute('aria-label') ||"
            " document.activeElement.labels?.[0]?.innerText || document.activeElement.innerText"
        )
        if label in seen:
            break
        seen.append(label)
        assert "rgba(0, 0, 0, 0)" not in await _focused(page) or "solid" in await _focused(page)
    assert "Name" in seen


async def test_a_dialog_keeps_the_focus_and_gives_it_back(open_page: Open) -> None:
    page = await open_page("ann")
    button = page.get_by_role("button", name="Lock a path")
    await button.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("textbox", name="Path")).to_be_focused()
    for _ in range(25):
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.closest('[role=dialog]') !== null")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(button).to_be_focused()


PRESS = """([key, at]) => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true });
    Object.defineProperty(event, "timeStamp", { value: at });  // however slow the machine
    document.body.dispatchEvent(event);
}"""


async def test_a_page_drawn_anew_between_two_keys_forgets_neither(
    open_page: Open, crib: ToolcribServer
) -> None:
    page = await open_page("ann")
    await expect(page.get_by_role("heading", name="Board")).to_be_visible()
    await page.evaluate(PRESS, ["g", 1000])
    await page.set_viewport_size({"width": 500, "height": 800})
    await expect(page.get_by_role("button", name="Menu")).to_be_visible()
    await page.evaluate(PRESS, ["w", 1100])
    await expect(page.get_by_role("heading", name="Waiting for me")).to_be_visible()
