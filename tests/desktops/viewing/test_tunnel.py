"""Views through guacd."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import pytest_asyncio
import websockets
from websockets.asyncio.client import ClientConnection

from tests.clock import FakeClock
from tests.desktops.viewing.guacds import RealGuacd, SmallGuacd
from tests.desktops.viewing.stage import Stage, WebServer
from tests.desktops.viewing.xvnc import PASSWORD, XVNC, Xvnc
from tests.servers.sqlite import fill_data_dir
from toolcrib.desktops.launchers.launcher import Address
from toolcrib.desktops.viewing.guacamole.instructions import Instructions, NotGuacamole, written
from toolcrib.desktops.viewing.views import Closing

ADDRESS = Address(host="10.1.2.3", port=5900)


class Client:
    """As guacamole-common-js: each message holds whole instructions."""

    def __init__(self, connection: ClientConnection, view_id: str) -> None:
        self.connection = connection
        self.id = view_id
        self._found: list[list[str]] = []

    @classmethod
    async def open(cls, stage: Stage, person: str, name: str, **body: Any) -> Client:
        ticket = await stage.ticket(await stage.client(person), name, **body)
        assert (ticket["viewer"], ticket["websocket"]) == ("guacd", "/api/desktops/tunnel")
        protocols: Any = ["guacamole", f"ticket.{ticket['ticket']}"]
        address = f"{stage.app.url.replace('http', 'ws', 1)}/api/desktops/tunnel?"
        return cls(await websockets.connect(address, subprotocols=protocols), ticket["view_id"])

    async def next(self) -> list[str]:
        async with asyncio.timeout(10):
            while not self._found:
                message = await self.connection.recv()
                assert isinstance(message, str)
                whole = Instructions()
                self._found += [elements for elements, _text in whole.feed(message)]
                assert whole._left == ""
        return self._found.pop(0)

    async def until(self, opcode: str) -> list[str]:
        while (found := await self.next())[0] != opcode:
            pass
        return found

    async def send(self, *elements: object) -> None:
        await self.connection.send(written(*elements))

    async def closed(self) -> int:
        async with asyncio.timeout(10):
            await self.connection.wait_closed()
        return self.connection.close_code or 0


async def _stage(folder: Path, port: int) -> Stage:
    fill_data_dir(folder)
    return Stage(await WebServer.start(folder, FakeClock(), guacd_host="127.0.0.1", guacd_port=port))


@pytest_asyncio.fixture(loop_scope="session")
async def guacd() -> AsyncIterator[SmallGuacd]:
    one = SmallGuacd()
    await one.start()
    yield one
    await one.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def by_guacd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A server with a guacd, whose port the tests set."""
    one = await _stage(tmp_path_factory.mktemp("tunnel"), 1)
    yield one
    await one.app.stop()


def _at(stage: Stage, guacd: SmallGuacd) -> None:
    object.__setattr__(stage.app.kernel.settings, "guacd_port", guacd.port)


async def test_guacd_is_told_of_the_desktop_and_the_browser_is_not(
    by_guacd: Stage, guacd: SmallGuacd
) -> None:
    _at(by_guacd, guacd)
    name = await by_guacd.desktop("ann", ADDRESS)
    client = await Client.open(by_guacd, "ann", name)
    internal, uuid = await client.next()
    assert (internal, len(uuid)) == ("", 36)
    assert guacd.parameters == {
        "VERSION_1_3_0": "VERSION_1_3_0",
        "hostname": "10.1.2.3",
        "port": "5900",
        "password": PASSWORD,
        "read-only": "",
        "disable-copy": "true",
        "disable-paste": "",
        "encodings": "",
        "swap-red-blue": "",
    }
    await client.send("", "ping", 17)
    assert await client.next() == ["", "ping", "17"]
    guacd.send(written("sync", 1), written("clipboard", 3, "text/plain"), written("blob", 3, "c2VjcmV0"))
    guacd.send(
        written("end", 3), written("name", "ä desk"), written("img", 3, 14), written("blob", 3, "AAAA")
    )
    found = [await client.next() for _ in range(4)]
    assert found == [["sync", "1"], ["name", "ä desk"], ["img", "3", "14"], ["blob", "3", "AAAA"]]
    await client.connection.close()


async def test_what_a_view_may_not_do_does_not_reach_guacd(by_guacd: Stage, guacd: SmallGuacd) -> None:
    _at(by_guacd, guacd)
    name = await by_guacd.desktop("ann", ADDRESS)
    await by_guacd.invite(name, "gus")
    sent = [
        ("key", 97, 1), ("mouse", 5, 5, 1), ("clipboard", 0, "text/plain"), ("blob", 0, "QQ=="), ("end", 0),
        ("file", 1, "text/plain", "x"), ("blob", 1, "QQ=="), ("argv", 2, "text/plain", "password"),
        ("pipe", 3, "text/plain", "x"), ("audio", 4, "audio/L8"), ("sync", 7),
    ]  # fmt: skip
    looks = await Client.open(by_guacd, "gus", name)
    await looks.next()
    assert guacd.parameters["read-only"] == "true"
    for each in sent:
        await looks.send(*each)
    async with asyncio.timeout(10):
        while ["sync", "7"] not in guacd.received:
            await asyncio.sleep(0.01)
    assert guacd.received == [["sync", "7"]]
    guacd.received.clear()
    await looks.connection.close()

    controls = await Client.open(by_guacd, "ann", name)
    await controls.next()
    for each in sent:
        await controls.send(*each)
    async with asyncio.timeout(10):
        while ["sync", "7"] not in guacd.received:
            await asyncio.sleep(0.01)
    passed = [tuple(each) for each in guacd.received]
    assert passed == [tuple(map(str, each)) for each in (*sent[:5], sent[-1])]
    assert await by_guacd.control("ann", name, "release") == 204
    async with asyncio.timeout(10):
        while ["key", "97", "0"] not in guacd.received:
            await asyncio.sleep(0.01)
    await controls.connection.close()


async def test_a_tunnel_ends_with_the_hold(by_guacd: Stage, guacd: SmallGuacd) -> None:
    _at(by_guacd, guacd)
    name = await by_guacd.desktop("ann", ADDRESS)
    client = await Client.open(by_guacd, "ann", name)
    await client.next()
    await by_guacd.end("ann", name)
    assert await client.closed() == Closing.ENDED


@pytest.mark.parametrize(
    "first", ["HTTP/1.1 400 Bad Request\r\n\r\n", written("error", "no", 519), "9" * 400_000]
)
async def test_what_is_no_guacd_ends_the_view(by_guacd: Stage, guacd: SmallGuacd, first: str) -> None:
    _at(by_guacd, guacd)
    guacd.first = first
    name = await by_guacd.desktop("ann", ADDRESS)
    assert await (await Client.open(by_guacd, "ann", name)).closed() == Closing.LOST


@pytest.mark.parametrize(
    "text", ["key,97;", "3.key;2.9", "999999999.", "3.keyx;", "x.y;", "1.a" + ",1.a" * 300 + ";"]
)
async def test_malformed_instructions_end_the_view(by_guacd: Stage, guacd: SmallGuacd, text: str) -> None:
    if text == "3.key;2.9":  # the second is only not whole yet
        assert [each for each, _ in Instructions().feed(text)] == [["key"]]
        return
    _at(by_guacd, guacd)
    name = await by_guacd.desktop("ann", ADDRESS)
    client = await Client.open(by_guacd, "ann", name)
    await client.next()
    await client.connection.send(text)
    assert await client.closed() == Closing.MALFORMED


async def test_instructions_are_read_however_they_are_cut() -> None:
    text = written("name", "ä€😀") + written("sync", 12) + written("") + written("key", "", "x;y,z")
    data = text.encode()
    for size in range(1, len(data) + 1):
        reader = Instructions()
        found = [each for at in range(0, len(data), size) for each in reader.feed_bytes(data[at : at + size])]
        assert [elements for elements, _text in found] == [
            ["name", "ä€😀"], ["sync", "12"], [""], ["key", "", "x;y,z"],
        ]  # fmt: skip
        assert "".join(text for _elements, text in found) == text
    with pytest.raises(NotGuacamole):
        list(Instructions().feed_bytes(b"2.\xff\xff;"))


@pytest.fixture
def real_guacd() -> Iterator[RealGuacd]:
    one = RealGuacd()
    yield one
    one.close()


async def test_a_real_guacd_shows_a_real_desktop(
    real_guacd: RealGuacd, tmp_path: Path, unused_tcp_port: int
) -> None:
    if XVNC is None:
        pytest.skip("Xvnc is not installed: see scripts/apt-packages.txt")
    stage = await _stage(tmp_path, real_guacd.port)
    with TemporaryDirectory(prefix="x") as folder:
        xvnc = Xvnc(Path(folder), tcp=unused_tcp_port)
        try:
            name = await stage.desktop("ann", Address(host="127.0.0.1", port=unused_tcp_port))
            await stage.invite(name, "gus")
            client = await Client.open(stage, "ann", name)
            assert (await client.until("size"))[1:] == ["0", "320", "240"]
            await client.until("img")
            looks = await Client.open(stage, "gus", name)
            await looks.until("img")
            for each, keysym, expected in ((looks, 97, 0), (client, 98, 1)):
                await each.send("key", keysym, 1)
                synced = await each.until("sync")
                await each.send("sync", synced[1])
                async with asyncio.timeout(10):
                    while expected and xvnc.keys_down() < expected:
                        await asyncio.sleep(0.02)
                assert xvnc.keys_down() == expected
            await asyncio.gather(client.connection.close(), looks.connection.close())
        finally:
            xvnc.close()
            await stage.app.stop()
