"""A file system of its own below the store: full, then read-only, then well again. Needs the right to mount one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.documents.people import BASE, token
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.databases("sqlite")

MIB = 2**20
SIZE = 8 * MIB
ME = "7d6f1a52-53b5-4f0c-9a5d-0d8c1c6b8f10"
COMPANY = "0a3c2f9e-6a55-4a8b-8d8e-2f4f1f6b7c11"


def _mount(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    done = _mount("-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder))
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Crib:
    def __init__(self, server: ToolcribServer) -> None:
        self.client = httpx.Client(
            base_url=server.url, cookies={"access_token": token(ME, COMPANY)}, timeout=60
        )

    def put(self, path: str, content: bytes) -> httpx.Response:
        place = {"bucket_type": "users", "bucket_id": ME, "logical_path": path}
        return self.client.post(BASE + "/upload/proxy", data=place, files={"file": ("x.bin", content)})

    def fetch(self, path: str) -> httpx.Response:
        place = {"bucket_type": "users", "bucket_id": ME, "logical_path": path}
        return self.client.get(BASE + "/download/proxy", params=place)

    def paths(self) -> list[str]:
        found = self.client.get(BASE + "/list", params={"bucket": "users", "id": ME}).json()["files"]
        return [file["logical_path"] for file in found]

    def check_refused(self, answer: httpx.Response) -> None:
        assert answer.status_code == 503, answer.text
        assert answer.json()["message"] == "minio_unreachable"
        assert answer.json()["error"] == "MINIO_UNREACHABLE"
        assert "/" not in str(answer.json()["details"]), "nothing of the disk is told"

    def is_well(self) -> bool:
        answer = self.client.get(BASE + "/health")
        assert answer.json()["checks"]["storage"]["healthy"] is (answer.status_code == 200)
        return answer.status_code == 200


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


def test_full_then_read_only_then_well_again(server: Callable[..., ToolcribServer], disk: Path) -> None:
    crib = Crib(server(FILES_DIR=str(disk / "files"), TRUST_TOKEN_ISSUERS="*"))
    assert crib.put("kept.bin", b"kept").status_code == 201
    files = disk / "files"

    # Full: in the middle of a file, at its last bytes, and before its first.
    crib.check_refused(crib.put("big.bin", bytes(SIZE + MIB)))
    assert list((files / "drafts").iterdir()) == [], "half a file takes no room"
    assert crib.is_well(), "the room it took is free again"
    (disk / "ballast").write_bytes(bytes(SIZE - 3 * MIB))
    crib.check_refused(crib.put("big.bin", bytes(3 * MIB + 1)))
    _fill(disk / "more")
    crib.check_refused(crib.put("small.bin", b"x"))
    assert not crib.is_well()
    assert crib.fetch("kept.bin").content == b"kept"
    assert crib.paths() == ["kept.bin"]
    assert list((files / "drafts").iterdir()) == []
    (disk / "ballast").unlink()
    (disk / "more").unlink()
    assert crib.is_well()

    # Read-only.
    assert _mount("-o", "remount,ro", str(disk)).returncode == 0
    crib.check_refused(crib.put("small.bin", b"x"))
    assert not crib.is_well()
    assert crib.fetch("kept.bin").content == b"kept"
    assert crib.paths() == ["kept.bin"]
    assert _mount("-o", "remount,rw", str(disk)).returncode == 0
    assert crib.is_well()
    assert crib.put("small.bin", b"x").json()["data"]["version_number"] == 1
    assert crib.fetch("small.bin").content == b"x"
