"""A real server with real desktops is killed, and the next one goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.desktops.local.computer import Computer
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer


def state_of(person: httpx.Client, name: str) -> dict[str, Any]:
    found: dict[str, Any] = person.get(f"/api/desktops/{name}").raise_for_status().json()
    return found


@pytest.fixture
def computer(worker_number: int, tmp_path: Path) -> Iterator[Computer]:
    made = Computer(tmp_path / "data0", 500 + worker_number)
    yield made
    asyncio.run(made.close())  # of a test that failed: desktops outlive their server


def test_desktops_of_a_killed_server_are_adopted_or_ended_with_the_reason(
    server: Callable[..., ToolcribServer], computer: Computer
) -> None:
    crib = server(computer.folder, workers=2, DESKTOP_LOCAL_UIDS=computer.settings.desktop_local_uids)
    ann, ben = crib.user("ann"), crib.user("ben")
    made: dict[str, httpx.Client] = {}

    def scale_up(person: httpx.Client) -> None:
        answer = person.post("/api/connections/scaleup", json={"name": "d1"}, timeout=60).raise_for_status()
        assert answer.json()["status"] == "ready"
        made[answer.json()["name"]] = person

    callers = [threading.Thread(target=scale_up, args=(person,)) for person in (ann, ann, ben)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(made) == 3
    for name, person in made.items():
        place = f"/api/desktops/{name}/files/content"
        person.put(place, params={"path": "note.txt"}, content=name).raise_for_status()
    crib.kill()
    assert sum(words[0] == "Xvnc" for words in computer.processes().values()) == 3
    ending = next(name for name, person in made.items() if person is ann)
    of_ending = [pid for pid, words in computer.processes().items() if words[0] == "Xvnc" and ending in words]
    os.kill(of_ending[0], signal.SIGKILL)
    crib.start()

    wait_until(lambda: state_of(ann, ending)["state"] == "failed", "what the server says of it", 60)
    assert "window server ended" in str(state_of(ann, ending))
    left = {name: person for name, person in made.items() if name != ending}
    for name, person in left.items():
        assert state_of(person, name)["state"] == "running"
        assert person.get(f"/api/desktops/{name}/usage").raise_for_status().json()
        content = person.get(f"/api/desktops/{name}/files/content", params={"path": "note.txt"})
        assert content.text == name
    for name, person in left.items():
        person.post("/api/connections/scaledown", json={"name": name}).raise_for_status()
    wait_until(lambda: not computer.processes(), "the end of all desktops", 60)
    name, person = next(iter(left.items()))
    person.post("/api/connections/resume", json={"name": name}, timeout=60).raise_for_status()
    wait_until(lambda: state_of(person, name)["state"] == "running", "the resumed desktop", 60)
    assert person.get(f"/api/desktops/{name}/files/content", params={"path": "note.txt"}).text == name
    person.post("/api/connections/scaledown", json={"name": name}).raise_for_status()
    wait_until(lambda: all(deleted(owner, each) for each, owner in made.items()), "their deletion", 60)
    wait_until(lambda: computer.leftovers() == [], "the end of everything", 60)


def deleted(person: httpx.Client, name: str) -> bool:
    answer = person.post("/api/connections/permanent-delete", json={"name": name})
    return answer.status_code in (200, 404)
