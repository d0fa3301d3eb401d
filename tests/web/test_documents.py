"""Folders, files and what is in them."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from playwright.async_api import expect

from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, choose_files, fits, row
from tests.web.documents import a_shelf, drawer, files, pdf, png


async def test_folders_are_made_opened_and_left(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    shelf = a_shelf(crib, folder, "ann")
    shelf.put("ann", "readme.txt")
    page = await open_page("ann", shelf.address)
    await expect(row(page, "readme.txt")).to_be_visible()
    await page.get_by_role("button", name="New folder").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Plans/no")
    make = page.get_by_role("dialog").get_by_role("button", name="Make it")
    await expect(make).to_have_attribute("aria-disabled", "true")
    await page.get_by_role("dialog").get_by_label("Name").fill("Plans")
    await make.click()
    await row(page, "Plans").get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    crumbs = page.get_by_role("navigation", name="Folder")
    await expect(crumbs.get_by_role("link", name="Plans")).to_have_attribute("aria-current", "page")
    await crumbs.get_by_role("link", name=folder).click()
    await expect(row(page, "readme.txt")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


async def test_what_is_renamed_moved_and_deleted_is_so_everywhere(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shelf = a_shelf(crib, folder, "ann")
    shelf.put("ann", "old.txt")
    shelf.put("ann", "Set/one.txt")
    shelf.put("ann", "Set/two.txt")
    page = await open_page("ann", shelf.address)
    await page.get_by_role("button", name="Actions for old.txt").click()
    await page.get_by_role("menuitem", name="Rename or move…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("new.txt")
    await dialog.get_by_role("button", name="Rename").click()
    await expect(row(page, "new.txt")).to_be_visible()
    await expect(row(page, "old.txt")).to_have_count(0)

    await page.get_by_role("button", name="Actions for Set").click()
    await page.get_by_role("menuitem", name="Rename or move…").click()
    await dialog.get_by_label("Folder").fill("Archive/2026")
    await dialog.get_by_role("button", name="Move").click()
    await expect(row(page, "Archive")).to_be_visible()
    assert shelf.names("ann", "Archive/2026/Set") == ["one.txt", "two.txt"]

    await page.get_by_role("button", name="Actions for new.txt").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(row(page, "new.txt")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(row(page, "new.txt")).to_be_visible()

    await page.get_by_role("button", name="Actions for Archive").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await dialog.get_by_role("button", name="Delete it").click()
    await expect(row(page, "Archive")).to_have_count(0)
    await page.get_by_role("link", name="Deleted files").click()
    await page.get_by_role("button", name="Bring back two.txt").click()
    await expect(row(page, "Set/two.txt")).to_have_count(0)
    assert shelf.names("ann", "Archive/2026/Set") == ["two.txt"]
    await page.get_by_role("button", name="Delete one.txt for good").click()
    await dialog.get_by_role("button", name="Delete for good").click()
    await expect(page.get_by_role("heading", name="Nothing is deleted here")).to_be_visible()


async def test_several_are_moved_and_deleted_at_once(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shelf = a_shelf(crib, folder, "ann", member="ben")
    held = shelf.put("ann", "held.txt")["file_id"]
    for name in ("a", "b", "c"):
        shelf.put("ann", f"{name}.txt")
    crib.user("ben").post("/api/storage/lock", json={"file_id": held}).raise_for_status()
    page = await open_page("ann", shelf.address)
    for name in ("a", "b", "held"):
        await page.get_by_role("checkbox", name=f"Select {name}.txt").check()
    selection = page.get_by_role("region", name="Selection")
    await expect(selection.get_by_role("button", name=re.compile("^Delete"))).to_contain_text("ben holds it.")
    await page.get_by_role("checkbox", name="Select held.txt").uncheck()
    await selection.get_by_role("button", name="Move…").click()
    await page.get_by_role("dialog").get_by_label("Folder").fill("Together")
    await page.get_by_role("dialog").get_by_role("button", name="Move").click()
    for name in ("a", "b"):  # the folder is there with the first of them
        await expect(row(page, f"{name}.txt")).to_have_count(0)
    await expect(row(page, "Together")).to_be_visible()
    assert shelf.names("ann", "Together") == ["a.txt", "b.txt"]
    await page.get_by_role("checkbox", name="Select c.txt").check()
    await selection.get_by_role("button", name="Delete").click()
    await expect(row(page, "c.txt")).to_have_count(0)


async def test_columns_sort_and_the_filter_narrows(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shelf = a_shelf(crib, folder, "ann")
    for name, size in (("a.bin", 10), ("b.bin", 3000), ("c10.txt", 20), ("c9.txt", 5)):
        shelf.put("ann", name, b"x" * size)
    page = await open_page("ann", shelf.address)
    links = files(page).get_by_role("link")
    await expect(links).to_have_text(["a.bin", "b.bin", "c9.txt", "c10.txt"])
    await page.get_by_role("button", name="Size").click()
    await expect(links).to_have_text(["c9.txt", "a.bin", "c10.txt", "b.bin"])
    await page.get_by_role("button", name="Size").click()
    await expect(links.first).to_have_text("b.bin")
    await page.get_by_role("searchbox").fill("c .txt")
    await expect(links).to_have_text(["c10.txt", "c9.txt"])
    await page.get_by_role("searchbox").fill("nowhere")
    await expect(page.get_by_role("heading", name="Nothing here is called “nowhere”")).to_be_visible()


async def test_the_servers_links_show_the_file_wherever_it_has_gone(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shelf = a_shelf(crib, folder, "ann", member="ben")
    file_id = shelf.put("ann", "in/deep.txt")["file_id"]
    shelf.put("ann", "in/other.txt")
    crib.user("ben").post("/api/storage/lock", json={"file_id": file_id}).raise_for_status()
    (claim,) = crib.user("ben").get("/api/claims", params={"q": file_id}).json()["claims"]
    page = await open_page("ann", claim["url"])
    await expect(drawer(page)).to_contain_text("deep.txt")
    await page.keyboard.press("Escape")
    await expect(row(page, "other.txt")).to_be_visible()

    # From the board, too.
    await page.goto(crib.url + f"/?q={file_id}")
    crib.user("ben").post(
        "/api/storage/move", json={**shelf.place("in/deep.txt"), "target_path": "out/moved.txt"}
    )
    page2 = await open_page("ben", claim["url"])
    await expect(page2.get_by_role("dialog").first).to_contain_text("out/moved.txt")
    await page2.keyboard.press("Escape")
    await expect(row(page2, "moved.txt")).to_be_visible()


async def test_whoever_may_only_look_is_told_so(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    shelf = a_shelf(crib, folder, "ann", viewer="vic")
    shelf.put("ann", "plan.txt")
    page = await open_page("vic", shelf.address)
    await expect(row(page, "plan.txt")).to_be_visible()
    upload = page.get_by_role("button", name="Upload files")
    await expect(upload).to_have_attribute("aria-disabled", "true")
    await page.get_by_role("button", name="Actions for plan.txt").click()
    await expect(page.get_by_role("menuitem", name="Delete")).to_contain_text("You may look here")
    stranger = await open_page("stranger", shelf.address)
    await expect(stranger.get_by_role("heading", name="You may not look in here")).to_be_visible()
    await page.goto(crib.url + shelf.address + "&path=no/such")
    await expect(page.get_by_role("heading", name="This folder is gone")).to_be_visible()


async def test_pictures_pdf_and_text_are_shown_and_nothing_runs(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shelf = a_shelf(crib, folder, "ann")
    script = b"<script>parent.document.title = document.title = 'run'</script>"
    shelf.put("ann", "photo.png", png(), "image/png")
    shelf.put(
        "ann",
        "drawing.svg",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">' + script + b"</svg>",
        "image/svg+xml",
    )
    shelf.put("ann", "page.html", b"<h1>Loud</h1>" + script, "text/html")
    shelf.put("ann", "plan.pdf", pdf(), "application/pdf")
    shelf.put("ann", "long.txt", b"line\n" * 100_000)
    page = await open_page("ann", shelf.address, own=True)
    for name, size in (("photo.png", 40), ("drawing.svg", 9)):
        await row(page, name).get_by_role("link").click()
        picture = drawer(page).get_by_role("img", name=name)
        await expect(picture).to_have_js_property("naturalWidth", size)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)

    await row(page, "page.html").get_by_role("link").click()
    await expect(drawer(page).get_by_label("Text")).to_contain_text("<h1>Loud</h1><script>")
    await page.keyboard.press("Escape")

    await row(page, "plan.pdf").get_by_role("link").click()
    async with page.expect_response(re.compile("inline=true")) as answered:
        pass
    answer = await answered.value
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-security-policy"] == "frame-ancestors 'self'"
    await expect(drawer(page).locator("iframe")).to_be_visible()
    await page.keyboard.press("Escape")

    sizes: list[int] = []
    page.on(
        "response",
        lambda got: (
            sizes.append(int(got.headers.get("content-length", "0"))) if "download/proxy" in got.url else None
        ),
    )
    await row(page, "long.txt").get_by_role("link").click()
    await expect(drawer(page)).to_contain_text("The beginning only: it has 500 kB.")
    assert max(sizes) <= 200_000
    assert await page.title() != "run"


async def test_the_history_of_a_file_and_an_earlier_version_made_current(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shelf = a_shelf(crib, folder, "ann", member="ben")
    shelf.put("ann", "part.txt", b"one", changelog="first draft")
    shelf.put("ben", "part.txt", b"two, longer", changelog="wider")
    page = await open_page("ann", shelf.address)
    await row(page, "part.txt").get_by_role("link").click()
    history = drawer(page).get_by_role("list", name="Versions").get_by_role("listitem")
    await expect(history).to_have_count(2)
    await expect(history.first).to_contain_text("Version 2current")
    await expect(history.first).to_contain_text("wider")
    await expect(history.last).to_contain_text("ann")
    async with page.expect_download() as started:
        await drawer(page).get_by_role("link", name="Download version 1").click()
    saved = await (await started.value).path()
    assert saved.read_bytes() == b"one"
    assert (await started.value).suggested_filename == "part.txt"
    await drawer(page).get_by_role("button", name="Show version 1").click()
    await expect(drawer(page).get_by_label("Text")).to_have_text("one")
    await drawer(page).get_by_role("button", name="Make version 1 current again").click()
    await expect(history).to_have_count(3)
    await expect(history.first).to_contain_text("Version 1 again")
    assert shelf.fetch("ben", "part.txt") == b"one"


async def test_the_audit_tells_who_did_what(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    shelf = a_shelf(crib, folder, "ann", member="ben", viewer="vic")
    file_id = shelf.put("ann", "plan.txt")["file_id"]
    shelf.fetch("vic", "plan.txt")
    for verb in ("lock", "unlock"):
        crib.user("ben").post(f"/api/storage/{verb}", json={"file_id": file_id}).raise_for_status()
    page = await open_page("ann", f"/documents?file={file_id}")
    await drawer(page).get_by_role("tab", name="Audit").click()
    lines = drawer(page).get_by_role("list", name="Audit").get_by_role("listitem")
    await expect(lines.filter(has_text="vic read version 1")).to_have_count(1)
    await expect(lines.filter(has_text="ben unlocked it")).to_have_count(1)
    await expect(lines.last).to_contain_text("ann uploaded version 1")
    await expect(lines.last).to_contain_text("127.0.0.1")


async def test_a_damaged_description_is_said_to_be_so(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shelf = a_shelf(crib, folder, "ann")
    file_id = shelf.put("ann", "bad.txt")["file_id"]
    shelf.put("ann", "good.txt")
    with closing(sqlite3.connect(crib.data_dir / "toolcrib.db", timeout=30)) as database, database:
        done = database.execute("UPDATE document_files SET tags = '{' WHERE id = ?", [file_id])
        assert done.rowcount == 1
    page = await open_page("ann", shelf.address)
    await expect(row(page, "good.txt")).to_be_visible()
    await row(page, "bad.txt").get_by_role("link").click()
    note = drawer(page).get_by_role("status").filter(has_text="damaged")
    await expect(note).to_be_visible()


async def test_names_cannot_deceive(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    shelf = a_shelf(crib, folder, "ann")
    long = f"{'very ' * 40}long.docx"
    for name in ("<img src=x onerror=alert(1)>.txt", "invoice\u202efdp.exe", long, "שלום.txt"):
        shelf.put("ann", name)
    page = await open_page("ann", shelf.address)
    await expect(files(page).get_by_role("link", name="<img src=x onerror=alert(1)>.txt")).to_be_visible()
    await expect(files(page).get_by_role("link", name="invoice‹U+202E›fdp.exe")).to_be_visible()
    await expect(files(page).get_by_role("link", name=long)).to_be_visible()
    await fits(page, 1280, "the folder")
    await row(page, "invoice").get_by_role("link").click()
    await expect(drawer(page)).to_contain_text("invoice‹U+202E›fdp.exe")


async def test_what_others_do_appears_by_itself(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    shelf = a_shelf(crib, folder, "ann", member="ben")
    shelf.put("ann", "first.txt")
    page = await open_page("ann", shelf.address)
    await expect(row(page, "first.txt")).to_be_visible()
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    shelf.put("ben", "second.txt")
    await expect(row(page, "second.txt")).to_be_visible()
    ben = crib.user("ben")
    ben.post("/api/storage/folders", json=shelf.place("Empty")).raise_for_status()
    await expect(row(page, "Empty")).to_be_visible()
    ben.post(
        "/api/storage/folders/move", json={**shelf.place("Empty"), "target_path": "Moved"}
    ).raise_for_status()
    await expect(row(page, "Moved")).to_be_visible()
    await expect(row(page, "Empty")).to_have_count(0)
    ben.post("/api/storage/move", json={**shelf.place("first.txt"), "target_path": "Moved/first.txt"})
    await expect(row(page, "first.txt")).to_have_count(0)
    ben.request("DELETE", "/api/storage/delete", json=shelf.place("second.txt")).raise_for_status()
    await expect(row(page, "second.txt")).to_have_count(0)
    activity = await open_page("ann", "/activity?kind=document")
    await expect(activity.get_by_text("ben moved the folder")).to_be_visible()


async def test_the_palette_finds_a_document_by_its_name(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shelf = a_shelf(crib, folder, "ann")
    shelf.put("ann", f"plans/Crane {folder}.txt")
    page = await open_page("ann")
    await expect(page.get_by_role("heading", name="Board")).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox").fill(f"crane {folder}")
    found = page.get_by_role("option", name=re.compile(f"Crane {folder}"))
    await expect(found).to_be_visible()
    await found.click()
    await expect(drawer(page)).to_contain_text(f"plans/Crane {folder}.txt")


async def test_projects_and_their_files_lead_to_each_other(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shelf = a_shelf(crib, folder, "ann", member="ben")
    shelf.put("ann", "plan.txt")
    page = await open_page("ann", shelf.address)
    await page.get_by_role("link", name="Members").click()
    card = page.get_by_role("region", name=folder)
    await expect(card.get_by_text("ben")).to_be_visible()
    await card.get_by_role("link", name=f"Files of {folder}").click()
    await expect(row(page, "plan.txt")).to_be_visible()


async def test_all_of_it_with_the_keyboard(
    open_page: Open, crib: ToolcribServer, folder: str, tmp_path: Path
) -> None:
    shelf = a_shelf(crib, folder, "ann")
    shelf.put("ann", "b.txt")
    (tmp_path / "a.txt").write_bytes(b"typed")
    page = await open_page("ann", shelf.address)
    keyboard = page.keyboard
    await expect(row(page, "b.txt")).to_be_visible()
    await choose_files(page, lambda: keyboard.press("Shift+U"), tmp_path / "a.txt")
    await expect(row(page, "a.txt")).to_be_visible()
    await keyboard.press("Shift+N")
    await expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
    await keyboard.type("Folder")
    await keyboard.press("Enter")
    await expect(row(page, "Folder")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)

    await keyboard.press("/")
    await keyboard.press("ArrowDown")
    await expect(row(page, "Folder")).to_be_focused()
    await keyboard.press("ArrowDown")
    await expect(row(page, "a.txt")).to_be_focused()
    await keyboard.press("l")
    await expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
    await keyboard.type("mine")
    await keyboard.press("Enter")
    await expect(row(page, "a.txt")).to_contain_text("ann")
    await expect(row(page, "a.txt")).to_be_focused()
    await keyboard.press("r")
    await expect(row(page, "a.txt")).not_to_contain_text("ann (you)")
    await keyboard.press("Enter")
    await expect(drawer(page)).to_contain_text("Nobody holds it")
    await keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(row(page, "a.txt")).to_be_focused()
    await keyboard.press("m")
    await expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
    await keyboard.press("Control+a")
    await keyboard.type("z.txt")
    await keyboard.press("Enter")
    await expect(row(page, "z.txt")).to_be_visible()
    await keyboard.press("/")
    await keyboard.press("ArrowDown")
    await keyboard.press("End")
    await expect(row(page, "z.txt")).to_be_focused()
    await keyboard.press("Delete")
    await expect(row(page, "z.txt")).to_have_count(0)
    await keyboard.type("gw")
    await expect(page.get_by_role("heading", name="Waiting for me")).to_be_visible()
    await keyboard.type("gd")
    await expect(page.get_by_role("heading", name="Documents")).to_be_visible()
