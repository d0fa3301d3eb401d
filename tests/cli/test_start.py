"""A start while the database is not there yet, stays away, or is another program's."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize(
    "arguments", [("serve",), ("serve", "--workers", "2"), ("worker",), ("db", "upgrade")]
)
def test_a_short_secret_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = operate(tmp_path / "data", *arguments, PORT=free_port(), JWT_SECRET_KEY="short and secret")
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert "JWT_SECRET" in line
    assert "16 bytes" in line
    assert "at least 32" in line
    assert "short and secret" not in line
    assert not (tmp_path / "data" / "toolcrib.db").exists()


@pytest.mark.parametrize(
    ("given", "tries", "pause"),
    [
        ({"DB_CONNECT_MAX_RETRIES": 2, "DB_CONNECT_RETRY_SECONDS": 0.01}, 3, "0.01"),
        ({"DB_CONNECT_MAX_RETRIES": 0}, 1, None),
    ],
)
def test_the_wait_at_start_is_bounded_in_tries(
    tmp_path: Path, given: dict[str, Any], tries: int, pause: str | None
) -> None:
    url = f"mysql://somebody:secret@127.0.0.1:{free_port()}/shop"
    done = operate(tmp_path / "data", "serve", PORT=free_port(), DATABASE_URL=url, **given)
    assert done.code == 2
    assert f"Tries: {tries} (DB_CONNECT_MAX_RETRIES)" in done.err
    lines = [line for line in (done.out + done.err).splitlines() if LINE in line]
    assert len(lines) == tries - 1
    assert all(f"again_in={pause}" in line for line in lines)


def test_a_secret_is_replaced_without_losing_what_it_sealed(
    server: Callable[..., ToolcribServer], tmp_path: Path
) -> None:
    one = server(new=True, JWT_SECRET_KEY=None)
    data = one.data_dir
    machine = {"name": "m1", "host": "127.0.0.1", "port": free_port(), "user": "root", "password": "x"}
    one.admin.post("/api/machines", json=machine).raise_for_status()
    first = (data / "secret.key").read_text()

    done = operate(data, "admin", "rotate-secret", "--new", JWT_SECRET_KEY=None)
    assert done.code == 0, done.err
    assert "Encrypted 0 of 1" in done.out
    assert (data / "secret.key").read_text() != first
    assert (data / "secret.key.previous").read_text() == first
    assert (data / "secret.key.previous").stat().st_mode & 0o777 == 0o600
    assert one.admin.get("/api/whoami").status_code == 200  # of a server that still has the first
    one.restart()
    assert one.admin.get("/api/whoami").status_code == 200
    done = operate(data, "admin", "rotate-secret", JWT_SECRET_KEY=None)
    assert (done.code, done.out) == (0, "Encrypted 1 of 1 stored secrets anew.\n")
    (data / "secret.key.previous").unlink()
    one.restart()
    assert one.admin.get("/api/whoami").status_code == 401
    admin = one.sign_in("admin")
    assert admin.post("/api/pool/machines/m1/check").json()["reason"].startswith("No connection")

    refused = operate(data, "admin", "rotate-secret", "--new")
    assert refused.code == 2
    assert "JWT_SECRET_PREVIOUS" in refused.err
    lost = operate(data, "admin", "rotate-secret")  # with a configured secret that sealed nothing
    assert lost.code == 1
    assert "machines.password of id 1 cannot be opened" in lost.out


def test_a_machine_whose_password_cannot_be_opened_spoils_no_other(
    server: Callable[..., ToolcribServer],
) -> None:
    one = server()
    for name in ("m1", "m2"):
        machine = {"name": name, "host": "127.0.0.1", "port": free_port(), "user": "root", "password": "x"}
        one.admin.post("/api/machines", json=machine).raise_for_status()
    one.stop()
    other = server(one.data_dir, JWT_SECRET_KEY="another secret than that of the server before")
    admin = other.sign_in("admin")
    again = {"password": "y"}
    admin.patch("/api/pool/machines/m2", json=again).raise_for_status()
    first, second = (admin.post(f"/api/pool/machines/{name}/check").json() for name in ("m1", "m2"))
    assert "JWT_SECRET_PREVIOUS" in first["reason"]
    assert second["reason"].startswith("No connection")
