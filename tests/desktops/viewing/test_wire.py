"""The WebSocket itself: where it is, what it bears, and that it keeps nobody else waiting."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import httpx
import pytest
import websockets

from tests.clock import FakeClock
from tests.desktops.viewing.screens import Screen
from tests.desktops.viewing.stage import Stage, WebServer
from tests.desktops.viewing.viewer import Viewer
from tests.servers.sqlite import fill_data_dir
from toolcrib.desktops.viewing.views import Closing

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


async def test_what_the_desktop_says_arrives_without_its_clipboard(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    views = [await stage.view("ann", name), await stage.view("ann", name, view_only=True)]
    screen.send(b"\x02" + struct.pack("!BxxxI", 3, 6) + b"secret" + b"\x02")
    for view in views:
        assert await view.exactly(2) == b"\x02\x02"
        await view.close()


async def test_clipboards_pass_where_the_configuration_lets_them(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address, copy_out=True, paste_in=False)
    view, looks = await stage.view("ann", name), await stage.view("ann", name, view_only=True)
    said = struct.pack("!BxxxI", 3, 5) + b"hello"
    screen.send(said + b"\x02")
    assert await view.exactly(len(said) + 1) == said + b"\x02"
    assert await looks.exactly(1) == b"\x02"
    await view.cut("inwards")
    await view.key(ord("x"))
    async with asyncio.timeout(10):
        while not screen.received:
            await asyncio.sleep(0.01)
    assert screen.received == struct.pack("!BBxxI", 4, 1, ord("x"))
    await asyncio.gather(view.close(), looks.close())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (struct.pack("!BxxxI", 6, 2**30), Closing.MALFORMED),
        (b"\x07", Closing.MALFORMED),
        (bytes(3 * 1024 * 1024), 1009),
    ],
    ids=["a clipboard of a gigabyte", "an unknown type", "a message of three megabytes"],
)
async def test_messages_that_no_viewer_sends_end_the_view(
    stage: Stage, screen: Screen, data: bytes, code: int
) -> None:
    name = await stage.desktop("ann", screen.address)
    view = await stage.view("ann", name)
    await view.send(data)
    assert (await view.closed())[0] == code
    assert len(screen.received) < 100


async def test_who_sends_too_many_frames_at_once_is_cut_off(stage: Stage, screen: Screen) -> None:
    """However little is in them: each costs time in which nobody else is served."""
    name = await stage.desktop("ann", screen.address)
    view = await stage.view("ann", name)
    frame = b"\x82\x80" + bytes(4)  # an empty message
    view.connection.transport.write(frame * 900)
    await view.key(ord("x"))
    async with asyncio.timeout(10):
        while not screen.received:
            await asyncio.sleep(0.01)
    view.connection.transport.write(frame * 2_000)
    with pytest.raises(websockets.ConnectionClosedError) as ended:
        await view.exactly(1)
    assert ended.value.rcvd is None  # cut, without a word


async def test_who_speaks_no_rfb_is_shown_out(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    client = await stage.client("ann")
    view = await Viewer.connect(stage.url(), (await stage.ticket(client, name))["ticket"])
    await view.exactly(12)
    await view.send(b"RFB 003.003\n")
    assert (await view.closed())[0] == Closing.MALFORMED
    view = await Viewer.connect(stage.url(), (await stage.ticket(client, name))["ticket"])
    await view.connection.send("in text")
    assert (await view.closed())[0] in {1000, Closing.LOST}


async def test_a_viewer_that_reads_nothing_stops_its_own_picture_alone(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    screen.flood = True
    stuck = await stage.view("ann", name)
    stuck.connection.transport.pause_reading()
    before = -1
    async with asyncio.timeout(20):
        while before != screen.sent or not screen.sent:  # until nothing more is taken from it
            before = screen.sent
            await asyncio.sleep(0.3)
    assert screen.sent < 24 * 1024 * 1024  # what the sockets and both ends keep
    reads = await stage.view("ann", name)
    first = screen.sent
    async with asyncio.timeout(10):
        while screen.sent < first + 4 * 1024 * 1024:
            await reads.exactly(65_536)
    await stage.end("ann", name)
    assert (await reads.closed())[0] == Closing.ENDED
    async with asyncio.timeout(10):
        while len(screen.viewers) > sum(each.transport.is_closing() for each in screen.viewers):
            await asyncio.sleep(0.05)
    stuck.connection.transport.abort()


async def test_below_a_base_path_and_at_the_root(tmp_path: Path, screen: Screen) -> None:
    fill_data_dir(tmp_path)
    server = await WebServer.start(
        tmp_path, FakeClock(), base_path="/crib", api_at_root=True, trusted_proxies=["127.0.0.1"]
    )
    try:
        stage = Stage(server)
        name = await stage.desktop("ann", screen.address)
        for path in ("/api/desktops/view", "/desktops/view"):
            ticket = await stage.ticket(await stage.client("ann"), name)
            view = await Viewer.open(server.url + path, ticket["ticket"])
            await view.close()
        outside = server.url.removesuffix("/crib") + "/api/desktops/view"
        with pytest.raises(websockets.InvalidStatus) as refused:
            await Viewer.connect(outside, "x")
        assert refused.value.response.status_code == 404
    finally:
        await server.stop()


async def test_elsewhere_a_wish_for_a_websocket_has_an_ordinary_answer(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=stage.app.url, headers=HANDSHAKE) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/api/desktops")).status_code in {401, 404}


async def test_open_views_count_as_connections(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    limits = stage.app.app.state.connections
    view = await stage.view("ann", name)
    during = len(limits._open)
    await view.close()
    async with asyncio.timeout(10):
        while len(limits._open) >= during:
            await asyncio.sleep(0.01)


async def test_a_stopping_server_closes_its_views(tmp_path: Path, screen: Screen) -> None:
    fill_data_dir(tmp_path)
    server = await WebServer.start(tmp_path, FakeClock())
    stage = Stage(server)
    name = await stage.desktop("ann", screen.address)
    view = await stage.view("ann", name)
    stopping = asyncio.create_task(server.stop())
    assert (await view.closed())[0] in {1001, 1012}
    async with asyncio.timeout(20):
        await stopping


async def test_figures_tell_of_views(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    view = await stage.view("ann", name)
    screen.send(b"\x02")
    assert await view.exactly(1) == b"\x02"
    text = (await (await stage.app.admin()).get("/metrics")).text
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("toolcrib_desktop"))
    assert float(figures["toolcrib_desktop_views"]) >= 1
    assert float(figures["toolcrib_desktop_views_sent_bytes"]) > 0
    await view.close()
