"""The server of a soak, and what faults act upon: its disk, and the way to its database."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from tests.servers.databases import Databases
from tests.servers.full_disk import SmallDisk, small_disk
from tests.servers.mariadb import mariadb
from tests.servers.postgresql import postgresql
from tests.servers.process import NotReady
from tests.servers.tcp_proxy import TcpProxy, tcp_proxy
from tests.servers.toolcrib import ToolcribServer

DISK_MIB = 2048
STARTS = 10
SETTINGS = {
    "FILES_KEEP_FREE_MIB": 4,
    "DATABASE_RESERVE_MIB": 8,
    "DATABASE_TIMEOUT_SECONDS": 5,
    "REQUEST_TIMEOUT_SECONDS": 15,
    "LOG_FORMAT": "json",
}


@dataclass
class Stage:
    database: str
    server: ToolcribServer
    disk: SmallDisk | None
    proxy: TcpProxy | None
    # A server ends with the thread that started it, so that is one that lasts.
    thread: ThreadPoolExecutor

    async def apart(self, call: Callable[..., None], *arguments: object) -> None:
        """Run what starts or stops servers, without keeping the event loop."""
        await asyncio.get_running_loop().run_in_executor(self.thread, call, *arguments)

    def start(self) -> None:
        """Start the server until it runs, as a supervisor does: it may lose its database while it starts, and ends."""
        for left in reversed(range(STARTS)):
            try:
                self.server.start()
            except NotReady:
                if not left:
                    raise
            else:
                return

    def heal(self) -> None:
        """End all faults. The server runs, and answers, when this returns."""
        if self.disk is not None:
            self.disk.make_room()
        if self.proxy is not None:
            self.proxy.slow(0)
        if not self.server.running:
            self.start()


@contextmanager
def stage(database: str, *, workers: int) -> Iterator[Stage]:
    """A server on a fresh database, gone at the end. Its disk can only be filled where we are root."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toolcrib-soak-")))
        disk = stack.enter_context(small_disk(DISK_MIB)) if os.geteuid() == 0 else None
        data = folder / "data"  # the log is beside it, and not on the disk that is filled
        if disk is not None:
            (disk.path / "data").mkdir(mode=0o700)
            data.symlink_to(disk.path / "data")
        settings: dict[str, Any] = {**SETTINGS}
        proxy: TcpProxy | None = None
        if database != "sqlite":
            source: Databases = (
                stack.enter_context(postgresql(durable=True))
                if database == "postgresql"
                else stack.enter_context(mariadb(durable=True))
            )
            url = make_url(source.fresh("migrated").url)
            assert url.port is not None
            proxy = stack.enter_context(tcp_proxy(url.port))
            settings["DATABASE_URL"] = url.set(port=proxy.port).render_as_string(hide_password=False)
        thread = stack.enter_context(ThreadPoolExecutor(1))
        server = ToolcribServer(data, workers=workers, **settings)
        stack.callback(_keep_log, server)
        stack.callback(server.close)
        yield Stage(database, server, disk, proxy, thread)


def _keep_log(server: ToolcribServer) -> None:
    kept = Path(tempfile.gettempdir()) / "toolcrib-soak.log"
    if server.log.exists():
        shutil.copy(server.log, kept)
