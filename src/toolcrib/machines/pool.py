"""The pool in this process: the way to the hosts, the work under way on them, and who waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import update

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.waits import end_tasks
from toolcrib.machines.hosts.driver import Driver
from toolcrib.machines.hosts.drivers import open_driver
from toolcrib.machines.models import KIND, holds

log = structlog.get_logger()

# A process that works on a host says so by then, again and again. After that, others go on with it.
LEASE = timedelta(seconds=15)
KEEP_SECONDS = 3.0
CLOSE_SECONDS = 10.0


class Pool:
    """`worker` names this process in the rows of the hosts that it works on. `decisions` is what decides who gets which
    machines: see `service.deciding.decisions_of`."""

    def __init__(self, kernel: Kernel, decisions: Any) -> None:
        self.kernel = kernel
        self.decisions = decisions
        self.worker = str(uuid4())
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._waiting: dict[str, set[asyncio.Event]] = {}
        kernel.tail.on_event(self._on_event)

    @cached_property
    def driver(self) -> Driver:
        """Opened when it is first used: servers without machines do without it."""
        settings = self.kernel.settings
        return open_driver(settings.machine_driver, playbooks=settings.machines_playbooks)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` on hosts beside everything else."""
        task = asyncio.create_task(work, name="machines")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="machines lease")

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("machine_work_failed", exc_info=error)

    @property
    def is_busy(self) -> bool:
        return bool(self._tasks)

    async def idle(self) -> None:
        """Wait until this process works on no host."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _keep(self) -> None:
        """While there is work, tell the other processes so. End work whose lease ran out: it may be theirs now."""
        kept_at = asyncio.get_running_loop().time()
        while self._tasks:
            await asyncio.wait(set(self._tasks), timeout=KEEP_SECONDS)
            mine = update(holds).where(holds.c.worker == self.worker)
            try:
                async with self.kernel.database.short_write() as connection:
                    await connection.execute(mine.values(busy_until=self.kernel.clock() + LEASE))
                kept_at = asyncio.get_running_loop().time()
            except Exception as error:  # noqa: BLE001 - the database will be back, or the lease runs out
                log.warning("machine_lease_not_kept", error=failure_in_words(error))
                if asyncio.get_running_loop().time() - kept_at > LEASE.total_seconds() - KEEP_SECONDS:
                    for task in list(self._tasks):
                        task.cancel()
        self._keeper = None

    async def close(self) -> None:
        """Wait a while for what is being done on hosts, then cut it off: the next process goes on with it."""
        await self.decisions.close()
        if self._tasks:
            _done, late = await asyncio.wait(set(self._tasks), timeout=CLOSE_SECONDS)
            await end_tasks(*late)
        if self._keeper is not None:
            await end_tasks(self._keeper)
        if "driver" in self.__dict__:
            await self.driver.aclose()

    # Waiting for a reservation to change

    @contextmanager
    def changes(self, reservation_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever something happened to the accounts of that reservation."""
        event = asyncio.Event()
        self._waiting.setdefault(reservation_id, set()).add(event)
        try:
            yield event
        finally:
            waiting = self._waiting[reservation_id]
            waiting.discard(event)
            if not waiting:
                del self._waiting[reservation_id]

    def _on_event(self, event: Event) -> None:
        if event.kind == KIND:
            for waiting in self._waiting.get(str(event.data.get("reservation")), ()):
                waiting.set()


def pool_of(kernel: Kernel) -> Pool:
    pool: Pool = kernel.kinds[KIND]
    return pool
