"""Rows about bytes: content kept once per tenant and counted, and never a row without its bytes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from tests.clock import FakeClock
from tests.kernel.parts import Start, kernel_of
from toolcrib.kernel.blobs import registry
from toolcrib.kernel.blobs.models import Blob, PendingDeletion
from toolcrib.kernel.blobs.problems import BlobMissing, StorageUnavailable
from toolcrib.kernel.blobs.store import Stored, new_key
from toolcrib.kernel.blobs.sweep import Swept, sweep
from toolcrib.kernel.context import Kernel

pytestmark = pytest.mark.every_database

if TYPE_CHECKING:
    from pathlib import Path

GRACE = timedelta(hours=24)


@pytest.fixture
async def kernel(app_server: Start, database_url: str) -> Kernel:
    return kernel_of(await app_server(database_url=database_url))


async def put(kernel: Kernel, content: bytes) -> Stored:
    async def stream() -> AsyncIterator[bytes]:
        yield content

    return await kernel.blobs.put(stream(), max_bytes=2**20)


async def adopt(kernel: Kernel, stored: Stored, tenant: str = "project:p") -> int:
    async with kernel.database.write() as session:
        blob = await registry.adopt(session, tenant, stored, account=tenant, now=kernel.clock())
        return blob.id


async def release(kernel: Kernel, blob_id: int) -> None:
    async with kernel.database.write() as session:
        await registry.release(session, blob_id, now=kernel.clock())


async def rows(kernel: Kernel) -> list[Blob]:
    async with kernel.database.read() as session:
        return list(await session.scalars(select(Blob).order_by(Blob.id)))


async def doomed(kernel: Kernel) -> set[str]:
    async with kernel.database.read() as session:
        return set(await session.scalars(select(PendingDeletion.key)))


async def objects(kernel: Kernel) -> set[str]:
    return {info.key async for page in kernel.blobs.store.pages("blobs") for info in page}


def age(kernel: Kernel, stored: Stored, by: timedelta) -> None:
    """Make the bytes look that old, by the test's clock."""
    root: Path = kernel.blobs.store.root  # type: ignore[attr-defined]
    moment = (kernel.clock() - by).timestamp()
    os.utime(root / stored.key, (moment, moment))


async def test_the_same_content_is_kept_once_for_a_tenant_and_counted(
    kernel: Kernel, clock: FakeClock
) -> None:
    first, second = await put(kernel, b"same"), await put(kernel, b"same")
    assert await adopt(kernel, first) == await adopt(kernel, second)
    (row,) = await rows(kernel)
    assert (row.refs, row.key, row.size, row.sha256) == (2, first.key, 4, first.sha256)
    await sweep(kernel, clock())
    assert await objects(kernel) == {first.key}, "the second bytes go at once: nothing can refer to them"


async def test_tenants_share_nothing(kernel: Kernel) -> None:
    first, second = await put(kernel, b"same"), await put(kernel, b"same")
    assert await adopt(kernel, first, "project:p") != await adopt(kernel, second, "project:q")
    assert [row.refs for row in await rows(kernel)] == [1, 1]
    await sweep(kernel, kernel.clock())
    assert await objects(kernel) == {first.key, second.key}


async def test_bytes_go_a_grace_period_after_their_last_reference(kernel: Kernel, clock: FakeClock) -> None:
    stored = await put(kernel, b"x")
    blob = await adopt(kernel, stored)
    assert await adopt(kernel, stored) == blob
    await release(kernel, blob)
    clock.advance(days=30)
    await sweep(kernel, clock())
    assert [row.refs for row in await rows(kernel)] == [1]

    await release(kernel, blob)
    clock.advance(hours=23)
    assert await sweep(kernel, clock()) == Swept()
    assert await objects(kernel) == {stored.key}
    clock.advance(hours=1)
    assert await sweep(kernel, clock()) == Swept(freed_rows=1, deleted_objects=1)
    assert await rows(kernel) == []
    assert await objects(kernel) == set()
    assert await doomed(kernel) == set()


async def test_content_that_comes_back_in_time_lives_on(kernel: Kernel, clock: FakeClock) -> None:
    stored = await put(kernel, b"x")
    blob = await adopt(kernel, stored)
    await release(kernel, blob)
    clock.advance(hours=23)
    assert await adopt(kernel, await put(kernel, b"x")) == blob
    clock.advance(days=2)
    await sweep(kernel, clock())
    (row,) = await rows(kernel)
    assert (row.refs, row.key, row.unreferenced_at) == (1, stored.key, None)
    assert await objects(kernel) == {stored.key}


async def test_a_reference_cannot_be_given_up_twice(kernel: Kernel) -> None:
    blob = await adopt(kernel, await put(kernel, b"x"))
    await release(kernel, blob)
    with pytest.raises(ValueError, match="no reference"):
        await release(kernel, blob)
    assert [row.refs for row in await rows(kernel)] == [0]


async def test_an_orphan_goes_one_grace_period_after_it_was_first_seen(
    kernel: Kernel, clock: FakeClock
) -> None:
    orphan = await put(kernel, b"orphan")
    kept = await put(kernel, b"kept")
    await adopt(kernel, kept)
    age(kernel, orphan, timedelta(hours=23))
    age(kernel, kept, timedelta(days=100))
    assert await sweep(kernel, clock()) == Swept(), "its row may be on the way"
    clock.advance(hours=1)
    assert await sweep(kernel, clock()) == Swept(new_orphans=1)
    clock.advance(hours=23)
    assert await sweep(kernel, clock()) == Swept()
    assert orphan.key in await objects(kernel), "the database might be the wrong one"
    clock.advance(hours=1)
    assert await sweep(kernel, clock()) == Swept(deleted_objects=1)
    assert await objects(kernel) == {kept.key}


async def test_doomed_bytes_cannot_get_a_row(kernel: Kernel, clock: FakeClock) -> None:
    late = await put(kernel, b"late")
    age(kernel, late, timedelta(days=2))
    await sweep(kernel, clock())
    with pytest.raises(BlobMissing):
        await adopt(kernel, late)
    assert await rows(kernel) == []


async def test_the_next_upload_mends_lost_bytes(kernel: Kernel, clock: FakeClock) -> None:
    lost = await put(kernel, b"x")
    blob = await adopt(kernel, lost)
    await kernel.blobs.store.delete(lost.key)
    async with kernel.database.write() as session:
        assert await registry.mark_lost(session, blob, lost.key, now=clock())
    found = await put(kernel, b"x")
    assert await adopt(kernel, found) == blob
    (row,) = await rows(kernel)
    assert (row.refs, row.key, row.lost_at) == (2, found.key, None)
    async with kernel.database.write() as session:  # a check made before the upload is outdated
        assert not await registry.mark_lost(session, blob, lost.key, now=clock())
    (row,) = await rows(kernel)
    assert row.lost_at is None
    await sweep(kernel, clock())
    assert await objects(kernel) == {found.key}


async def test_a_rolled_back_unit_of_work_leaves_no_reference(kernel: Kernel) -> None:
    stored = await put(kernel, b"x")
    with pytest.raises(RuntimeError):  # noqa: PT012
        async with kernel.database.write() as session:
            await registry.adopt(session, "project:p", stored, account="project:p", now=kernel.clock())
            raise RuntimeError
    assert await rows(kernel) == []


async def test_many_at_once_count_right(kernel: Kernel) -> None:
    stored = await asyncio.gather(*(put(kernel, b"same") for _ in range(16)))
    ids = await asyncio.gather(*(adopt(kernel, each) for each in stored))
    assert len(set(ids)) == 1
    assert [row.refs for row in await rows(kernel)] == [16]
    await asyncio.gather(*(release(kernel, ids[0]) for _ in range(15)))
    (row,) = await rows(kernel)
    assert (row.refs, row.unreferenced_at) == (1, None)


async def test_no_row_is_ever_without_its_bytes_whatever_the_sweep_does_meanwhile(
    kernel: Kernel, clock: FakeClock
) -> None:
    """Uploads of few contents come and go while sweeps run that find everything overdue."""
    overdue = datetime.now(UTC) + timedelta(days=365)
    contents = [b"one", b"two", b"three"]

    async def come_and_go(number: int) -> None:
        for turn in range(6):
            try:
                stored = await put(kernel, contents[(number + turn) % len(contents)])
                blob = await adopt(kernel, stored)
            except (BlobMissing, StorageUnavailable):  # the sweep was faster, and the caller is told
                continue
            async with kernel.database.read() as session:
                row = await session.get_one(Blob, blob)
            assert (await kernel.blobs.head(row.key)).size == row.size
            await release(kernel, blob)

    async def sweep_on() -> None:
        while not done:
            await sweep(kernel, overdue)

    done = False
    sweeper = asyncio.create_task(sweep_on())
    await asyncio.gather(*(come_and_go(number) for number in range(6)))
    done = True
    await sweeper
    for row in await rows(kernel):
        assert (await kernel.blobs.head(row.key)).size == row.size


async def test_one_that_cannot_be_deleted_keeps_no_other(kernel: Kernel, clock: FakeClock) -> None:
    stored = await put(kernel, b"x")
    await adopt(kernel, stored, "project:p")
    root: Path = kernel.blobs.store.root  # type: ignore[attr-defined]
    stubborn = new_key()
    (root / stubborn).mkdir(parents=True)  # a folder where a file should be
    async with kernel.database.write() as session:
        session.add(PendingDeletion(key=stubborn, due_at=clock()))
        session.add(PendingDeletion(key=(gone := new_key()), due_at=clock()))
    assert await sweep(kernel, clock()) == Swept(deleted_objects=1)
    assert await doomed(kernel) == {stubborn}
    assert gone not in await doomed(kernel)
