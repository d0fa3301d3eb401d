"""Limit how many passwords are hashed at once: bounded queues, and one at a time for each person or address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from toolcrib.kernel.problems import Problem

# How many may wait in one queue, and how many for the turn of one key.
LONGEST_QUEUE = 64

Result = TypeVar("Result")


class SignInBusy(Problem):
    """This process has more passwords to check than it can handle; try again."""

    code, status = "busy", 503

    @classmethod
    def now(cls) -> SignInBusy:
        return cls("Too many passwords are being checked at this moment.", headers={"Retry-After": "2"})


class HashingThreads:
    """A thread pool for hashing with a bounded queue. `argon2` releases the interpreter's lock."""

    def __init__(self, count: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._longest = LONGEST_QUEUE
        self._waiting = 0

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """Run `work` in a thread and return its result.

        Raises:
            SignInBusy: too many are waiting (503).
        """
        if self._waiting >= self._longest:
            raise SignInBusy.now()
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Turns:
    """Lets one task at a time proceed for each key, first come, first served."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}

    @asynccontextmanager
    async def take(self, key: str) -> AsyncIterator[None]:
        """Wait for the turn of `key`, and have it until the block ends.

        Raises:
            SignInBusy: too many are waiting for it (503).
        """
        turn = self._turns.setdefault(key, _Turn())
        if turn.users > LONGEST_QUEUE:
            raise SignInBusy.now()
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[key]
