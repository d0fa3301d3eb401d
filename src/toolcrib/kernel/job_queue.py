"""Send a nudge (a request to run a job) to a process that runs it: with taskiq, in this process or over Redis Streams.

A nudge may be lost or arrive twice; `jobs.py` explains why neither does harm.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from taskiq.abc.broker import AsyncBroker
from toolcrib.kernel.redis_health import redis_failure
from toolcrib.kernel.waits import end_tasks, set_within

log = structlog.get_logger()

REDIS_SECONDS = 0.5
REDIS_PAUSE_SECONDS = 5.0
STOP_SECONDS = 5.0


class JobQueue:
    """Sends nudges and runs those that arrive. With Redis every server and worker process does both; each nudge is run
    by one of them."""

    def __init__(self, redis_url: str, run: Callable[[str], Awaitable[None]]) -> None:
        self._redis_url = redis_url
        self._run = run
        self._names: list[str] = []
        self._loading: asyncio.Task[AsyncBroker] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._paused_until = 0.0

    def start(self, names: Iterable[str]) -> None:
        """Start receiving nudges. Returns at once, even if Redis cannot be reached."""
        self._names = list(names)
        if self._redis_url:
            self._listening = asyncio.create_task(self._listen(), name="job-listener")

    async def send(self, name: str) -> None:
        """Have a process run the job. While Redis does not respond, this process runs it."""
        if time.monotonic() >= self._paused_until:
            try:
                await self._carry(name)
                return
            except Exception as error:  # noqa: BLE001 - whatever ails the queue, the job runs
                log.warning("job_queue_unavailable", error=redis_failure(error.__cause__ or error))
                self._paused_until = time.monotonic() + REDIS_PAUSE_SECONDS
        await self._run(name)

    async def _carry(self, name: str) -> None:
        broker = await self._broker()
        task = broker.find_task(name)
        if task is None:
            raise LookupError(name)
        # With the local broker the call returns when the job has run.
        async with asyncio.timeout(REDIS_SECONDS if self._redis_url else None):
            await task.kiq()

    async def stop(self) -> None:
        """Accept no more nudges. The caller waits for the jobs that are running."""
        self._stopping.set()
        if self._listening is not None:
            _done, late = await asyncio.wait([self._listening], timeout=STOP_SECONDS)
            if late:
                # The driver may lose the cancellation of a read, and taskiq cancels it only once: without the
                # connection it ends.
                await self._disconnect()
            await end_tasks(*late)
        await self._disconnect()

    async def _disconnect(self) -> None:
        if self._loading is not None:
            # The broker was never loaded, or Redis cannot be reached: nothing to stop.
            with suppress(Exception):
                await (await self._loading).shutdown()

    async def _broker(self) -> AsyncBroker:
        """Return the broker, loading it when it is first needed: that takes a third of a second and 8 MB, which a
        server without Redis and mail never needs."""
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(self._load), name="job-queue")
        return await asyncio.shield(self._loading)

    def _load(self) -> AsyncBroker:
        from toolcrib.kernel import job_brokers  # noqa: PLC0415

        broker = job_brokers.redis_broker(self._redis_url) if self._redis_url else job_brokers.local_broker()
        for name in self._names:
            broker.register_task(self._task(name), name)
        return broker

    def _task(self, name: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self._run(name)

        return run

    async def _listen(self) -> None:
        broker = await self._broker()
        from toolcrib.kernel import job_brokers  # noqa: PLC0415

        while not self._stopping.is_set():
            try:
                await job_brokers.listen(broker, self._stopping)
            except Exception as error:  # noqa: BLE001 - nudges are run where they arise until Redis is back
                log.warning("job_listener_failed", error=redis_failure(error))
                await set_within(self._stopping, REDIS_PAUSE_SECONDS)
