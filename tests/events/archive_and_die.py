"""Moves old events in a process of its own that kills itself at a chosen step: `DATABASE_URL DATA_DIR NOW WHERE`.

WHERE: `stored` (the file is there, nothing else), `deleted` (the events are deleted, the file has no row), or
`committed` (one step is done, the next is not).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.servers.environment import settings
from toolcrib.kernel.blobs.local import LocalObjects
from toolcrib.kernel.blobs.store import Blobs
from toolcrib.kernel.clock import system_clock
from toolcrib.kernel.events import archives
from toolcrib.server import build_kernel


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingStore(LocalObjects):
    """Dies once `after` files are stored, as the next one is to be."""

    def __init__(self, root: Path, after: int) -> None:
        super().__init__(root)
        self.after = after

    async def write(
        self, key: str, blocks: AsyncIterable[bytes], *, size: int | None, only_new: bool = False
    ) -> None:
        if self.after == 0:
            die()
        await super().write(key, blocks, size=size, only_new=only_new)
        self.after -= 1


async def main(url: str, data_dir: str, now: str, where: str) -> None:
    kernel = build_kernel(settings(data_dir=Path(data_dir), database_url=url), system_clock, ())
    if where == "committed":
        kernel.blobs = Blobs(DyingStore(kernel.settings.data_dir / "files", after=1))

    before = {"stored": "DELETE FROM events", "deleted": "INSERT INTO event_archives"}.get(where)

    def watch(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if before and statement.startswith(before):
            die()

    event.listen(Engine, "before_cursor_execute", watch)
    await archives.archive_old(kernel, datetime.fromisoformat(now), 30)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
