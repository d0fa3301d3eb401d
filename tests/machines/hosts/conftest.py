"""Hosts of two families, shared by a module, and the driver under test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import asyncssh
import pytest

from tests.conftest import is_full
from tests.servers.hosts import BUSYBOX, MANAGER, SUDO, as_host, debian_hosts
from toolcrib.cli.machines.sample_pool.namespaces import LocalHost
from toolcrib.machines.hosts.driver import Driver, Host
from toolcrib.machines.hosts.drivers import open_driver


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "driver" in metafunc.fixturenames:
        metafunc.parametrize("driver", ["ssh", "ansible"], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out most of what Ansible is tested with, unless all is asked for: it takes 2 s of processor time for each
    call. A test is kept that is marked `ansible_too`, with the subjects that the mark names."""
    if is_full(config):
        return
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (kept if _is_quick(item) else left_out).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)


def _is_quick(item: pytest.Item) -> bool:
    parameters = getattr(item, "callspec", None)
    if parameters is None or parameters.params.get("driver") != "ansible":
        return True
    mark = item.get_closest_marker("ansible_too")
    return mark is not None and (not mark.args or parameters.params["subject"] in mark.args)


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
async def driver(request: pytest.FixtureRequest) -> AsyncIterator[Driver]:
    opened = open_driver(request.param)
    yield opened
    await opened.aclose()
