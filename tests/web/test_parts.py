"""Parts on the page: the board, one part, the phone beside the machine."""

from __future__ import annotations

import base64

from playwright.async_api import expect

from tests.parts.models.step_files import box
from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open, fits
from tests.web.documents import pdf
from tests.web.test_every_page import faults
from tests.web.workshop import a_workshop, card, column


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


async def test_more_cards_than_are_read_at_first_are_told_and_reached(
    open_page: Open, crib: ToolcribServer, folder: str
) -> None:
    shop = a_workshop(crib, folder)
    lines = [f"Rivet {number},Steel,Arm,{'urgent' if number == 1 else ''}" for number in range(1, 1101)]
    table = "\n".join(["name,material,subsystem,notes", *lines])
    added = crib.user("ann").post("/api/shop/import", json={"csv": table, "project": shop.project})
    assert added.json()["added"] == 1100, added.text
    page = await open_page("ann", shop.page())
    review = column(page, "Review")
    await expect(review.get_by_role("heading", name="Review")).to_contain_text("1,100")
    await expect(review).to_contain_text("Here are the first 1,000 of 1,100.")

    # More are drawn where one scrolls to.
    cards = review.get_by_role("listitem")
    await expect(cards).to_have_count(60)
    await review.get_by_role("button", name="Show 60 more").scroll_into_view_if_needed()
    await expect(cards).to_have_count(120)

    # A filter says how far it looked.
    await page.get_by_role("searchbox").fill("rivet 1 urgent")
    await expect(review).to_contain_text("Looked through the first 1,000 of 1,100.")
    await review.get_by_role("button", name="Read more").click()
    await expect(review.get_by_text("Looked through")).to_have_count(0)
    await expect(cards).to_have_count(1)
    await expect(card(review, "Rivet 1")).to_be_visible()

    # What somebody else adds now arrives there, too.
    shop.add("Rivet 1 of brass", notes="urgent")
    await expect(card(review, "Rivet 1 of brass")).to_be_visible()
    await expect(review.get_by_role("heading", name="Review")).to_contain_text("2 of 1,101")


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
        await fits(page, 360, path)
        assert not await faults(page), path


async def test_a_label_shows_whole_lines(open_page: Open, crib: ToolcribServer, folder: str) -> None:
    shop = a_workshop(crib, folder)
    part = shop.made(
        "Bracket with a long name that goes on and on until it fills the label", subsystem="Drive " * 16
    )
    page = await open_page("ann", f"/parts/label?ids={part}")
    label = page.get_by_role("article", name="Label of")
    await expect(label.get_by_role("img", name="Opens")).to_be_visible()
    for size in ("62 × 29 mm", "100 × 50 mm"):
        await page.get_by_text(size).click()
        room = "(label) => [label.querySelector('[class*=text]')].map((one) => one.scrollHeight - one.clientHeight)[0]"
        assert await label.evaluate(room) <= 0, size


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
