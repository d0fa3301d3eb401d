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
    """When one request last made progress."""

    __slots__ = ("answers", "cancelling", "client_reads", "client_sends", "is_ended", "last", "limit", "task")

    def __init__(self, seconds: float) -> None:
        self.limit = seconds
        self.last = time.monotonic()
        self.client_sends = self.client_reads = False
        self.answers = False  # it has begun to
        self.is_ended = False
        self.task: asyncio.Task[Any] = asyncio.current_task()  # type: ignore[assignment]  # requests are served in tasks
        self.cancelling = self.task.cancelling()

    def made(self) -> None:
        self.last = time.monotonic()

    def end(self) -> None:
        self.is_ended = True
        self.task.cancel()

    def was_ended(self) -> bool:
        """Whether `end` is why the task was cancelled, which is undone then. To be asked once, of a cancelled task."""
        return self.is_ended and self.task.uncancel() <= self.cancelling


class Watch:
    """The requests under way, and one timer that looks at them all: a timer for each would cost as much as routing."""

    def __init__(self, seconds: float) -> None:
        """A request has `seconds` for its next progress. What takes longer is noticed a tenth of that later at most."""
        self._seconds = seconds
        self._pause = min(1.0, seconds / 10)
        self._under_way: set[Progress] = set()
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> Progress:
        """Watch the request of the present task, until `over`."""
        progress = Progress(self._seconds)
        self._under_way.add(progress)
        _current.set(progress)
        if self._timer is None:
            self._look_later()
        return progress

    def over(self, progress: Progress) -> None:
        self._under_way.discard(progress)

    def _look_later(self) -> None:
        self._due = time.monotonic() + self._pause
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._look)

    def _look(self) -> None:
        now = time.monotonic()
        did_not_run = now - self._due > STALL_SECONDS  # this process: nobody made progress meanwhile
        for progress in self._under_way:
            if progress.client_sends or did_not_run:
                progress.last = now
            elif now - progress.last > progress.limit and not progress.is_ended:
                progress.end()
        self._timer = None
        if self._under_way:
            self._look_later()


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


@contextmanager
def client_sends() -> Iterator[None]:
    """Let no time pass for the present request, for the length of the block."""
    progress = _current.get()
    if progress is None:
        yield
        return
    progress.client_sends = True
    try:
        yield
    finally:
        progress.client_sends = False
        progress.made()


def count_statements(engine: Engine) -> None:
    """Have each statement that `engine` finishes count as progress."""

    @event.listens_for(engine, "after_cursor_execute")
    def finished(*_statement: Any) -> None:
        made_progress()
