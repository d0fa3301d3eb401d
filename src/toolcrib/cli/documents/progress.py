"""The progress of a transfer: a bar with speed and time left on a terminal, nothing elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from toolcrib.cli.core.output import clean

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressMeter:
    """The progress of one transfer. Prints nothing unless it has a bar."""

    def __init__(self, bar: "Progress | None" = None, task: "TaskID | None" = None) -> None:
        self._bar = bar
        self._task = task

    def begin(self, label: str, total: int | None, done: int = 0) -> None:
        """Begin a new part of the work, of which `done` of `total` bytes are finished already; None: nobody knows of
        how many."""
        if self._bar is not None and self._task is not None:
            self._bar.reset(self._task, total=total, completed=done, description=clean(label))

    def label(self, text: str) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=clean(text))

    def at(self, done: int) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done)


@contextmanager
def meter(*, quiet: bool = False) -> Iterator[ProgressMeter]:
    if quiet or not sys.stderr.isatty():
        yield ProgressMeter()
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        ProgressColumn,
        Task,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.text import Text

    class Label(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(task.description, overflow="ellipsis", no_wrap=True)

    columns = (Label(), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield ProgressMeter(bar, bar.add_task(escape(""), total=None))
