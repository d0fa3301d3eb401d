"""Threads of the file store's own: a slow disk must not keep the database's waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# Idle threads cost nothing until the first file.
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="blobs")


def submit(
    call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Future[Result]:
    """Start `call` in a thread. The future is the thread's own: cancelling a task that waits for it neither
    stops the call nor makes it look done."""
    return _pool.submit(call, *args, **kwargs)


async def in_thread(
    call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    return await asyncio.wrap_future(submit(call, *args, **kwargs))
