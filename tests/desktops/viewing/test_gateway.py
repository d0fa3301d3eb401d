"""Ways to a desktop for the contract's clients: the Guacamole gateway, or our own viewer (sections 4, 12 and 17)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from pydantic import ValidationError
from sqlalchemy import select

from tests.clock import FakeClock
from tests.desktops.viewing.gateways import KEY, Gateway
from tests.desktops.viewing.screens import Screen
from tests.desktops.viewing.stage import Stage, WebServer
from tests.desktops.viewing.viewer import Viewer
from tests.desktops.viewing.xvnc import PASSWORD
from tests.servers.environment import settings
from tests.servers.sqlite import fill_data_dir
from toolcrib.desktops.launchers.launcher import Address
from toolcrib.desktops.models import desktops
from toolcrib.desktops.viewing import gateway as gateways

ADDRESS = Address(host="10.1.2.3", port=5900)
# Made with openssl 3.0 from the document below:
#   (openssl dgst -sha256 -mac HMAC -macopt hexkey:$KEY -binary doc; cat doc) |
#       openssl enc -aes-128-cbc -K $KEY -iv 00000000000000000000000000000000 -a -A
DOCUMENT = (
    b'{"username":"alice-tmp0123456789abcdef0123456789abcdef","expires":1795953600000,"connections":{"d1-direct":'
    b'{"protocol":"vnc","parameters":{"hostname":"desk-ns-d1.example","port":"5900",'
    b'"password":"e7Kq0ZrT4mWn2yBc9LsVd3HxUa6JfGp1","disable-copy":"true","disable-paste":"false"}}}}'
)
SEALED = (
    "IZE0bgN2og4m3/axi8do9kd5/Wyxsg986+gyJyPWfFY9g+1nEk9GOYBpA9hu7eghk2UaN7r1t0JNJoqThZXrtgXWXvQKpBRJ1Z4feu+2p6BmrciR"
    "yAUYLTuYXTZhhd6TJUM0M75VHIlpP2e2DiUXJwdueKYt1i5A6xj1f+K4P/efWOeGXJv6bT102l6DHCqgissBfmpO8JMRzBUrlGXqAmRXznsQIZxD"
    "s5050tzd/v5zczTvsEZW5xbHUrAexieXrT2vKhJ20GGatYvveaGjU/tEw58Cfnoa4nMJYqL5Gv7Iou/ER9QtBZUTOV3r9DON2sbt/eZqpLzj0mFP"
    "tLmuPsxbhTkXzNNYUODYJ0eIFCtKhjyjKCVtCLuZsHQQwzEDbetYym7U8Dnwg4175QrOgfdmaKZZAaW0QFJmiI/3M7U="
)


async def test_documents_are_sealed_as_the_gateway_opens_them() -> None:
    assert gateways.sealed(KEY, DOCUMENT) == SEALED


@pytest.mark.parametrize(
    "wrong",
    [
        {"GUACAMOLE_JSON_SECRET_KEY": "secret"},
        {"GUACAMOLE_JSON_SECRET_KEY": KEY + "0"},
        {"GUACAMOLE_JSON_SECRET_KEY": KEY[:-1] + "g"},
        {"GUACAMOLE_URL": "http://gateway.example/guacamole"},
        {"GUACAMOLE_URL": "gateway.example", "GUACAMOLE_JSON_SECRET_KEY": KEY},
    ],
)
async def test_a_gateway_that_could_not_work_is_refused_at_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**wrong)
    said = [each["msg"] for each in refused.value.errors()]
    assert len(said) == 1
    assert "GUACAMOLE_" in said[0]
    assert wrong.get("GUACAMOLE_JSON_SECRET_KEY", "none") not in said[0]


@pytest_asyncio.fixture(loop_scope="session")
async def gateway() -> AsyncIterator[Gateway]:
    one = Gateway()
    yield one
    one.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sends_on(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A server with a gateway, whose address the tests set."""
    folder = tmp_path_factory.mktemp("gateway")
    fill_data_dir(folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    server = await WebServer.start(
        folder,
        FakeClock(),
        guacamole_url=nobody,
        external_guacamole_url="https://gw.example/guacamole",
        GUACAMOLE_JSON_SECRET_KEY=KEY,
    )
    yield Stage(server)
    await server.stop()


async def _connect(stage: Stage, person: str, name: str) -> tuple[int, dict[str, Any]]:
    async with stage.app.kernel.database.read() as session:
        number = await session.scalar(select(desktops.c.id).where(desktops.c.name == name))
    answer = await (await stage.client(person)).get(f"/api/connections/direct-connect/{number}")
    return answer.status_code, answer.json()


def _at(stage: Stage, gateway: Gateway) -> None:
    object.__setattr__(stage.app.kernel.settings, "guacamole_url", gateway.url)


async def test_the_gateway_is_told_of_the_desktop(sends_on: Stage, gateway: Gateway) -> None:
    _at(sends_on, gateway)
    name = await sends_on.desktop("ann", ADDRESS)
    status, answer = await _connect(sends_on, "ann", name)
    assert (status, answer["connection_name"]) == (200, name)
    assert answer["auth_url"] == "https://gw.example/guacamole/#/?token=A%2FB%2BC%3D%3D"
    assert isinstance(answer["connection_id"], str)
    (document,) = gateway.seen
    assert document["username"].startswith("ann-tmp")
    assert len(document["username"]) == len("ann-tmp") + 32
    assert document["expires"] == int(sends_on.app.clock().timestamp() * 1000) + 3_600_000
    assert document["connections"] == {
        f"{name}-direct": {
            "protocol": "vnc",
            "parameters": {
                "hostname": "10.1.2.3",
                "port": "5900",
                "password": PASSWORD,
                "disable-copy": "true",
                "disable-paste": "false",
            },
        }
    }
    assert PASSWORD not in str(answer)


async def test_administrators_look_on_at_the_gateway_too(sends_on: Stage, gateway: Gateway) -> None:
    _at(sends_on, gateway)
    name = await sends_on.desktop("ann", ADDRESS, copy_out=True)
    assert (await _connect(sends_on, "ann", name))[0] == 200
    assert (await _connect(sends_on, "admin", name))[0] == 200
    mine, theirs = [each["connections"][f"{name}-direct"]["parameters"] for each in gateway.seen]
    assert (mine["disable-copy"], "read-only" in mine) == ("false", False)
    assert (theirs["disable-copy"], theirs["disable-paste"], theirs["read-only"]) == ("true", "true", "true")


async def test_the_dashboard_has_all_that_run(sends_on: Stage, gateway: Gateway) -> None:
    _at(sends_on, gateway)
    names = [await sends_on.desktop("dot", ADDRESS) for _ in range(2)]
    await sends_on.desktop("ann", ADDRESS)
    over = await sends_on.desktop("dot", ADDRESS)
    await sends_on.end("dot", over)
    answer = (await (await sends_on.client("dot")).get("/api/connections/guacamole-dashboard")).json()
    assert answer == {
        "auth_url": "https://gw.example/guacamole/#/?token=A%2FB%2BC%3D%3D",
        "username": "dot",
    }
    (document,) = gateway.seen
    assert document["username"] == "dot"
    assert set(document["connections"]) == set(names)


@pytest.mark.parametrize("mode", ["nonsense", "huge", "broken", "elsewhere", "down", "refuses"])
async def test_a_gateway_that_does_not_work_is_502(sends_on: Stage, gateway: Gateway, mode: str) -> None:
    _at(sends_on, gateway)
    name = await sends_on.desktop("ann", ADDRESS)
    gateway.mode = mode
    if mode == "down":
        gateway.close()
    if mode == "refuses":
        gateway.mode, gateway.answer = "well", lambda *_: (403, b"{}")  # type: ignore[method-assign]
    status, answer = await _connect(sends_on, "ann", name)
    assert (status, answer["code"]) == (502, "gateway_down")
    assert answer["error"] == answer["message"]
    assert "java" not in str(answer)
    client = await sends_on.client("ann")
    assert (await client.get("/api/connections/guacamole-dashboard")).status_code == 502


async def test_a_gateway_that_is_slow_is_504_before_the_clients_give_up(
    sends_on: Stage, gateway: Gateway
) -> None:
    _at(sends_on, gateway)
    name = await sends_on.desktop("ann", ADDRESS)
    gateway.mode = "slow"
    async with asyncio.timeout(10):
        status, answer = await _connect(sends_on, "ann", name)
    assert (status, answer["code"]) == (504, "gateway_slow")


async def test_what_cannot_be_connected_to(sends_on: Stage, gateway: Gateway) -> None:
    _at(sends_on, gateway)
    name = await sends_on.desktop("ann", ADDRESS)
    assert (await _connect(sends_on, "sam", name))[0] == 403
    client = await sends_on.client("ann")
    for number in ("999999", "abc", "-1", "1e3", "9" * 30):
        answer = await client.get(f"/api/connections/direct-connect/{number}")
        assert (answer.status_code, answer.json()["error"]) == (404, "Connection not found"), number
    await sends_on.end("ann", name)
    assert (await _connect(sends_on, "ann", name))[0] == 409
    for path in ("direct-connect/1", "guacamole-dashboard"):
        assert (await sends_on.app.client.get(f"/api/connections/{path}")).status_code == 401
    assert gateway.seen == []


async def test_without_a_gateway_people_are_sent_to_our_viewer(stage: Stage, screen: Screen) -> None:
    name = await stage.desktop("ann", screen.address)
    status, answer = await _connect(stage, "ann", name)
    assert status == 200
    address = urlsplit(answer["auth_url"])
    assert f"{address.scheme}://{address.netloc}" == stage.app.url
    assert (address.path, address.query) == ("/desktops/view", "")
    said = parse_qs(address.fragment)
    assert said["name"] == [name]
    view = await Viewer.open(stage.url(), said["ticket"][0])
    await view.close()
    client = await stage.client("ann")
    answer = (await client.get("/api/connections/guacamole-dashboard")).json()
    assert answer == {"auth_url": f"{stage.app.url}/desktops", "username": "ann"}
