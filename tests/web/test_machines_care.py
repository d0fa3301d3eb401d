"""What people and administrators do with reservations and machines that go on: hand over, change, drain, accept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from playwright.async_api import Route, expect

from tests.conftest import shared_server
from tests.machines.pool import PoolCrib
from tests.servers.hosts import debian_hosts
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import Open
from tests.web.test_machines import KEY, At, at, pool
from toolcrib.cli.machines.sample_pool.namespaces import LocalHost

__all__ = ["at", "pool"]  # fixtures

OTHER_KEY = KEY.replace("cWE5kL9x ana@laptop", "cWE5kL9y ana@desk")


async def test_a_reservation_is_handed_over_and_its_new_holder_says_how_to_sign_in(
    at: At, pool: PoolCrib
) -> None:
    uma, vic = pool.crib.person(username="uma"), pool.crib.person(username="vic")
    names = pool.machines(1, tag="baton")
    pool.have(uma, names, public_keys=[KEY])
    page, theirs = await at(uma, "/reservations"), await at(vic, "/reservations")
    card = page.get_by_role("article", name="baton-1")
    await card.get_by_role("button", name="Hand over…").click()
    dialog = page.get_by_role("dialog", name="Hand over baton-1")
    await dialog.get_by_label("To", exact=True).fill("vic")
    await page.get_by_role("option", name="vic").click()
    await dialog.get_by_role("button", name="Hand over to vic").click()
    await expect(card).to_have_count(0)
    pool.settle()
    # The new holder's page says so by itself.
    await expect(theirs.get_by_text("uma handed something over to you")).to_be_visible()
    card = theirs.get_by_role("article", name="baton-1")
    await card.get_by_role("button", name="Keys and password…").click()
    dialog = theirs.get_by_role("dialog", name="How you sign in")
    await expect(dialog.get_by_role("button", name="Save")).to_have_attribute("aria-disabled", "true")
    await dialog.get_by_label("Public keys").fill(OTHER_KEY)
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    pool.settle()
    await expect(card).to_contain_text("Ready")
    assert pool.hosts.accounts("baton-1")["vic"]["keys"] == [OTHER_KEY]


async def test_what_is_shared_with_one_is_among_ones_reservations(at: At, pool: PoolCrib) -> None:
    wim, xia = pool.crib.person(username="wim"), pool.crib.person(username="xia")
    made = pool.have(wim, pool.machines(1, tag="lent", port=2222), public_keys=[KEY])
    page = await at(xia, "/reservations")
    await expect(page.get_by_text("You have no machines")).to_be_visible()
    share = {"username": "xia", "public_keys": [OTHER_KEY]}
    wim.client.post(f"/api/reservations/{made['id']}/share", json=share).raise_for_status()
    await expect(page.get_by_text("wim shares machines with you")).to_be_visible()
    card = page.get_by_role("article", name="lent-1")
    await expect(card.get_by_text("ssh -p 2222 wim@127.0.0.1")).to_be_visible()
    await expect(card.get_by_text("wim", exact=True)).to_be_visible()
    await expect(card.get_by_role("button", name="Release")).to_have_count(0)


async def test_administrators_set_priorities_and_end_reservations(at: At, pool: PoolCrib) -> None:
    yan, zoe, abe = (pool.crib.person(username=name) for name in ("yan", "zoe", "abe"))
    names = pool.machines(1, tag="rush")
    pool.have(yan, names)
    pool.ask(zoe, names, wait=True)
    pool.ask(abe, names, wait=True)
    page = await at(pool.admin, "/reservations?view=queue&q=rush")
    await page.get_by_role("button", name="Actions for abe, place 2").click()
    await page.get_by_role("menuitem", name="Priority…").click()
    dialog = page.get_by_role("dialog", name="Priority of abe")
    await dialog.get_by_label("Priority", exact=True).fill("5")
    await dialog.get_by_label("Reason").fill("the release is tonight")
    await dialog.get_by_role("button", name="Set it").click()
    await expect(page.get_by_role("button", name="Actions for abe, place 1")).to_be_visible()
    await page.goto(f"{pool.crib.url}/reservations?view=all")
    card = page.get_by_role("article").filter(has_text="yan").filter(has_text="rush-1")
    await card.get_by_role("button", name="Actions for rush-1").click()
    await page.get_by_role("menuitem", name="End it…").click()
    dialog = page.get_by_role("dialog", name="End yan’s reservation")
    await dialog.get_by_label("Reason").fill("needed tonight")
    await dialog.get_by_role("button", name="Take from yan").click()
    wait_until(lambda: pool.state("rush-1")["holder"] == "abe", "the one with the higher priority")


async def test_a_calendar_address_is_shown_once_and_ended(at: At, pool: PoolCrib) -> None:
    bea = pool.crib.person(username="bea")
    pool.have(bea, pool.machines(1, tag="feed"), purpose="rehearsal")
    page = await at(bea, "/machines?q=feed&view=timeline")
    made = asyncio.Event()

    async def late(route: Route) -> None:
        if route.request.method == "GET" and not made.is_set():
            before = await route.fetch()
            await made.wait()
            await route.fulfill(response=before)
        else:
            await route.continue_()

    # Whoever is quick makes it before the dialog has been told that there is none.
    await page.route("**/api/pool/calendar/feed", late)
    await page.get_by_role("button", name="Subscribe").click()
    dialog = page.get_by_role("dialog", name="In your calendar program")
    async with page.expect_response(lambda answer: answer.request.method == "POST"):
        await dialog.get_by_role("button", name="Make an address").click()
    made.set()
    address = await dialog.get_by_role("status").locator("code").inner_text()
    reader = pool.crib.client()
    assert "rehearsal" in reader.get(address).text
    await dialog.get_by_role("button", name="End the address").click()
    await expect(dialog.get_by_role("button", name="Make an address")).to_be_visible()
    assert reader.get(address).status_code == 404


@pytest.fixture(scope="module")
def host() -> Iterator[LocalHost]:
    with debian_hosts(1) as [made]:
        yield made


@pytest.fixture(scope="module")
def crib(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolcribServer]:
    server = shared_server(tmp_path_factory.mktemp("care") / "data")
    yield server
    server.close()


async def test_a_real_host_is_drained_enrolled_and_accepted_after_it_was_installed_anew(
    open_page: Open, crib: ToolcribServer, host: LocalHost
) -> None:
    machine = {"name": host.name, "host": host.address, "port": host.port}
    machine |= {"user": "root", "password": host.password}
    crib.admin.post("/api/machines", json=machine).raise_for_status()
    ann = crib.user("ann")

    def state() -> str:
        found: str = ann.get(f"/api/pool/machines/{host.name}").json()["state"]
        return found

    wish = {"names": [host.name], "public_keys": [KEY], "purpose": "soak"}
    made = ann.post("/api/reservations", json=wish).json()
    wait_until(lambda: state() == "held", "the account")

    # Whoever has it keeps it, and nobody gets it afterwards.
    page = await open_page("admin", f"/machines/{host.name}", server=crib)
    dialog = page.get_by_role("dialog")
    await page.get_by_role("button", name="Begin maintenance…").click()
    await dialog.get_by_label("Reason").fill("new disk")
    await dialog.get_by_role("button", name="Begin maintenance").click()
    await expect(page.get_by_text("In maintenance once it is given back: new disk")).to_be_visible()
    await expect(page.get_by_role("button", name="End maintenance")).to_be_visible()
    assert state() == "held"
    assert host.run("ls /home").split() == ["ann"]
    ann.delete(f"/api/reservations/{made['id']}").raise_for_status()
    await expect(page.get_by_text("new disk", exact=True)).to_be_visible(timeout=30_000)
    assert ann.post("/api/reservations", json=wish).json()["code"] == "not_enough_machines"
    await page.get_by_role("button", name="End maintenance").click()
    wait_until(lambda: state() == "free", "the end of maintenance")

    await page.get_by_role("button", name=f"Actions for {host.name}").click()
    await page.get_by_role("menuitem", name="Replace its password by a key…").click()
    await dialog.get_by_role("button", name="Replace it").click()
    await expect(page.get_by_text(", with a key")).to_be_visible(timeout=30_000)
    assert "toolcrib" in host.run("cat /root/.ssh/authorized_keys")

    before = host.host_key
    host.change_host_key()
    await expect(page.get_by_text(before)).to_be_visible()
    await page.get_by_role("button", name="Check now").click()
    await expect(page.get_by_text("Its host key has changed")).to_be_visible()
    assert ann.post("/api/reservations", json=wish).json()["code"] == "not_enough_machines"
    await page.get_by_role("button", name="Accept its new host key…").click()
    after = " ".join(host.run("cat /etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
    for key in (before, after):
        await expect(dialog.get_by_text(key)).to_be_visible()
    await dialog.get_by_role("button", name="Accept the new key").click()
    await expect(page.get_by_text(f"[{host.address}]:{host.port} {after}")).to_be_visible(timeout=30_000)
    wait_until(lambda: state() == "free", "the machine to be back")

    await page.get_by_role("button", name=f"Actions for {host.name}").click()
    await page.get_by_role("menuitem", name="Disable").click()
    await expect(page.get_by_text("Disabled", exact=True).first).to_be_visible()
    assert state() == "disabled"
    await page.get_by_role("button", name="Undo").click()
    wait_until(lambda: state() == "free", "it to be as it was")
