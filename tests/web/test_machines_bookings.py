"""Bookings on the timeline, and how one signs in: certificates, jump hosts, and what was done on the machines."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.machines.pool import PoolCrib
from tests.servers.crib import Person
from tests.servers.process import wait_until
from tests.web.conftest import fits, row
from tests.web.test_every_page import faults
from tests.web.test_machines import KEY, At, at, pool

__all__ = ["at", "pool"]  # fixtures


def book(
    pool: PoolCrib, person: Person, names: list[str], hours: float, minutes: int = 120
) -> dict[str, Any]:
    """Book all of these machines from the beginning of an hour on."""
    start = pool.crib.clock().replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
    wish = {"names": names, "starts_at": start.isoformat(), "minutes": minutes, "public_keys": [KEY]}
    answer = person.client.post("/api/reservations", json=wish)
    assert answer.json()["state"] == "booked", answer.text
    found: dict[str, Any] = answer.json()
    return found


def times(person: Person, made: dict[str, Any]) -> tuple[datetime, int]:
    now = person.client.get(f"/api/reservations/{made['id']}").json()
    return datetime.fromisoformat(now["starts_at"]), now["minutes"]


def bar(page: Page, machine: str, who: str) -> Locator:
    return row(page, machine).locator("[data-bar]").filter(has_text=who)


async def drag(page: Page, what: Locator, *, from_: float, hours: float) -> None:
    """Drag from so far into a bar (0 to 1) by so many hours of the day that is shown."""
    await what.scroll_into_view_if_needed()
    box, track = await what.bounding_box(), await what.locator("xpath=..").bounding_box()
    assert box
    assert track
    x, y = box["x"] + max(2, min(box["width"] - 2, box["width"] * from_)), box["y"] + box["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + track["width"] * hours / 24, y, steps=4)
    await page.mouse.up()


def changes_asked_of(page: Page) -> list[str]:
    """Return a list to which each request is added that would change a booking."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "PATCH" else None)
    return asked


async def test_ones_own_booking_is_dragged_and_resized(at: At, pool: PoolCrib) -> None:
    gil, hal = pool.crib.person(username="gil"), pool.crib.person(username="hal")
    names = pool.machines(2, tag="drag")
    mine, other = book(pool, gil, names, 6), book(pool, hal, names[:1], 14)
    begins, _ = times(gil, mine)
    page = await at(gil, "/machines?q=drag&view=timeline")
    await drag(page, bar(page, "drag-1", "gil"), from_=0.5, hours=2)
    await expect(page.get_by_text("Your booking is from")).to_be_visible()
    moved = begins + timedelta(hours=2)
    assert times(gil, mine) == (moved, 120)
    # Both its machines have moved, and it can be taken back.
    await page.get_by_role("button", name="Undo").click()
    wait_until(lambda: times(gil, mine) == (begins, 120), "the way back")
    await page.reload()
    await drag(page, bar(page, "drag-2", "gil"), from_=1, hours=1)
    wait_until(lambda: times(gil, mine) == (begins, 180), "it to be longer")
    await page.reload()
    await drag(page, bar(page, "drag-1", "gil"), from_=0, hours=1)
    wait_until(lambda: times(gil, mine) == (begins + timedelta(hours=1), 120), "it to begin later")
    await page.reload()
    # Into somebody else's: it is refused, and stays where it was.
    await drag(page, bar(page, "drag-1", "gil"), from_=0.5, hours=7)
    await expect(page.get_by_role("alert").filter(has_text="others are booked")).to_be_visible()
    assert times(gil, mine) == (begins + timedelta(hours=1), 120)
    # Nobody drags what is not theirs.
    before, asked = times(hal, other), changes_asked_of(page)
    await drag(page, bar(page, "drag-1", "hal"), from_=0.5, hours=3)
    await expect(page.get_by_role("dialog")).to_have_count(0)
    # What is done next is done after it, and the only change.
    await drag(page, bar(page, "drag-2", "gil"), from_=1, hours=1)
    await expect(page.get_by_text("Your booking is from")).to_be_visible()
    assert [url.rpartition("/")[2] for url in asked] == [mine["id"]]
    assert times(hal, other) == before


async def test_a_booking_is_changed_again_while_a_change_is_under_way(at: At, pool: PoolCrib) -> None:
    jon = pool.crib.person(username="jon")
    mine = book(pool, jon, pool.machines(1, tag="next"), 6)
    begins, _ = times(jon, mine)
    page = await at(jon, "/machines?q=next&view=timeline")
    arrives = asyncio.Event()

    async def late(route: Route) -> None:
        await arrives.wait()
        await route.continue_()

    await page.route("**/api/reservations/*", late)
    await expect(bar(page, "next-1", "jon")).to_be_visible()
    await row(page, "next-1").focus()
    for key in ("b", "ArrowRight", "Enter", "b", "ArrowRight"):
        await page.keyboard.press(key)
    arrives.set()
    await expect(page.get_by_text("Your booking is from")).to_be_visible()
    assert times(jon, mine) == (begins + timedelta(minutes=15), 120)
    # The second is still being chosen, from where the first one leads to.
    await expect(page.get_by_role("status").filter(has_text="Your booking of next-1")).to_be_visible()
    await page.keyboard.press("Enter")
    wait_until(lambda: times(jon, mine) == (begins + timedelta(minutes=30), 120), "both changes")


async def test_a_booking_is_changed_with_the_keyboard_alone(at: At, pool: PoolCrib) -> None:
    ida = pool.crib.person(username="ida")
    names = pool.machines(2, tag="keys")
    mine = book(pool, ida, names[:1], 6)
    begins, _ = times(ida, mine)
    page = await at(ida, "/machines?q=keys&view=timeline")
    await expect(bar(page, "keys-1", "ida")).to_be_visible()
    await row(page, "keys-1").focus()
    for key in ("b", "ArrowRight", "ArrowRight", "ArrowLeft", "+", "+"):
        await page.keyboard.press(key)
    await expect(page.get_by_role("status").filter(has_text="Your booking of keys-1")).to_be_visible()
    await page.keyboard.press("Enter")
    wait_until(lambda: times(ida, mine) == (begins + timedelta(minutes=15), 150), "it to be moved")
    asked = changes_asked_of(page)
    await page.keyboard.press("b")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Escape")
    await page.keyboard.press("b")
    await expect(page.get_by_role("status").filter(has_text="Your booking of keys-1")).to_be_visible()
    await page.keyboard.press("Escape")
    assert asked == []
    assert times(ida, mine) == (begins + timedelta(minutes=15), 150)

    await page.goto(f"{pool.crib.url}/reservations")
    card = page.get_by_role("article", name="keys-1")
    await card.get_by_role("button", name="Change…").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Change the booking")
    await expect(dialog.get_by_text("It is like that now.")).to_be_visible()
    await dialog.get_by_label("Begins").fill("")
    await expect(dialog.get_by_text("Say when it begins.")).to_be_visible()
    local = (begins + timedelta(hours=1)).astimezone()
    await dialog.get_by_label("Begins").fill(f"{local:%Y-%m-%dT%H:%M}")
    await dialog.get_by_label("For how long, for example").fill("45 min")
    await dialog.get_by_label("Machines", exact=True).click()
    await page.get_by_role("option", name=names[1]).click()
    await dialog.get_by_role("button", name="Change it").click()
    await expect(dialog).to_have_count(0)
    assert times(ida, mine) == (begins + timedelta(hours=1), 45)


async def test_a_booking_is_shared_before_it_begins(at: At, pool: PoolCrib) -> None:
    kai, lea = pool.crib.person(username="kai"), pool.crib.person(username="lea")
    book(pool, kai, pool.machines(1, tag="early"), 5)
    page = await at(kai, "/reservations")
    card = page.get_by_role("article", name="early-1")
    await card.get_by_role("button", name="Share…").click()
    dialog = page.get_by_role("dialog", name="Share with a colleague")
    await dialog.get_by_label("With").fill("lea")
    await page.get_by_role("option", name="lea").click()
    await dialog.get_by_label("Their public keys").fill(KEY)
    await dialog.get_by_role("button", name="Share with lea").click()
    await expect(card).to_contain_text("Shared with")
    (made,) = kai.client.get("/api/pool/reservations").json()["reservations"]
    assert made["shared_with"] == ["lea"]
    assert lea.client.get(f"/api/reservations/{made['id']}").status_code == 200


async def test_a_key_is_signed_for_as_long_as_one_has_the_machines(at: At, pool: PoolCrib) -> None:
    mia, noa = pool.crib.person(username="mia"), pool.crib.person(username="noa")
    names = pool.machines(1, tag="signed")
    page = await at(mia, "/machines?q=signed")
    await row(page, names[0]).focus()
    await page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="Reserve machines")
    await dialog.get_by_text("Certificate", exact=True).click()
    await dialog.get_by_role("button", name="Reserve", exact=True).click()
    card = page.get_by_role("article", name="signed-1")
    await expect(card).to_contain_text("Ready")
    await card.get_by_role("button", name="Certificate…").click()
    sign = page.get_by_role("dialog", name="Have your key signed")
    await sign.get_by_label("Your public key").fill("no key at all")
    await expect(sign).to_contain_text("A public key is one line")
    await sign.get_by_label("Your public key").fill(KEY)
    await page.keyboard.press("Tab")
    await sign.get_by_role("button", name="Sign it").click()
    told = sign.get_by_role("status")
    await expect(told).to_contain_text("It signs in until")
    certificate = await told.locator("code").last.inner_text()
    assert certificate.startswith("ssh-ed25519-cert-v01@openssh.com ")
    copy = await sign.get_by_role("button", name="Copy ssh-ed25519-cert").bounding_box()
    around = await sign.bounding_box()
    assert copy
    assert around
    assert copy["x"] + copy["width"] < around["x"] + around["width"]
    assert await faults(page) == []
    await page.keyboard.press("Escape")
    # A colleague without a key of theirs on the machine has one signed, too.
    (made,) = mia.client.get("/api/pool/reservations").json()["reservations"]
    mia.client.post(f"/api/reservations/{made['id']}/share", json={"username": "noa"}).raise_for_status()
    pool.settle()
    theirs = await at(noa, "/reservations")
    await theirs.get_by_role("button", name="Certificate…").click()
    await theirs.get_by_role("dialog").get_by_label("Your public key").fill(KEY)
    await theirs.get_by_role("button", name="Sign it").click()
    await expect(theirs.get_by_text("It signs in until")).to_be_visible()
    await expect(theirs.get_by_role("button", name="Release")).to_have_count(0)


async def test_machines_behind_a_jump_host_are_reached_through_it(at: At, pool: PoolCrib) -> None:
    oda = pool.crib.person(username="oda")
    (gate,) = pool.machines(1, tag="gate", host="10.0.0.1", port=2200)
    (inner,) = pool.machines(1, tag="inner", host="10.0.0.7", port=22, jump=gate)
    pool.have(oda, [inner], public_keys=[KEY], password=None)
    page = await at(oda, "/reservations")
    await expect(page.get_by_text("ssh -J 10.0.0.1:2200 oda@10.0.0.7", exact=True)).to_be_visible()
    # Who has the jump host as well signs in there by the same login.
    both = {"names": [gate], "public_keys": [KEY]}
    oda.client.post("/api/reservations", json=both).raise_for_status()
    pool.settle()
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(f"{pool.crib.url}/machines?q=inner")
    await row(page, inner).focus()
    await page.keyboard.press("c")
    await expect(page.get_by_text("Copied")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == "ssh -J oda@10.0.0.1:2200 oda@10.0.0.7"


async def test_what_was_done_is_with_the_reservation(at: At, pool: PoolCrib) -> None:
    pia, rex = pool.crib.person(username="pia"), pool.crib.person(username="rex")
    names = pool.machines(2, tag="told")
    made = pool.have(pia, names, count=2)
    page = await at(pia, "/reservations")
    await page.get_by_text("What was done on them").click()
    for name in names:
        told = page.get_by_role("region", name=name)
        await expect(told).to_contain_text("Making an account")
        await expect(told).to_contain_text("made")
    # With whom it is only shared does not read that.
    share = {"username": "rex", "public_keys": [KEY]}
    pia.client.post(f"/api/reservations/{made['id']}/share", json=share).raise_for_status()
    page = await at(rex, f"/reservations?id={made['id']}")
    theirs = page.get_by_role("dialog", name="Reservation")
    await expect(theirs.get_by_role("article")).to_contain_text("told-1")
    await expect(theirs.get_by_text("What was done on them")).to_have_count(0)


async def test_administrators_say_what_is_done_between_holders(at: At, pool: PoolCrib) -> None:
    (name,) = pool.machines(1, tag="between")
    page = await at(pool.admin, f"/machines/{name}")
    await page.get_by_role("button", name="Edit…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Reset between holders").fill("no-such-program")
    await dialog.get_by_label("Homes of those who had it").click()
    await page.get_by_role("option", name="Archived on the machine").click()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("reset is none or one of")
    await dialog.get_by_label("Reset between holders").fill("none")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("archived on it")).to_be_visible()
    assert (pool.state(name)["reset"], pool.state(name)["homes"]) == ("none", "archive")


async def test_a_machine_is_quarantined_and_returned_with_a_reason(at: At, pool: PoolCrib) -> None:
    (name,) = pool.machines(1, tag="smoky")
    page = await at(pool.admin, f"/machines/{name}")
    for verb in ("Quarantine…", "Return it to the pool"):
        await page.get_by_role("button", name=f"Actions for {name}").click()
        await page.get_by_role("menuitem", name=verb).click()
        if verb == "Quarantine…":
            await page.get_by_role("dialog").get_by_label("Reason").fill("smoke in the rack")
            await page.get_by_role("dialog").get_by_role("button", name="Quarantine").click()
            await expect(page.get_by_role("status").filter(has_text="smoke in the rack")).to_be_visible()
            assert pool.state(name)["state"] == "quarantined"
    wait_until(lambda: pool.state(name)["state"] == "free", "the machine to be back")
    await expect(page.get_by_text("smoke in the rack").first).to_be_visible()  # in its history


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 360)])
async def test_its_dialogs_are_accessible_and_fit(at: At, pool: PoolCrib, theme: str, width: int) -> None:
    who = pool.crib.person(username=f"dialogs-{theme}")
    names = pool.machines(2, tag=f"dialogs{theme}")
    book(pool, who, names[:1], 5)
    pool.have(who, names, certificate=True, minutes=60)
    page = await at(who, "/reservations", theme=theme, width=width)
    problems = {}
    for button in ("Change…", "Certificate…", "Share…"):
        await page.get_by_role("button", name=button).first.click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        problems[button] = await faults(page)
        await fits(page, width, button)
        if button == "Share…":
            await page.keyboard.press("Escape")  # closes the list of people, which covers the rest
        closing = page.get_by_role("dialog").get_by_role("button", name=re.compile("^(Cancel|Close)$"))
        await closing.last.click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_text("What was done on it").click()
    await expect(page.get_by_text("Making an account").first).to_be_visible()
    problems["what was done"] = await faults(page)
    assert not {what: found for what, found in problems.items() if found}, str(problems)
