"""Run the converter's process, within limits, and read what came of it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from toolcrib.kernel.waits import set_within
from toolcrib.parts.conversion.outcomes import Converted, Failed, Interrupted, Outcome, Problem
from toolcrib.parts.converter.answers import MODEL, PICTURE, RESULT, Exit
from toolcrib.settings import Settings

PROGRAM = "toolcrib.parts.converter"
MAGIC = b"glTF"
# With less room than this on the disk of the scratch folder, a failure may be for want of it.
LITTLE_ROOM = 64 * 2**20
LARGEST_RESULT = 64 * 1024
KILL_SECONDS = 10.0

_OUT_OF_TIME = {signal.SIGXCPU, signal.SIGALRM} if sys.platform != "win32" else set()
# By the system, for want of memory, or by somebody.
_KILLED = {signal.SIGKILL, signal.SIGTERM} if sys.platform != "win32" else set()
_EXITS = {Exit.UNREADABLE: Problem.UNREADABLE, Exit.EMPTY: Problem.EMPTY, Exit.NO_MEMORY: Problem.NO_MEMORY}
# Libraries that start threads for each core need memory for each, though one job has one core.
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")


async def run(folder: Path, settings: Settings) -> Outcome:
    """Convert the file in `folder`. Whatever happens, the process and all it has started are gone when this returns or
    is cancelled."""
    seconds = settings.convert_timeout
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        PROGRAM,
        str(folder),
        str(max(1, round(seconds))),
        str(settings.convert_memory_mb * 2**20),
        str(os.getpid()),
        cwd=folder,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ} | _ONE_THREAD,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    ended = asyncio.Event()
    waiting = asyncio.create_task(_wait(process, ended), name="converter")
    try:
        in_time = await set_within(ended, seconds)
    finally:
        _kill(process)
        await set_within(ended, KILL_SECONDS)
        waiting.cancel()
    if not in_time:
        return Failed(Problem.TOO_LONG)
    return await asyncio.to_thread(_read, folder, process.returncode or 0)


async def _wait(process: asyncio.subprocess.Process, ended: asyncio.Event) -> None:
    try:
        await process.wait()
    finally:
        ended.set()


def _kill(process: asyncio.subprocess.Process) -> None:
    """End the process and all that it has started."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _read(folder: Path, status: int) -> Outcome:
    if status == Exit.DONE:
        return _read_result(folder)
    if status == Exit.NO_LIBRARY:
        return Interrupted("the converter cannot be loaded: is CONVERT_MEMORY_MB too small?")
    if status == Exit.NO_ROOM or shutil.disk_usage(folder).free < LITTLE_ROOM:
        return Interrupted("no room for scratch files")
    if status in _EXITS:
        return Failed(_EXITS[Exit(status)])
    if -status in _OUT_OF_TIME:
        return Failed(Problem.TOO_LONG)
    if -status in _KILLED:
        return Interrupted("killed", counts=True)
    return Failed(Problem.CRASHED)


def _read_result(folder: Path) -> Outcome:
    try:
        with (folder / MODEL).open("rb") as file:
            is_model = file.read(len(MAGIC)) == MAGIC
        with (folder / RESULT).open("rb") as file:
            result: Any = json.loads(file.read(LARGEST_RESULT))
    except (OSError, ValueError):
        return Failed(Problem.CRASHED)
    if not is_model:
        return Failed(Problem.CRASHED)
    return Converted(result["figures"], has_picture=(folder / PICTURE).exists())
