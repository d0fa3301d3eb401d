"""A file system of its own below the store: full, then read-only, then well again. Needs the right to mount one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.documents.envelope import refused
from tests.documents.webdav import Dav
from tests.servers.crib import Crib, Person
from tests.servers.full_disk import SmallDisk, small_disk
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.databases("sqlite")

MIB = 2**20
SIZE = 8 * MIB


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(SIZE // MIB) as disk:
        yield disk


def _remount(disk: SmallDisk, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk.path)], check=True)


def _paths(ann: Person) -> list[str]:
    return [file["logical_path"] for file in ann.get("/list", bucket="users", id=ann.uuid).json()["files"]]


def _check_refused(answer: httpx.Response) -> None:
    details = refused(answer, 503, "minio_unreachable")
    assert "/" not in str(details), "nothing of the disk is told"


def _is_well(ann: Person) -> bool:
    answer = ann.get("/health")
    assert answer.json()["checks"]["storage"]["healthy"] is (answer.status_code == 200)
    return answer.status_code == 200


def _wait_until_well(ann: Person, files: Path) -> None:
    """Wait until the room that a refused file took is free again. After a failed write the server tries a small one
    every second, until that works: it must not lie on the disk when a test fills it."""
    wait_until(lambda: _is_well(ann), "a healthy store")
    wait_until(lambda: not list((files / "drafts").iterdir()), "half a file to be gone")


def test_full_then_read_only_then_well_again(server: Callable[..., ToolcribServer], disk: SmallDisk) -> None:
    crib = Crib(server(FILES_DIR=str(disk.path / "files"), FILES_KEEP_FREE_MIB=0, TRUST_TOKEN_ISSUERS="*"))
    ann = crib.person()
    assert ann.put("kept.bin", b"kept").status_code == 201
    files = disk.path / "files"

    # Full: in the middle of a file, at its last bytes, and before its first.
    _check_refused(ann.put("big.bin", bytes(SIZE + MIB)))
    _wait_until_well(ann, files)
    disk.fill(leave=3 * MIB)
    _check_refused(ann.put("big.bin", bytes(3 * MIB + 1)))
    _wait_until_well(ann, files)
    disk.fill()
    _check_refused(ann.put("small.bin", b"x"))
    assert not _is_well(ann)
    assert ann.fetch("kept.bin").content == b"kept"
    assert _paths(ann) == ["kept.bin"]
    wait_until(lambda: not list((files / "drafts").iterdir()), "nothing to be left of what was refused")
    disk.make_room()
    wait_until(lambda: _is_well(ann), "health")

    # Read-only.
    _remount(disk, "ro")
    _check_refused(ann.put("small.bin", b"x"))
    assert not _is_well(ann)
    assert ann.fetch("kept.bin").content == b"kept"
    assert _paths(ann) == ["kept.bin"]
    _remount(disk, "rw")
    wait_until(lambda: _is_well(ann), "health")
    assert ann.put("small.bin", b"x").json()["data"]["version_number"] == 1
    assert ann.fetch("small.bin").content == b"x"


def test_uploads_are_refused_that_would_leave_too_little_free(
    server: Callable[..., ToolcribServer], disk: SmallDisk
) -> None:
    crib = Crib(server(FILES_DIR=str(disk.path / "files"), FILES_KEEP_FREE_MIB=4, TRUST_TOKEN_ISSUERS="*"))
    ann = crib.person()
    assert ann.put("kept.bin", bytes(3 * MIB)).status_code == 201
    _check_refused(ann.put("too.bin", bytes(2 * MIB)))
    assert disk.free_bytes > 4 * MIB
    assert Dav(crib, ann).put("too.bin", bytes(2 * MIB)).status_code == 507
    wait_until(lambda: _is_well(ann), "health")
    disk.fill(leave=4 * MIB - 1)
    _check_refused(ann.put("small.bin", b"x"))
    assert not _is_well(ann)
    assert ann.fetch("kept.bin").content == bytes(3 * MIB)
