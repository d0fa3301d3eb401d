"""The subjects of the suite: a launcher's author adds one to `SUBJECTS`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.desktops.launchers.subjects import Local, Subject


def local(folder: Path, worker: int) -> Subject:
    return Local(folder, worker)


SUBJECTS: dict[str, Callable[[Path, int], Subject]] = {"local": local}


@pytest_asyncio.fixture(params=SUBJECTS)
async def subject(
    request: pytest.FixtureRequest, tmp_path: Path, worker_number: int
) -> AsyncIterator[Subject]:
    made = SUBJECTS[request.param](tmp_path / "data", worker_number)
    yield made
    await made.close()
