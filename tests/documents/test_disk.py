"""A file system of its own below the store: full, then read-only, then well again. Needs the right to mount one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.documents.envelope import refused
from tests.servers.crib import Crib, Person
from tests.servers.process import absent
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.databases("sqlite")

MIB = 2**20
SIZE = 8 * MIB


def _mount(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    done = _mount("-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder))
    if done.returncode != 0:
        absent(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _paths(ann: Person) -> list[str]:
    return [file["logical_path"] for file in ann.get("/list", bucket="users", id=ann.uuid).json()["files"]]


def _check_refused(answer: httpx.Response) -> None:
    details = refused(answer, 503, "minio_unreachable")
    assert "/" not in str(details), "nothing of the disk is told"


def _is_well(ann: Person) -> bool:
    answer = ann.get("/health")
    assert answer.json()["checks"]["storage"]["healthy"] is (answer.status_code == 200)
    return answer.status_code == 200


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


def test_full_then_read_only_then_well_again(server: Callable[..., ToolcribServer], disk: Path) -> None:
    crib = Crib(server(FILES_DIR=str(disk / "files"), TRUST_TOKEN_ISSUERS="*"))
    ann = crib.person()
    assert ann.put("kept.bin", b"kept").status_code == 201
    files = disk / "files"

    # Full: in the middle of a file, at its last bytes, and before its first.
    _check_refused(ann.put("big.bin", bytes(SIZE + MIB)))
    assert list((files / "drafts").iterdir()) == [], "half a file takes no room"
    assert _is_well(ann), "the room it took is free again"
    (disk / "ballast").write_bytes(bytes(SIZE - 3 * MIB))
    _check_refused(ann.put("big.bin", bytes(3 * MIB + 1)))
    _fill(disk / "more")
    _check_refused(ann.put("small.bin", b"x"))
    assert not _is_well(ann)
    assert ann.fetch("kept.bin").content == b"kept"
    assert _paths(ann) == ["kept.bin"]
    assert list((files / "drafts").iterdir()) == []
    (disk / "ballast").unlink()
    (disk / "more").unlink()
    assert _is_well(ann)

    # Read-only.
    assert _mount("-o", "remount,ro", str(disk)).returncode == 0
    _check_refused(ann.put("small.bin", b"x"))
    assert not _is_well(ann)
    assert ann.fetch("kept.bin").content == b"kept"
    assert _paths(ann) == ["kept.bin"]
    assert _mount("-o", "remount,rw", str(disk)).returncode == 0
    assert _is_well(ann)
    assert ann.put("small.bin", b"x").json()["data"]["version_number"] == 1
    assert ann.fetch("small.bin").content == b"x"
