"""What one gives back can be taken back for a moment, and what nobody may do is not offered."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, lock, row
from tests.web.documents import a_shelf


async def test_a_release_waits_to_be_undone_and_asks_where_somebody_waits(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    paths = [f"{folder}/{name}.uasset" for name in ("One", "Two", "Wanted")]
    fences = [lock(crib, "rita", path) for path in paths]
    crib.user("ben").post(f"/api/claims/{fences[2]}/queue", json={"take": True}).raise_for_status()

    def holder(path: str) -> str | None:
        answer = crib.admin.get(f"/api/locks/{path}")
        return None if answer.status_code == 404 else str(answer.json()["locked_by"])

    page = await open_page("rita", f"/?q={folder}")
    one, two, wanted = (row(page, path) for path in paths)
    await one.focus()
    await page.keyboard.press("r")
    await expect(one).to_have_count(0)
    await two.get_by_role("button", name="Release").click()
    await expect(two).to_have_count(0)
    assert (holder(paths[0]), holder(paths[1])) == ("rita", "rita")
    await page.get_by_role("button", name=f"Undo: Released {paths[0]}").click()
    await expect(one).to_be_visible()

    # The server hears of the other by itself; of a third as soon as the tab goes.
    wait_until(lambda: holder(paths[1]) is None, "the release")
    await expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert holder(paths[0]) == "rita"
    await one.get_by_role("button", name="Release").click()
    await expect(one).to_have_count(0)
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Activity").click()
    await expect(page.get_by_role("heading", name="Activity")).to_be_visible()
    assert holder(paths[0]) == "rita"
    await page.goto("about:blank")
    wait_until(lambda: holder(paths[0]) is None, "the release", seconds=3)

    # A server that refuses: it is told, and the row is back.
    lock(crib, "rita", paths[0])
    await page.goto(f"{crib.url}/?q={folder}")
    await page.route("**/release", lambda route: route.abort())
    await one.get_by_role("button", name="Release").click()
    await expect(one).to_have_count(0)
    await expect(page.get_by_text(f"Not done: Released {paths[0]}.")).to_be_visible()
    await expect(one).to_be_visible()
    await page.unroute_all()

    await wanted.focus()
    await page.keyboard.press("r")
    question = page.get_by_role("dialog")
    await expect(question).to_contain_text("One person waits for it")
    await page.keyboard.press("Escape")
    await expect(question).to_have_count(0)
    assert holder(paths[2]) == "rita"
    await wanted.get_by_role("button", name="Release").click()
    await question.get_by_role("button", name="Release it").click()
    await expect(wanted.get_by_role("button", name="Release")).to_have_count(0)
    assert holder(paths[2]) == "ben"

    # Signing out does what waits.
    await one.get_by_role("button", name="Release").click()
    await page.get_by_role("button", name="Account: rita").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_label("Username")).to_be_visible()
    assert holder(paths[0]) is None


async def test_a_path_is_locked_where_the_others_look_for_it(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    path = f"{folder}/Hero.uasset"
    a_shelf(crib, folder, "gus", member="gil", viewer="vic")
    page = await open_page("gil", f"/assets?in={folder}")
    await page.get_by_role("button", name="Lock a path").first.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("combobox", name="Project")).to_have_value(folder)
    await page.keyboard.press("Escape")
    lock(crib, "ben", path.lower())
    await page.goto(f"{crib.url}/?q={folder.lower()}")
    await expect(row(page, path.lower())).to_contain_text("default (not registered)")
    await page.get_by_role("button", name="Lock a path").first.click()
    await dialog.get_by_role("textbox", name="Path").fill(path)
    await dialog.get_by_role("combobox", name="Project").fill("Gears")
    await expect(dialog).to_contain_text("Gears is no registered project of yours")
    await dialog.get_by_role("combobox", name="Project").fill(folder)
    await expect(dialog.get_by_role("status")).to_contain_text(f"ben holds {path.lower()} in default.")
    await dialog.get_by_role("textbox", name="Branch").fill("main")
    await dialog.get_by_role("button", name="Lock", exact=True).click()
    await expect(dialog).to_have_count(0)
    mine = page.get_by_role("row").filter(has_text=re.compile(re.escape(path)))
    await expect(mine.get_by_title(f"Project {folder}", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Lock a path").first.click()
    await expect(dialog.get_by_role("combobox", name="Project")).to_have_value(folder)
    held = crib.user("gil").get(f"/api/locks/{path}", params={"project": folder})
    assert held.json()["locked_by"] == "gil"

    # Who may only look is offered nothing that would be refused, whether the page has read of it or heard of it.
    viewers = await open_page("vic", f"/?q={folder}")
    await expect(viewers.get_by_text("Live", exact=True)).to_be_visible()
    second = f"{folder}/Mast.umap"
    lock(crib, "gil", second, project=folder)
    fence = crib.user("gil").get(f"/api/locks/{path}", params={"project": folder}).json()["id"]
    crib.user("gus").post(f"/api/claims/{fence}/queue", json={"take": True}).raise_for_status()
    for held_path in (path, second):
        await viewers.get_by_role("button", name=f"Actions for {held_path}", exact=True).click()
        item = viewers.get_by_role("menuitem", name=re.compile("^Wait for it"))
        await expect(item).to_be_disabled()
        await expect(item).to_contain_text("You may see it, but not hold it.")
        await viewers.keyboard.press("Escape")
    await viewers.goto(f"{crib.url}/assets?path={folder}/Free.umap&project={folder}")
    await expect(viewers.get_by_role("dialog").get_by_role("button", name="Lock it")).to_be_disabled()
