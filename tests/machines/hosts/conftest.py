"""Hosts of two families, shared by a module, and the driver under test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import asyncssh
import pytest

from tests.servers.hosts import BUSYBOX, MANAGER, SUDO, as_host, debian_hosts
from toolcrib.cli.machines.sample_pool.namespaces import LocalHost
from toolcrib.machines.hosts.driver import Driver, Host
from toolcrib.machines.hosts.drivers import open_driver


@dataclass(frozen=True)
class Subject:
    """One host, seen from the inside and by the pool."""

    local: LocalHost
    host: Host

    async def sign_in(self, login: str, **how: object) -> asyncssh.SSHClientConnection:
        """Sign in with just this password or key."""
        options = {"client_keys": [], "agent_path": None, "config": None, "known_hosts": None, **how}
        return await asyncssh.connect(self.host.address, self.local.port, username=login, **options)

    async def is_refused(self, login: str, **how: object) -> bool:
        try:
            (await self.sign_in(login, **how)).abort()
        except asyncssh.PermissionDenied:
            return True
        return False

    def processes_of(self, uid: str) -> list[str]:
        """Return the living processes with this uid."""
        command = "for one in /proc/[0-9]*; do grep -qsE '^State:.Z' $one/status || "
        command += f"{{ grep -qsE '^Uid:.*\\b{uid}\\b' $one/status && cat $one/comm; }}; done; true"
        return self.local.run(command).split()


@pytest.fixture(scope="module")
def shadow_host() -> Iterator[Subject]:
    with debian_hosts(1) as [local]:
        yield Subject(local, as_host(local))


@pytest.fixture(scope="module")
def busybox_host() -> Iterator[Subject]:
    with debian_hosts(1, setup=BUSYBOX) as [local]:
        yield Subject(local, as_host(local))


@pytest.fixture(scope="module")
def sudo_host() -> Iterator[Subject]:
    with debian_hosts(1, setup=SUDO) as [local]:
        yield Subject(local, as_host(local, user=MANAGER, sudo=True))


@pytest.fixture(params=["shadow", "busybox", "sudo"])
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.getfixturevalue(f"{request.param}_host")
    return found


@pytest.fixture
async def driver() -> AsyncIterator[Driver]:
    opened = open_driver("ssh")
    yield opened
    await opened.aclose()
