"""Two servers on one database, and screens: shared by all tests, each of which has desktops of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio

from tests.clock import FakeClock
from tests.desktops.viewing.screens import Screen
from tests.desktops.viewing.stage import Stage, WebServer
from tests.desktops.viewing.xvnc import XVNC, Xvnc
from tests.servers.sqlite import fill_data_dir


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makemodule() -> Generator[None, pytest.Module, pytest.Module]:
    """The servers live on the session's event loop, so their tests run there too."""
    module = yield
    module.add_marker(pytest.mark.asyncio(loop_scope="session"))
    return module


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder, clock = tmp_path_factory.mktemp("stage"), FakeClock()
    fill_data_dir(folder)
    servers = [await WebServer.start(folder, clock, desktop_ask_seconds=5) for _ in range(2)]
    yield Stage(*servers)
    for each in reversed(servers):
        await each.stop()


@pytest.fixture(scope="session")
def xvnc() -> Iterator[Xvnc]:
    """A real X server."""
    if XVNC is None:
        pytest.skip("Xvnc is not installed: see scripts/apt-packages.txt")
    with TemporaryDirectory(prefix="x") as folder:
        one = Xvnc(Path(folder))
        yield one
        one.close()


@pytest_asyncio.fixture(loop_scope="session")
async def screen() -> AsyncIterator[Screen]:
    """A VNC server of this repository, which does as a test says."""
    with TemporaryDirectory(prefix="s") as folder:  # the path of a socket is short
        one = await Screen.start(Path(folder) / "vnc")
        yield one
        await one.stop()
