"""The pages of desktops: one starts a desktop and works in it, shares it and passes control; administrators set up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.desktops.local.computer import Computer
from tests.desktops.viewing.guacds import RealGuacd
from tests.servers.crib import Crib, Person
from tests.servers.environment import SINGLE
from tests.servers.process import wait_until
from tests.web.conftest import Open
from tests.web.test_every_page import faults

At = Callable[..., Awaitable[Page]]
PASTES = 30


@pytest.fixture(scope="module")
def crib(tmp_path_factory: pytest.TempPathFactory, worker_number: int) -> Iterator[Crib]:
    """One server for all tests of the module, with real desktops, which outlive a server."""
    with _desktops(tmp_path_factory.mktemp("desktops") / "data", 700 + worker_number) as crib:
        yield crib


@contextmanager
def _desktops(folder: Path, number: int, **settings: object) -> Iterator[Crib]:
    computer = Computer(folder, number)
    uids = computer.settings.desktop_local_uids
    crib = Crib.start(folder, DESKTOPS_IN_TOTAL="6", DESKTOP_LOCAL_UIDS=uids, **settings, **SINGLE)
    try:
        yield crib
    finally:
        crib.close()
        asyncio.run(computer.close())
    wait_until(lambda: computer.leftovers() == [], "the end of all desktops")


@pytest.fixture(scope="module")
def crib_with_guacd(tmp_path_factory: pytest.TempPathFactory, worker_number: int) -> Iterator[Crib]:
    with (
        closing(RealGuacd()) as guacd,
        _desktops(
            tmp_path_factory.mktemp("guacd") / "data",
            720 + worker_number,
            GUACD_HOST="127.0.0.1",
            GUACD_PORT=str(guacd.port),
        ) as crib,
    ):
        yield crib


@pytest_asyncio.fixture(loop_scope="session")
async def at(open_page: Open, crib: Crib) -> AsyncIterator[At]:
    """`await at(ana, "/desktops")`: Ana's browser on the page."""

    async def start(person: Person, path: str, *, server: Crib = crib, **look: object) -> Page:
        page = await open_page(None, "/api/health", server=server, **look)
        token = person.client.cookies.get("access_token") or person.client.headers["Authorization"].split()[1]
        await page.context.add_cookies([{"name": "access_token", "value": token, "url": server.url}])
        await page.goto(server.url + path)
        return page

    yield start


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name, exact=True)


def the_desktop(person: Person, name: str) -> str:
    """The full name of the person's desktop that is called `name`."""
    all_of_them = person.client.get("/api/desktops").json()["desktops"]
    found: str = next(one["name"] for one in all_of_them if one["name"].startswith(f"{name}-"))
    return found


def home(person: Person, full: str) -> list[str]:
    return [entry["name"] for entry in person.client.get(f"/api/desktops/{full}/files?path=").json()["files"]]


async def start(page: Page, name: str) -> None:
    await page.get_by_role("button", name="Start", exact=True).first.click()
    dialog = page.get_by_role("dialog", name="Start a desktop")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_role("button", name="Start", exact=True).click()
    await expect(card(page, name)).to_contain_text("Running")


async def screen(page: Page) -> Locator:
    canvas = page.get_by_role("application").locator("canvas")
    await expect(canvas).to_be_visible()
    await expect(page.get_by_text("Connecting…")).to_have_count(0)
    return canvas


async def type_in(page: Page, text: str) -> None:
    """As a person does: into the window that has the keyboard."""
    await (await screen(page)).click()
    await page.keyboard.type(text, delay=5)
    await page.keyboard.press("Enter")


async def test_somebody_works_in_a_desktop_and_comes_back_to_it(at: At, crib: Crib) -> None:
    ana = crib.person(username="ana.works")
    page = await at(ana, "/desktops")
    await expect(page.get_by_text("You have no desktops")).to_be_visible()
    await start(page, "d1")
    full = the_desktop(ana, "d1")
    await card(page, "d1").get_by_role("button", name="Open").click()
    await type_in(page, "echo made >made.txt")
    wait_until(lambda: "made.txt" in home(ana, full), "made.txt in the home")

    await page.get_by_role("button", name="Stop…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    await page.get_by_role("button", name="Resume").click()
    await type_in(page, "ls made.txt && echo again >again.txt")
    wait_until(lambda: "again.txt" in home(ana, full), "again.txt in the home")

    await page.get_by_role("button", name="Files…").click()
    files = page.get_by_role("dialog", name="Files of d1")
    await expect(files).to_contain_text("made.txt")
    async with page.expect_download() as downloading:
        await files.get_by_role("link", name="Fetch made.txt").click()
    assert (await (await downloading.value).path()).read_text() == "made\n"
    await page.keyboard.press("Escape")

    await page.get_by_role("button", name="Stop…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    await page.get_by_role("link", name="Back to the desktops").click()
    await expect(card(page, "d1")).to_contain_text("Stopped")
    await card(page, "d1").get_by_role("button", name="Delete…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    await expect(card(page, "d1")).to_have_count(0)


async def test_a_guest_looks_asks_for_control_and_is_given_it(at: At, crib: Crib) -> None:
    ana, ben = crib.person(username="ana.shares"), crib.person(username="ben.looks")
    page = await at(ana, "/desktops")
    await start(page, "both")
    full = the_desktop(ana, "both")
    await card(page, "both").get_by_role("button", name="Share…").click()
    dialog = page.get_by_role("dialog", name="Share both")
    await dialog.get_by_label("With", exact=True).fill("ben.looks")
    await page.get_by_role("option", name="ben.looks").click()
    await dialog.get_by_label("May ask for control").check()
    await dialog.get_by_role("button", name="Share with ben.looks").click()
    await card(page, "both").get_by_role("button", name="Open").click()
    await type_in(page, "echo ana >ana.txt")
    wait_until(lambda: "ana.txt" in home(ana, full), "ana.txt in the home")

    bens = await at(ben, "/desktops")
    await card(bens, "both").get_by_role("button", name="Look at it").click()
    await expect(bens.get_by_text("ana.shares has control")).to_be_visible()
    await type_in(bens, "echo ben >early.txt")
    await bens.get_by_role("button", name="Ask for control").click()
    asked = page.get_by_role("alertdialog", name="ben.looks asks for control")
    await asked.get_by_role("button", name="Give it").click()
    await expect(bens.get_by_text("You have control")).to_be_visible()
    await type_in(bens, "echo ben >ben.txt")
    wait_until(lambda: "ben.txt" in home(ana, full), "ben.txt in the home")
    assert "early.txt" not in home(ana, full)

    await page.get_by_role("button", name="Take control").click()
    await expect(page.get_by_text("You have control")).to_be_visible()
    await expect(bens.get_by_text("ana.shares has control")).to_be_visible()

    # Whatever ends the hold closes the views.
    ana.client.post(f"/api/desktops/{full}/stop")
    await expect(bens.get_by_text("Connecting…")).to_have_count(0)
    await expect(bens.get_by_role("application")).to_have_count(0)


async def test_an_administrator_sets_up_what_people_start(at: At, crib: Crib) -> None:
    page = await at(crib.admin(), "/desktops/setup")
    await page.get_by_role("button", name="Add a configuration").click()
    dialog = page.get_by_role("dialog", name="New configuration")
    await dialog.get_by_label("Name").fill("Office")
    await dialog.get_by_label("Image").fill("openbox")
    await dialog.get_by_label("Everybody may start it").check()
    await dialog.get_by_role("button", name="Add", exact=True).click()
    table = page.get_by_role("table", name="Configurations")
    await expect(table).to_contain_text("everybody")
    await page.get_by_role("button", name="Add a volume").click()
    dialog = page.get_by_role("dialog", name="New volume")
    await dialog.get_by_label("Name").fill("shared-data")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("table", name="Volumes")).to_contain_text("administrators alone")
    assert await faults(page) == []

    ana = crib.person(username="ana.chooses")
    bens = await at(ana, "/desktops")
    await bens.get_by_role("button", name="Start Office").click()
    await expect(bens.get_by_role("dialog").get_by_label("Configuration")).to_have_value("Office")
    assert await faults(bens) == []


async def test_text_is_pasted_in_and_copied_out_where_it_may(at: At, crib: Crib) -> None:
    body = {"name": "Copies", "image": "openbox", "is_public": True, "copy_out": True}
    made = crib.admin().client.post("/api/desktop-config/create", json=body).json()["configuration"]
    ana = crib.person(username="ana.copies")
    names = []
    for name, more in (("copies", {"configuration_id": made["id"]}), ("keeps", {})):
        desktop = ana.client.post("/api/desktops", json={"name": name, **more})
        names.append(desktop.raise_for_status().json()["name"])
    page = await at(ana, f"/desktops/{names[0]}/view", own=True)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=crib.url)

    async def copied(full: str) -> str:
        """Paste a command, and mark the word that it says: what can be pasted afterwards."""
        await (await screen(page)).wait_for()
        await page.evaluate("navigator.clipboard.writeText('clear; echo FROM-INSIDE; touch pasted.txt')")
        await page.get_by_role("button", name="Full screen").focus()
        canvas = await screen(page)
        await canvas.click()
        # Nothing tells when the clipboard has come to the desktop, so it is pasted until it has.
        for _ in range(PASTES):
            await page.keyboard.press("Shift+Insert")
            await page.keyboard.press("Enter")
            await page.wait_for_timeout(300)
            if "pasted.txt" in home(ana, full):
                break
        assert "pasted.txt" in home(ana, full)
        await canvas.dblclick(position={"x": 20, "y": 31})
        await type_in(page, "touch marked.txt")
        wait_until(lambda: "marked.txt" in home(ana, full), "marked.txt in the home")
        found: str = await page.evaluate("navigator.clipboard.readText()")
        return found

    assert "INSIDE" in await copied(names[0])
    await page.goto(f"{crib.url}/desktops/{names[1]}/view")
    assert (await copied(names[1])).startswith("clear;")


async def test_a_page_for_tickets_needs_no_sign_in(at: At, open_page: Open, crib: Crib) -> None:
    ana = crib.person(username="ana.links")
    page = await at(ana, "/desktops")
    await start(page, "linked")
    full = the_desktop(ana, "linked")
    ticket = ana.client.post(f"/api/desktops/{full}/view", json={}).json()["ticket"]
    stranger = await open_page(None, "/api/health", server=crib, own=True)
    await stranger.goto(f"{crib.url}/desktops/view#ticket={ticket}&name={full}")
    await type_in(stranger, "echo linked >linked.txt")
    wait_until(lambda: "linked.txt" in home(ana, full), "linked.txt in the home")
    assert "ticket" not in stranger.url
    await stranger.goto(f"{crib.url}/api/health")
    await stranger.goto(f"{crib.url}/desktops/view#ticket={ticket}&name={full}")
    await expect(stranger.get_by_role("alert")).to_contain_text("This ticket was used, or is too old.")


async def test_a_desktop_is_used_by_way_of_guacd(at: At, crib_with_guacd: Crib) -> None:
    ana = crib_with_guacd.person(username="ana.tunnels")
    page = await at(ana, "/desktops", server=crib_with_guacd)
    await start(page, "d1")
    full = the_desktop(ana, "d1")
    await card(page, "d1").get_by_role("button", name="Open").click()
    await expect(page.get_by_text("Connecting…")).to_have_count(0)
    await page.get_by_role("application").click()
    await page.keyboard.type("echo made >made.txt", delay=20)
    await page.keyboard.press("Enter")
    wait_until(lambda: "made.txt" in home(ana, full), "made.txt in the home")
