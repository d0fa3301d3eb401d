"""A start while the database is not there yet, stays away, or is another program's."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.cli.test_server_commands import operate
from tests.servers.process import free_port
from tests.servers.tcp_proxy import TcpProxy, tcp_proxy
from tests.servers.toolcrib import ToolcribServer

LINE = "database_not_reached"


@pytest.mark.parametrize("arguments", [("serve",), ("serve", "--workers", "2"), ("worker",)])
def test_a_database_that_stays_away_is_one_line_per_try_and_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    port = free_port()
    done = operate(
        tmp_path / "data",
        *arguments,
        PORT=free_port(),
        DATABASE_URL=f"postgresql://somebody:secret@127.0.0.1:{port}/shop",
        DATABASE_WAIT_SECONDS=0.5,
    )
    assert done.code == 2
    output = done.out + done.err
    tries = [line for line in output.splitlines() if LINE in line]
    assert len(tries) >= 2
    assert all(f"127.0.0.1:{port}/shop" in line for line in tries)
    said = [line for line in output.splitlines() if "database_" not in line and line.strip()]
    assert len(said) == 1, output
    assert f"The postgresql database at 127.0.0.1:{port}/shop cannot be used" in said[0]
    assert "DATABASE_WAIT_SECONDS" in said[0]
    assert "secret" not in output
    assert "Traceback" not in output


@pytest.mark.every_database
@pytest.mark.databases("postgresql", "mariadb")
def test_a_server_waits_for_a_database_that_starts_later(
    server: Callable[..., ToolcribServer], database_url: str
) -> None:
    url = make_url(database_url)
    assert url.port is not None
    later = TcpProxy(url.port, listens=False)
    away = socket.create_server(("127.0.0.1", later.port))

    def come() -> None:
        with away:
            for _try in range(2):
                away.accept()[0].close()
        later.listen()

    coming = threading.Thread(target=come)
    coming.start()
    try:
        crib = server(DATABASE_URL=url.set(port=later.port).render_as_string(hide_password=False))
        assert crib.output().count(LINE) >= 2
        assert "Traceback" not in crib.output()
        crib.admin.get("/api/locks").raise_for_status()
        crib.stop()
    finally:
        coming.join()
        later.close()


@pytest.mark.databases("postgresql", "mariadb")
@pytest.mark.parametrize("arguments", [("serve",), ("serve", "--workers", "2"), ("worker",)])
def test_a_database_that_goes_away_after_the_first_look_is_one_sentence(
    tmp_path: Path, database_url: str, arguments: tuple[str, ...]
) -> None:
    url = make_url(database_url)
    assert url.port is not None
    with tcp_proxy(url.port) as proxy:
        proxy.accept_only(1)  # the look at what is there has one connection
        through = url.set(port=proxy.port).render_as_string(hide_password=False)
        done = operate(tmp_path / "data", *arguments, PORT=free_port(), DATABASE_URL=through)
    output = done.out + done.err
    assert done.code in {1, 2}, output
    assert output.count("The database cannot be used: ") == 1, output
    assert "Traceback" not in output
    assert LINE not in output, "the first look went well"


def test_another_programs_database_is_called_that(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.mkdir()
    with sqlite3.connect(place / "toolcrib.db") as other:
        other.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        other.execute("INSERT INTO alembic_version VALUES ('3f9ac1d2b4e7')")
        other.execute("CREATE TABLE asset_lock (id INTEGER PRIMARY KEY)")
    for arguments in (("serve",), ("db", "upgrade")):
        done = operate(place, *arguments, PORT=free_port())
        assert done.code == 2
        assert "The database is another program's" in done.err
        assert "3f9ac1d2b4e7" in done.err
        assert "asset_lock" in done.err
        assert "Traceback" not in done.out + done.err
