"""A server that is killed at any step of making and removing accounts: hosts and database agree soon afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers import command, killing
from tests.servers.environment import PLAIN
from tests.servers.hosts import debian_hosts
from tests.servers.toolcrib import ToolcribServer
from toolcrib.cli.machines.sample_pool.namespaces import LocalHost

# What the scripts on a host call, by step: the tool, and how its arguments look then. None is said twice.
MAKING = {
    "taking the turn": ("mkdir", "*/accounts"),
    "writing the mark": ("mv", "*/accounts/*"),
    "making the login": ("useradd", "*"),
    "giving the home": ("chown", "*"),
    "closing the home": ("chmod", "700 /home/*"),
    "joining the group": ("usermod", "-a -G *"),
    "writing the keys": ("su", "*"),
    "setting the password": ("chpasswd", "*"),
}
REMOVING = {
    "locking the login": ("usermod", "-L *"),
    "removing its jobs": ("rm", "*/crontabs/*"),
    "removing its files": ("find", "/tmp *"),
    "removing its home": ("rm", "-rf /home/*"),
    "blanking the password": ("chpasswd", "*"),
    "removing the login": ("userdel", "*"),
    "removing its mail": ("rm", "*/mail/*"),
    "removing the mark": ("rm", "*/accounts/*"),
}
TOOLS = sorted({tool for tool, _ in (*MAKING.values(), *REMOVING.values())})
# A tool that is called as /stop/TOOL says tells so, and waits until it may go on.
STOPPING = r"""
mkdir /stop /real
mkfifo /stop/reached /stop/go
for tool in TOOLS; do
    where=$(command -v $tool)
    cp "$(readlink -f $where)" /real/$tool
    cat >/real/$tool.sh <<END
#!/bin/sh
if [ -e /stop/$tool ]; then
    read -r pattern </stop/$tool
    case "\$*" in \$pattern) /real/rm /stop/$tool; echo "\$\$ \$PPID" >/stop/reached; read -r _ </stop/go ;; esac
fi
exec /real/$tool "\$@"
END
    chmod 755 /real/$tool.sh
done
for tool in TOOLS; do
    where=$(command -v $tool)
    /real/mv /real/$tool.sh $where
done
""".replace("TOOLS", " ".join(TOOLS))
WAIT_SECONDS = 90


@pytest.fixture(scope="module")
def hosts() -> Iterator[list[LocalHost]]:
    with debian_hosts(len(MAKING), setup=STOPPING) as made:
        yield made


@pytest.fixture(scope="module")
def kill_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kill") / "commits"


@pytest.fixture(scope="module")
def crib(
    tmp_path_factory: pytest.TempPathFactory, hosts: list[LocalHost], kill_file: Path
) -> Iterator[ToolcribServer]:
    server = ToolcribServer(
        tmp_path_factory.mktemp("kills") / "data",
        process=command.Background,
        PYTHONPATH=Path(killing.__file__).parent,
        KILL_FILE=kill_file,
        KILL_TABLES="machine",
    )
    try:
        for host in hosts:
            machine = {"name": host.name, "host": host.address, "port": host.port}
            machine |= {"user": "root", "password": host.password}
            server.admin.post("/api/machines", json=machine).raise_for_status()
        yield server
    finally:
        server.close()


# What is where


def on_host(host: LocalHost) -> str:
    """The reservation that has the account on a host; nothing if there is none at all."""
    marks = host.run("cd /var/lib/toolcrib/accounts 2>/dev/null && head -qn1 ./* 2>/dev/null; true").split()
    homes = host.run("ls /home").split()
    logins = [line for line in host.run("cat /etc/passwd").splitlines() if ":/home/" in line]
    assert len(marks) == len(homes) == len(logins) or not marks, (host.name, marks, homes, logins)
    return " ".join(marks) if homes or logins or marks else ""


def in_database(crib: ToolcribServer) -> dict[str, tuple[str, str]]:
    machines = crib.admin.get("/api/pool/machines").json()["machines"]
    return {one["name"]: (one["state"], one["reservation"] or "") for one in machines}


def is_settled(crib: ToolcribServer) -> bool:
    """Whether nothing is being made or removed."""
    return {state for state, _ in in_database(crib).values()} <= {"free", "held"}


def settle(crib: ToolcribServer) -> None:
    """Wait until nothing is being made or removed: each such end is an event."""
    deadline = time.monotonic() + WAIT_SECONDS
    with (
        httpx.Client(base_url=crib.url, headers=crib.admin.headers, verify=PLAIN, timeout=60) as client,
        client.stream("GET", "/api/events/stream") as stream,
    ):
        lines = stream.iter_lines()
        while not is_settled(crib):
            assert time.monotonic() < deadline, in_database(crib)
            next(lines)


def agree(crib: ToolcribServer, hosts: list[LocalHost]) -> dict[str, str]:
    """Wait until nothing is being made or removed. Then every host has what the database says, which is returned: the
    reservation that each has an account of, or nothing."""
    settle(crib)
    known = {name: reservation for name, (_, reservation) in in_database(crib).items()}
    assert {host.name: on_host(host) for host in hosts} == known
    return known


Call = tuple[str, str, Any]


@contextmanager
def asked(crib: ToolcribServer, *calls: Call) -> Iterator[None]:
    """Ask, while the block runs, for what may be cut off before it is answered."""

    def ask(method: str, path: str, body: Any) -> None:
        with (
            httpx.Client(base_url=crib.url, headers=crib.admin.headers, verify=PLAIN, timeout=60) as client,
            suppress(httpx.TransportError),
        ):
            client.request(method, path, json=body)

    threads = [threading.Thread(target=ask, args=call) for call in calls]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


def reserving(*hosts: LocalHost) -> list[Call]:
    body = {"login": "ann", "password": "a password of ann", "minutes": 30}
    return [("POST", "/api/reservations", body | {"names": [host.name]}) for host in hosts]


def releasing(crib: ToolcribServer) -> list[Call]:
    return [("DELETE", f"/api/reservations/{id_}", None) for _, id_ in in_database(crib).values() if id_]


# On the hosts


@pytest.mark.parametrize("steps", [MAKING, REMOVING], ids=["making", "removing"])
def test_a_kill_at_each_step_on_a_host(
    crib: ToolcribServer, hosts: list[LocalHost], steps: dict[str, tuple[str, str]]
) -> None:
    """On each host another step. When the server is gone, half of the scripts go on, and half are cut off."""
    calls = reserving(*hosts) if steps is MAKING else releasing(crib)
    assert len(calls) == len(hosts)
    for host, (tool, pattern) in zip(hosts, steps.values(), strict=True):
        host.run(f"cat >/stop/{tool}", stdin=f"{pattern}\n")
    with asked(crib, *calls):
        processes = [host.run(f"timeout {WAIT_SECONDS} cat /stop/reached") for host in hosts]
        crib.kill()
    for number, host in enumerate(hosts):
        host.run("echo >/stop/go" if number % 2 else f"kill -9 {processes[number].strip()}; true")
    crib.start()
    # It was acknowledged, so it is done.
    known = agree(crib, hosts)
    assert {name: bool(id_) for name, id_ in known.items()} == {host.name: steps is MAKING for host in hosts}


# In the database


def killed(crib: ToolcribServer, kill_file: Path, number: int, calls: list[Call]) -> bool:
    """Ask for something, and have the server killed at this commit of those that it takes; start it again. False if it
    takes fewer."""
    kill_file.write_text(str(number))
    with asked(crib, *calls):
        pass
    try:
        settle(crib)
    except (httpx.TransportError, StopIteration):
        crib.kill()
        crib.start()
        return True
    kill_file.unlink()
    return False


@pytest.mark.parametrize(("what", "least"), [("reserving", 3), ("releasing", 3), ("enrolling", 2)])
def test_a_kill_at_each_commit(
    crib: ToolcribServer, hosts: list[LocalHost], kill_file: Path, what: str, least: int
) -> None:
    """Before it, that is: after the commit before, and after what was done on the host in between."""
    host = hosts[0]
    machine = f"/api/pool/machines/{host.name}"

    def ask(calls: list[Call]) -> None:
        with asked(crib, *calls):
            pass
        agree(crib, hosts)

    number = 1
    while True:
        ask(releasing(crib))
        calls = reserving(host)
        if what == "releasing":
            ask(calls)
            calls = releasing(crib)
        elif what == "enrolling":
            calls = [("POST", f"{machine}/enroll", None)]
        if not killed(crib, kill_file, number, calls):
            break
        known = agree(crib, hosts)
        # At the first commit nothing has happened; once it is acknowledged, it is done in the end.
        if what != "enrolling":
            assert bool(known[host.name]) == ((what == "reserving") == (number > 1)), number
        assert crib.admin.post(f"{machine}/check").json()["online"] is True
        number += 1
    assert number > least, "it was killed at fewer commits than it takes"
    if what == "enrolling":
        found = crib.admin.get(machine).json()
        assert (found["has_password"], found["has_key"]) == (False, True)
