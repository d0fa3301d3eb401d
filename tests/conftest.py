"""Fixtures every test may ask for. Servers start when the first test needs them, once per run."""

from __future__ import annotations

import ctypes
import gc
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from sqlalchemy import make_url

from tests.clock import FakeClock
from tests.servers import command, memory_disk
from tests.servers.databases import KINDS, Database, Databases
from tests.servers.environment import fields_by_name
from tests.servers.mariadb import MariaDB
from tests.servers.mariadb import mariadb as run_mariadb
from tests.servers.postgresql import PostgreSQL
from tests.servers.postgresql import postgresql as run_postgresql
from tests.servers.process import Process
from tests.servers.redis import RedisServer
from tests.servers.redis import redis as run_redis
from tests.servers.s3 import S3Server
from tests.servers.s3 import s3 as run_s3
from tests.servers.smtp import MailServer
from tests.servers.smtp import smtp as run_smtp
from tests.servers.sqlite import Sqlite, fill_data_dir
from tests.servers.tcp_proxy import TcpProxy, tcp_proxy
from tests.servers.toolcrib import ToolcribServer

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

M_MMAP_THRESHOLD = -3  # of malloc.h

SERVERS: pytest.StashKey[list[ToolcribServer]] = pytest.StashKey()
MEMORY_DISK: pytest.StashKey[Path | None] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--db", metavar="NAMES", help=f"only these databases, out of {','.join(KINDS)}")
    parser.addoption(
        "--matrix",
        choices=["quick", "full"],
        default="quick",
        help="quick: every test, but on one of its databases unless it is marked every_database, and on S3 only "
        "where it is marked moves_bytes; full: every test on all of them",
    )


def _return_large_blocks() -> None:
    """Have glibc give blocks of 4 MiB and more back to the system as soon as they are freed.

    Each of the many servers of a run hashes passwords (19 MiB) in threads of its own. By default glibc keeps such a
    block for each thread's arena: a worker grew by 20 MiB with every other test, to more than 1 GiB.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(M_MMAP_THRESHOLD, 4 * 2**20)


def pytest_configure(config: pytest.Config) -> None:
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # a shell's background job: its commands must hear of it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _return_large_blocks()
    config.stash[MEMORY_DISK] = memory_disk.use()  # workers find that TMPDIR is set
    for name in [*fields_by_name(), "TOOLCRIB_URL", "TOOLCRIB_TOKEN"]:  # a developer's own settings
        os.environ.pop(name, None)
    if unknown := set(_chosen(config)) - set(KINDS):
        raise pytest.UsageError(f"--db: no such database: {', '.join(sorted(unknown))}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    folder = session.config.stash[MEMORY_DISK]
    if folder is not None and exitstatus == 0:  # what a failed run has left, the next one removes
        session.config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_collection_finish() -> None:
    """Leave the modules and tests of the whole run out of garbage collection, and have it look less often: to walk
    them again and again takes a fifth of the processor time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def _chosen(config: pytest.Config) -> tuple[str, ...]:
    names: str | None = config.getoption("--db")
    return tuple(names.split(",")) if names else KINDS


def is_full(config: pytest.Config) -> bool:
    return bool(config.getoption("--matrix") == "full")


def databases_of(metafunc: pytest.Metafunc) -> list[str]:
    """Where this test runs. In the quick matrix that is one database, unless it is marked every_database: which
    one depends on its name, so that each module meets all three."""
    test = metafunc.definition
    marker = test.get_closest_marker("databases")
    kinds = [kind for kind in _chosen(metafunc.config) if marker is None or kind in marker.args]
    if kinds and not is_full(metafunc.config) and not test.get_closest_marker("every_database"):
        return [kinds[crc32(test.nodeid.encode()) % len(kinds)]]
    return kinds


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" in metafunc.fixturenames:
        metafunc.parametrize("database_kind", databases_of(metafunc), indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the servers of its test printed."""
    report = yield
    if report.failed:
        for server in item.stash.get(SERVERS, []):
            report.sections.append((f"toolcrib serve at {server.url}", server.output()[-8000:]))
    return report


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def worker_number(request: pytest.FixtureRequest) -> int:
    """A number that no other process of this run has."""
    name = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    return int(name.removeprefix("gw"))


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Of a host that takes connections and says nothing: one that refuses them is soon out of the pool."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield silent.getsockname()[1]


# Databases


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    return Sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Shared by all tests; one that stops it takes `start_postgresql` instead."""
    with run_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_durable() -> Iterator[PostgreSQL]:
    """Shared, and waits for the disk at every commit."""
    with run_postgresql(durable=True) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """Shared by all tests."""
    with run_mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_durable() -> Iterator[MariaDB]:
    """Shared, and waits for the disk at every commit."""
    with run_mariadb(durable=True) as server:
        yield server


@pytest.fixture
def start_postgresql() -> Iterator[Callable[..., PostgreSQL]]:
    """`start_postgresql(durable=True)` starts one of this test's own, to stop and start as it likes."""
    with ExitStack() as started:
        yield lambda durable=False: started.enter_context(run_postgresql(durable=durable))


@pytest.fixture
def start_mariadb() -> Iterator[Callable[..., MariaDB]]:
    """`start_mariadb(durable=True)` starts one of this test's own, to stop and start as it likes."""
    with ExitStack() as started:
        yield lambda durable=False: started.enter_context(run_mariadb(durable=durable))


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def databases(database_kind: str, request: pytest.FixtureRequest) -> Databases:
    """The source of the databases of this test's kind, for tests that need several."""
    source: Databases = request.getfixturevalue(database_kind)
    return source


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """For DATABASE_URL: a database of this test alone, on which a server has started once."""
    made = databases.fresh()
    yield made.url
    databases.drop(made)


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    """A migrated database without rows, of this test alone."""
    made = databases.fresh("migrated")
    yield made
    databases.drop(made)


@pytest.fixture
def new_database_url(database: Database) -> str:
    """For DATABASE_URL: nobody has started a server on it."""
    return database.url


@pytest.fixture
def proxy(database_url: str) -> Iterator[TcpProxy]:
    """In front of the database of this test."""
    port = make_url(database_url).port
    assert port is not None
    with tcp_proxy(port) as one:
        yield one


@pytest.fixture
def through(database_url: str, proxy: TcpProxy) -> str:
    """For DATABASE_URL: the database, by way of the proxy."""
    return make_url(database_url).set(port=proxy.port).render_as_string(hide_password=False)


@pytest.fixture
def bare_database(databases: Databases) -> Iterator[Database]:
    """Like `database`, but without tables: for tests of migrations."""
    made = databases.fresh("bare")
    yield made
    databases.drop(made)


# Redis, mail and S3


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with run_redis() as server:
        yield server


@pytest.fixture
def redis(redis_server: RedisServer) -> RedisServer:
    """An empty Redis: `.url`, and `.stop()` and `.start()` for outages."""
    redis_server.clear()
    return redis_server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """Shared by all tests; one that stops it runs its own."""
    with run_s3() as server:
        yield server


@pytest.fixture
def smtp() -> Iterator[MailServer]:
    """A mail server: `.messages`, `.mode`, and `.settings` for a server's environment."""
    with run_smtp() as server:
        yield server


# Toolcrib


@pytest.fixture
def surroundings(request: pytest.FixtureRequest) -> None:
    """What a server under test uses starts before it and ends after it, in whatever order a test asks."""
    for name in ("database_url", "database", "bare_database", "redis", "smtp"):
        if name in request.fixturenames:
            request.getfixturevalue(name)


def shared_server(data_dir: Path, **settings: Any) -> ToolcribServer:
    """A `toolcrib serve` process that a fixture of several tests starts and closes, on an SQLite file of its own, where
    a server has started once."""
    fill_data_dir(data_dir)
    return ToolcribServer(data_dir, process=command.Background, **settings)


@pytest.fixture
def server(
    request: pytest.FixtureRequest, tmp_path: Path, surroundings: None
) -> Iterator[Callable[..., ToolcribServer]]:
    """`server(DATABASE_URL=…, workers=2)` starts a `toolcrib serve` process; see ToolcribServer.

    Without a DATABASE_URL, on an SQLite file of its own, where a server has started once; with `new=True` it is a
    first start.
    """
    started: list[ToolcribServer] = []
    shown = request.node.stash.setdefault(SERVERS, [])
    is_installed = request.node.get_closest_marker("installed") is not None

    def start(data_dir: Path | None = None, *, new: bool = False, **settings: Any) -> ToolcribServer:
        data_dir = data_dir or tmp_path / f"data{len(started)}"
        if not new and "DATABASE_URL" not in settings:
            fill_data_dir(data_dir)
        process = Process if is_installed else command.Background
        one = ToolcribServer(data_dir, process=process, **settings)
        started.append(one)
        shown.append(one)
        return one

    yield start
    for one in started:
        one.close()


@pytest.fixture
async def app_server(
    tmp_path: Path, clock: FakeClock, surroundings: None
) -> AsyncIterator[Callable[..., Awaitable[AppServer]]]:
    """`await app_server(database_url=…)` serves it from this process, on the `clock` fixture's time.

    Without a `database_url`, on an SQLite file of its own, where a server has started once; with `new=True` it is
    a first start.
    """
    from tests.servers.inprocess import AppServer  # noqa: PLC0415 - most runs of single tests do without

    started: list[AppServer] = []

    async def start(data_dir: Path | None = None, *, new: bool = False, **settings: Any) -> AppServer:
        data_dir = data_dir or tmp_path / f"app{len(started)}"
        if not new and not {"database_url", "DATABASE_URL"} & settings.keys():
            fill_data_dir(data_dir)
        one = await AppServer.start(data_dir, clock, **settings)
        started.append(one)
        return one

    yield start
    for one in reversed(started):
        await one.stop()
