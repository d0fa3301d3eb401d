"""The launcher `local`: desktops on the server's own computer.

Its truth is in the files of `<data_dir>/desktops` and in the running processes, so every process of the server sees the
same, and desktops go on while the server is down.
"""

from __future__ import annotations

import asyncio
import os
import textwrap
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from toolcrib.desktops.launchers.launcher import (
    Address,
    HomeFile,
    LauncherDown,
    LauncherError,
    NotSupported,
    Phase,
    Report,
    Usage,
    Volume,
    Wanted,
)
from toolcrib.desktops.launchers.local import homes, programs, sandbox, volumes, x11
from toolcrib.desktops.launchers.local.processes import Identity, marked, sandbox_of, usage
from toolcrib.desktops.launchers.local.record import Record
from toolcrib.desktops.launchers.local.running import Desktops
from toolcrib.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

_AT_A_TIME = 8
_LOOK_SECONDS = 0.02
_BLOCK_BYTES = 2**18
_MESSAGE_LETTERS, _LINE_LETTERS, _MESSAGE_LINES = 1000, 60, 30
_LINE_END = "\x1f"  # as session.sh reads it


class LocalLauncher:
    name = "local"

    def __init__(self, settings: Settings) -> None:
        self._desktops = Desktops(settings)
        self._settings = settings
        self.default_image = next(iter(settings.desktop_local_sessions))
        # Its own threads, since a desktop that is slow to end keeps one for seconds.
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="desktops")

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """
        Raises:
            LauncherDown: files of desktops could not be read or written.
        """
        try:
            return await self._in_home(work, *args, **kwargs)
        except OSError as error:
            raise LauncherDown(f"The files of desktops cannot be used: {error.strerror}.") from error

    async def _in_home(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `_in_thread`, but tells of a file that is not there, is a folder or is none."""
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, partial(work, *args, **kwargs)
            )
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise
        except OSError as error:
            raise LauncherDown(f"The files of desktops cannot be used: {error.strerror}.") from error

    async def check(self) -> None:
        sessions = self._settings.desktop_local_sessions.values()
        await self._in_thread(programs.check, self._desktops.users, sessions=sessions)

    def check_image(self, image: str) -> str | None:
        sessions = self._settings.desktop_local_sessions
        if not image or image in sessions:
            return None
        return f"There is no session of this name on the server. It has: {', '.join(sessions)}."

    async def start(self, wanted: Wanted) -> None:
        await self._in_thread(self._desktops.start, wanted)

    async def wait_ready(
        self, name: str, *, seconds: float, progress: Callable[[str], Awaitable[None]] | None = None
    ) -> Report:
        end = time.monotonic() + seconds
        told = ""
        try:
            record, process = await self._in_thread(self._desktops.running, name)
        except LauncherError:
            return await self.status(name) or Report(Phase.FAILED, "This desktop is not there.")
        ending = asyncio.ensure_future(_ended(process))
        try:
            while not record.was_ready and not ending.done() and (rest := end - time.monotonic()) > 0:
                text = self._desktops.progress(name)
                if progress and text != told:
                    await progress(told := text)
                if await self._sees_window(record, ending, rest):
                    await self._in_thread(self._desktops.set_ready, name, process)
                    break
        finally:
            ending.cancel()
        report = await self.status(name) or Report(Phase.FAILED, "This desktop was removed.")
        if report.phase is Phase.FAILED:
            await self._in_thread(self._desktops.log_failure, name)
        return report

    async def _sees_window(self, record: Record, ending: asyncio.Future[None], seconds: float) -> bool:
        folder = self._desktops.folders.desktop(record.name) / sandbox.MADE / "x11"
        try:
            user = self._desktops.users.of_person(record.owner)
            connection = await self._in_thread(x11.connect, folder, user)
        except x11.NoDisplay:
            await asyncio.wait({ending}, timeout=min(_LOOK_SECONDS, seconds))
            return False
        seeing = asyncio.ensure_future(x11.wait_for_window(connection))
        try:
            await asyncio.wait({ending, seeing}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not seeing.done():
                return False
            try:
                seeing.result()
            except x11.NoDisplay:
                await asyncio.wait({ending}, timeout=min(_LOOK_SECONDS, seconds))
                return False
            return True
        finally:
            seeing.cancel()

    async def say(self, name: str, text: str) -> None:
        """Show `text` in a window, which its person closes."""
        await self._in_thread(self._desktops.running, name)
        shown = "".join(letter if letter.isprintable() else " " for letter in text[:_MESSAGE_LETTERS])
        lines = textwrap.wrap(shown, _LINE_LETTERS)[:_MESSAGE_LINES] or [""]
        await self._in_thread(self._send, name, _LINE_END.join(lines).encode("utf-8", "replace") + b"\n")

    def _send(self, name: str, message: bytes) -> None:
        path = self._desktops.folders.desktop(name) / sandbox.MADE / "messages"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError as error:  # nobody reads there: it is just starting or ending
            raise LauncherError("This desktop does not take messages now.") from error
        try:
            os.write(descriptor, message)
        except OSError as error:
            raise LauncherError("This desktop does not take messages now.") from error
        finally:
            os.close(descriptor)

    async def stop(self, name: str) -> None:
        await self._in_thread(self._desktops.stop, name)

    async def delete(self, name: str, *, home: bool) -> bool:
        return await self._in_thread(self._desktops.delete, name, home=home)

    async def statuses(self) -> Mapping[str, Report]:
        return await self._in_thread(self._desktops.statuses)

    async def status(self, name: str) -> Report | None:
        return await self._in_thread(self._desktops.status, name)

    async def address(self, name: str) -> Address:
        record, _ = await self._in_thread(self._desktops.running, name)
        if record.port:
            return Address(host=record.host, port=record.port)
        return Address(self._desktops.folders.socket(name), needs_password=False)

    async def gateway_address(self, name: str) -> Address:
        record, _ = await self._in_thread(self._desktops.running, name)
        if not record.port:
            raise NotSupported("This desktop was started without a gateway. Stop it and start it again.")
        return Address(host=record.host, port=record.port)

    async def usage(self, name: str) -> Usage:
        return await self._in_thread(self._usage, name)

    def _usage(self, name: str) -> Usage:
        self._desktops.running(name)
        group = self._desktops.group(name)
        cpu = group.cpu_seconds() if group else None
        memory = group.memory_bytes() if group else None
        if cpu is None or memory is None:
            mark = self._desktops.folders.mark
            summed = usage(sandbox_of(marked(mark).get(name, ())).everything)
            cpu = summed[0] if cpu is None else cpu
            memory = summed[1] if memory is None else memory
        return Usage(cpu_seconds=cpu, memory_bytes=memory)

    async def create_volume(self, name: str, size: str) -> Volume:
        desktops = self._desktops
        return await self._in_thread(volumes.create, desktops.folders, desktops.users, name, size)

    async def delete_volume(self, name: str) -> None:
        await self._in_thread(volumes.delete, self._desktops.folders, name)

    async def volumes(self) -> Mapping[str, Volume]:
        return await self._in_thread(volumes.all_of, self._desktops.folders)

    async def prepare_images(self, images: Sequence[str]) -> None:
        raise NotSupported("Sessions on the server's own computer need no preparing.")

    async def list_home(self, name: str, folder: str) -> list[HomeFile]:
        return await self._in_home(homes.entries, self._home(name), folder)

    async def read_home(self, name: str, path: str) -> AsyncIterator[bytes]:
        descriptor, rest = await self._in_home(homes.open_file, self._home(name), path)
        try:
            while rest and (block := await self._in_home(os.read, descriptor, min(rest, _BLOCK_BYTES))):
                rest -= len(block)
                yield block
        finally:
            os.close(descriptor)

    async def write_home(self, name: str, path: str, content: AsyncIterator[bytes]) -> int:
        keep_free = self._settings.files_keep_free_mib * 2**20
        draft = await self._in_home(homes.Draft, self._home(name), path, keep_free=keep_free)
        try:
            async for block in content:
                await self._in_home(draft.write, block)
            await self._in_home(draft.publish)
        finally:
            draft.close()
        return draft.size

    def _home(self, name: str) -> Path:
        return self._desktops.folders.desktop(name) / homes.HOME

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


async def _ended(process: Identity) -> None:
    """Return when this process has ended."""
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if process.is_alive():
            done = asyncio.Event()
            loop.add_reader(descriptor, done.set)
            try:
                await done.wait()
            finally:
                loop.remove_reader(descriptor)
    finally:
        os.close(descriptor)
