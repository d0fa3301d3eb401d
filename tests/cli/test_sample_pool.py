"""`toolcrib machines sample-pool`: real hosts, made and removed again, whatever happens in between."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Person
from tests.servers.process import absent, wait_until
from toolcrib.cli.machines.sample_pool.base_root import CannotMakeHosts, base_root
from toolcrib.cli.machines.sample_pool.namespaces import require_namespaces

UP = ("machines", "sample-pool", "up", "--first-port", "24221")
DOWN = ("machines", "sample-pool", "down")
PLAYBOOKS = Path(str(files("toolcrib.cli.machines.sample_pool.docker")))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where this test's pool is remembered."""
    try:
        require_namespaces()
        base_root()
    except CannotMakeHosts as cannot:
        absent(str(cannot))
    return tmp_path


@pytest.fixture
def operator(place: Path, admin: Person) -> Person:
    more = {"XDG_STATE_HOME": str(place), "TOOLCRIB_HOSTS_CACHE": str(base_root().parent)}
    return replace(admin, env={**admin.env, **more})


def hosts_of(place: Path) -> list[str]:
    """Return the processes of hosts whose folders are there."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        arguments = _words(process)
        if arguments[:1] == ["unshare"] and any(each.startswith(str(place)) for each in arguments):
            found.append(process.parent.name)
    return found


def names(person: Person) -> list[str]:
    return [
        row["name"]
        for row in person.client.get("/api/pool/machines", params={"tags": "sample"}).json()["machines"]
    ]


def test_a_pool_is_made_used_and_removed(place: Path, operator: Person, ann: Person) -> None:
    inventory = place / "pool.yml"
    operator.run(*UP, "--count", "2", "--prefix", "made", "--file", str(inventory))
    assert names(operator) == ["made-1", "made-2"]
    assert len(hosts_of(place)) == 2
    assert stat.S_IMODE(inventory.stat().st_mode) == 0o600
    entries = yaml.safe_load(inventory.read_text())["machines"]
    assert [sorted(entry) for entry in entries] == [["host", "name", "password", "port", "user"]] * 2
    again = operator.run(*UP, "--file", str(place / "other.yml"), code=1)
    assert "already" in again.err
    body = {"names": ["made-1"], "password": "a password for ann", "minutes": 30}
    made = ann.client.post("/api/reservations", json=body).json()
    wait_until(
        lambda: ann.client.get(f"/api/reservations/{made['id']}").json()["state"] == "ready", "ready", 60
    )

    done = operator.run(*DOWN)
    assert "Removed made-1" in done.out
    assert names(operator) == []
    assert hosts_of(place) == []
    assert not inventory.exists()
    ended = ann.client.get(f"/api/reservations/{made['id']}").json()
    assert (ended["state"], ended["reason"]) == ("ended", "The sample pool is taken down.")
    assert "There is no sample pool" in operator.run(*DOWN).out


def test_a_pool_with_a_jump_host_and_a_machine_that_is_gone_is_removed(place: Path, operator: Person) -> None:
    operator.run(*UP, "--count", "3", "--prefix", "way", "--file", str(place / "pool.yml"))
    behind = operator.client.patch("/api/pool/machines/way-2", json={"jump": "way-1"})
    assert behind.status_code == 200, behind.text
    operator.run("machines", "rm", "way-3")
    assert "Removed way-1" in operator.run(*DOWN).out
    assert names(operator) == []
    assert hosts_of(place) == []


@pytest.mark.installed
def test_a_pool_whose_making_was_killed_is_removed(place: Path, operator: Person) -> None:
    inventory = place / "pool.yml"
    words = [*UP, "--count", "3", "--prefix", "cut", "--file", str(inventory)]
    making = operator.start(*words)
    wait_until(lambda: len(hosts_of(place)) >= 1, "a host", 60)
    making.send_signal(signal.SIGKILL)
    making.wait()
    assert hosts_of(place)
    operator.run(*DOWN)
    assert hosts_of(place) == []
    assert names(operator) == []
    assert not inventory.exists()
    assert not list(place.rglob("host_key"))


def test_nothing_is_made_for_somebody_who_may_not_register(place: Path, ann: Person) -> None:
    refused = ann.run(*UP, "--file", str(place / "pool.yml"), code=1)
    assert "Only administrators" in refused.err
    assert hosts_of(place) == []


def test_without_root_and_docker_it_says_what_is_missing(tmp_path: Path) -> None:
    # A user namespace without users: root is nobody in it.
    nobody = [shutil.which("unshare") or "unshare", "--user"] if os.geteuid() == 0 else []
    env = {"HOME": str(tmp_path), "PATH": str(tmp_path), "TOOLCRIB_URL": "http://127.0.0.1:1"}
    program = str(Path(sys.executable).with_name("toolcrib"))
    done = subprocess.run(
        [*nobody, program, *UP, "--no-register"],
        env=env, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done
    assert "need root" in done.stderr
    assert "docker is not installed" in done.stderr


def test_where_namespaces_are_not_allowed_it_says_so_and_leaves_nothing(place: Path) -> None:
    # Root without the right to make namespaces, as in most containers.
    without = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]
    path = f"{Path(shutil.which('setpriv') or '').parent}:/usr/bin:/bin"
    env = {"HOME": str(place), "PATH": path, "TOOLCRIB_URL": "http://127.0.0.1:1"}
    program = str(Path(sys.executable).with_name("toolcrib"))
    for more in ((), ("--with", "namespaces")):
        done = subprocess.run(
            [*without, program, *UP, "--no-register", *more],
            env=env, cwd=place, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 2, done
        assert "Namespaces are not allowed here, not even to root: " in done.stderr
        assert "Traceback" not in done.stderr
    left = [path for path in place.rglob("*") if path.is_file() and path.name != "lock"]
    assert left == []


@pytest.mark.installed
def test_a_base_root_whose_making_was_killed_is_removed(place: Path, operator: Person) -> None:
    operator, slow, cache = with_slow_making(place, operator)
    making = operator.start(*UP, "--count", "1", "--file", str(place / "pool.yml"))
    wait_until(lambda: bool(list(cache.glob("*.new/etc"))), "the root to be begun", 60)
    making.send_signal(signal.SIGKILL)
    making.wait()
    operator.run(*DOWN)
    assert [path for path in cache.iterdir() if path.is_dir()] == []
    assert runs_of(slow) == []


@pytest.mark.installed
def test_a_base_root_that_somebody_else_makes_is_left_alone(place: Path, operator: Person) -> None:
    operator, slow, cache = with_slow_making(place, operator)
    other = replace(operator, env={**operator.env, "XDG_STATE_HOME": str(place / "other")})
    making = operator.start(*UP, "--count", "1", "--file", str(place / "pool.yml"))
    wait_until(lambda: bool(list(cache.glob("*.new/etc"))), "the root to be begun", 60)
    words = ["--count", "1", "--prefix", "other", "--file", str(place / "other.yml")]
    waiting = other.start(*UP, *words)
    wait_until(lambda: bool(list(place.glob("other/*/*/state.json"))), "the other pool to be begun", 60)
    waiting.send_signal(signal.SIGKILL)
    waiting.wait()
    before = runs_of(slow)
    other.run(*DOWN)
    assert (making.poll(), runs_of(slow), bool(list(cache.glob("*.new/etc")))) == (None, before, True)
    making.send_signal(signal.SIGKILL)
    making.wait()
    operator.run(*DOWN)
    assert runs_of(slow) == []


def with_slow_making(place: Path, operator: Person) -> tuple[Person, Path, Path]:
    """Return somebody with an mmdebstrap that only begins (a real one takes long, and a network), that program, and
    the cache."""
    programs, cache = place / "bin", place / "cache"
    programs.mkdir()
    slow = programs / "mmdebstrap"
    slow.write_text('#!/bin/sh\nfor made; do :; done\nmkdir -p "$made/etc"\n/bin/sleep 600\n')
    slow.chmod(0o755)
    more = {"TOOLCRIB_HOSTS_CACHE": str(cache), "PATH": f"{programs}:{operator.env['PATH']}"}
    return replace(operator, env={**operator.env, **more}), slow, cache


def runs_of(program: Path) -> list[Path]:
    return [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(program) in _words(path)]


def _words(process: Path) -> list[str]:
    try:
        return process.read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


@pytest.mark.parametrize("name", ["provision.yml", "unprovision.yml"])
def test_the_playbooks_for_docker_can_be_read_and_checked(name: str, tmp_path: Path) -> None:
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    variables = ["-e", f"inventory_file={tmp_path}/machines.yml", "-e", "count=2"]
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    command = [program, "-i", "localhost,", str(PLAYBOOKS / name), *variables]
    done = subprocess.run([*command, "--check"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed=0" in done.stdout
    assert list(tmp_path.glob("*.yml")) == []
