"""The file store: one contract for a folder and for S3."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.servers.environment import settings
from tests.servers.s3 import S3Server, s3
from toolcrib.kernel.blobs.intake import BLOCK_BYTES
from toolcrib.kernel.blobs.opening import open_blobs
from toolcrib.kernel.blobs.problems import (
    BlobExists,
    BlobMissing,
    BlobTooLarge,
    HashMismatch,
    SizeMismatch,
    StorageUnavailable,
)
from toolcrib.kernel.blobs.store import Blobs, new_key, new_upload_key
from toolcrib.kernel.logs import begin_request, request_id
from toolcrib.kernel.write_watch import WriteWatch

Open = Callable[..., Blobs]
LIMIT = 64 * 2**20

pytestmark = pytest.mark.usefixtures("folder_store")


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    more = {}
    if request.param == "s3":
        server: S3Server = request.getfixturevalue("s3_server")
        more = server.settings()
    opened = open_blobs(settings(data_dir=tmp_path, **more))
    asyncio.run(opened.store.make())
    return opened


async def pieces(
    content: bytes, size: int = 65_536, *, then: Exception | None = None
) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]
        await asyncio.sleep(0)
    if then is not None:
        raise then


async def content_of(blobs: Blobs, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([block async for block in await blobs.read(key, start, end)])


async def keys(blobs: Blobs) -> list[str]:
    return [info.key async for page in blobs.store.pages("blobs") for info in page]


def drafts(blobs: Blobs) -> list[Path]:
    root: Path | None = getattr(blobs.store, "root", None)
    return list((root / "drafts").iterdir()) if root is not None else []


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES, BLOCK_BYTES + 1, 13 * 2**20])
async def test_what_is_put_can_be_read_whole_and_in_part(blobs: Blobs, size: int) -> None:
    content = os.urandom(size)
    stored = await blobs.put(pieces(content), max_bytes=LIMIT)
    assert stored.size == size
    assert stored.sha256 == sha256(content).hexdigest()
    assert await content_of(blobs, stored.key) == content
    assert (await blobs.head(stored.key)).size == size
    if size > 1:
        middle = size // 2
        assert await content_of(blobs, stored.key, middle) == content[middle:]
        assert await content_of(blobs, stored.key, 1, middle) == content[1:middle]
    assert await keys(blobs) == [stored.key]
    assert drafts(blobs) == []


async def test_each_attempt_has_a_key_of_its_own(blobs: Blobs) -> None:
    first, second = [await blobs.put(pieces(b"same"), max_bytes=LIMIT) for _ in range(2)]
    assert first.key != second.key
    assert first.sha256 == second.sha256


@pytest.mark.parametrize(
    ("announced", "refusal"),
    [
        ({"expected_sha256": "0" * 64}, HashMismatch),
        ({"expected_size": 9_000_001}, SizeMismatch),
        ({"expected_size": 8_999_999}, SizeMismatch),
        ({"max_bytes": 8_999_999}, BlobTooLarge),
        ({"max_bytes": 100, "expected_size": 9_000_000}, BlobTooLarge),
    ],
)
async def test_what_is_not_as_announced_leaves_nothing(
    blobs: Blobs, announced: dict[str, Any], refusal: type[Exception]
) -> None:
    content = bytes(9_000_000)
    with pytest.raises(refusal):
        await blobs.put(pieces(content), **{"max_bytes": LIMIT, **announced})
    assert await keys(blobs) == []
    assert drafts(blobs) == []


async def test_too_much_is_refused_before_all_of_it_was_read(blobs: Blobs) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 65_536
            yield bytes(65_536)

    with pytest.raises(BlobTooLarge):
        await blobs.put(endless(), max_bytes=7 * 2**20)
    assert taken <= 7 * 2**20 + 65_536


@pytest.mark.parametrize("size", [10, 9_000_000])
async def test_a_sender_that_gives_up_leaves_nothing(blobs: Blobs, size: int) -> None:
    class HungUp(Exception):
        pass

    with pytest.raises(HungUp):
        await blobs.put(pieces(bytes(size), then=HungUp()), max_bytes=LIMIT)
    assert await keys(blobs) == []
    assert drafts(blobs) == []


async def test_a_cancelled_upload_leaves_nothing_and_breaks_no_other(tmp_path: Path) -> None:
    blobs = open_blobs(settings(data_dir=tmp_path))

    async def stalled() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield bytes(BLOCK_BYTES)
        await asyncio.sleep(3600)

    upload = asyncio.create_task(blobs.put(stalled(), max_bytes=LIMIT))
    while not drafts(blobs):
        await asyncio.sleep(0.001)
    other = asyncio.create_task(blobs.put(pieces(b"x" * 5_000_000), max_bytes=LIMIT))
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    stored = await other
    assert await content_of(blobs, stored.key) == b"x" * 5_000_000
    while drafts(blobs):  # the thread that had the file lets go of it in its own time
        await asyncio.sleep(0.001)
    assert await keys(blobs) == [stored.key]


async def test_an_upload_cancelled_at_any_moment_keeps_nothing_open(tmp_path: Path) -> None:
    blobs = open_blobs(settings(data_dir=tmp_path))
    await blobs.put(pieces(b"the pool's threads are there"), max_bytes=LIMIT)
    before = len(os.listdir("/proc/self/fd"))

    async def stalled() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(3600)

    for moment in range(60):
        upload = asyncio.create_task(blobs.put(stalled(), max_bytes=LIMIT))
        for _ in range(moment % 6):
            await asyncio.sleep(0)
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
    async with asyncio.timeout(10):
        while drafts(blobs) or len(os.listdir("/proc/self/fd")) > before:
            await asyncio.sleep(0.001)


async def test_missing_bytes_are_told_before_the_first_byte(blobs: Blobs) -> None:
    await blobs.put(pieces(b"another"), max_bytes=LIMIT)
    for key in (new_key(), new_upload_key(), "../../etc/passwd", "blobs/../x", ""):
        with pytest.raises(BlobMissing):
            await blobs.read(key)
        with pytest.raises(BlobMissing):
            await blobs.head(key)


async def test_deleting_twice_is_deleting_once(blobs: Blobs) -> None:
    stored = await blobs.put(pieces(b"gone"), max_bytes=LIMIT)
    await blobs.store.delete(stored.key)
    await blobs.store.delete(stored.key)
    with pytest.raises(BlobMissing):
        await blobs.head(stored.key)


async def test_a_reader_that_stops_early_keeps_nothing_open(tmp_path: Path) -> None:
    blobs = open_blobs(settings(data_dir=tmp_path))
    stored = await blobs.put(pieces(bytes(10 * BLOCK_BYTES)), max_bytes=LIMIT)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        stream = await blobs.read(stored.key)
        async with aclosing(stream):  # type: ignore[type-var]
            await anext(stream)
    for _ in range(1000):
        if len(os.listdir("/proc/self/fd")) <= before:
            break
        await asyncio.sleep(0.005)
    else:
        pytest.fail("files stay open")


async def test_many_uploads_at_once_keep_their_own_bytes(blobs: Blobs) -> None:
    contents = [os.urandom(200_000 + number) for number in range(24)]
    stored = await asyncio.gather(*(blobs.put(pieces(each), max_bytes=LIMIT) for each in contents))
    for one, content in zip(stored, contents, strict=True):
        assert await content_of(blobs, one.key) == content


async def test_the_loop_stays_awake_while_a_file_comes_in(tmp_path: Path) -> None:
    """Hashing, writing and syncing happen in threads."""
    blobs = open_blobs(settings(data_dir=tmp_path))
    block = bytes(BLOCK_BYTES)
    longest = 0.0

    async def source() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield block

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    watcher = asyncio.create_task(watch())
    await blobs.put(source(), max_bytes=2**30)
    watcher.cancel()
    # Processor time of this thread between two turns: hashing one block here would take 0.5 ms or more, each
    # time, and the whole file 100 ms.
    assert longest < 0.05


# Stores in trouble


async def test_a_folder_that_went_away_is_unavailable_and_not_made_anew(tmp_path: Path) -> None:
    blobs = open_blobs(settings(data_dir=tmp_path))
    shutil.rmtree(tmp_path / "files")
    with pytest.raises(StorageUnavailable):
        await blobs.put(pieces(b"x"), max_bytes=LIMIT)
    with pytest.raises(StorageUnavailable):
        await blobs.check()
    assert not (tmp_path / "files").exists()


async def test_tries_of_a_watch_are_no_lines_in_the_log(tmp_path: Path) -> None:
    blobs = open_blobs(settings(data_dir=tmp_path))
    shutil.rmtree(tmp_path / "files")
    tried: list[str] = []
    done = asyncio.Event()

    async def probe() -> None:
        tried.append(request_id())
        with pytest.raises(StorageUnavailable):
            await blobs.store.write(new_key(), pieces(b"x"), size=1)
        done.set()

    watch = WriteWatch("storage", probe)
    begin_request("whose-upload-failed")
    with capture_logs() as told:
        watch.failed("its folder is missing")
        await done.wait()
        begin_request("")
        await watch.close()
    assert tried == [""]  # the request is over long before the tries are
    assert [line["event"] for line in told if line["log_level"] == "error"] == ["writes_fail"]


async def test_a_folder_that_somebody_tidied_away_is_made_again(tmp_path: Path) -> None:
    blobs = open_blobs(settings(data_dir=tmp_path))
    key = new_upload_key()
    await blobs.put(pieces(b"x"), max_bytes=LIMIT, key=key)
    shutil.rmtree(tmp_path / "files" / "uploads")
    with pytest.raises(StorageUnavailable):
        await blobs.put(pieces(b"x"), max_bytes=LIMIT, key=key)
    await blobs.put(pieces(b"x"), max_bytes=LIMIT, key=key)
    assert await content_of(blobs, key) == b"x"


async def test_an_s3_that_is_down_is_unavailable_soon_and_comes_back(tmp_path: Path) -> None:
    with s3() as server:
        blobs = open_blobs(settings(data_dir=tmp_path, **server.settings()))
        with pytest.raises(StorageUnavailable):
            await blobs.check()
        await blobs.store.make()
        assert await blobs.check() == "answers"
        stored = await blobs.put(pieces(b"x"), max_bytes=LIMIT)
        server.stop()
        started = time.monotonic()
        for attempt in (
            blobs.put(pieces(b"x"), max_bytes=LIMIT),
            blobs.put(pieces(bytes(6_000_000)), max_bytes=LIMIT),
            blobs.read(stored.key),
            blobs.head(stored.key),
            blobs.check(),
        ):
            with pytest.raises(StorageUnavailable):
                await attempt
        assert time.monotonic() - started < 60
        server.start()
        again = await blobs.put(pieces(b"again"), max_bytes=LIMIT)
        assert await content_of(blobs, again.key) == b"again"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n", "it answers 500"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<htm\xff", "its answers are not those of S3"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "its answers are not those of S3"),
        (b"", "the connection was lost"),
        (None, "it cannot be reached"),
    ],
)
async def test_health_tells_what_ails_s3(tmp_path: Path, answer: bytes | None, reason: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(answer or b"")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        if answer is None:
            other.close()
        blobs = open_blobs(settings(data_dir=tmp_path, MINIO_ENDPOINT=f"http://127.0.0.1:{port}"))
        with pytest.raises(StorageUnavailable) as failed:
            await blobs.check()
    assert failed.value.reason == reason


async def test_health_says_so(blobs: Blobs) -> None:
    assert await blobs.check()


async def test_a_file_is_synced_before_it_has_its_name_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded at the system's border; nothing else can tell without a power cut."""
    blobs = open_blobs(settings(data_dir=tmp_path))
    root = tmp_path / "files"
    calls: list[tuple[str, str]] = []
    sync, rename = os.fsync, os.rename

    def recorded_sync(descriptor: int) -> None:
        calls.append(("sync", str(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(root))))
        sync(descriptor)

    def recorded_rename(source: Path, target: Path) -> None:
        calls.append(("rename", str(target.relative_to(root))))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", recorded_sync)
    monkeypatch.setattr(os, "rename", recorded_rename)
    stored = await blobs.put(pieces(b"precious"), max_bytes=LIMIT)

    folder = str(Path(stored.key).parent)
    named = calls.index(("rename", stored.key))
    assert calls[0][0] == "sync"
    assert calls[0][1].startswith("drafts/")
    assert ("sync", folder) in calls[named:]
    assert {("sync", "."), ("sync", "blobs")} <= set(calls), "new folders are named by synced folders too"


@pytest.mark.parametrize("refusal", [errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK])
async def test_a_folder_without_hard_links_takes_one_content_for_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int
) -> None:
    """FAT, FUSE and SMB refuse them differently; a test cannot mount each, so the system's call is replaced."""
    blobs = open_blobs(settings(data_dir=tmp_path))

    def refused(_source: Path, _target: Path) -> None:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(os, "link", refused)
    key = new_upload_key()
    await blobs.put(pieces(b"first"), key=key, max_bytes=LIMIT, only_new=True)
    with pytest.raises(BlobExists):
        await blobs.put(pieces(b"second"), key=key, max_bytes=LIMIT, only_new=True)
    assert await content_of(blobs, key) == b"first"
    assert list((tmp_path / "files" / "drafts").iterdir()) == []
