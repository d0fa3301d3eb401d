"""One server for all tests of a module, with a platform that is a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import databases_of
from tests.servers.kubernetes.real import RealApi, real_api

if TYPE_CHECKING:
    from tests.desktops.place import Place


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "place" in metafunc.fixturenames:
        metafunc.parametrize("place", databases_of(metafunc), indirect=True, scope="session")


@pytest.fixture(scope="session")
def fake_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in sys.path from which the fake launcher is installed."""
    from tests.desktops import fake_launcher  # noqa: PLC0415 - loads the whole server

    site = tmp_path_factory.mktemp("launchers") / "site"
    fake_launcher.install(site)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        yield site


@pytest.fixture(scope="session")
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, fake_site: Path
) -> Iterator[Place]:
    """Tests have people and desktops of their own; there is room for all of them."""
    from tests.desktops.place import Place  # noqa: PLC0415

    databases = request.getfixturevalue(request.param)
    database = databases.fresh()
    folder = tmp_path_factory.mktemp(f"desktops-{request.param}")
    made = Place.start(folder / "data", database_url=database.url, DESKTOPS_IN_TOTAL=1000)
    yield made
    made.close()
    databases.drop(database)


@pytest.fixture
def own_place(database_url: str, tmp_path: Path, fake_site: Path) -> Iterator[Callable[..., Place]]:
    """`own_place(DESKTOP_QUEUE=False)`: one of the test's own, with settings of its own."""
    from tests.desktops.place import Place  # noqa: PLC0415

    made: list[Place] = []

    def start(**settings: Any) -> Place:
        made.append(Place.start(tmp_path / f"data{len(made)}", database_url=database_url, **settings))
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def real_kube_api() -> Iterator[RealApi]:
    """A real Kubernetes API server, for tests marked `kube`."""
    with real_api() as api:
        yield api
