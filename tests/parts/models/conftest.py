"""The server of the other tests of parts, with what is done with models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.parts.models.models import Models
    from tests.parts.workshop import Workshop


@pytest.fixture
def models(shop: Workshop) -> Models:
    """Tests have parts of their own, with content that no other test has."""
    from tests.parts.models.models import Models  # noqa: PLC0415 - loads the whole server

    return Models(shop)


@pytest.fixture
def own_models(tmp_path: Path) -> Iterator[Callable[..., Models]]:
    """`own_models(CONVERT_TIMEOUT=1)` starts a server of this test's own, on SQLite."""
    from tests.parts.models.models import Models  # noqa: PLC0415

    started: list[Models] = []

    def start(**settings: Any) -> Models:
        started.append(Models.start(tmp_path / f"data{len(started)}", **settings))
        return started[-1]

    yield start
    for each in started:
        each.crib.close()
