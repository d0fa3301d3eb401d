"""One server with parts for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import databases_of
from tests.parts.bench import Bench

if TYPE_CHECKING:
    from tests.parts.workshop import Workshop


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shop" in metafunc.fixturenames:
        metafunc.parametrize("shop", databases_of(metafunc), indirect=True, scope="session")


@pytest.fixture(scope="session")
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Tests have people and parts of their own."""
    from tests.parts.workshop import KEY, Workshop  # noqa: PLC0415 - loads the whole server
    from tests.servers.crib import Crib  # noqa: PLC0415
    from tests.servers.environment import SINGLE  # noqa: PLC0415

    databases = request.getfixturevalue(request.param)
    database = databases.fresh()
    folder = tmp_path_factory.mktemp(f"shop-{request.param}")
    crib = Crib.start(folder / "data", database_url=database.url, PARTS_API_KEY=KEY, **SINGLE)
    yield Workshop(crib)
    crib.close()
    databases.drop(database)


@pytest.fixture
def fay(shop: Workshop) -> Bench:
    return Bench(shop)


@pytest.fixture
def ben(shop: Workshop) -> Bench:
    return Bench(shop)
