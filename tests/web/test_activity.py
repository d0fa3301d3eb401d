"""The log as sentences: filtered, live, exported."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from playwright.async_api import expect

from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, lock, row


async def test_what_happens_is_told_as_it_happens(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    path = f"{folder}/Hero.uasset"
    page = await open_page("ann", "/activity")
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    lock(crib, "ben", path, comment="new rig")
    await expect(row(page, f"ben locked {path} on main: “new rig”")).to_be_visible()
    crib.user("ben").delete(f"/api/locks/{path}").raise_for_status()
    await expect(row(page, f"ben released {path} after")).to_be_visible()
    await row(page, f"ben released {path}").get_by_role("link", name=path).click()
    await expect(page.get_by_role("dialog").get_by_text("Nobody holds it")).to_be_visible()


async def test_filters_live_in_the_address_and_hold_for_new_events(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    lock(crib, "ann", f"{folder}/Anns.uasset")
    lock(crib, "ben", f"{folder}/Bens.uasset")
    page = await open_page("ann", "/activity?actor=ben&verb=acquired")
    await expect(row(page, f"{folder}/Bens.uasset")).to_be_visible()
    await expect(row(page, f"{folder}/Anns.uasset")).to_have_count(0)
    lock(crib, "ann", f"{folder}/More.uasset")
    lock(crib, "ben", f"{folder}/Also.uasset")
    await expect(row(page, f"{folder}/Also.uasset")).to_be_visible()
    await expect(row(page, f"{folder}/More.uasset")).to_have_count(0)
    await page.get_by_role("combobox", name="What happened").click()
    await page.get_by_role("option", name="released", exact=True).click()
    await expect(page).to_have_url(re.compile("verb=released"))
    await expect(row(page, f"{folder}/")).to_have_count(0)
    await page.get_by_role("textbox", name="From").fill("2099-01-01T00:00")
    await expect(page.get_by_text("Nothing like that has happened")).to_be_visible()
    await page.get_by_role("button", name="Clear the filters").click()
    await expect(row(page, f"{folder}/More.uasset")).to_be_visible()


async def test_what_is_shown_can_be_exported(
    open_page: Open, crib: ToolcribServer, folder: str, tmp_path: Path
) -> None:
    path = f"{folder}/Hero.uasset"
    lock(crib, "ann", path, comment="rig")
    page = await open_page("ann", f"/activity?key={path}")
    await expect(row(page, path)).to_be_visible()
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="Export CSV").click()
    await (await waiting.value).save_as(tmp_path / "events.csv")
    lines = list(csv.DictReader((tmp_path / "events.csv").read_text().splitlines()))
    assert [(one["actor"], one["verb"], one["key"], one["comment"]) for one in lines] == [
        ("ann", "acquired", path, "rig")
    ]


async def test_the_log_goes_on_as_one_scrolls(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    paths = [f"{folder}/File{number:03}.uasset" for number in range(250)]
    body = {"action": "lock", "paths": paths, "branch": "main"}
    crib.user("max").post("/api/locks/bulk", json=body).raise_for_status()
    crib.user("max").post("/api/locks/bulk", json=body | {"action": "release"}).raise_for_status()
    page = await open_page("ann", "/activity?actor=max&verb=acquired")
    await expect(row(page, folder).first).to_be_visible()
    oldest = row(page, paths[0])
    await row(page, folder).first.focus()
    for _ in range(60):
        if await oldest.count():
            break
        await page.keyboard.press("End")
        await page.wait_for_timeout(100)
    await expect(oldest).to_be_visible()
