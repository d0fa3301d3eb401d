"""Who holds what, live, and what one does about it."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.async_api import expect

from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, StartServer, cli, lock, row


async def test_a_lock_from_the_command_line_appears_within_a_second(
    open_page: Open, crib: ToolcribServer, folder: str, tmp_path: Path
) -> None:
    page = await open_page("ann")
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    cli(crib, "ben", "lock", f"{folder}/Hero.uasset", "--comment", "new rig", cwd=tmp_path)
    committed = time.monotonic()
    seen = row(page, f"{folder}/Hero.uasset")
    await expect(seen).to_contain_text("new rig")
    assert time.monotonic() - committed < 1
    cli(crib, "ben", "unlock", f"{folder}/Hero.uasset", cwd=tmp_path)
    committed = time.monotonic()
    await expect(seen).to_have_count(0)
    assert time.monotonic() - committed < 1


async def test_my_holdings_come_first_and_can_be_released(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    lock(crib, "ann", f"{folder}/Anns.uasset")
    lock(crib, "zoe", f"{folder}/Zoes.uasset")
    page = await open_page("zoe")
    first = page.get_by_role("row").filter(has=page.get_by_role("button", expanded=True)).first
    await expect(first).to_contain_text("Held by me")
    mine = row(page, f"{folder}/Zoes.uasset")
    await mine.get_by_role("button", name="Release").click()
    await expect(mine).to_have_count(0)
    await expect(row(page, f"{folder}/Anns.uasset").get_by_role("button", name="Release")).to_have_count(0)


async def test_two_browsers_see_a_holding_change_hands(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    path = f"{folder}/Mast.umap"
    lock(crib, "ann", path, comment="sails")
    crib.user("ben")
    anns, bens = await open_page("ann"), await open_page("ben")
    await row(anns, path).get_by_role("button", name="Hand over").click()
    dialog = anns.get_by_role("dialog")
    await dialog.get_by_role("combobox", name="To").fill("ben")
    await anns.get_by_role("option", name="ben", exact=True).click()
    await dialog.get_by_role("button", name="Hand over to ben").click()
    await expect(dialog).to_have_count(0)
    await expect(row(bens, path).get_by_role("button", name="Release")).to_be_visible()
    await expect(bens.get_by_text("ann handed something over to you")).to_be_visible()
    await expect(row(anns, path).get_by_role("button", name="Release")).to_have_count(0)
    await row(bens, path).get_by_role("button", name="Release").click()
    await expect(row(anns, path)).to_have_count(0)


async def test_the_end_of_a_holding_is_moved(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    path = f"{folder}/Deck.umap"
    lock(crib, "ann", path)
    page = await open_page("ann")
    await row(page, path).get_by_role("button", name="Extend").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="4 hours").click()
    await dialog.get_by_role("button", name="Save").click()
    await expect(row(page, path)).to_contain_text(re.compile("in (4 h|3 h 59 min)"))
    await row(page, path).get_by_role("button", name="Extend").click()
    await page.get_by_role("dialog").get_by_role("button", name="No end").click()
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(row(page, path)).to_contain_text("no end set")


async def test_the_filter_answers_as_one_types_and_lives_in_the_address(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    lock(crib, "ann", f"{folder}/Harbour.umap", comment="lights")
    lock(crib, "ben", f"{folder}/Hero.uasset")
    page = await open_page("ann", f"/?q={folder}")
    await expect(row(page, f"{folder}/")).to_have_count(2)
    box = page.get_by_role("searchbox")
    await box.press("End")
    await box.type(" lights")
    await expect(row(page, f"{folder}/")).to_have_count(1)
    await expect(page).to_have_url(re.compile(r"q=.*lights"))
    await box.fill(f"@ben {folder}")
    await expect(row(page, f"{folder}/Hero.uasset")).to_be_visible()
    await box.fill(f"{folder}/Nothing.umap")
    await expect(page.get_by_text(f"Nobody holds “{folder}/Nothing.umap”")).to_be_visible()
    await page.get_by_role("button", name="Lock it").click()
    await expect(page.get_by_role("dialog").get_by_role("textbox", name="Path")).to_have_value(
        f"{folder}/Nothing.umap"
    )


async def test_what_would_be_refused_is_shown_with_its_reason(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    lock(crib, "ann", f"{folder}/Hero.uasset")
    page = await open_page("ben", f"/?q={folder}")
    await page.get_by_role("button", name=f"Actions for {folder}/Hero.uasset").click()
    for name, reason in [
        ("Release", "Only ann can release it."),
        ("Force-release…", "can force-release it."),
        ("Hand over…", "can hand it over."),
    ]:
        item = page.get_by_role("menuitem", name=re.compile(f"^{re.escape(name)}"))
        await expect(item).to_be_disabled()
        await expect(item).to_contain_text(reason)


async def test_an_administrator_ends_a_holding_and_its_holder_is_told_why(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    path = f"{folder}/Hero.uasset"
    lock(crib, "ann", path)
    anns, admins = await open_page("ann", f"/?q={folder}"), await open_page("admin", f"/?q={folder}")
    await admins.get_by_role("button", name=f"Actions for {path}").click()
    await admins.get_by_role("menuitem", name="Force-release…").click()
    dialog = admins.get_by_role("dialog")
    await expect(dialog.get_by_text("Say why: it is kept in the log.")).to_be_visible()
    await dialog.get_by_label("Reason").fill("needed for the build")
    await dialog.get_by_role("button", name="Take from ann").click()
    await expect(anns.get_by_text(f"{path}: needed for the build")).to_be_visible()
    await expect(row(anns, path)).to_have_count(0)


async def test_waiting_in_line_gives_it_to_the_next(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    path = f"{folder}/Hero.uasset"
    lock(crib, "ann", path)
    bens = await open_page("ben", f"/?q={folder}")
    await bens.get_by_role("button", name=f"Actions for {path}").click()
    await bens.get_by_role("menuitem", name="Wait for it…").click()
    await bens.get_by_role("dialog").get_by_role("button", name="Stand in line").click()
    await expect(bens.get_by_text("You are next")).to_be_visible()
    await expect(row(bens, path)).to_contain_text("One person waits for it")
    crib.user("ann").delete(f"/api/locks/{path}").raise_for_status()
    await expect(row(bens, path).get_by_role("button", name="Release")).to_be_visible()


async def test_a_refusal_says_who_holds_it(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    path = f"{folder}/Hero.uasset"
    page = await open_page("ben")
    await page.get_by_role("button", name="Lock a path").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Path").fill(path)
    await expect(dialog.get_by_role("button", name="Lock", exact=True)).to_be_enabled()
    lock(crib, "ann", path, comment="first come")
    await expect(dialog.get_by_role("alert")).to_contain_text("Held by ann since just now")
    await expect(dialog.get_by_role("alert")).to_contain_text("first come")
    await expect(dialog.get_by_role("button", name="Lock", exact=True)).to_be_disabled()


async def test_a_dropped_connection_says_so_and_recovers(open_page: Open, server: StartServer) -> None:
    mortal = server()
    lock(mortal, "ann", "Before.umap")
    page = await open_page("ann", server=mortal)
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    mortal.stop()
    banner = page.get_by_text("Connection lost, reconnecting.")
    await expect(banner).to_be_visible()
    mortal.start()
    lock(mortal, "ben", "After.umap")
    await expect(banner).to_have_count(0, timeout=20_000)
    await expect(row(page, "After.umap")).to_be_visible()
    await expect(row(page, "Before.umap")).to_be_visible()


async def test_thousands_of_holdings_scroll_and_only_those_in_sight_exist(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    paths = [f"{folder}/File{number:04}.uasset" for number in range(3000)]
    body = {"action": "lock", "paths": paths, "branch": "main"}
    crib.user("max").post("/api/locks/bulk", json=body).raise_for_status()
    try:
        for address in ("/", "/assets"):
            page = await open_page("ann", f"{address}?q={folder}")
            await expect(row(page, "File0000")).to_be_visible()
            await expect(page.get_by_role("status").filter(has_text="3,000")).to_be_visible()
            assert await page.get_by_role("row").count() < 80
            await page.get_by_role("searchbox").press("ArrowDown")
            await page.keyboard.press("End")
            await expect(row(page, "File2999")).to_be_focused()
            assert await page.get_by_role("row").count() < 80
    finally:
        body["action"] = "release"
        crib.user("max").post("/api/locks/bulk", json=body).raise_for_status()
