"""Conversions in this process: it takes contents that wait, runs the converter, and records what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy.exc import SQLAlchemyError

from toolcrib.kernel.blobs.naming import forget, forgetting_refused
from toolcrib.kernel.blobs.problems import BlobMissing, StorageUnavailable
from toolcrib.kernel.blobs.registry import refuse_pending_deletion
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.waits import end_tasks
from toolcrib.parts.conversion import process, rows
from toolcrib.parts.conversion.outcomes import Converted, Failed, Interrupted, is_installed
from toolcrib.parts.conversion.slots import Slot, take_slot
from toolcrib.parts.converter.answers import MODEL, PICTURE, SOURCE
from toolcrib.parts.converter.limits import FILE_BYTES

log = structlog.get_logger()

NAME = "parts.conversion"
KEEP_SECONDS = 5.0
READ_BYTES = 1024 * 1024


class Workshop:
    """`worker` names this process in the rows of what it converts."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.worker = str(uuid4())
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._changed: dict[str, set[asyncio.Event]] = {}
        self._closing = False
        kernel.tail.on_event(self._on_event)

    # Converting

    async def start_due(self) -> None:
        """Begin to convert what waits, as far as slots are free. Returns at once."""
        if not is_installed():
            return
        settings = self.kernel.settings
        while not self._closing and len(self._tasks) < settings.convert_concurrency:
            async with self.kernel.database.read() as session:
                if not await rows.is_any_due(session, self.kernel.clock()):
                    return
            slot = await asyncio.to_thread(take_slot, settings.data_dir, settings.convert_concurrency)
            if slot is None:
                return
            taken = await self._take()
            if taken is None:
                slot.give_back()
                return
            self._start(slot, taken)

    def _start(self, slot: Slot, sha256: str) -> None:
        task = asyncio.create_task(self._work(slot, sha256), name="convert")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="conversion lease")

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("conversion_failed", exc_info=error)
        if not self._closing:
            # What was asked for while no slot was free.
            self.kernel.jobs.nudge(rows.CONVERT_JOB)

    @property
    def is_busy(self) -> bool:
        return bool(self._tasks)

    async def idle(self) -> None:
        """Wait until this process converts nothing."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _take(self) -> str | None:
        kernel = self.kernel
        async with kernel.database.write() as session:
            return await rows.take(session, self.worker, kernel.settings, now=kernel.clock())

    async def _work(self, slot: Slot, sha256: str) -> None:
        """Convert this content, and in the same slot whatever waits then."""
        following: str | None = sha256
        try:
            while following is not None:
                await self._convert(slot, following)
                following = None if self._closing else await self._take()
        finally:
            slot.give_back()

    async def _convert(self, slot: Slot, sha256: str) -> None:
        try:
            outcome = await self._attempt(slot, sha256)
        except (StorageUnavailable, OSError) as error:
            outcome = Interrupted(failure_in_words(error))
        except asyncio.CancelledError:
            await asyncio.shield(self._put_back(sha256, timedelta(0), counts=False))
            raise
        except SQLAlchemyError:
            await self._put_back(sha256, rows.LATER, counts=False)
            raise
        if isinstance(outcome, Failed):
            log.info("conversion_refused", sha256=sha256, problem=outcome.problem)
            async with self.kernel.database.write() as session:
                settings, now = self.kernel.settings, self.kernel.clock()
                await rows.failed(session, sha256, self.worker, outcome.problem, settings, now=now)
        elif isinstance(outcome, Interrupted):
            log.warning("conversion_interrupted", sha256=sha256, reason=outcome.reason)
            delay = timedelta(0) if outcome.counts else rows.LATER
            await self._put_back(sha256, delay, counts=outcome.counts)

    async def _attempt(self, slot: Slot, sha256: str) -> Failed | Interrupted | None:
        """Run the converter. Returns None if the model was recorded, or nobody needs it."""
        await asyncio.to_thread(slot.empty)
        if not await self._fetch(sha256, slot.folder / SOURCE):
            return Interrupted("the file store does not have the content")
        outcome = await process.run(slot.folder, self.kernel.settings)
        if isinstance(outcome, Converted):
            await self._record(sha256, slot.folder, outcome)
            return None
        return outcome

    async def _fetch(self, sha256: str, target: Path) -> bool:
        async with self.kernel.database.read() as session:
            keys = await rows.source_keys(session, sha256)
        for key in keys:
            try:
                stream = await self.kernel.blobs.read(key)
            except BlobMissing:
                continue
            with target.open("wb") as file:
                async for block in stream:
                    await asyncio.to_thread(file.write, block)
            return True
        return False

    async def _record(self, sha256: str, folder: Path, outcome: Converted) -> None:
        kernel = self.kernel
        async with forgetting_refused(kernel.blobs) as new:
            model = await kernel.blobs.put(_blocks(folder / MODEL), max_bytes=FILE_BYTES)
            new.append(model)
            picture: Stored | None = None
            if outcome.has_picture:
                picture = await kernel.blobs.put(_blocks(folder / PICTURE), max_bytes=FILE_BYTES)
                new.append(picture)
            async with kernel.database.write() as session:
                await refuse_pending_deletion(session, [each.key for each in new])
                is_recorded = await rows.converted(
                    session,
                    sha256,
                    self.worker,
                    model=model,
                    picture=picture,
                    figures=outcome.figures,
                    now=kernel.clock(),
                )
        if not is_recorded:
            await forget(kernel.blobs, new)

    async def _put_back(self, sha256: str, delay: timedelta, *, counts: bool) -> None:
        try:
            async with self.kernel.database.write() as session:
                now = self.kernel.clock()
                await rows.put_back(session, sha256, self.worker, counts=counts, delay=delay, now=now)
        except SQLAlchemyError as error:  # its lease runs out
            log.warning("conversion_not_put_back", error=failure_in_words(error))

    async def _keep(self) -> None:
        """While there is work, tell the other processes so. End work whose lease ran out: it may be theirs now."""
        loop = asyncio.get_running_loop()
        kept_at = loop.time()
        while self._tasks:
            await asyncio.wait(set(self._tasks), timeout=KEEP_SECONDS)
            try:
                async with self.kernel.database.short_write() as connection:
                    await connection.execute(rows.keep(self.worker, until=self.kernel.clock() + rows.LEASE))
                kept_at = loop.time()
            except Exception as error:  # noqa: BLE001 - the database will be back, or the lease runs out
                log.warning("conversion_lease_not_kept", error=failure_in_words(error))
                if loop.time() - kept_at > rows.LEASE.total_seconds() - KEEP_SECONDS:
                    for task in list(self._tasks):
                        task.cancel()
        self._keeper = None

    async def close(self) -> None:
        """Cut off what is being converted: the next process begins it anew."""
        self._closing = True
        await end_tasks(*self._tasks)
        if self._keeper is not None:
            await end_tasks(self._keeper)

    # Waiting for a content

    def watch(self, sha256: str) -> asyncio.Event:
        """Return an event that is set at each change of this content, until `unwatch`."""
        event = asyncio.Event()
        self._changed.setdefault(sha256, set()).add(event)
        return event

    def unwatch(self, sha256: str, event: asyncio.Event) -> None:
        watching = self._changed[sha256]
        watching.discard(event)
        if not watching:
            del self._changed[sha256]

    def _on_event(self, event: Any) -> None:
        if event.verb in ("conversion_done", "conversion_failed"):
            for each in self._changed.get(str(event.data.get("sha256")), ()):
                each.set()


async def _blocks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while block := await asyncio.to_thread(file.read, READ_BYTES):
            yield block


def workshop_of(kernel: Kernel) -> Workshop:
    workshop: Workshop = kernel.kinds[NAME]
    return workshop


def start(kernel: Kernel) -> None:
    """Let this process convert, and wait for what others convert."""
    kernel.kinds[NAME] = Workshop(kernel)


async def stop(kernel: Kernel) -> None:
    await workshop_of(kernel).close()
