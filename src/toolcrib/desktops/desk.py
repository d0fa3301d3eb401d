"""The desktops in this process: the way to the platform, the work under way there, and who waits for it."""

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

from toolcrib.desktops.launchers.launcher import Launcher
from toolcrib.desktops.launchers.opening import find_launcher
from toolcrib.desktops.models import KIND, desktops
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.waits import end_tasks

log = structlog.get_logger()

# A process that works on a desktop says so by then, again and again. After that, others go on with it.
LEASE = timedelta(seconds=15)
KEEP_SECONDS = 3.0
CLOSE_SECONDS = 10.0


class Desk:
    """`worker` names this process in the rows of the desktops that it works on.

    Raises:
        UnknownLauncher: the settings name a launcher that is not installed.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._launcher = find_launcher(kernel.settings.desktop_launcher)
        self.worker = str(uuid4())
        # Why the platform could not be used when it was last asked; None if it could.
        self.problem: str | None = None
        # When the platform was last found usable, and last asked of its volumes, by the loop's time.
        self.checked_at = self.volumes_looked_at = float("-inf")
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._waiting: dict[str, set[asyncio.Event]] = {}
        kernel.tail.on_event(self._on_event)

    @cached_property
    def launcher(self) -> Launcher:
        """Opened when it is first used: servers without desktops do without it."""
        made: Launcher = self._launcher.load()(self.kernel.settings)
        return made

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` on the desktop `name` beside everything else."""
        task = asyncio.create_task(work, name=f"desktop {name}")
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._done(name, done))
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="desktops lease")

    def _done(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("desktop_work_failed", desktop=name, exc_info=error)

    def is_working_on(self, name: str) -> bool:
        return name in self._tasks

    async def idle(self) -> None:
        """Wait until this process works on no desktop."""
        while self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    async def _keep(self) -> None:
        """While there is work, tell the other processes so. End work whose lease ran out: it may be theirs now."""
        kept_at = asyncio.get_running_loop().time()
        while self._tasks:
            await asyncio.wait(set(self._tasks.values()), timeout=KEEP_SECONDS)
            mine = update(desktops).where(desktops.c.worker == self.worker)
            try:
                async with self.kernel.database.short_write() as connection:
                    await connection.execute(mine.values(busy_until=self.kernel.clock() + LEASE))
                kept_at = asyncio.get_running_loop().time()
            except Exception as error:  # noqa: BLE001 - the database will be back, or the lease runs out
                log.warning("desktop_lease_not_kept", error=failure_in_words(error))
                if asyncio.get_running_loop().time() - kept_at > LEASE.total_seconds() - KEEP_SECONDS:
                    for task in list(self._tasks.values()):
                        task.cancel()
        self._keeper = None

    async def close(self) -> None:
        """Wait a while for what is being done, then cut it off: the next process goes on with it."""
        if self._tasks:
            _done, late = await asyncio.wait(set(self._tasks.values()), timeout=CLOSE_SECONDS)
            await end_tasks(*late)
        if self._keeper is not None:
            await end_tasks(self._keeper)
        if "launcher" in self.__dict__:
            await self.launcher.aclose()

    # Waiting for a desktop to change

    @contextmanager
    def changes(self, name: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever something happened to that desktop."""
        event = asyncio.Event()
        self._waiting.setdefault(name, set()).add(event)
        try:
            yield event
        finally:
            waiting = self._waiting[name]
            waiting.discard(event)
            if not waiting:
                del self._waiting[name]

    def _on_event(self, event: Event) -> None:
        if event.kind == KIND:
            for waiting in self._waiting.get(event.key, ()):
                waiting.set()


def desk_of(kernel: Kernel) -> Desk:
    desk: Desk = kernel.kinds[KIND]
    return desk
