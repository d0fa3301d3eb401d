"""What holds for all pages: addresses, themes, sizes, accessibility, the policy, the base path."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, Literal

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import ROOT, Open, StartServer, fits, lock, row, sign_in
from tests.web.workshop import Workshop

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"

# A theme changes colours alone, so the rules about other things are asked in one of them.
RULES: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]},
}
# Where motion is reduced, all that changes does so within one frame, and one element after another that inherits it.
COLOURS_HAVE_CHANGED = """async () => {
    const lasting = (one) => one.effect.getComputedTiming().iterations === Infinity;
    for (;;) {
        await new Promise(requestAnimationFrame);
        const changing = document.getAnimations().filter((one) => !lasting(one));
        if (changing.length === 0) return;
        await Promise.allSettled(changing.map((one) => one.finished));
    }
}"""

PAGES = {
    "/": "Board",
    "/assets": "Assets",
    "/documents": "Documents",
    "/documents?view=deleted": "Documents",
    "/documents/waiting": "Waiting for me",
    "/machines": "Machines",
    "/reservations": "Reservations",
    "/reservations?view=queue": "Reservations",
    "/desktops": "Desktops",
    "/desktops/setup": "Desktops: setup",
    "/parts": "Parts",
    "/parts?project=furniture": "Parts",
    "/parts/review?project=furniture": "Review",
    "/parts/shop?project=furniture": "Shop mode",
    "/parts/statistics?project=furniture": "Statistics",
    "/parts/settings?project=furniture": "Settings",
    "/parts/label": "Labels",
    "/activity": "Activity",
    "/projects": "Projects",
    "/companies": "Companies",
    "/settings": "Settings",
    "/settings?tab=password": "Change your password",
    "/settings?tab=email": "Change your e-mail address",
    "/settings?tab=sessions": "Where you are signed in",
    "/settings?tab=keys": "API keys",
    "/settings?tab=storage": "Storage",
    "/settings?tab=setup": "Command line and git",
    "/admin/users": "Users",
    "/admin/storage": "Storage",
    "/admin/config": "Configuration",
    "/admin/health": "Server health",
}
BARE = {
    "/login": "Sign in",
    "/confirm-email?token=x": "Confirm your new address",
    "/confirm-password?token=x": "Confirm your new password",
}
OVER = {
    "palette": "Control+k",
    "shortcuts": "?",
}


@pytest_asyncio.fixture(loop_scope="session")
async def furnished(crib: ToolcribServer) -> AsyncIterator[ToolcribServer]:
    """Something of everything on the pages."""
    crib.user("ann")
    projects = {one["name"] for one in crib.admin.get("/api/projects").json()}
    if "furniture" not in projects:
        crib.admin.post("/api/projects", json={"name": "furniture"}).raise_for_status()
        lock(crib, "ann", "Furnished/Maps/Quay.umap", comment="rig", expires_in=600)
        lock(crib, "ben", "Furnished/Hero.uasset")
        crib.admin.post(
            "/api/locks", json={"asset_path": "Furnished/Mine.psd", "branch": "main", "expires_in": 90000}
        ).raise_for_status()
        furnish_shop(crib)
    yield crib


def furnish_shop(crib: ToolcribServer) -> None:
    """Parts at each stage, one of which was scrapped once."""
    shop = Workshop(crib, "furniture")
    crib.admin.put("/api/projects/furniture/members/ann", json={"role": "admin"}).raise_for_status()
    shop.add("Cleat to be reviewed", notes="Both faces are machined", priority=2)
    shop.made("Bollard", amount=3, due_at="2020-01-01T00:00:00Z")
    taken = shop.made("Winch drum with a name that is longer than a card is wide", type="hand", amount=2)
    shop.do("ann", taken, "take")
    shop.do("ann", taken, "count", made=1, scrapped=1, reason="tool_broke")
    done = shop.made("Fairlead", type="misc")
    shop.do("ann", done, "take")
    shop.do("ann", done, "done")


async def faults(page: Page) -> list[str]:
    """What axe finds that is serious or critical: in the light theme, and in the dark one where that decides, in
    colours. Injected by the test: the policy refuses foreign scripts."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    found, grounds = [], []
    for theme, rules in RULES.items():
        await page.emulate_media(color_scheme=theme)
        await expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", theme)
        await page.evaluate(COLOURS_HAVE_CHANGED)
        grounds.append(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
        result = await page.evaluate("options => axe.run(document, options)", rules)
        found += [(theme, one) for one in result["violations"]]
    assert len(set(grounds)) == len(RULES), grounds
    return [
        f"{theme}: {one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for theme, one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


@pytest.mark.timeout(600)
async def test_no_page_has_a_serious_accessibility_problem(
    open_page: Open, furnished: ToolcribServer
) -> None:
    page = await open_page("admin")
    problems = {}
    for path, heading in PAGES.items():
        await page.goto(furnished.url + path)
        await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        await expect(page.get_by_role("status", name="Loading")).to_have_count(0)
        problems[path] = await faults(page)
    for path, heading in BARE.items():
        await page.goto(furnished.url + path)
        await expect(page.get_by_role("heading", name=heading)).to_be_visible()
        await expect(page.get_by_text("Confirming…")).to_have_count(0)
        problems[path] = await faults(page)
    assert not {path: found for path, found in problems.items() if found}, str(problems)


@pytest.mark.timeout(600)
async def test_nothing_that_opens_over_a_page_has_one_either(
    open_page: Open, furnished: ToolcribServer
) -> None:
    page = await open_page("admin", "/?q=Furnished")
    problems = {}
    await expect(row(page, "Hero.uasset")).to_be_visible()
    for name, keys in OVER.items():
        await page.keyboard.press(keys)
        await expect(page.get_by_role("dialog")).to_be_visible()
        problems[name] = await faults(page)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="Actions for Furnished/Hero.uasset").click()
    await expect(page.get_by_role("menu")).to_be_visible()
    problems["menu"] = await faults(page)
    for item, submit in [
        ("Hand over…", "Hand over"),
        ("Force-release…", "Take from"),
        ("Wait for it…", "Stand in"),
    ]:
        await page.get_by_role("menuitem", name=item).click()
        await expect(page.get_by_role("dialog").get_by_role("button", name=submit)).to_be_visible()
        problems[item] = await faults(page)
        await page.keyboard.press("Escape")  # may be the list of people first, then the dialog
        if await page.get_by_role("dialog").count():
            await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await page.get_by_role("button", name="Actions for Furnished/Hero.uasset").click()
    await page.keyboard.press("Escape")
    await row(page, "Mine.psd").get_by_role("button", name="Extend").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    problems["extend"] = await faults(page)
    await page.goto(furnished.url + "/assets?path=Furnished/Hero.uasset")
    await expect(page.get_by_role("dialog").get_by_role("listitem").first).to_be_visible()
    problems["story"] = await faults(page)
    await page.goto(furnished.url + "/admin/users")
    await page.get_by_role("button", name="Edit ann").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    problems["user"] = await faults(page)
    assert not {name: found for name, found in problems.items() if found}, str(problems)


async def test_every_page_fits_a_phone(open_page: Open, furnished: ToolcribServer) -> None:
    page = await open_page("admin", width=360)
    for path, heading in (PAGES | BARE).items():
        await page.goto(furnished.url + path)
        await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        await fits(page, 360, path)
    await page.goto(furnished.url)
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("dialog").get_by_role("link", name="Activity").click()
    await expect(page.get_by_role("heading", name="Activity")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(
    "path",
    [
        "/login",
        "/settings",
        "/admin/users",
        "/admin/config",
        "/confirm-email?token=x",
        "/confirm-password?token=x",
    ],
)
async def test_addresses_of_the_earlier_web_app_load_the_page(crib: ToolcribServer, path: str) -> None:
    answer = httpx.get(crib.url + path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert '<div id="root">' in answer.text
    assert "no-store" in answer.headers["cache-control"]
    assert "script-src 'self'" in answer.headers["content-security-policy"]


async def test_hashed_files_are_kept_for_a_year(crib: ToolcribServer) -> None:
    script = re.search(r'src="\./(assets/[^"]+\.js)"', httpx.get(crib.url).text)
    assert script
    answer = httpx.get(f"{crib.url}/{script.group(1)}")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert httpx.get(f"{crib.url}/assets/index-gone.js").status_code == 404


async def test_a_page_that_does_not_exist_says_so(open_page: Open) -> None:
    page = await open_page("ann", "/no/such/page")
    await expect(page.get_by_text("There is no such page")).to_be_visible()
    await page.get_by_role("link", name="Go to the board").click()
    await expect(page.get_by_role("heading", name="Board")).to_be_visible()


async def test_under_a_base_path_everything_stays_below_it(open_page: Open, server: StartServer) -> None:
    moved = server(BASE_PATH="/tools/crib")
    moved.user("ann")
    page = await open_page(None, "/assets?q=Quay", server=moved)
    await sign_in(page, "ann")
    await expect(page).to_have_url(f"{moved.url}/assets?q=Quay")
    lock(moved, "ben", "Maps/Quay.umap")
    await row(page, "Maps/Quay.umap").get_by_role("link").click()
    await expect(page.get_by_role("dialog")).to_contain_text("ben")
    await page.reload()
    await expect(page.get_by_role("dialog")).to_contain_text("ben")
    await page.keyboard.press("Escape")
    board = page.get_by_role("navigation", name="Main").get_by_role("link", name="Board")
    await board.click()
    await expect(page).to_have_url(f"{moved.url}/")
    await expect(board).to_have_attribute("aria-current", "page")
    await page.goto(f"{moved.url}/settings?tab=setup")
    await expect(page.get_by_text(f"--url {moved.url} ")).to_be_visible()


async def test_the_theme_is_kept(open_page: Open) -> None:
    page = await open_page("ann")
    await page.get_by_role("button", name="Use the dark theme").click()
    await page.reload()
    await expect(page.get_by_role("button", name="Use the light theme")).to_be_visible()
    assert await page.locator("html").get_attribute("data-mantine-color-scheme") == "dark"
