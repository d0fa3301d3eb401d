"""The progress of a request, and the deadline by which it must make some.

The time begins anew with each piece of a body that arrives or leaves, each answer of the database and each block of
a file, so that long work may take as long as it needs. While the client sends its body, no time passes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Engine, event

from toolcrib.kernel.deadlines import STALL_SECONDS

# Files and answers under way. A file store may need long to finish a file; a reader may pause.
TRANSFER_SECONDS = 300.0

_current: ContextVar[Progress | None] = ContextVar("request_progress", default=None)


class Progress:
    """When a request last made progress, and the timer that looks."""

    __slots__ = ("_due", "_end", "_last", "_loop", "_timer", "client_sends", "limit")

    def __init__(self, seconds: float, end: asyncio.Timeout) -> None:
        self.limit = seconds
        self.client_sends = False
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._last = time.monotonic()
        self._look_in(seconds)

    def made(self) -> None:
        self._last = time.monotonic()

    def over(self) -> None:
        self._timer.cancel()

    def _look_in(self, seconds: float) -> None:
        self._due = time.monotonic() + seconds
        self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        now = time.monotonic()
        if self.client_sends or now - self._due > STALL_SECONDS:  # late: this process did not run meanwhile
            self._last = now
        left = self._last + self.limit - now
        if left > 0:
            self._look_in(left)
        else:
            self._end.reschedule(self._loop.time())


def begin_progress(seconds: float, end: asyncio.Timeout) -> Progress:
    """Watch the present request: after `seconds` without progress, `end` is due at once."""
    progress = Progress(seconds, end)
    _current.set(progress)
    return progress


def made_progress() -> None:
    """Begin the time of the present request anew, if there is one."""
    progress = _current.get()
    if progress is not None:
        progress.made()


@contextmanager
def transfer() -> Iterator[None]:
    """Give the present request the deadline of a transfer, for the length of the block."""
    progress = _current.get()
    if progress is None:
        yield
        return
    before, progress.limit = progress.limit, max(progress.limit, TRANSFER_SECONDS)
    try:
        yield
    finally:
        progress.limit = before
        progress.made()


def count_statements(engine: Engine) -> None:
    """Have each statement that `engine` finishes count as progress."""

    @event.listens_for(engine, "after_cursor_execute")
    def finished(*_statement: Any) -> None:
        made_progress()
