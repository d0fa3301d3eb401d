"""The server's own machine: starting, stopping, migrating and administering, as operators do it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pyotp
import pytest

from tests.servers import command
from tests.servers.command import Done
from tests.servers.environment import DEFAULTS, PASSWORD, PLAIN, child_environment, toolcrib
from tests.servers.process import Process, free_port, wait_until
from tests.servers.smtp import MailServer
from tests.servers.toolcrib import ToolcribServer

Start = Callable[..., ToolcribServer]


def operate(place: Path, *arguments: str, stdin: str = "", **settings: object) -> Done:
    """`toolcrib …` beside the server, with the same settings."""
    env = child_environment(**(DEFAULTS | {"DATA_DIR": place} | settings))
    done = command.run(*arguments, cwd=place.parent, env=env, stdin=stdin.encode())
    assert "Traceback" not in done.err, done.err
    return done


def admins(server: ToolcribServer) -> set[str]:
    return {row["username"] for row in server.admin.get("/api/admin/users").json() if row["is_admin"]}


def test_the_first_start_prints_a_password_once_and_says_where_it_is(server: Start) -> None:
    one = server(new=True, INITIAL_ADMIN_USER=None, INITIAL_ADMIN_PASSWORD=None, INITIAL_ADMIN_EMAIL=None)
    assert f"Toolcrib is ready at {one.url}\n" in one.output()
    (password,) = re.findall(r"Administrator: admin +password: (\S+)", one.output())
    assert len(password) >= 12
    answer = one.client.post("/api/login", json={"username": "admin", "password": password})
    assert answer.status_code == 200
    one.restart()
    assert one.output().count("password:") == 1
    assert one.output().count("ready at") == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_is_asked_to_stop_answers_what_it_has_begun_and_exits_0(
    server: Start, workers: int
) -> None:
    one = server(workers=workers)
    wait_until(lambda: f"Toolcrib is ready at {one.url}\n" in one.output(), "the address")
    body = json.dumps({"username": "admin", "password": PASSWORD}).encode()
    with socket.create_connection(("127.0.0.1", one.port)) as half:
        head = f"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        half.sendall(f"{head}\r\n\r\n".encode() + body[:10])
        wait_until(lambda: one.client.get("/health").status_code == 200, "the server to see the first half")
        one.signal(signal.SIGTERM)
        half.sendall(body[10:])
        half.settimeout(20)
        assert half.recv(100).startswith(b"HTTP/1.1 200")
    assert one.wait() == 0


def test_live_streams_do_not_keep_a_server_from_stopping(server: Start) -> None:
    one = server()
    with one.admin.stream("GET", "/api/events/stream") as stream:
        assert stream.status_code == 200
        one.signal(signal.SIGTERM)
        list(stream.iter_lines())
    assert one.wait() == 0


@pytest.mark.installed  # a new process starts from the command
def test_a_server_process_that_dies_is_replaced(server: Start) -> None:
    one = server(workers=2)
    before = children(one.pid)
    os.kill(next(iter(before)), signal.SIGKILL)
    wait_until(
        lambda: len(before & (now := children(one.pid))) < len(now) == len(before), "another process", 30
    )
    wait_until(lambda: one.client.get("/health").status_code == 200, "an answer")


def children(pid: int) -> set[int]:
    """The server processes under the one we started (the tracker that Python adds is none)."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"PPid:\t{pid}\n" in (entry / "status").read_text():
                command = (entry / "cmdline").read_bytes()
                if b"resource_tracker" not in command:
                    found.add(int(entry.name))
        except OSError:
            continue
    return found


def test_server_processes_end_with_the_one_that_started_them(server: Start) -> None:
    one = server(workers=2)
    left = children(one.pid)
    os.kill(one.pid, signal.SIGKILL)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left), "the processes to end", 30)


def test_an_address_that_is_taken_is_one_sentence(server: Start, tmp_path: Path) -> None:
    one = server()
    done = operate(tmp_path / "other", "serve", "--port", str(one.port))
    assert (done.code, done.err) == (
        2,
        f"toolcrib: Cannot listen on 127.0.0.1 port {one.port}: Address already in use.\n",
    )


def test_settings_that_cannot_be_used_are_named_without_their_values(tmp_path: Path) -> None:
    done = operate(tmp_path / "data", "serve", PORT="secretport")
    assert done.code == 2
    assert "PORT" in done.err
    assert "secretport" not in done.err
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "config.json").write_text("{")
    assert "config.json" in operate(tmp_path / "data", "serve").err


def test_ipv6_and_names_can_be_listened_on(server: Start, tmp_path: Path) -> None:
    one = server(arguments=["--host", "localhost"])
    assert httpx.get(f"http://localhost:{one.port}/health", verify=PLAIN).status_code == 200
    assert f"http://localhost:{one.port}" in one.output()


def test_the_database_is_upgraded_and_stays_so(tmp_path: Path) -> None:
    first = operate(tmp_path / "data", "db", "upgrade")
    assert (first.code, first.out.startswith("The database is at revision")) == (0, True)
    assert operate(tmp_path / "data", "db", "upgrade").out == first.out


def test_a_database_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    operate(tmp_path / "data", "db", "upgrade")
    with sqlite3.connect(tmp_path / "data" / "toolcrib.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    done = operate(tmp_path / "data", "db", "upgrade")
    assert (done.code, "9999" in done.err) == (2, True)


def test_a_database_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    url = f"postgresql://toolcrib:pass-word@127.0.0.1:{free_port()}/toolcrib"
    done = operate(tmp_path / "data", "db", "upgrade", DATABASE_URL=url)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "pass-word" not in done.err


def test_an_administrator_is_made_beside_a_running_server(server: Start) -> None:
    one = server()
    done = operate(
        one.data_dir,
        "admin",
        "create",
        "eve",
        "--email",
        "eve@example.com",
        "--password-stdin",
        stdin=PASSWORD,
    )
    assert (done.code, done.out) == (0, "Administrator eve created.\n")
    assert "eve" in admins(one)
    assert one.sign_in("eve").get("/api/currentuser").json()["is_admin"]
    again = operate(one.data_dir, "admin", "create", "eve", "--password-stdin", stdin=PASSWORD)
    assert (again.code, again.err.count("\n")) == (1, 1)
    for weak in ("1", "password1"):
        refused = operate(one.data_dir, "admin", "create", "mallory", "--password-stdin", stdin=f"{weak}\n")
        assert refused.code == 1


def test_an_administrator_is_made_from_the_settings(tmp_path: Path) -> None:
    done = operate(tmp_path / "data", "admin", "create", INITIAL_ADMIN_PASSWORD="password1")
    assert done.out == "Administrator admin created.\n"
    assert "INITIAL_ADMIN_PASSWORD" in done.err  # a warning: it is one of the commonest
    nobody = operate(
        tmp_path / "other", "admin", "create", INITIAL_ADMIN_USER=None, INITIAL_ADMIN_PASSWORD=None
    )
    assert nobody.code == 2


def test_a_running_server_follows_set_config(server: Start) -> None:
    one = server()
    assert (
        operate(one.data_dir, "admin", "set-config", "auto_release.hours", "5").out
        == "auto_release.hours = 5\n"
    )
    wait_until(lambda: one.admin.get("/api/admin/config").json()["auto_release_hours"] == 5, "the new value")
    for key, value in [("auto_release.hours", "0"), ("mail.enabled", "maybe"), ("jwt.expiry.minutes", "-1")]:
        done = operate(one.data_dir, "admin", "set-config", key, value)
        assert (done.code, done.err.count("\n")) == (1, 1)
    assert one.admin.get("/api/admin/config").json()["auto_release_hours"] == 5


def test_set_config_refuses_a_key_that_does_not_exist(server: Start) -> None:
    one = server()
    done = operate(one.data_dir, "admin", "set-config", "auto_release.hour", "5")
    assert (done.code, done.out) == (1, "")
    assert "Did you mean auto_release.hours" in done.err

    one.user("ann")
    new = "a password nobody guesses"
    done = operate(one.data_dir, "admin", "reset-password", "ann", "--password-stdin", stdin=f"{new}\n")
    assert (done.code, done.out) == (0, "The password of ann is changed.\n")
    signed_in = one.client.post("/api/login", json={"username": "ann", "password": new})
    assert signed_in.status_code == 200
    assert one.user("ann").get("/api/currentuser").status_code == 401, "earlier sign-ins end"
    for name, word in (("nobody", new), ("ann", "short")):
        done = operate(one.data_dir, "admin", "reset-password", name, "--password-stdin", stdin=f"{word}\n")
        assert done.code == 1, done.text
    done = operate(one.data_dir, "admin", "reset-password", "nobody")
    assert "There is no account nobody" in done.err, "before a password is asked for"


def test_two_step_sign_in_is_turned_off_for_somebody_who_lost_it(server: Start) -> None:
    one = server()
    ann = one.user("ann")
    begun = ann.post("/api/users/me/otp", json={"current_password": PASSWORD}).json()
    confirmed = ann.put("/api/users/me/otp", json={"otp": pyotp.TOTP(begun["secret"]).now()})
    assert confirmed.status_code == 200
    signing_in = {"username": "ann", "password": PASSWORD}
    assert one.client.post("/api/login", json=signing_in).json()["code"] == "otp_required"
    done = operate(one.data_dir, "admin", "reset-otp", "ann")
    assert (done.code, done.out) == (0, "ann signs in with the password alone now.\n")
    assert one.client.post("/api/login", json=signing_in).status_code == 200
    for name in ("ann", "nobody"):
        assert operate(one.data_dir, "admin", "reset-otp", name).code == 1


def test_a_person_is_renamed_and_still_known_on_their_machine(server: Start) -> None:
    one = server()
    one.user("ann")
    done = operate(one.data_dir, "admin", "rename", "ann", "anna")
    assert (done.code, done.out) == (0, "ann is called anna now.\n")
    assert one.user("ann").get("/api/currentuser").json()["username"] == "anna"
    for name, new in (("nobody", "x"), ("anna", "a:b")):
        assert operate(one.data_dir, "admin", "rename", name, new).code == 1


def test_the_mail_test_says_how_it_went(server: Start, smtp: MailServer) -> None:
    one = server(**smtp.settings)
    done = operate(one.data_dir, "admin", "test-email", **smtp.settings)
    assert (done.code, "sent" in done.out) == (0, True)
    off = operate(one.data_dir, "admin", "test-email")
    assert off.code == 1
    smtp.mode = "down"
    assert operate(one.data_dir, "admin", "test-email", **smtp.settings).code == 1


@contextmanager
def working(place: Path) -> Iterator[Process]:
    """`toolcrib worker` with its data in `place`, once it says that it runs jobs."""
    env = child_environment(**(DEFAULTS | {"DATA_DIR": place}))
    worker = command.Background(
        [toolcrib(), "worker"], output=place.with_name(f"{place.name}-worker.log"), env=env
    )
    try:
        worker.wait_ready(lambda: "The worker runs jobs" in worker.text())
        yield worker
    finally:
        worker.kill()


def test_a_worker_runs_until_it_is_asked_to_stop(server: Start) -> None:
    with working(server().data_dir) as worker:
        assert worker.stop(signal.SIGTERM) == 0
