from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.desktops.local.computer import Computer
from tests.desktops.local.elsewhere import Elsewhere


@pytest_asyncio.fixture
async def make_computer(tmp_path: Path, worker_number: int) -> AsyncIterator[Callable[..., Computer]]:
    """`make_computer(DESKTOP_LOCAL_…=…)`; what is left of it at the end fails the test."""
    made: list[Computer] = []

    def make(**settings: Any) -> Computer:
        number = worker_number * 10 + len(made)
        made.append(Computer(tmp_path / f"data{number}", number, **settings))
        return made[-1]

    yield make
    for computer in made:
        await computer.close()
        assert computer.leftovers() == []


@pytest_asyncio.fixture
async def computer(make_computer: Callable[..., Computer]) -> Computer:
    return make_computer()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    made = Elsewhere()
    yield made
    made.close()
