"""The pages of the pool: what one reserves, what one has, the queue, one machine, and what administrators do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.machines.pool import PoolCrib
from tests.servers.crib import Crib, Person
from tests.servers.environment import SINGLE
from tests.servers.process import wait_until
from tests.web.conftest import Open, fits, row
from tests.web.test_every_page import faults
from toolcrib.machines.hosts.driver import Problem

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0h3cYb3k1ZpPzYkq4h1nJ0o0jvT4m2Yb8mWcE5kL9x ana@laptop"
UNDO_MS = 5_000

At = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PoolCrib]:
    """One server for all tests of the module; they have people and machines of their own."""
    folder = tmp_path_factory.mktemp("pool")
    crib = Crib.start(folder / "data", **SINGLE)
    yield PoolCrib(crib, folder / "hosts")
    crib.close()


@pytest_asyncio.fixture(loop_scope="session")
async def at(open_page: Open, pool: PoolCrib) -> AsyncIterator[At]:
    """`await at(ana, "/machines")`: Ana's browser on the page."""

    async def start(person: Person, path: str, **look: object) -> Page:
        page = await open_page(None, "/api/health", server=pool.crib, **look)
        token = person.client.cookies.get("access_token") or person.client.headers["Authorization"].split()[1]
        await page.context.add_cookies([{"name": "access_token", "value": token, "url": pool.crib.url}])
        await page.goto(pool.crib.url + path)
        return page

    yield start


async def test_somebody_reserves_signs_in_extends_and_gives_back(at: At, pool: PoolCrib) -> None:
    ana = pool.crib.person(username="ana.reserves")
    ports = [pool.state(name)["port"] for name in pool.machines(3, tag="quick")]
    page = await at(ana, "/machines?q=quick")
    await expect(row(page, "quick-1")).to_contain_text("Free")
    # Typed without waiting for the dialog: how many, then on to the tags.
    await page.get_by_role("button", name="Reserve", exact=True).click()
    for key in ("2", "Tab", "q", "u", "i", "c", "k"):
        await page.keyboard.press(key)
    dialog = page.get_by_role("dialog", name="Reserve machines")
    await expect(dialog.get_by_label("How many")).to_have_value("2")
    await expect(dialog.get_by_label("With the tags")).to_have_value("quick")
    await expect(dialog.get_by_role("status")).to_contain_text("3 are free: quick-1, quick-2, quick-3")
    await dialog.get_by_label("What for").fill("harbour scene")
    keys = dialog.get_by_label("Public keys")
    await keys.fill("-----BEGIN OPENSSH PRIVATE KEY-----")
    await expect(dialog).to_contain_text("That is a private key: keep it to yourself.")
    await keys.fill(KEY)
    gates = [pool.hosts.hold_up(name) for name in ("quick-1", "quick-2")]
    await dialog.get_by_role("button", name="Reserve", exact=True).click()

    card = page.get_by_role("article", name="harbour scene")
    await expect(card).to_contain_text("Preparing")
    for gate in gates:
        pool.crib.run(_open(gate))
    await expect(card).to_contain_text("Ready")
    await expect(card.get_by_text(f"ssh -p {ports[0]} ana-reserves@127.0.0.1").first).to_be_visible()
    await card.get_by_text("Their host keys").click()
    await expect(card.get_by_text(f"[127.0.0.1]:{ports[0]} ssh-ed25519 AAAA").first).to_be_visible()
    await expect(card).to_contain_text("59 min left")

    await card.get_by_role("button", name="Extend…").click()
    await page.get_by_role("dialog").get_by_role("button", name="2 h", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Extend", exact=True).click()
    await expect(card).to_contain_text("2 h 59 min left")

    await card.get_by_role("button", name="Release").click()
    await expect(card).to_have_count(0)
    await page.get_by_role("button", name="Undo: Released 2 machines with quick").click()
    await expect(card).to_contain_text("Ready")
    assert pool.state("quick-1")["state"] == "held"
    await card.get_by_role("button", name="Release").click()
    await expect(page.get_by_role("button", name="Undo")).to_have_count(0, timeout=UNDO_MS + 20_000)
    await page.get_by_role("button", name="Earlier ones").click()
    await expect(card).to_contain_text("Ended")
    await expect(card.get_by_role("button", name="Release")).to_have_count(0)


async def _open(gate: Callable[[], None]) -> None:
    gate()


async def test_a_refusal_is_shown_in_its_place_and_a_made_password_once(at: At, pool: PoolCrib) -> None:
    ben = pool.crib.person(username="ben-asks")
    pool.machines(1, tag="single")
    page = await at(ben, "/")
    await page.get_by_role("button", name="Reserve machines").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("With the tags").fill("nosuchtag")
    await expect(dialog.get_by_role("status")).to_have_text("No machine has the tag nosuchtag.")
    await dialog.get_by_label("With the tags").fill("single")
    await dialog.get_by_label("How many").fill("2")
    await expect(dialog.get_by_role("status")).to_contain_text("1 is free: single-1")
    await dialog.get_by_text("New password").click()
    await dialog.get_by_role("button", name="Reserve", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_contain_text("the pool has only 1 that match")
    await dialog.get_by_label("How many").fill("1")
    await dialog.get_by_role("button", name="Reserve", exact=True).click()
    shown = page.get_by_role("dialog", name="Copy the password now")
    password = await shown.locator("code").inner_text()
    assert len(password) >= 20
    await shown.get_by_role("button", name="I have it").click()
    await expect(page.get_by_role("article")).to_contain_text("Ready")
    await page.reload()
    await expect(page.get_by_role("article")).to_contain_text("Ready")
    assert password not in await page.content()


async def test_one_waits_in_line_and_an_administrator_orders_it(at: At, pool: PoolCrib) -> None:
    holder, first, second = (pool.crib.person(username=name) for name in ("holder", "first", "second"))
    names = pool.machines(1, tag="busy")
    pool.have(holder, names, minutes=60)
    pool.ask(first, names, wait=True)
    page = await at(second, "/machines?q=busy")
    await expect(row(page, "busy-1")).to_contain_text("holder")
    await row(page, "busy-1").focus()
    await page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="Reserve machines")
    await expect(dialog.get_by_role("checkbox")).to_be_checked()
    await expect(dialog.get_by_role("status")).to_contain_text("holder has it")
    await dialog.get_by_label("Public keys").fill(KEY)
    await dialog.get_by_role("button", name="Reserve, or wait in line").click()
    card = page.get_by_role("article", name="busy-1")
    await expect(card).to_contain_text("Number 2 of 2 in line")

    desk = await at(pool.admin, "/reservations?view=queue")
    await desk.get_by_role("button", name="Actions for second, place 2").click()
    await desk.get_by_role("menuitem", name="Another place…").click()
    await expect(desk.get_by_role("dialog").get_by_role("button", name="Move")).to_have_attribute(
        "aria-disabled", "true"
    )
    await desk.get_by_role("dialog").get_by_label("Reason").fill("the release is tonight")
    await desk.get_by_role("dialog").get_by_role("button", name="Move").click()
    await expect(desk.get_by_role("button", name="Actions for second, place 1")).to_be_visible()
    await expect(card).to_contain_text("Next in line")
    # The machine is given up: it goes to who is first now, and the page says so by itself.
    fence = pool.state("busy-1")["fence"]
    holder.client.post(f"/api/claims/{fence}/release").raise_for_status()
    await expect(card).to_contain_text("Ready")
    await card.get_by_role("button", name="Release").click()
    await page.goto("about:blank")  # what waits to be sent is sent as the page goes
    wait_until(lambda: pool.state("busy-1")["holder"] == "first", "the next in line")


async def test_who_waits_for_what_cannot_be_had_is_told(at: At, pool: PoolCrib) -> None:
    ida, names = pool.crib.person(username="ida-waits"), pool.machines(2, tag="broken")
    said = "2 machines are needed; in service of those that match: 1 of 2."
    repair = f"/api/pool/machines/{names[1]}/maintenance"
    pool.admin.client.post(repair, json={"on": True, "reason": "a fan"}).raise_for_status()
    page = await at(ida, "/reservations")
    await page.get_by_role("button", name="Reserve machines").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("With the tags").fill("broken")
    await dialog.get_by_label("How many").fill("2")
    await expect(dialog.get_by_role("status")).to_contain_text(said)
    await page.keyboard.press("Escape")
    waits = pool.ask(ida, names, count=2, wait=True).raise_for_status().json()["id"]
    card = page.get_by_role("article", name="2 machines with broken")
    await expect(card).to_contain_text(said)
    desk = await at(pool.admin, "/reservations?view=queue")
    await expect(row(desk, "ida-waits")).to_contain_text(said)
    pool.admin.client.post(repair, json={"on": False}).raise_for_status()
    pool.settle()
    await expect(card).to_contain_text("Ready")
    ida.client.delete(f"/api/reservations/{waits}").raise_for_status()


async def test_administrators_register_look_after_and_remove_machines(at: At, pool: PoolCrib) -> None:
    page = await at(pool.admin, "/machines?q=lab")
    dialog = page.get_by_role("dialog")
    await page.get_by_role(
        "button", name="Register a machine"
    ).first.click()  # where the pool is empty, there are two
    await dialog.get_by_label("Name").fill("lab-1")
    await dialog.get_by_label("Host").fill("10.0.0.7")
    await dialog.get_by_label("Its password").fill("secret")
    await dialog.get_by_label("Tags").fill("fast")
    await dialog.get_by_role("button", name="Register").click()
    await expect(row(page, "lab-1")).to_contain_text("Free")

    await page.get_by_role("button", name="Inventory").click()
    await dialog.get_by_text("CSV", exact=True).last.click()
    entries = "name,host,port,user,password\nlab-2,10.0.0.8,22,root,x\nlab-3,bad host,22,root,x"
    await dialog.get_by_label("Machines to register").fill(entries)
    await dialog.get_by_role("button", name="Register them").click()
    await expect(dialog.get_by_role("status")).to_contain_text("1 machine is new. Left out:")
    await expect(dialog.get_by_role("status")).to_contain_text("lab-3: host is a DNS name or an IP address.")
    await page.keyboard.press("Escape")

    await row(page, "lab-1").get_by_role("link").click()
    await page.get_by_role("button", name="Check now").click()
    await expect(page.get_by_text("10.0.0.7 ssh-ed25519 AAAA")).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text("online")
    pool.hosts.break_("lab-1", Problem.HOST_KEY_CHANGED)
    await page.get_by_role("button", name="Check now").click()
    await expect(page.get_by_role("main")).to_contain_text("Its host key has changed")
    await expect(page.get_by_text("output of check")).to_be_visible()
    await page.get_by_role("button", name="Accept its new host key…").click()
    await expect(dialog).to_contain_text("ssh-ed25519 AAAA")
    await expect(dialog).to_contain_text("ssh-ed25519 BBBB")
    await dialog.get_by_role("button", name="Accept the new key").click()
    await expect(page.get_by_text("10.0.0.7 ssh-ed25519 BBBB")).to_be_visible()

    pool.hosts.break_("lab-1", None)
    await page.get_by_role("button", name="Begin maintenance…").click()
    await dialog.get_by_label("Reason").fill("new disk")
    await dialog.get_by_role("button", name="Begin maintenance").click()
    await expect(
        page.get_by_role("alert").or_(page.get_by_role("status")).filter(has_text="new disk")
    ).to_be_visible()
    await page.get_by_role("button", name="Edit…").click()
    await dialog.get_by_label("Port").fill("2222")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("10.0.0.7:2222")).to_be_visible()
    await page.get_by_role("button", name="Actions for lab-1").click()
    await page.get_by_role("menuitem", name="Remove from the pool…").click()
    await dialog.get_by_role("button", name="Remove it").click()
    await expect(page).to_have_url(re.compile("/machines$"))
    await expect(row(page, "lab-2")).to_be_visible()
    await expect(row(page, "lab-1")).to_have_count(0)


async def test_the_table_is_live_and_offers_people_only_what_is_theirs(at: At, pool: PoolCrib) -> None:
    cara, dan = pool.crib.person(username="cara"), pool.crib.person(username="dan")
    names = pool.machines(2, tag="live")
    page = await at(cara, "/machines?q=live")
    await expect(row(page, "live-2")).to_contain_text("Free")
    await expect(page.get_by_role("button", name="Register a machine")).to_have_count(0)
    pool.have(dan, names[:1], purpose="evaluation")
    await expect(row(page, "live-1")).to_contain_text("dan")
    await page.get_by_text("Free", exact=True).first.click()
    await expect(row(page, "live-1")).to_have_count(0)
    await page.get_by_text("In use", exact=True).click()
    await page.get_by_role("button", name="Actions for live-1").click()
    items = page.get_by_role("menuitem")
    await expect(items.first).to_contain_text("Wait for it…")
    await expect(page.get_by_role("menuitem", name=re.compile("^Release"))).to_contain_text(
        "Only dan can release it."
    )
    await expect(page.get_by_role("menuitem", name="Quarantine…")).to_have_count(0)
    await page.keyboard.press("Escape")
    await row(page, "live-1").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("region", name="Who has it")).to_contain_text("evaluation")
    await expect(page.get_by_text("What the last run said")).to_have_count(0)


async def test_a_free_time_is_booked_on_the_timeline(at: At, pool: PoolCrib) -> None:
    eva, finn = pool.crib.person(username="eva"), pool.crib.person(username="finn")
    names = pool.machines(2, tag="slot")
    start = (pool.crib.clock() + timedelta(hours=20)).isoformat()
    booked = {"names": names[:1], "tags": None, "starts_at": start, "purpose": "load test"}
    answer = eva.client.post("/api/reservations", json={**booked, "public_keys": [KEY], "minutes": 120})
    assert answer.json()["state"] == "booked", answer.text
    page = await at(finn, "/machines?q=slot&view=timeline")
    await expect(row(page, "slot-1")).to_contain_text("eva has booked it")
    dialog = page.get_by_role("dialog", name="Reserve machines")

    # With the keyboard, from the next whole hour on.
    await row(page, "slot-1").focus()
    for key in ("ArrowRight", "+", "Enter"):
        await page.keyboard.press(key)
    await expect(dialog.get_by_label("For how long, for example")).to_have_value("1 h 15 min")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)

    track = await row(page, "slot-2").get_by_role("cell").last.bounding_box()
    assert track
    middle = track["y"] + track["height"] / 2
    await page.mouse.move(track["x"] + track["width"] * 0.5, middle)
    await page.mouse.down()
    await page.mouse.move(track["x"] + track["width"] * 0.6, middle, steps=2)
    await page.mouse.up()
    await dialog.get_by_label("What for").fill("rehearsal")
    await dialog.get_by_label("Public keys").fill(KEY)
    await dialog.get_by_role("button", name="Book").click()
    card = page.get_by_role("article", name="rehearsal")
    await expect(card).to_contain_text("Booked")
    await expect(card).to_contain_text("slot-2")
    (made,) = finn.client.get("/api/pool/reservations").json()["reservations"]
    assert (made["state"], made["booked_machines"]) == ("booked", ["slot-2"])
    await card.get_by_role("button", name="Cancel the booking").click()
    await page.goto("about:blank")  # what waits to be sent is sent as the page goes
    wait_until(lambda: pool.state("slot-2")["next_booking"] is None, "the end of the booking")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
async def test_its_pages_are_accessible_and_fit(at: At, pool: PoolCrib, theme: str, width: int) -> None:
    who = pool.crib.person(username=f"looks-{theme}")
    names = pool.machines(2, tag=f"look{theme}", tags=[f"look{theme}", "a100", "infiniband", "rack-b"])
    pool.have(who, names[:1], purpose="evaluation", public_keys=[KEY])
    pool.ask(who, names, count=2, wait=True)
    page = await at(who, "/machines", theme=theme, width=width)
    problems = {}
    for path, text in {
        "/machines": names[0],
        f"/machines/{names[0]}": "Host key",
        "/reservations": "in line",
        "/reservations?view=queue": who.username,
        f"/machines?view=timeline&q=look{theme}": who.username,
    }.items():
        await page.goto(pool.crib.url + path)
        await expect(page.get_by_role("main").get_by_text(text).first).to_be_visible()
        await expect(page.get_by_role("status", name="Loading")).to_have_count(0)
        problems[path] = await faults(page)
        await fits(page, width, path)
    await page.get_by_role("button", name="Reserve", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("Further options").click()
    await expect(dialog.get_by_role("status")).to_contain_text("free")
    problems["reserve"] = await faults(page)
    await dialog.get_by_text("By name", exact=True).click()
    problems["by name"] = await faults(page)
    assert not {path: found for path, found in problems.items() if found}, str(problems)
