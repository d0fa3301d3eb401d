"""Desktops from the command line, on a platform of files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Person
from tests.conftest import shared_server
from tests.desktops import fake_launcher
from tests.servers.toolcrib import ToolcribServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolcribServer]:
    folder = tmp_path_factory.mktemp("cli-desktops")
    fake_launcher.install(folder / "site")
    path = os.pathsep.join([str(folder / "site"), str(ROOT)])
    server = shared_server(
        folder / "data", PYTHONPATH=path, DESKTOP_LAUNCHER=fake_launcher.NAME, DESKTOPS_IN_TOTAL=1
    )
    yield server
    server.close()


def test_a_desktop_s_life(house: ToolcribServer, person: Callable[..., Person]) -> None:
    setup = {"name": "Ubuntu", "image": "reg/x:1", "is_public": True, "description": "with a shell"}
    house.admin.post("/api/desktop-config/create", json=setup).raise_for_status()
    data = {"name": "data1", "size": "5Gi", "is_public": True}
    house.admin.post("/api/storage-pvcs/create", json=data).raise_for_status()
    ann, ben = person("ann", server=house), person("ben", server=house)
    assert "toolcrib desktops start" in ann.run("desktops", "ls").out
    assert [one["name"] for one in ann.json("desktops", "images")] == ["Ubuntu"]
    assert "with a shell" in ann.run("desktops", "images").out
    assert [one["status"] for one in ann.json("desktops", "volumes")] == ["Bound"]
    made = ann.json("desktops", "start", "d1", "--image", "Ubuntu", "--volume", "data1", "--for", "2h")
    assert (made["state"], made["configuration"], made["volume"]) == ("running", "Ubuntu", "data1")
    assert made["name"] in ann.run("desktops", "ls").out
    assert (
        ann.run("desktops", "open", "d1", "--print").out.strip()
        == f"{house.url}/desktops/{made['name']}/view"
    )
    waits = ben.json("desktops", "start", "mine", "--no-wait")
    assert (waits["state"], waits["queue_position"]) == ("queued", 1)
    assert "place 1 in the queue" in ben.run("desktops", "ls").out
    assert "Somebody waits" in ann.run("desktops", "extend", "d1", "--by", "1h", code=3).err
    ben.run("desktops", "stop", "mine")
    extended = ann.json("desktops", "extend", "d1")
    assert extended["ends_at"] > made["ends_at"]
    assert "sees it" in ann.run("desktops", "share", "d1", "ben", "--control").out
    assert [one["name"] for one in ben.json("desktops", "ls")][-1] == made["name"]
    assert ben.run("desktops", "stop", made["name"], code=1).err
    assert ann.json("desktops", "share", "d1", "ben", "--off") == []
    assert ann.run("desktops", "rm", "d1", "--yes", code=1).err.strip().endswith("must be stopped first")
    assert "is stopped" in ann.run("desktops", "stop", "d1").out
    assert ann.json("desktops", "resume", "d1")["state"] == "running"
    ann.run("desktops", "stop", "d1")
    assert "cannot be seen" in ann.run("desktops", "open", "d1", code=1).err
    assert ben.run("desktops", "resume", made["name"], code=2).err
    assert "Nothing was deleted" in ann.run("desktops", "rm", "d1", code=1, stdin="n\n").err
    ann.run("desktops", "start", "D1", code=1)
    ann.run("desktops", "start", "d1", "--image", "nope", code=2)


def test_names_that_begin_alike(house: ToolcribServer, person: Callable[..., Person]) -> None:
    cleo = person("cleo", server=house)
    both = [cleo.json("desktops", "start", name, "--no-wait")["name"] for name in ("model2", "model")]
    assert "model-" in (told := cleo.run("desktops", "open", "mod", code=2).err)
    assert "model2-" in told
    assert "has left the queue" in cleo.run("desktops", "stop", "model").out
    states = {one["name"]: one["state"] for one in cleo.json("desktops", "ls")}
    assert states[both[1]] == "stopped"
    assert states[both[0]] != "stopped"
    cleo.run("desktops", "stop", "model2")
    assert "The name is too long" in cleo.run("desktops", "start", "a-much-too-long-name", code=1).err
    assert "Volume 'nope' not found" in cleo.run("desktops", "start", "d2", "-v", "nope", code=1).err
