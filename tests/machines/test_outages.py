"""What ran out while the server could do nothing is nobody's lapse: it was stopped for a while, or its database took no
changes."""

from __future__ import annotations

import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.conftest import shared_server
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer
from toolcrib.kernel.outages import OUTAGE_SECONDS

LEASE_SECONDS, GRACE_SECONDS = 6, 300


@pytest.fixture(scope="module")
def crib(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolcribServer]:
    server = shared_server(
        tmp_path_factory.mktemp("outages") / "data",
        WAIT_LEASE_SECONDS=LEASE_SECONDS,
        HEARTBEAT_GRACE_SECONDS=GRACE_SECONDS,
        DATABASE_TIMEOUT_SECONDS=1,
    )
    yield server
    server.close()


def stopped(crib: ToolcribServer) -> None:
    crib.signal(signal.SIGSTOP)
    time.sleep(OUTAGE_SECONDS + 2)  # that long it is away
    crib.signal(signal.SIGCONT)


def without_its_database(crib: ToolcribServer) -> None:
    with closing(sqlite3.connect(crib.data_dir / "toolcrib.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        # Something wants to write meanwhile, as something always does.
        refused = crib.admin.post("/api/reservations", json={"names": ["held"], "password": "a password"})
        assert refused.status_code == 503, refused.text
        time.sleep(OUTAGE_SECONDS + 2)
        connection.execute("ROLLBACK")


@pytest.fixture
def line(crib: ToolcribServer) -> Iterator[tuple[httpx.Client, str]]:
    """A program's place in line for a machine that somebody has: on a host that says nothing, the account is being
    made."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        body = {"name": "held", "host": "127.0.0.1", "user": "root", "password": "secret"}
        crib.admin.post("/api/machines", json=body | {"port": silent.getsockname()[1]}).raise_for_status()
        wish: dict[str, Any] = {"names": ["held"], "password": "a password"}
        held = crib.admin.post("/api/reservations", json=wish).raise_for_status().json()
        ben = crib.user("ben")
        place = ben.post("/api/reservations", json=wish | {"wait": True, "program": True})
        assert place.status_code == 202, place.text
        yield ben, f"/api/reservations/{place.json()['id']}"
        ben.delete(f"/api/reservations/{place.json()['id']}")
        crib.admin.delete(f"/api/reservations/{held['id']}")
        reason = {"on": True, "reason": "the test is over"}
        crib.admin.post("/api/pool/machines/held/quarantine", json=reason).raise_for_status()
        crib.admin.delete("/api/machines/held").raise_for_status()


@pytest.mark.parametrize("outage", [stopped, without_its_database])
def test_a_place_in_line_outlives_an_outage(
    crib: ToolcribServer, line: tuple[httpx.Client, str], outage: Callable[[ToolcribServer], None]
) -> None:
    ben, url = line
    before = ben.get(url).json()
    outage(crib)
    forgiven = datetime.fromisoformat(before["created_at"]) + timedelta(seconds=GRACE_SECONDS)

    def is_forgiven() -> bool:
        now = ben.get(url).json()
        assert now["state"] == "waiting", now["reason"]
        return datetime.fromisoformat(now["queue"]["lease_ends_at"]) > forgiven

    wait_until(is_forgiven, "the outage to be forgiven", 60)
    # Then it is renewed as ever.
    ben.post(f"{url}/renew").raise_for_status()
    renewed = datetime.fromisoformat(ben.get(url).json()["queue"]["lease_ends_at"])
    assert renewed < forgiven


def test_a_host_is_not_blamed_for_an_outage_of_the_server(server: Callable[..., ToolcribServer]) -> None:
    crib = server(MACHINES_WORK_SECONDS=10)
    with socket.create_server(("127.0.0.1", 0), backlog=100) as slow:
        slow.settimeout(60)
        body = {"name": "slow", "host": "127.0.0.1", "user": "root", "password": "secret"}
        crib.admin.post("/api/machines", json=body | {"port": slow.getsockname()[1]}).raise_for_status()
        wish = {"names": ["slow"], "password": "a password"}
        made = crib.admin.post("/api/reservations", json=wish).raise_for_status().json()
        first, _ = slow.accept()
        stopped(crib)
        second, _ = slow.accept()  # it is tried again
        now = crib.admin.get(f"/api/reservations/{made['id']}").json()
        assert (now["state"], now["machines"][0]["state"]) == ("preparing", "preparing")
        first.close()
        second.close()
