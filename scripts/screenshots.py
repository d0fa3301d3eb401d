"""Writes docs/images/: every page of a furnished server, as Chromium shows it.

.venv/bin/python scripts/screenshots.py [names…]
"""

from __future__ import annotations

import asyncio
import mimetypes
import os
import shutil
import sys
import tempfile
from pathlib import Path
from string import Template

import httpx
from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.servers.environment import PASSWORD  # noqa: E402 - found only from the root
from tests.servers.toolcrib import ToolcribServer  # noqa: E402
from tests.web.documents import Shelf, pdf, png  # noqa: E402

IMAGES = ROOT / "docs" / "images"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]

HOUR = 3600
LOCKS = [
    ("lena", "Content/Maps/Harbour/Harbour_Night.umap", "feature/night-harbour", "lighting pass", 4 * HOUR),
    ("lena", "Content/Props/Rigging/Mast_A.uasset", "art/props", "new collision, back by evening", 20 * 60),
    ("lena", "Content/Characters/Hero/Hero_Body.uasset", "main", None, None),
    (
        "ann.berg",
        "Content/Maps/Harbour/Quay.umap",
        "feature/night-harbour",
        "moving the crates",
        2 * 24 * HOUR,
    ),
    ("ann.berg", "Content/Materials/Rope_Wet.uasset", "art/props", None, None),
    (
        "ann.berg",
        "Content/Audio/Ambience/Night/Gulls.uasset",
        "main",
        "level too loud near the pier",
        6 * HOUR,
    ),
    ("ben", "Content/Characters/Crew/Deckhand/Deckhand.uasset", "main", "retopo", 24 * HOUR),
    ("ben", "Source/UI/Compass.psd", "release/1.4", "BUG-412", None),
    ("chidi", "Content/Maps/Open_Sea.umap", "feature/waves", "wave spectrum", 3 * HOUR),
    ("chidi", "Content/Materials/Water_Deep.uasset", "feature/waves", "wave spectrum", 3 * HOUR),
    ("chidi", "Content/Materials/Foam.uasset", "feature/waves", "wave spectrum", 3 * HOUR),
    ("dora.k", "Content/Props/Crates/Crate_Large.uasset", "art/props", None, None),
    ("dora.k", "Content/Props/Crates/Crate_Small.uasset", "art/props", None, None),
    ("dora.k", "Content/Props/Lanterns/Lantern_Brass.uasset", "art/props", "emissive map", 25 * 60),
    ("emil", "Content/Maps/Lighthouse.umap", "main", "waiting for review", None),
    ("farah", "Content/Characters/Hero/Hero_Coat.uasset", "main", "cloth simulation", 5 * 24 * HOUR),
]

# Name, address, width, theme, what is pressed or clicked before the picture is taken.
PICTURES: list[tuple[str, str, int, str, list[str]]] = [
    ("board", "/", 1280, "light", []),
    ("board-dark", "/", 1280, "dark", []),
    ("board-phone", "/", 360, "light", []),
    ("palette", "/", 1280, "light", ["press Control+k", "type harb"]),
    ("assets", "/assets", 1280, "light", []),
    ("assets-dark", "/assets", 1280, "dark", []),
    ("assets-phone", "/assets", 360, "dark", []),
    ("history", "/assets?path=Content/Maps/Harbour/Quay.umap", 1280, "light", []),
    ("lock", "/", 1280, "light", ["click text=Lock a path"]),
    ("documents", "$harbour&path=Drawings", 1280, "light", []),
    ("documents-dark", "$harbour", 1280, "dark", []),
    ("documents-phone", "$harbour", 360, "light", []),
    ("document", "/documents?file=$plan", 1280, "light", ["wait 1500"]),
    ("versions", "/documents?file=$bracket", 1280, "light", ["scroll [aria-label=Versions] li:last-child"]),
    ("approvals", "/documents/waiting", 1280, "light", []),
    ("activity", "/activity", 1280, "light", []),
    ("projects", "/projects", 1280, "light", ["click section button[aria-expanded=false]"]),
    ("companies", "/companies", 1280, "light", ["click section button[aria-expanded=false]"]),
    ("settings", "/settings", 1280, "light", []),
    ("settings-password", "/settings?tab=password", 1280, "light", []),
    ("settings-email", "/settings?tab=email", 1280, "light", []),
    ("settings-keys", "/settings?tab=keys", 1280, "light", []),
    ("settings-setup", "/settings?tab=setup", 1280, "light", []),
    ("users", "/admin/users", 1280, "light", []),
    ("configuration", "/admin/config", 1280, "light", []),
    ("health", "/admin/health", 1280, "light", []),
    ("sign-in", "/login", 1280, "light", []),
    ("confirm", "/confirm-email?token=used", 1280, "light", []),
]


# What is in the project's documents: who, where, how large, why.
DOCUMENTS = [
    ("ann.berg", "Drawings/Quay_Extension.dwg", 4_120_000, "first draft"),
    ("ben", "Drawings/Quay_Extension.dwg", 4_380_000, "stairs moved to the north side"),
    ("ann.berg", "Drawings/Crane_Base.step", 2_750_000, "bolt circle 420 mm"),
    ("dora.k", "Drawings/Lantern_Mount.step", 860_000, "first version"),
    ("dora.k", "Drawings/Lantern_Mount.step", 910_000, "brass instead of steel"),
    ("dora.k", "Drawings/Lantern_Mount.step", 905_000, "M8 threads, as the yard asked"),
    ("ben", "Drawings/Railing sections.pdf", 0, "for the site meeting"),
    ("lena", "Drawings/Details/Joint A.dwg", 310_000, ""),
    ("lena", "Drawings/Site photo, east pier.png", 0, ""),
    ("chidi", "Drawings/Load cases.xlsx", 64_000, "wind from the west added"),
    ("chidi", "Drawings/Measurements 2026-11-18.csv", 18_400, ""),
    ("lena", "Minutes/2026-11-20 site meeting.md", 2_900, ""),
    ("lena", "Permits/Harbour authority.pdf", 0, ""),
    ("lena", "Budget 2026.xlsx", 92_000, ""),
    ("lena", "README.md", 1_200, ""),
]


def furnish_documents(server: ToolcribServer, project: str) -> dict[str, str]:
    """Documents of everybody, some held, two waiting for a decision. Returns what pictures are about."""
    shelf = Shelf(server, project, "harbour")
    ids: dict[str, str] = {}
    for who, path, size, why in DOCUMENTS:
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        content = {"application/pdf": pdf("Railing, sections A to D"), "image/png": png(640, 400)}.get(kind)
        text = f"# {path}\n\n- Pier: walls of 3 mm\n- Crane: base in week 49\n".encode()
        content = content or (text * 40)[:size] if size < 10_000 else content or os.urandom(size)
        ids[path] = shelf.put(who, path, content, kind, **({"changelog": why} if why else {}))["file_id"]
    plan, bracket = "Drawings/Railing sections.pdf", "Drawings/Lantern_Mount.step"
    for who, path, reason, seconds in [
        ("ben", "Drawings/Quay_Extension.dwg", "second flight of stairs", 3 * HOUR),
        ("ann.berg", plan, "adding section E", 2 * 24 * HOUR),
        ("lena", "Drawings/Load cases.xlsx", "checking the sums", 20 * 60),
    ]:
        body = {"file_id": ids[path], "reason": reason, "expires_in": seconds}
        server.user(who).post("/api/storage/lock", json=body).raise_for_status()
    shelf.submit(
        "ben", "Drawings/Crane_Base.step", os.urandom(2_790_000), "bolt circle 440 mm, as calculated"
    )
    waiting = shelf.submit("chidi", bracket, os.urandom(915_000), "weight down by a tenth")
    verdict = {"comment": "The wall is under 2 mm at the thread."}
    server.user("lena").post(f"/api/storage/versions/{waiting}/reject", json=verdict).raise_for_status()
    shelf.submit("dora.k", bracket, os.urandom(908_000), "lighter, with 3 mm at the thread")
    return {"harbour": shelf.address, "plan": ids[plan], "bracket": ids[bracket]}


def furnish(server: ToolcribServer) -> dict[str, str]:
    lena = server.user("lena", is_admin=True)
    clients: dict[str, httpx.Client] = {}
    for holder, path, branch, comment, seconds in LOCKS:
        client = clients.setdefault(holder, server.user(holder))
        body = {"asset_path": path, "branch": branch, "comment": comment, "expires_in": seconds}
        client.post("/api/locks", json=body).raise_for_status()
    ann, ben, chidi = clients["ann.berg"], clients["ben"], clients["chidi"]
    ben.post("/api/locks", json={"asset_path": "Content/Maps/Fort.umap", "branch": "main"}).raise_for_status()
    ben.delete("/api/locks/Content/Maps/Fort.umap").raise_for_status()
    quay = ann.get("/api/locks/Content/Maps/Harbour/Quay.umap").json()["fence"]
    chidi.post(f"/api/claims/{quay}/queue", json={"take": True, "comment": "decals"}).raise_for_status()
    hero = lena.get("/api/locks/Content/Characters/Hero/Hero_Body.uasset").json()["fence"]
    lena.post(f"/api/claims/{hero}/transfer", json={"to": "ben", "comment": "rig fixes"}).raise_for_status()
    company = lena.post("/api/companies", json={"name": "Northlight Games"}).json()["id"]
    project = lena.post("/api/projects", json={"name": "harbour", "company_id": company}).json()["id"]
    for name, role in [
        ("ann.berg", "admin"),
        ("ben", "member"),
        ("chidi", "member"),
        ("dora.k", "member"),
        ("farah", "viewer"),
    ]:
        lena.put(f"/api/projects/{project}/members/{name}", json={"role": role}).raise_for_status()
        lena.put(f"/api/companies/{company}/members/{name}", json={"role": "member"}).raise_for_status()
    ben.post(
        "/api/locks",
        json={
            "asset_path": "Plans/Quay_Extension.dwg",
            "branch": "main",
            "project": "harbour",
            "comment": "stairs",
        },
    ).raise_for_status()
    lena.post("/api/users/me/keys", json={"name": "build machine", "expires_in_days": 90}).raise_for_status()
    lena.post("/api/users/me/keys", json={"name": "editor plug-in"}).raise_for_status()
    return furnish_documents(server, project)


async def take(
    browser: Browser,
    server: ToolcribServer,
    picture: tuple[str, str, int, str, list[str]],
    places: dict[str, str],
) -> None:
    name, path, width, theme, steps = picture
    path = Template(path).substitute(places)
    context = await browser.new_context(
        viewport={"width": width, "height": 800 if width > 600 else 720},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
    )
    if path != "/login":
        credentials = {"username": "lena", "password": PASSWORD}
        await context.request.post(f"{server.url}/api/session", data=credentials)
    page = await context.new_page()
    await page.goto(server.url + path)
    await page.wait_for_load_state("load")
    await page.wait_for_timeout(1200)
    for step in steps:
        await _do(page, step)
        await page.wait_for_timeout(500)
    await page.screenshot(path=IMAGES / f"{name}.png")
    await context.close()
    print(f"docs/images/{name}.png")


async def _do(page: Page, step: str) -> None:
    verb, what = step.split(" ", 1)
    if verb == "press":
        await page.keyboard.press(what)
    elif verb == "type":
        await page.keyboard.type(what)
    elif verb == "wait":
        await page.wait_for_timeout(int(what))
    elif verb == "scroll":
        await page.locator(what).first.scroll_into_view_if_needed()
    else:
        await page.locator(what).first.click()


async def main(names: set[str]) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = ToolcribServer(Path(folder) / "data", MAIL_ENABLED="false")
        try:
            places = furnish(server)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=FLAGS
                )
                for picture in PICTURES:
                    if not names or picture[0] in names:
                        await take(browser, server, picture, places)
                await browser.close()
        finally:
            server.close()


if __name__ == "__main__":
    asyncio.run(main(set(sys.argv[1:])))
