"""The table of locks, what one does with many, and the story of one path."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.servers.smtp import MailServer
from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, lock, row


async def test_several_are_released_in_one_go(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    for name in ("One", "Two", "Three"):
        lock(crib, "ann", f"{folder}/{name}.uasset")
    lock(crib, "ben", f"{folder}/Bens.uasset")
    page = await open_page("ann", f"/assets?q={folder}")
    for name in ("One", "Two"):
        await page.get_by_role("checkbox", name=f"Select {folder}/{name}.uasset").check()
    await expect(page.get_by_text("2 selected")).to_be_visible()
    await page.get_by_role("checkbox", name=f"Select {folder}/Bens.uasset").check()
    selection = page.get_by_role("region", name="Selection")
    blocked = selection.get_by_role("button", name=re.compile("^Release"))
    await expect(blocked).to_have_attribute("aria-disabled", "true")
    await expect(blocked).to_contain_text("1 of 3 is held by ben.")
    await page.get_by_role("checkbox", name=f"Select {folder}/Bens.uasset").uncheck()
    await selection.get_by_role("button", name="Release", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Release 2").click()
    await expect(row(page, f"{folder}/One.uasset")).to_have_count(0)
    await expect(row(page, f"{folder}/Three.uasset")).to_be_visible()
    left = crib.user("ann").get("/api/locks", params={"prefix": f"{folder}/"}).json()
    assert sorted(one["asset_path"] for one in left) == [f"{folder}/Bens.uasset", f"{folder}/Three.uasset"]


async def test_an_administrator_ends_several_with_one_reason(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    for name in ("One", "Two"):
        lock(crib, "ann", f"{folder}/{name}.uasset")
    page = await open_page("admin", f"/assets?q={folder}")
    await page.get_by_role("checkbox", name="Select all shown").check()
    await page.get_by_role("button", name="Force-release…").click()
    await page.get_by_role("dialog").get_by_label("Reason").fill("left the studio")
    await page.get_by_role("dialog").get_by_role("button", name="Take from ann").click()
    await expect(page.get_by_text(f"Nobody holds “{folder}”")).to_be_visible()
    events = crib.admin.get("/api/events", params={"key": f"{folder}/One.uasset"}).json()["events"]
    assert events[0]["verb"] == "force_released"
    assert events[0]["data"]["reason"] == "left the studio"


async def test_folders_narrow_the_table(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    lock(crib, "ann", f"{folder}/Maps/Quay.umap")
    lock(crib, "ann", f"{folder}/Props/Rope.uasset")
    page = await open_page("ann", f"/assets?q={folder}")
    tree = page.get_by_role("navigation", name="Folders")
    await tree.get_by_role("button", name=f"Folders in {folder}").click()
    await tree.get_by_title(f"{folder}/Maps", exact=True).click()
    await expect(row(page, "Quay.umap")).to_be_visible()
    await expect(row(page, "Rope.uasset")).to_have_count(0)
    await expect(page).to_have_url(re.compile(r"folder=.*Maps"))
    await page.reload()
    await expect(row(page, "Quay.umap")).to_be_visible()
    await expect(row(page, "Rope.uasset")).to_have_count(0)


async def test_columns_sort(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    lock(crib, "zoe", f"{folder}/A.uasset")
    lock(crib, "ann", f"{folder}/B.uasset")
    page = await open_page("ann", f"/assets?q={folder}")
    first = row(page, f"{folder}/").first
    await expect(first).to_contain_text("A.uasset")
    await page.get_by_role("button", name="Holder").click()
    await expect(page.get_by_role("columnheader", name="Holder")).to_have_attribute("aria-sort", "ascending")
    await expect(first).to_contain_text("B.uasset")


async def test_the_story_of_a_path_is_one_click_away(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    path = f"{folder}/Hero.uasset"
    lock(crib, "ann", path, comment="rig")
    crib.user("ann").delete(f"/api/locks/{path}").raise_for_status()
    lock(crib, "ben", path)
    page = await open_page("ann", f"/assets?q={folder}")
    await row(page, path).get_by_role("link").click()
    story = page.get_by_role("dialog")
    await expect(story.get_by_role("listitem")).to_have_count(3)
    await expect(story.get_by_role("listitem").last).to_contain_text("ann locked it on main: “rig”")
    crib.user("ben").delete(f"/api/locks/{path}").raise_for_status()
    await expect(story.get_by_text("Nobody holds it")).to_be_visible()
    await expect(story.get_by_role("listitem")).to_have_count(4)
    await page.keyboard.press("Escape")
    await expect(story).to_have_count(0)
    await page.go_back()


async def test_the_holder_gets_a_mail(
    open_page: Open, mailing_crib: ToolcribServer, folder: str, mailbox: MailServer
) -> None:
    path = f"{folder}/Hero.uasset"
    lock(mailing_crib, "nora", path)
    page = await open_page("ann", f"/assets?q={folder}", server=mailing_crib)
    await page.get_by_role("button", name=f"Actions for {path}").click()
    await page.get_by_role("menuitem", name="Send nora a mail…").click()
    await page.get_by_role("dialog").get_by_label("Message").fill("May I have it by noon?")
    await page.get_by_role("dialog").get_by_role("button", name="Send").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    for _ in range(100):
        mails = [mail for mail in mailbox.to("nora@example.com") if "May I have it by noon?" in str(mail)]
        if mails:
            break
        await page.wait_for_timeout(100)
    assert len(mails) == 1
