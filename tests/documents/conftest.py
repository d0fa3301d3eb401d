"""Most tests run with files in a folder; those that move bytes also with files on S3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import databases_of, is_full
from tests.servers.environment import SINGLE

if TYPE_CHECKING:
    from tests.clock import FakeClock
    from tests.documents.webdav import Dav
    from tests.servers.crib import Crib, Person

S3 = "sqlite-s3"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name in {"crib", "own_crib"} & set(metafunc.fixturenames):
        grounds = databases_of(metafunc)
        if _runs_on_s3(metafunc):
            grounds.append(S3)
        is_own = name == "own_crib"
        metafunc.parametrize(name, grounds, indirect=True, scope="function" if is_own else "session")


def _runs_on_s3(metafunc: pytest.Metafunc) -> bool:
    """With its files on S3 and its rows in SQLite."""
    test, chosen = metafunc.definition, metafunc.config.getoption("--db")
    wanted = is_full(metafunc.config) or test.get_closest_marker("moves_bytes") is not None
    possible = test.get_closest_marker("databases") is None
    return wanted and possible and (not chosen or "sqlite" in chosen.split(","))


@pytest.fixture(scope="session")
def crib(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crib]:
    """One server for all tests on this ground: people and paths of a test are its own."""
    with _running(request, tmp_path_factory.mktemp(f"documents-{request.param}")) as one:
        yield one


@pytest.fixture
def own_crib(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crib]:
    """A server of the test's own, for one that is about all there is."""
    with _running(request, tmp_path) as one:
        yield one


@contextmanager
def _running(request: pytest.FixtureRequest, folder: Path) -> Iterator[Crib]:
    from tests.servers.crib import Crib  # noqa: PLC0415 - loads the whole server

    kind, _, store = request.param.partition("-")
    databases = request.getfixturevalue(kind)
    database = databases.fresh()
    settings = request.getfixturevalue("s3_server").settings() if store else {}
    one = Crib.start(folder, database_url=database.url, **settings, **SINGLE)
    yield one
    one.close()
    databases.drop(database)


@pytest.fixture
def ann(crib: Crib) -> Person:
    return crib.person()


@pytest.fixture
def ben(crib: Crib) -> Person:
    """Somebody of another company."""
    return crib.person()


@pytest.fixture
def carla(crib: Crib, ann: Person) -> Person:
    """A colleague of Ann."""
    return crib.person(company=ann.company)


@pytest.fixture
def shared(crib: Crib, ann: Person) -> Dav:
    """Ann's program in her company's bucket."""
    return _program_of(crib, ann)


@pytest.fixture
def others(crib: Crib, carla: Person) -> Dav:
    return _program_of(crib, carla)


def _program_of(crib: Crib, person: Person) -> Dav:
    from tests.documents.webdav import Dav  # noqa: PLC0415 - loads the whole server

    return Dav(crib, person, "companies")


@pytest.fixture
def flying_clock(crib: Crib) -> Iterator[FakeClock]:
    """The server's clock, to be moved, and set back for the tests that follow: files have the time of the machine,
    and a server far ahead of it takes new ones for old."""
    before = crib.clock.now
    yield crib.clock
    crib.clock.now = before
