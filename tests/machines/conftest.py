"""One server with a pool for all tests of a module."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import databases_of

if TYPE_CHECKING:
    import httpx

    from tests.machines.pool import PoolCrib
    from tests.servers.inprocess import AppServer


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "pool" in metafunc.fixturenames:
        metafunc.parametrize("pool", databases_of(metafunc), indirect=True, scope="session")


@pytest.fixture(scope="session")
def pool(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PoolCrib]:
    """Tests have people and machines of their own."""
    from tests.machines.pool import PoolCrib  # noqa: PLC0415 - loads the whole server
    from tests.servers.crib import Crib  # noqa: PLC0415
    from tests.servers.environment import SINGLE  # noqa: PLC0415

    databases = request.getfixturevalue(request.param)
    database = databases.fresh()
    folder = tmp_path_factory.mktemp(f"pool-{request.param}")
    crib = Crib.start(folder / "data", database_url=database.url, MACHINES_UNIQUE_HOSTS="true", **SINGLE)
    yield PoolCrib(crib, folder / "hosts")
    crib.close()
    databases.drop(database)


@pytest.fixture
async def limited(app_server: Callable[..., Awaitable[AppServer]]) -> tuple[AppServer, httpx.AsyncClient]:
    """A server with three machines, of which a person may have two and book a day ahead; and that person."""
    crib = await app_server(MACHINES_PER_PERSON=2, MACHINES_BOOKING_HOURS=24)
    admin = await crib.admin()
    for port, name in enumerate(("m1", "m2", "m3"), start=1):
        fields = {"host": "127.0.0.1", "port": port, "user": "root", "password": "secret", "enabled": True}
        assert (await admin.post("/api/machines", json={"name": name, **fields})).status_code == 201
    return crib, await crib.user("ann")
