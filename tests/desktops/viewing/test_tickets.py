from __future__ import annotations

import asyncio
from typing import Any

import httpx
import websockets
from sqlalchemy import select

from tests.desktops.viewing.screens import Screen
from tests.desktops.viewing.stage import Stage
from tests.desktops.viewing.viewer import Viewer
from toolcrib.desktops.models import tickets
from toolcrib.desktops.viewing.views import Closing


async def _code(stage: Stage, ticket: str, **options: Any) -> int:
    viewer = await Viewer.connect(stage.url(), ticket, **options)
    code, text = await viewer.closed()
    assert text
    return code


async def test_a_ticket_opens_one_view_and_no_second(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    ticket = await stage.ticket(await stage.client("ann"), name)
    viewer = await Viewer.open(stage.url(), ticket["ticket"])
    assert await _code(stage, ticket["ticket"]) == Closing.TICKET
    found = (await (await stage.client("ann")).get(f"/api/desktops/{name}/views")).json()
    assert [each["id"] for each in found["views"]] == [ticket["view_id"]]
    await viewer.close()


async def test_of_many_who_use_a_ticket_at_once_one_has_the_view(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    ticket = (await stage.ticket(await stage.client("ann"), name))["ticket"]

    async def attempt(number: int) -> Viewer | None:
        viewer = await Viewer.connect(stage.url(stage.servers[number % 2]), ticket)
        try:
            await viewer.begin()
        except websockets.ConnectionClosed:
            return None
        return viewer

    came = await asyncio.gather(*map(attempt, range(6)))
    opened = [each for each in came if each is not None]
    assert len(opened) == 1
    await opened[0].close()


async def test_a_ticket_is_good_for_a_short_time(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    ticket = (await stage.ticket(await stage.client("ann"), name))["ticket"]
    stage.app.clock.advance(seconds=61)
    assert await _code(stage, ticket) == Closing.TICKET


async def test_without_a_ticket_there_is_no_view(stage: Stage) -> None:
    assert await _code(stage, "tck_view_guessed") == Closing.TICKET
    assert await _code(stage, "x", subprotocols=["binary"]) == Closing.TICKET
    token = (await stage.client("ann")).headers["Authorization"]
    plain = {"subprotocols": ["binary"], "additional_headers": {"Authorization": token}}
    assert await _code(stage, "x", **plain) == Closing.TICKET


async def test_pages_of_other_sites_cannot_open_a_view(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    client = await stage.client("ann")
    ticket = (await stage.ticket(client, name))["ticket"]
    assert await _code(stage, ticket, origin="https://elsewhere.example") == Closing.ORIGIN
    assert await _code(stage, ticket, origin="null") == Closing.ORIGIN
    viewer = await Viewer.open(stage.url(), ticket, origin=stage.app.url)
    await viewer.close()


async def test_a_ticket_of_a_hold_that_has_ended_opens_nothing(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    ticket = (await stage.ticket(await stage.client("ann"), name))["ticket"]
    await stage.end("ann", name)
    assert await _code(stage, ticket) == Closing.TICKET


async def test_a_ticket_of_a_person_who_is_gone_opens_nothing(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    await stage.invite(name, "zoe")
    ticket = (await stage.ticket(await stage.client("zoe"), name))["ticket"]
    await stage.disable("zoe")
    assert await _code(stage, ticket) == Closing.DENIED


async def test_tickets_are_for_those_who_may_see_the_desktop(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    where = f"/api/desktops/{name}/view"
    async with httpx.AsyncClient(base_url=stage.app.url) as anonymous:
        assert (await anonymous.post(where, json={})).status_code == 401
        assert (await anonymous.get(f"/api/desktops/{name}/views")).status_code == 401
        assert (await anonymous.post(f"/api/desktops/{name}/control", json={})).status_code in {400, 401}
    stranger = await stage.client("sam")
    assert (await stranger.post(where, json={})).status_code == 404
    assert (await stranger.get(f"/api/desktops/{name}/views")).status_code == 404
    assert (await stranger.post(f"/api/desktops/{name}/control", json={"do": "release"})).status_code == 404
    await stage.end("ann", name)
    assert (await (await stage.client("ann")).post(where)).status_code == 409


async def test_the_database_keeps_digests_alone(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    answer = await stage.ticket(await stage.client("ann"), name)
    async with stage.app.kernel.database.read() as session:
        rows = (await session.execute(select(tickets).where(tickets.c.desktop == name))).all()
    assert len(rows) == 1
    assert answer["ticket"] not in str(rows)
