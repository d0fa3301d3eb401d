"""A thread pool for the file store alone, so that a slow disk does not delay the database's threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from toolcrib.kernel.progress import made_progress

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def _new_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="blobs")


_pool = _new_pool()  # threads are started only when needed


def submit(
    call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Future[Result]:
    """Start `call` in a thread, and return its future. Cancelling a task that waits for the future does not stop a call
    that has begun; one that is still queued is dropped."""
    return _pool.submit(call, *args, **kwargs)


async def in_thread(
    call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    result = await asyncio.wrap_future(submit(call, *args, **kwargs))
    made_progress()
    return result


def end_threads() -> None:
    """Wait for what runs, and end the threads: a process that forks must have none. The next call starts new ones."""
    global _pool  # noqa: PLW0603 - one for the process
    _pool.shutdown()
    _pool = _new_pool()
