"""The pool and real hosts together: `toolcrib serve`, and SSH."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.conftest import shared_server
from tests.servers.hosts import debian_hosts
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer
from toolcrib.cli.machines.sample_pool.namespaces import LocalHost


@pytest.fixture(scope="module")
def hosts() -> Iterator[list[LocalHost]]:
    with debian_hosts(2) as made:
        yield made


@pytest.fixture
def crib(tmp_path: Path, hosts: list[LocalHost]) -> Iterator[ToolcribServer]:
    server = shared_server(tmp_path / "data")
    try:
        for host in hosts:
            machine = {"name": host.name, "host": host.address, "port": host.port}
            machine |= {"user": "root", "password": host.password}
            server.admin.post("/api/machines", json=machine).raise_for_status()
        yield server
    finally:
        server.close()


def accounts(host: LocalHost) -> list[str]:
    """Those a person made or the pool: the names with a home folder."""
    return host.run("ls /home").split()


def signs_in(host: LocalHost, login: str, password: str) -> bool:
    async def connect() -> bool:
        options: dict[str, Any] = {"client_keys": [], "agent_path": None, "config": None, "known_hosts": None}
        try:
            session = await asyncssh.connect(
                host.address, host.port, username=login, password=password, **options
            )
        except asyncssh.PermissionDenied:
            return False
        async with session:
            who = await session.run("id -un", check=True)
        return who.stdout == f"{login}\n"

    return asyncio.run(connect())


def is_all_free(crib: ToolcribServer) -> bool:
    pool = crib.admin.get("/api/available").json()
    return not pool["reserved"] and len(pool["available"]) == 2


def test_an_account_is_there_as_long_as_the_reservation(crib: ToolcribServer, hosts: list[LocalHost]) -> None:
    ann = crib.user("ann")
    answer = ann.get("/api/reserve", params={"count": 2, "duration": 30, "reservation_password": "pw-'$1"})
    assert answer.status_code == 200, answer.text
    assert {each["machine"] for each in answer.json()["machines"]} == {host.name for host in hosts}
    assert all(signs_in(host, "ann", "pw-'$1") for host in hosts)
    assert all(machine["reserved_by"] == "ann" for machine in ann.get("/api/machines").json())

    released, kept = hosts
    claims = {claim["key"]: claim["fence"] for claim in ann.get("/api/claims").json()["claims"]}
    ann.post(f"/api/claims/{claims[released.name]}/release").raise_for_status()
    wait_until(lambda: ann.get("/api/available").json()["available"] == [released.name], "a free machine", 60)
    assert not signs_in(released, "ann", "pw-'$1")
    assert accounts(released) == []
    assert signs_in(kept, "ann", "pw-'$1")
    crib.admin.post("/api/release_all").raise_for_status()
    wait_until(lambda: is_all_free(crib), "all machines free", 60)
    assert accounts(kept) == []
