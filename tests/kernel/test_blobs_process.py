"""The file store seen from outside its process: killed, out of room, and how much memory it takes."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.servers.environment import child_environment, settings
from tests.servers.process import wait_until
from tests.servers.s3 import S3Server
from toolcrib.kernel.blobs.opening import open_blobs
from toolcrib.kernel.blobs.problems import StorageFull

MIB = 2**20

pytestmark = pytest.mark.usefixtures("folder_store")

UPLOAD = """
import asyncio, sys
from toolcrib.kernel.blobs.opening import open_blobs
from toolcrib.settings import Settings

def resident():
    text = open("/proc/self/status").read()
    return {name: int(text.split(name + ":")[1].split()[0]) // 1024 for name in ("VmRSS", "VmHWM")}

async def source(mib, pause):
    piece = bytes(65536)
    for number in range(mib * 16):
        yield piece
        if number % 64 == 0:
            await asyncio.sleep(pause)

async def main(mib, pause):
    blobs = open_blobs(Settings())
    await blobs.store.make()
    # Whatever is loaded on first use is not the file's share, nor are the parts that are on their way at once.
    small = await blobs.put(source(32, 0), max_bytes=2**40)
    async for _ in await blobs.read(small.key):
        pass
    await blobs.store.delete(small.key)
    open("/proc/self/clear_refs", "w").write("5")  # forget the peak so far
    before = resident()["VmRSS"]
    print("started", flush=True)
    stored = await blobs.put(source(mib, pause), max_bytes=2**40)
    after_put = resident()["VmHWM"]
    taken = 0
    async for block in await blobs.read(stored.key):
        taken += len(block)
    print(stored.size, taken, after_put - before, resident()["VmHWM"] - before, flush=True)

asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
"""


def uploader(mib: int, pause: float = 0.0, **environment: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", UPLOAD, str(mib), str(pause)],
        env=child_environment(**environment),
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("store", "mib"), [("folder", 512), ("s3", 96)])
def test_memory_does_not_grow_with_the_file(
    store: str, mib: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    environment: dict[str, Any] = {"DATA_DIR": str(tmp_path)}
    if store == "s3":
        server: S3Server = request.getfixturevalue("s3_server")
        environment |= server.settings()
    child = uploader(mib, **environment)
    output, _ = child.communicate(timeout=150)
    assert child.returncode == 0, output
    size, read, put_mib, whole_mib = map(int, output.splitlines()[-1].split())
    print(f"{store}: {mib} MiB in moved memory by {put_mib} MiB, in and out by {whole_mib} MiB")
    assert size == read == mib * MIB
    assert put_mib < 32, f"an upload of {mib} MiB moved memory by {put_mib} MiB"
    assert whole_mib < 32, f"a download of {mib} MiB moved memory by {whole_mib} MiB"


async def test_killed_in_the_middle_leaves_only_what_the_sweep_removes(tmp_path: Path) -> None:
    blobs = open_blobs(settings(data_dir=tmp_path))
    drafts = tmp_path / "files" / "drafts"
    child = uploader(64, pause=0.1, DATA_DIR=str(tmp_path))
    assert child.stdout is not None
    assert child.stdout.readline() == "started\n"
    wait_until(lambda: any(d.stat().st_size > MIB for d in drafts.iterdir()), "bytes on the disk")
    await blobs.store.tidy(datetime.now(UTC) + timedelta(days=30))
    assert len(list(drafts.iterdir())) == 1, "still written, whatever the clock says"
    child.kill()
    child.wait()
    assert [page async for page in blobs.store.pages("blobs")] == []
    now = datetime.now(UTC)
    await blobs.store.tidy(now - timedelta(hours=1))
    assert len(list(drafts.iterdir())) == 1, "young: it might be an upload under way"
    await blobs.store.tidy(now + timedelta(seconds=1))
    assert list(drafts.iterdir()) == []


def test_a_full_disk_refuses_and_keeps_nothing_half_written(tmp_path: Path) -> None:
    """As near as a test without a disk of its own comes: the system refuses every byte beyond 3 MiB."""

    async def source() -> AsyncIterator[bytes]:
        for _ in range(128):
            yield bytes(65_536)

    async def fill() -> None:
        blobs = open_blobs(settings(data_dir=tmp_path))
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3 * MIB, before[1]))
        try:
            with pytest.raises(StorageFull):
                await blobs.put(source(), max_bytes=2**40)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert list((tmp_path / "files" / "drafts").iterdir()) == []
        assert [page async for page in blobs.store.pages("blobs")] == []
        assert (await blobs.put(source(), max_bytes=2**40)).size == 8 * MIB

    asyncio.run(fill())
