"""SQLite on a disk that is full: what makes room, and signing in, works all the same."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.full_disk import SmallDisk, small_disk
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer
from toolcrib.kernel.disk_reserve import DiskReserve

pytestmark = pytest.mark.databases("sqlite")

MIB = 2**20
RESERVE_MIB = 8


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(32) as disk:
        yield disk


@pytest.fixture
def crib(disk: SmallDisk, server: Callable[..., ToolcribServer], tmp_path: Path) -> ToolcribServer:
    """Its data directory is the disk; what it prints goes elsewhere."""
    data_dir = tmp_path / "data"
    data_dir.symlink_to(disk.path)
    return server(data_dir, DATABASE_RESERVE_MIB=RESERVE_MIB)


def _paths(count: int) -> list[str]:
    return [f"Content/Maps/{number:05}.umap" for number in range(count)]


def _disk(crib: ToolcribServer) -> tuple[bool, str]:
    """What the health page says of the database's disk."""
    check = crib.admin.get("/api/admin/health").json()["checks"]["disk"]
    return check["healthy"], check["message"]


def test_releasing_deleting_and_signing_in_work_on_a_full_disk(crib: ToolcribServer, disk: SmallDisk) -> None:
    reserve = disk.path / "toolcrib.db-reserve"
    ann = crib.user("ann")
    ann.post("/api/locks", json={"asset_path": "a.uasset", "branch": "main"}).raise_for_status()
    assert reserve.stat().st_size == RESERVE_MIB * MIB
    assert reserve.stat().st_mode & 0o077 == 0

    assert _disk(crib) == (True, "has room")

    disk.fill()
    crib.sign_in("ann").delete("/api/locks/a.uasset").raise_for_status()
    assert not reserve.exists(), "the room of the reserve is for that"
    healthy, message = _disk(crib)
    assert (healthy, message.startswith("it is full")) == (False, True)
    ids = {user["username"]: user["id"] for user in crib.admin.get("/api/admin/users").json()}
    crib.admin.delete(f"/api/admin/users/{ids['ann']}").raise_for_status()
    for number in range(100):  # far more than the room that was left
        crib.sign_in("admin")
        crib.admin.post(
            "/api/locks", json={"asset_path": f"{number}.uasset", "branch": "main"}
        ).raise_for_status()

    disk.make_room()
    crib.sign_in("admin")
    wait_until(reserve.exists, "the reserve to be made again")
    assert _disk(crib) == (True, "has room")
    assert reserve.stat().st_size == RESERVE_MIB * MIB


def test_a_change_larger_than_the_room_that_is_left_gets_that_of_the_reserve(
    crib: ToolcribServer, disk: SmallDisk
) -> None:
    ann = crib.user("ann")
    disk.fill(leave=5 * MIB)
    body = {"action": "lock", "paths": _paths(10_000), "branch": "main"}
    assert ann.post("/api/locks/bulk", json=body).status_code == 201
    assert not (disk.path / "toolcrib.db-reserve").exists()


def test_a_disk_without_room_for_the_reserve_does_not_hinder_a_start(
    crib: ToolcribServer, disk: SmallDisk
) -> None:
    crib.stop()
    (disk.path / "toolcrib.db-reserve").unlink()
    disk.fill(leave=3 * MIB)
    crib.start()
    crib.user("ann")
    assert not (disk.path / "toolcrib.db-reserve").exists()


DIE_BEFORE_THE_RENAME = """
import os, signal, sys
from pathlib import Path
from toolcrib.kernel.disk_reserve import DiskReserve
real = os.posix_fallocate
def allocate(*args):
    real(*args)
    os.kill(os.getpid(), signal.SIGKILL)
os.posix_fallocate = allocate
DiskReserve(Path(sys.argv[1]), int(sys.argv[2])).look()
"""


def test_starts_that_are_killed_while_they_take_the_room_leave_nothing_for_good(tmp_path: Path) -> None:
    database = tmp_path / "toolcrib.db"
    for _ in range(2):
        died = subprocess.run(
            [sys.executable, "-c", DIE_BEFORE_THE_RENAME, str(database), str(MIB)], check=False
        )
        assert died.returncode == -signal.SIGKILL
    assert [each.stat().st_size for each in tmp_path.iterdir()] == [MIB]
    reserve = DiskReserve(database, MIB)
    reserve.look()
    assert list(tmp_path.iterdir()) == [reserve.path]
    assert reserve.give_up()
    assert list(tmp_path.iterdir()) == []
