"""What is done to machines between holders by programs on the server, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.machines.pool import PoolCrib
from tests.servers.crib import Crib
from tests.servers.environment import SINGLE
from tests.servers.process import wait_until
from toolcrib.machines.hosts.driver import Problem

# Writes what it was called with beside itself; files there say how it ends.
PROGRAM = """#!/bin/sh
folder=$(dirname "$0")
env >"$folder/env-$TOOLCRIB_MACHINE"
printf '%s\\n' "$@" >"$folder/words-$TOOLCRIB_MACHINE"
echo "called for $TOOLCRIB_MACHINE at $TOOLCRIB_HOST with a secret: secret"
if [ -e "$folder/hangs" ]; then sleep 1000 & echo $! >"$folder/child"; wait; fi
[ ! -e "$folder/fails" ]
"""
HOSTILE = "a $(touch pwned) 'b' {{ 7*7 }}"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("reset") / "reset"
    file.write_text(PROGRAM)
    file.chmod(0o755)
    return file


@pytest.fixture(scope="module")
def own(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PoolCrib]:
    resets = {"default": [str(program), HOSTILE], "pdu": [str(program), "pdu"], "away": ["/nowhere/at/all"]}
    folder = tmp_path_factory.mktemp("pool")
    settings: dict[str, Any] = {
        "MACHINES_RESETS": resets,
        "MACHINES_RESET_SECONDS": 1,
        "MACHINES_HOMES": "wipe",
    }
    crib = Crib.start(folder / "data", **SINGLE, **settings)
    yield PoolCrib(crib, folder / "hosts")
    crib.close()


def over(own: PoolCrib, **fields: Any) -> str:
    """Have a machine with these fields, and give it back; return its name."""
    [name] = names = own.machines(**fields)
    reservation = own.have(own.person(), names)
    assert reservation["state"] == "ready"
    own.admin.client.delete(f"/api/reservations/{reservation['id']}", params={"reason": "over"})
    own.settle()
    return name


def last(own: PoolCrib, name: str) -> dict[str, Any]:
    found: dict[str, Any] = own.admin.client.get(f"/api/pool/machines/{name}/output").json()
    return found


def test_the_program_runs_after_the_account_is_gone_without_secrets(own: PoolCrib, program: Path) -> None:
    name = over(own)
    assert own.state(name)["state"] == "free"
    assert own.hosts.accounts(name) == {}
    folder = program.parent
    assert (folder / f"words-{name}").read_text() == f"{HOSTILE}\n"
    environment = dict(line.split("=", 1) for line in (folder / f"env-{name}").read_text().splitlines())
    assert environment["TOOLCRIB_HOST"] == "127.0.0.1"
    ours = {"TOOLCRIB_MACHINE", "TOOLCRIB_HOST", "TOOLCRIB_PORT"}
    assert set(environment) <= {*ours, "PATH", "HOME", "LANG", "TZ", "PWD", "SHLVL", "_", "OLDPWD"}
    told = last(own, name)
    assert (told["what"], told["problem"]) == ("reset", None)
    assert told["output"] == f"called for {name} at 127.0.0.1 with a ********: ********"


def test_a_machine_names_its_program_or_none(own: PoolCrib, program: Path) -> None:
    chosen = over(own, reset="pdu")
    assert (program.parent / f"words-{chosen}").read_text() == "pdu\n"
    without = over(own, reset="none")
    assert not (program.parent / f"words-{without}").exists()
    assert last(own, without)["what"] == "remove"
    body = {"name": "x", "host": "h", "port": 22, "user": "root", "password": "p", "reset": "/bin/sh"}
    refused = own.admin.client.post("/api/machines", json=body)
    assert (refused.status_code, "pdu" in refused.json()["message"]) == (400, True)
    place = f"/api/pool/machines/{without}"
    assert own.admin.client.patch(place, json={"reset": "unknown"}).status_code == 400
    assert own.admin.client.patch(place, json={"reset": None}).json()["reset"] is None
    assert own.person().client.patch(place, json={"reset": "pdu"}).status_code == 403


def test_a_reset_that_fails_is_tried_again_and_then_quarantined(own: PoolCrib, program: Path) -> None:
    fails = program.parent / "fails"
    fails.touch()
    name = over(own)
    assert own.state(name)["state"] == "cleaning"
    for _ in range(4):
        own.crib.clock.advance(hours=2)
        own.turn()
    state = own.state(name)
    assert (state["state"], state["reason"]) == ("quarantined", "The program default ended with status 1.")
    fails.unlink()
    own.crib.clock.advance(hours=2)
    own.turn()
    assert own.state(name)["state"] == "free"


@pytest.mark.parametrize("reset", ["default", "away"])
def test_a_program_that_hangs_or_is_not_there_fails(own: PoolCrib, program: Path, reset: str) -> None:
    hangs = program.parent / "hangs"
    hangs.touch()
    name = over(own, reset=reset)
    hangs.unlink()
    told = last(own, name)
    assert told["problem"] == Problem.FAILED
    assert own.state(name)["state"] == "cleaning"
    if reset == "default":
        child = int((program.parent / "child").read_text())
        wait_until(lambda: not _is_alive(child), "an end of what the program started")


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_homes_are_handled_as_each_machine_has_it(own: PoolCrib) -> None:
    tag = "homes"
    names = own.machines(2, tag=tag)
    own.admin.client.patch(f"/api/pool/machines/{names[0]}", json={"homes": "archive"}).raise_for_status()
    bad = own.admin.client.patch(f"/api/pool/machines/{names[0]}", json={"homes": "sell"})
    assert bad.status_code in (400, 422)
    reservation = own.have(own.person(), names, count=2)
    own.admin.client.delete(f"/api/reservations/{reservation['id']}", params={"reason": "over"})
    own.settle()
    assert [own.hosts.homes[name] for name in names] == ["archive", "wipe"]


def test_the_holder_reads_what_was_done(own: PoolCrib) -> None:
    names = own.machines(1, reset="none")
    ann, ben = own.person(), own.person()
    reservation = own.have(ann, names)
    place = f"/api/reservations/{reservation['id']}/output"
    [made] = ann.client.get(place).json()["machines"]
    assert (made["machine"], made["what"], made["problem"]) == (names[0], "create", None)
    assert own.admin.client.get(place).json()["machines"] == [made]
    assert ben.client.get(place).status_code == 404
    assert own.crib.client().get(place).status_code == 401
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYk2Wcn8FvlkS0kSPlLTS9d5rM1w8MuXAyqJUGTHm7V"
    sharing = {"username": ben.username, "public_keys": [key]}
    shared = ann.client.post(f"/api/reservations/{reservation['id']}/share", json=sharing)
    assert shared.status_code == 200, shared.text
    assert ben.client.get(place).status_code == 403
    own.settle()
    own.hosts.break_(names[0], Problem.FAILED)
    ann.client.delete(f"/api/reservations/{reservation['id']}")
    own.settle()
    [failed] = ann.client.get(place).json()["machines"]
    assert (failed["what"], failed["problem"], failed["output"]) == ("remove", "failed", "output of remove")
    own.hosts.break_(names[0], None)
