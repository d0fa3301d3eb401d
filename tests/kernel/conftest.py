"""Fixtures of the kernel's tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.clock import FakeClock
from tests.kernel.parts import StartKernel
from tests.servers.environment import settings
from tests.servers.smtp import MailServer
from toolcrib.kernel.blobs.opening import open_blobs
from toolcrib.kernel.context import Kernel
from toolcrib.server import build_kernel


@pytest.fixture
async def post(
    tmp_path: Path, clock: FakeClock, new_database_url: str, smtp: MailServer
) -> AsyncIterator[StartKernel]:
    """`await post()`: the parts of one more server process, which sends when a test says so."""
    started: list[Kernel] = []

    async def start(**changes: Any) -> Kernel:
        base = {"database_url": new_database_url, "data_dir": tmp_path, **smtp.settings}
        kernel = build_kernel(settings(**{**base, **changes}), clock, ())
        started.append(kernel)
        return kernel

    yield start
    for kernel in started:
        await kernel.database.close()


@pytest.fixture
def folder_store(tmp_path: Path) -> None:
    """A file store in the default place, as the first start of a server makes it."""
    asyncio.run(open_blobs(settings(data_dir=tmp_path)).store.make())
