"""The server under test, as a process and inside this one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.clock import FakeClock
from tests.servers.inprocess import AppServer
from tests.servers.process import NotReady
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.every_database

StartServer = Callable[..., ToolcribServer]
StartApp = Callable[..., Awaitable[AppServer]]


def test_a_server_process_serves_people(server: StartServer, database_url: str) -> None:
    crib = server(DATABASE_URL=database_url)
    assert crib.client.get("/health").status_code == 200
    assert crib.client.get("/api/currentuser").status_code == 401
    assert crib.admin.get("/api/currentuser").json()["is_admin"] is True
    ann = crib.user("ann").get("/api/currentuser").json()
    assert (ann["username"], ann["is_admin"]) == ("ann", False)
    assert crib.user("ann") is crib.user("ann")


def test_it_keeps_its_data_over_a_restart_and_a_kill(server: StartServer) -> None:
    crib = server()
    ann = crib.user("ann")
    crib.restart()
    assert ann.get("/api/currentuser").status_code == 200
    crib.kill()
    with pytest.raises(httpx.TransportError):
        ann.get("/api/currentuser")
    crib.start()
    assert ann.get("/api/currentuser").status_code == 200


def test_two_servers_share_a_database(server: StartServer) -> None:
    first = server()
    second = server(data_dir=first.data_dir)
    first.user("ann")
    assert second.sign_in("ann").get("/api/currentuser").json()["username"] == "ann"


def test_a_server_that_cannot_start_shows_why(server: StartServer) -> None:
    with pytest.raises(NotReady, match="MAIL_SERVER"):
        server(MAIL_ENABLED="true")


async def test_the_application_runs_in_this_process(
    app_server: StartApp, database_url: str, clock: FakeClock
) -> None:
    crib = await app_server(database_url=database_url, BASE_PATH="/crib")
    assert (await crib.client.get("/health")).status_code == 200
    ann = await crib.user("ann")
    assert (await ann.get("/api/currentuser")).json()["username"] == "ann"
    started = crib.kernel.clock()
    clock.advance(hours=2)
    assert (crib.kernel.clock() - started).total_seconds() == 7200
