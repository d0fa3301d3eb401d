"""A server that is killed at any commit, and at any step on the platform: rows, claims and platform agree soon
afterwards, and nothing is left of what was deleted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from tests.claims.kinds import run
from tests.desktops.fake_launcher import NAME, Platform
from tests.servers import command, killing
from tests.servers.process import wait_until
from tests.servers.sqlite import fill_data_dir
from tests.servers.toolcrib import ToolcribServer
from toolcrib.desktops.models import desktops
from toolcrib.kernel.clock import system_clock
from toolcrib.kernel.jobs import schedule

ROOT = Path(__file__).parents[2]
# A desktop's life makes fewer commits than that.
MOST_COMMITS = 60


class Killed:
    """A server that can be told when to die, and what is true around it."""

    def __init__(self, folder: Path, site: Path) -> None:
        self.data, self.kill_file = folder / "data", folder / "commits"
        fill_data_dir(self.data)
        self.server = ToolcribServer(
            self.data,
            process=command.Background,
            PYTHONPATH=os.pathsep.join([str(Path(killing.__file__).parent), str(site), str(ROOT)]),
            KILL_FILE=self.kill_file,
            KILL_TABLES="desktop",
            DESKTOP_LAUNCHER=NAME,
            DESKTOP_RATE="100000/minute",
        )
        self.platform = Platform(self.data / "platform")
        made = self.call("POST", "/api/storage-pvcs/create", name="data1", exclusive=True, is_public=True)
        self.volume = made["pvc"]["id"]

    def call(self, method: str, url: str, **body: Any) -> Any:
        answer = self.server.admin.request(method, url, json=body or None)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def live(self) -> None:
        """A whole life of a desktop."""
        made = self.call("POST", "/api/connections/scaleup", name="d1", persistent_home=False)
        name, number = made["name"], made["id"]
        self.platform.home(name).joinpath("work").write_text("kept")
        self.call("POST", "/api/connections/attach-pvc", connection_id=number, pvc_id=self.volume)
        assert self.platform.home(name).joinpath("work").read_text() == "kept"
        self.call("POST", "/api/connections/detach-pvc", connection_id=number)
        self.call("POST", "/api/connections/scaledown", name=name)

    def recover(self) -> None:
        """Start it again, when its leases have run out, and wait until nothing is under way."""
        self.server.kill()  # its launcher of processes, too
        database = f"sqlite+aiosqlite:///{self.data / 'toolcrib.db'}"
        now = system_clock()
        run(
            database,
            update(desktops).values(busy_until=None, next_at=now),
            update(schedule).where(schedule.c.name.startswith("desktops.")).values(next_at=now),
        )
        self.server.start()
        wait_until(self.is_settled, "nothing to be under way", seconds=30)

    def is_settled(self) -> bool:
        return all(each["state"] in ("running", "stopped", "failed") for each in self.desktops())

    def desktops(self) -> list[Any]:
        found: list[Any] = self.call("GET", "/api/desktops?everyone=true")["desktops"]
        return found

    def check(self) -> None:
        """Rows, claims and platform agree."""
        shown = self.desktops()
        running = {each["name"] for each in shown if each["state"] == "running"}
        assert self.platform.running() == running
        assert self.platform.homes() <= {each["name"] for each in shown}
        keys = {claim["key"] for claim in self.call("GET", "/api/claims?kind=desktop")["claims"]}
        volumes = {"volume/data1" for each in shown if each["state"] == "running" and each["volume"]}
        assert keys == running | {f"home/{name}" for name in running} | volumes
        for each in shown:
            there = self.platform.desktop(each["name"])
            if each["state"] == "running":
                assert there is not None
                assert there["volume"] == each["volume"]

    def clean(self) -> None:
        for each in self.desktops():
            if each["state"] == "running":
                self.call("POST", f"/api/desktops/{each['name']}/stop")
            else:
                self.call("DELETE", f"/api/desktops/{each['name']}")
        wait_until(lambda: not self.desktops(), "all to be gone", seconds=30)
        assert not self.platform.known() | self.platform.homes() | self.platform.running()


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, fake_site: Path) -> Iterator[Killed]:
    made = Killed(tmp_path_factory.mktemp("desktop-kills"), fake_site)
    yield made
    made.server.close()


def dies(killed: Killed, act: Callable[[], object]) -> bool:
    with suppress(httpx.TransportError):
        act()
        return False
    return True


def test_a_kill_at_any_commit(killed: Killed) -> None:
    commits = 1
    while commits < MOST_COMMITS:
        killed.kill_file.write_text(str(commits))
        if not dies(killed, killed.live):
            break
        killed.recover()
        killed.check()
        killed.clean()
        commits += 2 if commits > 8 else 1
    killed.kill_file.unlink(missing_ok=True)
    assert 8 < commits < MOST_COMMITS


@pytest.mark.parametrize("verb", ["start", "wait_ready", "stop", "delete"])
@pytest.mark.parametrize("when", ["kill", "kill_after"])
def test_a_kill_at_any_step_on_the_platform(killed: Killed, verb: str, when: str) -> None:
    killed.platform.order(**{verb: when})

    def live_and_be_deleted() -> None:
        killed.live()
        wait_until(lambda: not killed.desktops(), "it to be gone")

    assert dies(killed, live_and_be_deleted)
    killed.recover()
    killed.check()
    killed.clean()


def test_what_runs_is_there_after_a_kill(killed: Killed) -> None:
    names = [killed.call("POST", "/api/connections/scaleup", name=f"d{n}")["name"] for n in range(2)]
    before = {each["name"]: (each["state"], each["fence"], each["ends_at"]) for each in killed.desktops()}
    killed.recover()
    after = {each["name"]: (each["state"], each["fence"], each["ends_at"]) for each in killed.desktops()}
    assert before == after
    assert killed.platform.running() == set(names)
    for _ in range(2):  # stopped, then deleted
        for each in killed.desktops():
            if each["state"] == "running":
                killed.call("POST", f"/api/desktops/{each['name']}/stop")
        wait_until(killed.is_settled, "them to stop")
    killed.clean()
