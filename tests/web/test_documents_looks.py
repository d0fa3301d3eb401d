"""The documents pages for everybody: themes, phones, screen readers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, fits, row
from tests.web.documents import Shelf, a_shelf, drop, pdf, png
from tests.web.test_every_page import faults


def furnished(crib: ToolcribServer, folder: str) -> Shelf:
    """A bit of everything: Ann owns it, Ben holds a file, a version waits."""
    shelf = a_shelf(crib, folder, "ann", member="ben")
    shelf.put("ann", "Drawings/plan.txt")
    shelf.put("ann", "photo.png", png(), "image/png")
    shelf.put("ann", "site.pdf", pdf(), "application/pdf")
    shelf.put("ann", "gone.txt")
    crib.user("ann").request("DELETE", "/api/storage/delete", json=shelf.place("gone.txt")).raise_for_status()
    shelf.put("ann", f"{'a very long name ' * 12}.docx")
    notes = shelf.put("ann", "notes.md", b"# Notes\n", "text/markdown", changelog="first")["file_id"]
    shelf.put("ann", "notes.md", b"# Notes, again\n", "text/markdown", changelog="second")
    shelf.submit(
        "ben", "notes.md", b"# Notes, third\n", "third, with a reason that takes more than one line to read"
    )
    lock = {"file_id": notes, "reason": "adding a chapter", "expires_in": 7200}
    crib.user("ben").post("/api/storage/lock", json=lock).raise_for_status()
    return shelf


async def closed(page: Page) -> None:
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.timeout(600)
async def test_documents_have_no_serious_accessibility_problem(
    open_page: Open, crib: ToolcribServer, folder: str, tmp_path: Path
) -> None:
    shelf = furnished(crib, folder)
    page = await open_page("ann", shelf.address)
    problems = {}
    await expect(row(page, "notes.md")).to_contain_text("ben")
    await page.get_by_role("checkbox", name="Select notes.md").check()
    (tmp_path / "notes.md").write_bytes(b"x")
    (tmp_path / "new.txt").write_bytes(b"x")
    table = page.get_by_role("table", name="Files and folders")
    await drop(page, table, [tmp_path / "notes.md", tmp_path / "new.txt"])
    uploads = page.get_by_role("region", name="Uploads")
    await expect(uploads).to_contain_text("ben holds it")
    await expect(row(page, "new.txt")).to_be_visible()
    problems["folder"] = await faults(page)
    await uploads.get_by_role("button", name="Close").click()

    await page.get_by_role("button", name="Actions for photo.png").click()
    await expect(page.get_by_role("menu")).to_be_visible()
    problems["menu"] = await faults(page)
    for item in ("New version…", "Submit for approval…", "Lock…", "Rename or move…"):
        await page.get_by_role("menuitem", name=item).click()
        await expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_visible()
        problems[item] = await faults(page)
        await closed(page)
        await page.get_by_role("button", name="Actions for photo.png").click()
        await expect(page.get_by_role("menu")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menu")).to_have_count(0)
    await page.get_by_role("button", name="More ways to upload").click()
    await expect(page.get_by_role("menu")).to_be_visible()
    problems["upload menu"] = await faults(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menu")).to_have_count(0)

    await row(page, "notes.md").get_by_role("link").click()
    await expect(page.get_by_role("dialog").get_by_label("Text")).to_be_visible()
    problems["file"] = await faults(page)
    await page.get_by_role("dialog").get_by_role("button", name="End the lock…").click()
    await expect(page.get_by_role("dialog", name="End somebody's lock")).to_be_visible()
    problems["force"] = await faults(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(1)
    await page.get_by_role("dialog").get_by_role("button", name=re.compile("^Approve version 3")).click()
    await expect(page.get_by_role("dialog", name="Approve version 3")).to_be_visible()
    problems["decide"] = await faults(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(1)
    await page.get_by_role("tab", name="Audit").click()
    problems["audit"] = await faults(page)
    await closed(page)

    await page.goto(crib.url + "/documents/waiting")
    await expect(page.get_by_role("article").filter(has_text=folder)).to_be_visible()
    problems["waiting"] = await faults(page)
    await page.goto(crib.url + shelf.address + "&view=deleted")
    await expect(page.get_by_role("button", name="Bring back gone.txt")).to_be_visible()
    problems["deleted"] = await faults(page)
    assert not {name: found for name, found in problems.items() if found}, str(problems)


async def test_documents_fit_a_phone(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    shelf = furnished(crib, folder)
    page = await open_page("ann", shelf.address, width=360)

    await expect(row(page, "notes.md")).to_contain_text("ben")
    await fits(page, 360, "the folder")
    await row(page, "notes.md").get_by_role("link").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Text")).to_be_visible()
    inner = await dialog.evaluate("one => [one.scrollWidth, one.clientWidth]")
    assert inner[0] <= inner[1]
    await dialog.get_by_role("button", name="More").click()
    await expect(page.get_by_role("menuitem", name="Describe…")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.goto(crib.url + shelf.address)
    await row(page, "Drawings").get_by_role("link").click()
    await expect(row(page, "plan.txt")).to_be_visible()
    await fits(page, 360, "a folder below")
    await page.get_by_role("navigation", name="Folder").get_by_role("link", name=folder).click()
    await expect(row(page, "notes.md")).to_be_visible()
    await page.get_by_label("Place").select_option("Deleted files")
    await expect(page.get_by_role("button", name="Bring back gone.txt")).to_be_visible()
    await fits(page, 360, "the deleted files")
    await page.goto(crib.url + "/documents/waiting")
    await expect(page.get_by_role("article").filter(has_text=folder)).to_be_visible()
    await fits(page, 360, "what waits")


async def test_closing_gives_the_focus_back(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    shelf = furnished(crib, folder)
    page = await open_page("ann", shelf.address)
    actions = page.get_by_role("button", name="Actions for photo.png")
    await actions.click()
    await page.get_by_role("menuitem", name="Lock…").click()
    await expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
    await closed(page)
    await expect(actions).to_be_focused()
    await row(page, "photo.png").focus()
    await page.keyboard.press("Enter")
    lock = page.get_by_role("dialog").get_by_role("button", name="Lock…")
    await lock.click()
    over = page.get_by_role("dialog", name="Lock", exact=True)
    await expect(over.get_by_label("Reason")).to_be_focused()
    for _ in range(15):
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.closest('[role=dialog]') !== null")
    await page.keyboard.press("Escape")
    await expect(over).to_have_count(0)
    await expect(lock).to_be_focused()
    await closed(page)
    await expect(row(page, "photo.png")).to_be_focused()
