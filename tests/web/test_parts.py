"""Parts on the page: the board, one part, the phone beside the machine."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.parts.models.step_files import box
from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open
from tests.web.documents import pdf
from tests.web.test_every_page import faults


@dataclass
class Workshop:
    """A project with parts, from somewhere else than the page. Ann owns it, Ben and Zoe make parts, Eve looks."""

    server: ToolcribServer
    project: str

    def add(self, name: str, who: str = "ann", **fields: Any) -> int:
        body = {"name": name, "type": "cnc", "material": "Aluminium", "subsystem": "Drive", **fields}
        answer = self.server.user(who).post("/api/shop/parts", json={**body, "project": self.project})
        assert answer.status_code == 201, answer.text
        part: int = answer.json()["id"]
        return part

    def made(self, name: str, **fields: Any) -> int:
        """An approved part; its id."""
        part = self.add(name, **fields)
        self.do("ann", part, "approve")
        return part

    def do(self, who: str, part: int, verb: str, **body: Any) -> dict[str, Any]:
        answer = self.server.user(who).post(f"/api/shop/parts/{part}/{verb}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def read(self, part: int) -> dict[str, Any]:
        found: dict[str, Any] = self.server.user("ann").get(f"/api/shop/parts/{part}").json()
        return found

    def upload(self, who: str, part: int, name: str, content: bytes) -> None:
        url = f"/api/shop/parts/{part}/files"
        answer = self.server.user(who).post(url, files={"file": (name, content)})
        assert answer.status_code == 201, answer.text

    def page(self, path: str = "/parts") -> str:
        return f"{path}?project={self.project}"


def a_workshop(server: ToolcribServer, name: str) -> Workshop:
    project = server.user("ann").post("/api/projects", json={"name": name}).json()["id"]
    for person, role in {"ben": "member", "zoe": "member", "eve": "viewer"}.items():
        server.user(person)
        url = f"/api/projects/{project}/members/{person}"
        server.user("ann").put(url, json={"role": role}).raise_for_status()
    return Workshop(server, name)


def column(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=re.compile(f"^{name}, "))


def card(where: Page | Locator, name: str) -> Locator:
    return where.get_by_role("listitem").filter(has_text=name)


async def test_a_part_is_added_reviewed_made_and_done(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shop = a_workshop(crib, folder)
    boards = await open_page("zoe", shop.page())
    page = await open_page("ann", shop.page())
    await expect(page.get_by_text("No parts yet")).to_be_visible()
    await page.keyboard.press("Shift+N")
    await page.keyboard.type("Bracket")  # what is typed at once goes into the name
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Name", exact=True)).to_have_value("Bracket")
    await dialog.get_by_label("How many").fill("3")
    await dialog.get_by_label("Material").fill("Aluminium 6061")
    await dialog.get_by_label("Subsystem").fill("Drive")
    await dialog.get_by_role("button", name="Add it").click()
    await expect(page.get_by_role("heading", name="Bracket", level=1)).to_be_visible()
    await expect(card(column(boards, "Review"), "Bracket")).to_be_visible()
    await page.get_by_role("button", name="Approve").click()
    await expect(card(column(boards, "CNC"), "Bracket")).to_be_visible()
    await expect(card(column(boards, "Review"), "Bracket")).to_have_count(0)

    part = int(page.url.rpartition("/")[2])
    bens = await open_page("ben", f"/parts/{part}")
    await bens.get_by_role("button", name="Take it").click()
    await expect(card(column(boards, "CNC"), "Bracket")).to_contain_text("ben")
    await bens.get_by_role("button", name="Count pieces…").first.click()
    dialog = bens.get_by_role("dialog")
    await dialog.get_by_label("Made").fill("2")
    await dialog.get_by_label("Scrapped").fill("1")
    await dialog.get_by_role("combobox", name="Why they were scrapped").click()
    await bens.get_by_role("option").first.click()
    await dialog.get_by_role("button", name="Count").click()
    await expect(card(column(boards, "CNC"), "Bracket")).to_contain_text("2/3")
    assert shop.read(part)["quantities"] == {"wanted": 3, "made": 2, "scrapped": 1, "remaining": 1}

    await bens.get_by_role("button", name="Report a problem").click()
    await bens.get_by_role("dialog").get_by_label("What stops it").fill("no end mill")
    await bens.get_by_role("button", name="Block it").click()
    await expect(page.get_by_text("It is blocked", exact=True)).to_be_visible()
    await expect(bens.get_by_role("button", name="Done")).to_have_attribute("aria-disabled", "true")
    await page.get_by_role("button", name="The problem is solved").click()
    await bens.get_by_role("button", name="Done").and_(bens.locator(":not([aria-disabled=true])")).click()
    await expect(card(column(boards, "Done"), "Bracket")).to_contain_text("3/3")
    history = bens.locator("section").filter(has=bens.get_by_role("heading", name="History")).last
    await expect(history).to_contain_text("ben finished it")
    await expect(history).to_contain_text("no end mill")


async def test_cards_are_moved_by_mouse_and_by_keys(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shop = a_workshop(crib, folder)
    waiting = shop.add("Plate", type="hand")
    moved = shop.made("Hook")
    shop.made("Shaft")
    page = await open_page("ann", shop.page())
    await card(page, "Hook").drag_to(column(page, "Misc"))
    await expect(card(column(page, "Misc"), "Hook")).to_be_visible()
    assert shop.read(moved)["category"] == "misc"

    # To the nearest board that takes it; the keyboard stays with the card.
    link = card(page, "Hook").get_by_role("link")
    await link.focus()
    await page.keyboard.press("Shift+ArrowLeft")
    await expect(card(column(page, "Hand"), "Hook")).to_be_visible()
    await expect(link).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await expect(card(page, "Shaft").get_by_role("link")).to_be_focused()
    await page.keyboard.press("t")
    await expect(card(page, "Shaft")).to_contain_text("ann (you)")
    await page.keyboard.press("m")
    await page.get_by_role("menuitem", name="To Done").click()
    await expect(card(column(page, "Done"), "Shaft")).to_be_visible()

    # Where a card cannot go, the column says why.
    await card(page, "Plate").hover()
    await page.mouse.down()
    await column(page, "Done").hover()
    await column(page, "Done").hover()
    await expect(column(page, "Done").get_by_text("approved first")).to_be_visible()
    await page.mouse.up()
    assert shop.read(waiting)["category"] == "review"
    await page.get_by_role("searchbox").fill("hook")
    await expect(card(page, "Plate")).to_have_count(0)
    await expect(card(page, "Hook")).to_be_visible()

    looks = await open_page("eve", shop.page())
    await card(looks, "Hook").get_by_role("link").focus()
    await looks.keyboard.press("Shift+ArrowRight")
    await expect(looks.get_by_role("alert").filter(has_text="look at")).to_be_visible()
    assert shop.read(moved)["category"] == "hand"


async def test_beside_the_machine_a_phone_is_enough(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shop = a_workshop(crib, folder)
    shop.made("Spacer", amount=4)
    urgent = shop.made("Bearing block", amount=2, priority=2)
    page = await open_page("ben", shop.page("/parts/shop"), width=360)
    first = page.get_by_role("region", name="What next").get_by_role("article").first
    await expect(first).to_contain_text("Bearing block")
    await first.get_by_role("button", name="Take it").click()
    mine = page.get_by_role("region", name="You make")
    await mine.get_by_role("button", name="Made one").click()
    await expect(mine).to_contain_text("1 of 2")
    await mine.get_by_role("button", name="Scrap").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("combobox", name="Why they were scrapped").click()
    await page.get_by_role("option").first.click()
    await dialog.get_by_role("button", name="Scrap").click()
    await expect(mine).to_contain_text("1 of 2, 1 scrapped")
    assert not await faults(page)
    await mine.get_by_role("button", name="Done").click()
    await expect(mine).to_have_count(0)
    assert shop.read(urgent)["category"] == "completed"

    for path, heading in {
        "/parts": "Parts",
        "/parts/review": "Review",
        "/parts/statistics": "Statistics",
        "/parts/settings": "Settings",
        f"/parts/{urgent}": "Bearing block",
        f"/parts/label?ids={urgent}": "Labels",
    }.items():
        await page.goto(crib.url + (path if "?" in path else shop.page(path)))
        await expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        await expect(page.get_by_role("status", name="Loading")).to_have_count(0)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert not await faults(page), path


async def test_a_table_is_checked_before_its_parts_are_added(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shop = a_workshop(crib, folder)
    page = await open_page("ben", shop.page())
    await page.get_by_role("button", name="Import a CSV file").first.click()
    dialog = page.get_by_role("dialog")
    lines = dialog.get_by_label("Its lines")
    await lines.fill("name,material,subsystem,amount\nHook,Steel,Arm,0\n")
    await expect(dialog.get_by_role("list", name="What is wrong with the lines")).to_contain_text("Line 2")
    await lines.fill("name,material,subsystem,amount\nHook,Steel,Arm,2\nRod,Steel,Arm,1\n")
    await dialog.get_by_role("button", name="Add 2 parts").click()
    await expect(card(column(page, "Review"), "Rod")).to_be_visible()


# How many pixels of a picture, of a hundred, differ from its first one: the ground is a faint gradient.
DRAWN = """async (png) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  let drawn = 0;
  for (let at = 0; at < data.length; at += 4) {
    if ([0, 1, 2].some((part) => Math.abs(data[at + part] - data[part]) > 20)) drawn += 1;
  }
  return (drawn * 400) / data.length;
}"""


async def test_a_model_is_drawn_without_another_host(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shop = a_workshop(crib, folder)
    part = shop.add("Block")
    shop.upload("ann", part, "block.step", box(60, 40, 20))
    shop.upload("ann", part, "block.pdf", pdf("Block"))
    page = await open_page("ann", "/parts")
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    await page.goto(f"{crib.url}/parts/{part}")
    model = page.get_by_role("region", name="3D model")
    viewer = model.locator("model-viewer")
    await expect(model.locator("[data-state=there]")).to_be_visible(timeout=90_000)
    await model.get_by_role("button", name="Dimensions").click()
    await expect(viewer.get_by_text("60 mm")).to_be_visible()
    picture = await viewer.screenshot(timeout=90_000)
    drawn: float = await page.evaluate(DRAWN, base64.b64encode(picture).decode())
    assert drawn > 5, f"{drawn:.1f} % of the model's area is drawn"
    assert hosts == {crib.url.removeprefix("http://")}
    await expect(model).to_contain_text("48 cm³")
    await expect(page.get_by_role("region", name="Drawing")).to_contain_text("Rev 1")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("list", name="Files")).to_contain_text("Rev A")
