"""The commands that an installed package brings: they join the command line, and a broken package harms no other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Person
from tests.servers import command
from tests.servers.command import Done
from tests.servers.process import wait_until

ROOMS = Path(__file__).with_name("rooms")

Packages = dict[str, dict[str, str]]  # entry points by package and name


@dataclass(frozen=True)
class Installed:
    """Packages with entry points, on the path of the command."""

    path: str

    def environment(self, person: Person) -> dict[str, str]:
        return {**person.env, "PYTHONPATH": self.path}

    def run(self, person: Person, *arguments: str, code: int = 0) -> Done:
        done = command.run(*arguments, cwd=person.cwd, env=self.environment(person))
        assert done.code == code, f"exit {done.code}: {done.text}"
        assert "Traceback" not in done.err, done.err
        return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Packages], Installed]:
    """`installed({"toolcrib-rooms": {"rooms": "toolcrib_rooms:app"}})`: packages with these entry points."""

    known: list[tuple[Packages, Installed]] = []  # each new path costs a start of Python

    def install(packages: Packages) -> Installed:
        for others, already in known:
            if others == packages:
                return already
        folder = tmp_path_factory.mktemp("packages")
        for package, groups in packages.items():
            info = folder / f"{package.replace('-', '_')}-1.5.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.5\n")
            lines = [f"{name} = {target}" for name, target in groups.items()]
            (info / "entry_points.txt").write_text("\n".join(["[toolcrib.commands]", *lines, ""]))
        known.append((packages, Installed(os.pathsep.join([str(folder), str(ROOMS)]))))
        return known[-1][1]

    return install


Install = Callable[[Packages], Installed]
ROOMS_PACKAGE = {"toolcrib-rooms": {"rooms": "toolcrib_rooms:app"}}


def listed(help_text: str) -> list[str]:
    return re.findall(r"^  ([a-z-]+) {2,}", help_text.partition("Commands:")[2], re.M)


def test_an_installed_kind_has_the_verbs_of_a_claim(
    installed: Install, ann: Person, ben: Person, admin: Person, project: str
) -> None:
    packages = installed(ROOMS_PACKAGE)
    run = packages.run
    assert "rooms" not in listed(ann.run("--help").out)
    described = run(ann, "--help").out
    assert re.search(r"^  rooms +Keys of meeting rooms\.$", described, re.M)
    assert listed(described)[:3] == ["login", "logout", "whoami"]
    assert listed(run(ann, "rooms", "--help").out) == ["list", "take", "return", "seize", "keep", "pass"]

    room = f"{project}-blue"
    assert run(ann, "rooms", "take", room).out == f"You have the key of {room}.\n"
    assert f"{room} is held by ann" in run(ben, "rooms", "take", room, code=3).err
    assert re.search(rf"room/{room} .*{project}", run(ben, "rooms", "list").out)
    assert "until" in run(ann, "rooms", "keep", room, "--expires", "2h").out
    assert run(ann, "rooms", "pass", room, "ben").out == f"ben has the key of {room}.\n"
    assert ben.holds() == {f"room/{room}"}
    # What the server says against it is what ann reads.
    fence = ben.locks()[f"room/{room}"]["fence"]
    refusal = ann.client.post(f"/api/claims/{fence}/release")
    assert refusal.status_code == 403
    refused = run(ann, "rooms", "return", room, code=3)
    assert refused.err == f"toolcrib: {refusal.json()['message']}\n"
    assert run(ben, "rooms", "return", room).out == f"The key of {room} is back.\n"
    assert "Nobody holds" in run(ben, "rooms", "return", room, code=1).err
    run(ben, "rooms", "take", room)
    run(admin, "rooms", "seize", room, "--reason", "the fire brigade needs it")
    assert ben.holds() == set()


def test_an_installed_kind_can_wait_in_the_queue(
    installed: Install, ann: Person, ben: Person, project: str
) -> None:
    packages = installed(ROOMS_PACKAGE)
    run = packages.run
    room = f"{project}-blue"
    run(ann, "rooms", "take", room)
    assert (
        f"{room} is held by ann" in run(ben, "rooms", "take", "--wait", "--timeout", "1s", room, code=3).err
    )
    fence = ann.locks()[f"room/{room}"]["fence"]
    queue = f"/api/claims/{fence}/queue"
    assert ann.client.get(queue).json() == []
    waiting = subprocess.Popen(
        [command.launcher(env := packages.environment(ben)), "rooms", "take", "--wait", room],
        cwd=ben.cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: len(ann.client.get(queue).json()) == 1, "ben to stand in line")
    run(ann, "rooms", "return", room)
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, out) == (0, f"You have the key of {room}.\n"), err
    assert ben.holds() == {f"room/{room}"}


BROKEN = {
    "absent": "toolcrib_absent:app",
    "no-typer": "toolcrib_rooms:KIND",
    "no-name": "toolcrib_rooms:nothing",
}


def test_a_broken_package_harms_no_other(installed: Install, ann: Person, project: str) -> None:
    run = installed({"toolcrib-broken": BROKEN, **ROOMS_PACKAGE}).run
    described = run(ann, "--help")
    assert described.err == ""
    names = listed(described.out)
    assert {"lock", "docs", "rooms", *BROKEN} <= set(names)
    assert "Cannot be loaded" in described.out
    assert run(ann, "lock", "a.psd").text == "Locked a.psd\n"
    assert run(ann, "rooms", "take", f"{project}-red").err == ""
    for name, reason in {
        "absent": "toolcrib_absent",
        "no-typer": "not a typer.Typer",
        "no-name": "nothing",
    }.items():
        for arguments in (["--help"], ["list", "--all"], []):
            told = run(ann, name, *arguments, code=2)
            assert told.out == ""
            assert f"The commands of {name} cannot be loaded" in told.err
            assert "toolcrib-broken 1.5" in told.err
            assert reason in told.err


def test_no_package_replaces_our_commands(installed: Install, ann: Person) -> None:
    run = installed(
        {"toolcrib-rooms": dict.fromkeys(("lock", "docs", "configure"), "toolcrib_rooms:app")}
    ).run
    assert run(ann, "--help").out == ann.run("--help").out
    for name in ("lock", "docs"):
        assert run(ann, name, "--help").out == ann.run(name, "--help").out


def test_a_word_that_is_no_command_is_a_usage_error(ann: Person) -> None:
    told = ann.run("lokc", code=2).err
    assert "No such command 'lokc'" in told
    assert "lock" in told.replace("lokc", "")


def test_one_command_imports_no_other_kind() -> None:
    code = (
        "import sys; sys.argv = ['toolcrib', 'lock', '--help']\n"
        "from toolcrib.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "kinds = ('toolcrib.cli.documents', 'toolcrib.cli.server', 'asyncio', 'sqlalchemy')\n"
        "print([name for name in kinds if name in sys.modules], 'toolcrib.cli.assets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] True"
