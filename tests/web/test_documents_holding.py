"""Who holds a document, and who decides about its versions."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import expect

from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, choose_files, row
from tests.web.documents import a_shelf, drawer


async def test_a_lock_is_seen_by_others_at_once_and_ended_with_a_reason(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shelf = a_shelf(crib, folder, "ann", member="ben")
    shelf.put("ann", "plan.txt")
    anns, bens = await open_page("ann", shelf.address), await open_page("ben", shelf.address)
    await row(bens, "plan.txt").get_by_role("link").click()
    await drawer(bens).get_by_role("button", name="Lock…").click()
    dialog = bens.get_by_role("dialog", name="Lock", exact=True)
    await dialog.get_by_label("Reason").fill("adding the crane")
    await dialog.get_by_role("button", name="4 hours").click()
    await dialog.get_by_role("button", name="Lock it").click()
    await expect(row(anns, "plan.txt")).to_contain_text("ben")
    await expect(drawer(bens).get_by_role("button", name="Unlock")).to_be_visible()
    await row(anns, "plan.txt").get_by_role("link").click()
    card = drawer(anns).get_by_role("region", name="Lock")
    await expect(card).to_contain_text("adding the crane")
    await expect(card).to_contain_text("in 3 h")
    await expect(drawer(anns).get_by_role("button", name=re.compile("New version"))).to_contain_text(
        "ben holds it."
    )

    await card.get_by_role("button", name="Wait for it…").click()
    waiting = anns.get_by_role("dialog", name="Wait for it")
    await waiting.get_by_role("button", name="Stand in line").click()
    await expect(card).to_contain_text("One person waits for it")
    await card.get_by_role("button", name="End the lock…").click()
    force = anns.get_by_role("dialog", name="End somebody's lock")
    await force.get_by_label("Reason").fill("needed tonight")
    await force.get_by_role("button", name="Take it from ben").click()
    await expect(bens.get_by_text("ann ended your hold")).to_be_visible()
    # The first in line has it in the same moment.
    await expect(drawer(anns).get_by_role("button", name="Unlock")).to_be_visible()
    await anns.keyboard.press("Escape")
    await expect(row(anns, "plan.txt")).to_contain_text("ann")


async def test_a_version_is_submitted_by_one_and_approved_by_another(
    open_page: Open, crib: ToolcribServer, folder: str, tmp_path: Path
) -> None:
    shelf = a_shelf(crib, folder, "dora", member="ben", admin="kurt")
    shelf.put("dora", "part.txt", b"one")
    (tmp_path / "part-new.txt").write_bytes(b"two")
    doras = await open_page("dora")
    badge = doras.get_by_role("navigation", name="Main").get_by_role(
        "link", name=re.compile("Waiting for me")
    )
    await expect(badge).not_to_contain_text("waits")

    bens = await open_page("ben", shelf.address)
    await row(bens, "part.txt").get_by_role("link").click()
    await expect(drawer(bens).get_by_text("Owner", exact=True)).to_be_visible()
    await expect(drawer(bens).get_by_text("approved", exact=True)).to_have_count(0)
    await drawer(bens).get_by_role("button", name="Submit for approval…").click()
    dialog = bens.get_by_role("dialog", name="Submit a version for approval")
    await choose_files(
        bens, lambda: dialog.get_by_role("button", name="File").click(), tmp_path / "part-new.txt"
    )
    submit = dialog.get_by_role("button", name="Submit")
    await expect(submit).to_have_attribute("aria-disabled", "true")
    await dialog.get_by_label("What has changed").fill("thicker walls")
    await submit.click()
    history = drawer(bens).get_by_role("list", name="Versions").get_by_role("listitem")
    await expect(history.first).to_contain_text("waits for approval")
    own = history.first.get_by_role("button", name=re.compile("^Approve"))
    await expect(own).to_have_attribute("aria-disabled", "true")
    await expect(history.first).to_contain_text("Another person must decide")
    assert shelf.fetch("dora", "part.txt") == b"one"

    await expect(badge).to_contain_text("1 version waits for you")
    await badge.click()
    card = doras.get_by_role("article").filter(has_text="part.txt")
    await expect(card).to_contain_text("thicker walls")
    await expect(card).to_contain_text(folder)
    kurts = await open_page("kurt", "/documents/waiting")
    await expect(kurts.get_by_role("article")).to_have_count(1)
    await card.get_by_role("button", name="Approve").click()
    decide = doras.get_by_role("dialog", name="Approve version 2")
    await decide.get_by_label("Comment").fill("good")
    await decide.get_by_role("button", name="Approve").click()
    await expect(doras.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    await expect(badge).not_to_contain_text("waits")
    await expect(kurts.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    await expect(history.first).to_contain_text("Approved by dora")
    await expect(history.first).to_contain_text("“good”")
    await expect(drawer(bens).get_by_role("definition").first).to_have_text("approved")
    await expect(bens.get_by_text("dora approved your version 2")).to_be_visible()
    assert shelf.fetch("ben", "part.txt") == b"two"


async def test_a_version_is_rejected_with_a_reason_and_submitted_again(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shelf = a_shelf(crib, folder, "dora", member="ben")
    shelf.put("dora", "part.txt", b"one")
    shelf.submit("ben", "part.txt", b"two", "thicker walls")
    page = await open_page("dora", "/documents/waiting")
    card = page.get_by_role("article").filter(has_text=folder)
    await card.get_by_role("button", name="Reject").click()
    dialog = page.get_by_role("dialog", name="Reject version 2")
    reject = dialog.get_by_role("button", name="Reject")
    await expect(reject).to_have_attribute("aria-disabled", "true")
    await dialog.get_by_label("Comment").fill("still too thin")
    await reject.click()
    await expect(card).to_have_count(0)
    bens = await open_page("ben", shelf.address)
    await row(bens, "part.txt").get_by_role("link").click()
    history = drawer(bens).get_by_role("list", name="Versions").get_by_role("listitem")
    await expect(history.first).to_contain_text("still too thin")
    await history.first.get_by_role("button", name="Submit version 2 again").click()
    await (
        bens.get_by_role("dialog", name="Submit version 2 again").get_by_role("button", name="Submit").click()
    )
    await expect(history).to_have_count(3)
    await expect(card).to_contain_text("Version 2 again")


async def test_a_new_version_gives_the_lock_back_and_nothing_unseen_is_replaced(
    open_page: Open, crib: ToolcribServer, folder: str, tmp_path: Path
) -> None:
    shelf = a_shelf(crib, folder, "ann", member="ben")
    file_id = shelf.put("ann", "part.txt", b"one")["file_id"]
    crib.user("ben").post("/api/storage/lock", json={"file_id": file_id}).raise_for_status()
    (tmp_path / "part.txt").write_bytes(b"two")
    page = await open_page("ben", shelf.address)
    await row(page, "part.txt").get_by_role("link").click()
    await drawer(page).get_by_role("button", name="New version…").click()
    dialog = page.get_by_role("dialog", name="New version")
    await choose_files(page, lambda: dialog.get_by_role("button", name="File").click(), tmp_path / "part.txt")
    await dialog.get_by_label("Why").fill("measured again")
    await expect(dialog.get_by_label("Unlock it when the upload is done")).to_be_checked()
    await dialog.get_by_role("button", name="Upload").click()
    await expect(drawer(page).get_by_role("region", name="Lock")).to_contain_text("Nobody holds it")
    assert shelf.fetch("ann", "part.txt") == b"two"
