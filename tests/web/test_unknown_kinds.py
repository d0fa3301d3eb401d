"""Things of a kind that the page was not built with: a package from elsewhere brought it to the server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.conftest import shared_server
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer
from tests.web.conftest import ROOT, Open, row


@pytest.fixture(scope="module")
def crib_with_rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolcribServer]:
    """A server beside which the kind of `room_kind` is installed, as pip would have it."""
    folder = tmp_path_factory.mktemp("rooms")
    installed = folder / "site" / "room_kind-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: room-kind\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[toolcrib.kinds]\nroom = tests.web.room_kind:kind\n")
    server = shared_server(folder / "data", PYTHONPATH=os.pathsep.join([str(installed.parent), str(ROOT)]))
    yield server
    server.close()


async def test_a_thing_of_an_unknown_kind_is_on_the_board_and_can_be_given_back(
    open_page: Open, crib_with_rooms: ToolcribServer
) -> None:
    crib_with_rooms.user("ann").post("/api/rooms/Harbour/take").raise_for_status()
    page = await open_page("ann", server=crib_with_rooms)
    await row(page, "Harbour").get_by_role("link", name="Harbour").click()
    drawer = page.get_by_role("dialog")
    await expect(drawer).to_contain_text("Meeting room: Harbour")
    holder = drawer.get_by_role("region", name="Who holds it")
    await expect(holder).to_contain_text("ann (you)")
    await expect(holder).to_contain_text("design review")
    await expect(drawer.get_by_role("listitem").first).to_contain_text("ann took it")
    await holder.get_by_role("button", name="Release Harbour").click()
    await expect(holder).to_contain_text("Nobody holds it")
    await page.goto("about:blank")
    ann = crib_with_rooms.user("ann")
    wait_until(lambda: ann.get("/api/claims").json()["claims"] == [], "the release")


async def test_others_may_wait_for_it(open_page: Open, crib_with_rooms: ToolcribServer) -> None:
    crib_with_rooms.user("ann").post("/api/rooms/Pier/take").raise_for_status()
    page = await open_page(
        "ben", "/?kind=meeting_room&scope=project:default&key=Pier", server=crib_with_rooms
    )
    holder = page.get_by_role("dialog").get_by_role("region", name="Who holds it")
    await holder.get_by_role("button", name="Wait for it").click()
    await page.get_by_role("dialog", name="Wait for it").get_by_role("button", name="Stand in line").click()
    await expect(holder.get_by_text("One person waits for it")).to_be_attached()
