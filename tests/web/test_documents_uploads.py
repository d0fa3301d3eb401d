"""Files and folders that are dropped on the page, and uploads that last."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from playwright.async_api import expect

from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, StartServer, row
from tests.web.documents import a_shelf, drop, files


async def test_files_and_folders_are_dropped_in(
    open_page: Open, crib: ToolcribServer, folder: str, tmp_path: Path
) -> None:
    shelf = a_shelf(crib, folder, "ann")
    shelf.put("ann", "again.txt", b"first")
    (tmp_path / "again.txt").write_bytes(b"second")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "Set" / "deep").mkdir(parents=True)
    for number in range(5):
        (tmp_path / "Set" / "deep" / f"{number}.bin").write_bytes(os.urandom(1000))
    page = await open_page("ann", shelf.address)
    await expect(row(page, "again.txt")).to_be_visible()
    await drop(page, files(page), [tmp_path / "again.txt", tmp_path / "empty.txt", tmp_path / "Set"])
    panel = page.get_by_role("region", name="Uploads")
    await expect(panel.get_by_role("status")).to_have_text("7 files uploaded")
    await expect(panel).to_contain_text("version 2 now")
    await expect(row(page, "Set")).to_be_visible()
    await expect(row(page, "empty.txt")).to_contain_text("0 bytes")
    assert shelf.fetch("ann", "again.txt") == b"second"
    assert shelf.fetch("ann", "Set/deep/3.bin") == (tmp_path / "Set" / "deep" / "3.bin").read_bytes()
    await panel.get_by_role("button", name="Close").click()
    await expect(panel).to_have_count(0)


async def test_names_that_windows_cannot_keep_are_warned_of(
    open_page: Open, crib: ToolcribServer, folder: str, tmp_path: Path
) -> None:
    shelf = a_shelf(crib, folder, "ann")
    shelf.put("ann", "old.txt")
    page = await open_page("ann", shelf.address)
    dialog = page.get_by_role("dialog")
    await page.get_by_role("button", name="New folder").click()
    await dialog.get_by_label("Name").fill("Plans.")
    await dialog.get_by_role("button", name="Make it").click()
    await expect(page.get_by_text("Windows cannot keep Plans.: it ends with a dot.")).to_be_visible()
    await page.get_by_role("button", name="Actions for old.txt").click()
    await page.get_by_role("menuitem", name="Rename or move…").click()
    await dialog.get_by_label("Name").fill("aux.txt")
    await dialog.get_by_role("button", name="Rename").click()
    await expect(page.get_by_text("Windows cannot keep aux.txt")).to_be_visible()
    await page.get_by_role("button", name="Actions for Plans.").click()
    await page.get_by_role("menuitem", name="Rename or move…").click()
    await dialog.get_by_label("Folder").fill("nul")
    await dialog.get_by_role("button", name="Move").click()
    await expect(page.get_by_text("Windows cannot keep nul")).to_be_visible()
    (tmp_path / "what?.txt").write_bytes(b"x")
    await drop(page, files(page), [tmp_path / "what?.txt"])
    await expect(page.get_by_text("Windows cannot keep what?.txt: it contains ?.")).to_be_visible()
    assert shelf.fetch("ann", "what?.txt") == b"x"


async def test_an_upload_outlives_its_server(open_page: Open, server: StartServer, tmp_path: Path) -> None:
    mortal = server()
    shelf = a_shelf(mortal, "mortal", "ann")
    content = os.urandom(40_000_000)
    (tmp_path / "scan.bin").write_bytes(content)
    page = await open_page("ann", shelf.address, server=mortal)
    await expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    offsets: list[int] = []
    page.on(
        "request",
        lambda sent: offsets.append(int(sent.headers["upload-offset"])) if sent.method == "PATCH" else None,
    )
    network = await page.context.new_cdp_session(page)
    await network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 5_000_000}
    await network.send("Network.emulateNetworkConditions", slow)
    await drop(page, page.get_by_role("heading", name="Nothing here yet"), [tmp_path / "scan.bin"])
    bar = page.get_by_role("progressbar", name="Upload of scan.bin")
    panel = page.get_by_role("region", name="Uploads")
    await expect(panel).to_contain_text("MB/s")
    await expect(bar).to_have_attribute("aria-valuenow", re.compile(r"^[6-9]\d"), timeout=30_000)
    mortal.kill()
    await expect(panel).to_contain_text("Trying again", timeout=15_000)
    mortal.start()
    await network.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    await expect(panel.get_by_role("status")).to_have_text("1 file uploaded", timeout=30_000)
    assert hashlib.sha256(shelf.fetch("ann", "scan.bin")).digest() == hashlib.sha256(content).digest()
    assert max(offsets) > 0, "it went on where it was"
    await expect(row(page, "scan.bin")).to_contain_text("40 MB")
    versions = mortal.user("ann").get(
        "/api/storage/metadata", params={**shelf.place("scan.bin"), "include_versions": "1"}
    )
    assert len(versions.json()["versions"]) == 1


async def test_an_upload_is_paused_taken_up_and_cancelled(
    open_page: Open, crib: ToolcribServer, folder: str, tmp_path: Path
) -> None:
    shelf = a_shelf(crib, folder, "ann")
    shelf.put("ann", "first.txt")
    (tmp_path / "long.bin").write_bytes(os.urandom(8_000_000))
    page = await open_page("ann", shelf.address, own=True)
    network = await page.context.new_cdp_session(page)
    await network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000}
    await network.send("Network.emulateNetworkConditions", slow)
    await expect(row(page, "first.txt")).to_be_visible()
    await drop(page, files(page), [tmp_path / "long.bin"])
    await page.get_by_role("button", name="Pause long.bin").click()
    panel = page.get_by_role("region", name="Uploads")
    await expect(panel).to_contain_text("paused")
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Board").click()
    await page.get_by_role("button", name="Go on with long.bin").click()
    await expect(panel).to_contain_text("Uploading 1 file")
    await page.get_by_role("button", name="Cancel long.bin").click()
    await expect(panel).to_have_count(0)
    assert shelf.names("ann") == ["first.txt"]


async def test_a_refused_upload_says_who_holds_the_file(
    open_page: Open, crib: ToolcribServer, folder: str, tmp_path: Path
) -> None:
    shelf = a_shelf(crib, folder, "ann", member="ben")
    held = shelf.put("ann", "plan.txt", b"one")["file_id"]
    crib.user("ben").post("/api/storage/lock", json={"file_id": held}).raise_for_status()
    (tmp_path / "plan.txt").write_bytes(b"two")
    page = await open_page("ann", shelf.address)
    await expect(row(page, "plan.txt")).to_contain_text("ben")
    await drop(page, files(page), [tmp_path / "plan.txt"])
    panel = page.get_by_role("region", name="Uploads")
    await expect(panel.get_by_role("alert")).to_have_text("ben holds it.")
    crib.user("ben").post("/api/storage/unlock", json={"file_id": held}).raise_for_status()
    await panel.get_by_role("button", name="Try plan.txt again").click()
    await expect(panel).to_contain_text("version 2 now")
    assert shelf.fetch("ann", "plan.txt") == b"two"
