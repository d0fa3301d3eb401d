"""Keys pressed right after the one that opens something, with no wait at all, go where they are meant to."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from playwright.async_api import Locator, Page, Route, expect

from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, lock, row
from tests.web.documents import a_shelf

CONTROL, SHIFT = 2, 8
CODES = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowDown": 40, "Backspace": 8}


def _events(key: str) -> list[dict[str, Any]]:
    """What the browser gets of one key: `a`, `N` (with shift), `Enter`, `Control+k`."""
    held, _, name = key.rpartition("+") if len(key) > 1 else ("", "", key)
    event: dict[str, Any] = {"key": name, "modifiers": CONTROL if held else 0}
    if len(name) > 1:
        event |= {"code": name, "windowsVirtualKeyCode": CODES[name]}
        event |= {"text": "\r"} if name == "Enter" else {}
    else:
        event |= {"windowsVirtualKeyCode": ord(name.upper())} if name.isalnum() else {}
        event |= {} if held else {"text": name, "modifiers": SHIFT if name.isupper() else 0}
    return [{**event, "type": "keyDown"}, {**event, "type": "keyUp"}]


async def _at_once(page: Page, *keys: str, click: Locator | None = None) -> None:
    """Press keys, after a click if one is given, without waiting for anything between them."""
    session = await page.context.new_cdp_session(page)
    calls = []
    if click is not None:
        box = await click.bounding_box()
        assert box
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "button": "left"}
        for kind in ("mousePressed", "mouseReleased"):
            calls.append(
                session.send(
                    "Input.dispatchMouseEvent", {**place, "type": kind, "clickCount": 1, "buttons": 1}
                )
            )
    calls += [session.send("Input.dispatchKeyEvent", event) for key in keys for event in _events(key)]
    await asyncio.gather(*calls)
    await session.detach()


async def test_what_is_typed_right_after_the_opening_key_is_not_lost(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    for name in ("One", "Two"):
        lock(crib, "ann", f"{folder}/{name}.uasset")
    crib.user("ben")
    shelf = a_shelf(crib, folder, "admin")
    shelf.put("admin", "plan.txt")
    lock(crib, "admin", f"{folder}/Mine.psd")
    page = await open_page("admin", f"/?q={folder}")
    dialog = page.get_by_role("dialog")
    mine, other = row(page, f"{folder}/Mine.psd"), row(page, f"{folder}/One.uasset")

    async def closed() -> None:
        await page.keyboard.press("Escape")
        if await dialog.count():
            await page.keyboard.press("Escape")  # the first closed the list of a field
        await expect(dialog).to_have_count(0)

    # The code of the dialogs comes late: what is typed meanwhile waits for it.
    arrived = asyncio.Event()

    async def late(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    await page.route(re.compile("(HandOver|Wait|Lock|ForceRelease)Dialog"), late)
    await page.reload()
    await expect(mine).to_be_visible()
    await mine.focus()
    await _at_once(page, "t", *"bent", "Backspace")
    await expect(dialog).to_have_count(0)
    arrived.set()
    await expect(dialog.get_by_role("combobox", name="To")).to_have_value("ben")
    await closed()
    await expect(mine).to_be_focused()
    await page.unroute_all()

    # By key, by click, by menu, from the palette; the first time each is opened.
    await page.reload()
    await expect(mine).to_be_visible()
    await _at_once(page, "Control+k", *f"{folder}/New.uasset", "Enter", "Tab", *"s")
    await expect(dialog.get_by_role("textbox", name="Path")).to_have_value(f"{folder}/New.uasset")
    await expect(dialog.get_by_role("combobox", name="Project")).to_have_value(re.compile("s$"))
    await closed()
    await _at_once(page, *"Content/Characters", click=page.get_by_role("button", name="Lock a path").first)
    await expect(dialog.get_by_role("textbox", name="Path")).to_have_value("Content/Characters")
    await closed()
    await other.focus()
    await _at_once(page, *"wsails")
    await expect(dialog.get_by_label("Comment")).to_have_value("sails")
    await closed()
    await _at_once(page, *"fbuild")
    await expect(dialog.get_by_label("Reason")).to_have_value("build")
    await closed()
    await other.get_by_role("button", name="Actions for").focus()
    await _at_once(page, "Enter", "Enter", *"rig")
    await expect(dialog.get_by_label("Comment")).to_have_value("rig")
    await closed()
    await _at_once(page, "?", "Escape", "Control+k", *"help")
    await expect(dialog.get_by_role("combobox")).to_have_value("help")
    await closed()
    await _at_once(page, "/", *"x")
    await expect(page.get_by_role("searchbox")).to_have_value("x")
    await page.get_by_role("searchbox").fill(folder)
    await expect(mine).to_be_visible()

    # A page and a drawer that are on their way.
    await mine.focus()
    await _at_once(page, "g", "a", "/", *"Hero")
    await expect(page.get_by_role("heading", name="Assets")).to_be_visible()
    await expect(page.get_by_role("searchbox")).to_have_value("Hero")
    await page.get_by_role("searchbox").fill(folder)
    await row(page, f"{folder}/Mine.psd").focus()
    await _at_once(page, "Enter", "r", "Escape", "j")
    await expect(dialog).to_have_count(0)
    assert crib.admin.get(f"/api/locks/{folder}/Mine.psd").status_code == 200

    # Documents have dialogs and fields of their own.
    await page.goto(crib.url + shelf.address)
    await expect(row(page, "plan.txt")).to_be_visible()
    await _at_once(page, "N", *"Plans", "Enter")
    await expect(row(page, "Plans")).to_be_visible()
    await row(page, "plan.txt").focus()
    await _at_once(page, *"lwhy")
    await expect(dialog.get_by_label("Reason")).to_have_value("why")
    await closed()
    await row(page, "plan.txt").focus()
    await _at_once(page, *"m2", "Tab", *"Old")
    await expect(dialog.get_by_label("Name")).to_have_value(re.compile("2"))
    await expect(dialog.get_by_label("Folder")).to_have_value("Old")
    await closed()


async def test_what_is_answered_late_leaves_alone_what_has_been_opened_since(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    crib.user("ben")
    for name in ("Given", "Refused", "Mine"):
        lock(crib, "admin", f"{folder}/{name}.psd")
    page = await open_page("admin", f"/?q={folder}")
    dialog = page.get_by_role("dialog")
    answered = asyncio.Event()

    async def late(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await page.route(re.compile("/api/claims/[0-9]+/"), late)

    async def give_to_ben(name: str) -> None:
        answered.clear()
        await row(page, f"{folder}/{name}.psd").focus()
        await page.keyboard.type("tben")
        await page.get_by_role("option", name="ben").click()
        async with page.expect_request(lambda request: request.method == "POST"):
            await dialog.get_by_role("button", name="Hand over to ben").click()
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        await row(page, f"{folder}/Mine.psd").focus()
        await page.keyboard.press("t")
        await dialog.get_by_label("Comment").fill("for the film")

    await give_to_ben("Given")
    answered.set()
    await expect(page.get_by_role("alert").filter(has_text="ben has it now")).to_be_visible()
    await expect(dialog.get_by_label("Comment")).to_have_value("for the film")
    await page.keyboard.press("Escape")

    await give_to_ben("Refused")
    crib.admin.delete(f"/api/locks/{folder}/Refused.psd").raise_for_status()
    answered.set()
    await expect(page.get_by_role("alert").filter(has_text="has ended")).to_be_visible()
    await expect(dialog.get_by_label("Comment")).to_have_value("for the film")
