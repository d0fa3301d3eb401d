"""What is done to a machine between its holders beside removing the account: power, re-imaging.

The operator's programs run on the server. Which machine has which is said by name: an administrator of the pool
chooses among them, and can have the server run nothing else.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.machines.hosts.driver import OUTPUT_BYTES, Host, Outcome, Problem
from toolcrib.machines.hosts.masking import clean, one_line, secrets_of
from toolcrib.machines.models import machines
from toolcrib.settings import Settings

AT_ONCE = 16
CHUNK = 65536
# Of the server's own environment. The rest may have secrets in it.
_PASSED_ON = ("PATH", "HOME", "LANG", "TZ")


async def policies(session: AsyncSession, ids: Collection[int]) -> dict[int, Row[Any]]:
    """Return the name of these machines, and what is done after their holds, by the machine's id."""
    query = select(machines.c.id, machines.c.name, machines.c.reset, machines.c.homes)
    rows: list[Any] = list(await session.execute(query.where(machines.c.id.in_(ids))))
    return {row.id: row for row in rows}


async def reset(
    hosts: Sequence[Host], chosen: Mapping[str, str | None], settings: Settings
) -> dict[str, Outcome]:
    """Run each host's program, if it has one; return what became of those that have."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(host: Host, name: str) -> tuple[str, Outcome]:
        words = settings.machines_resets.get(name)
        if words is None:
            return host.name, Outcome(Problem.FAILED, f"MACHINES_RESETS has no program {name}.")
        async with turns:
            return host.name, await _run(host, name, words, settings.machines_reset_seconds)

    default = "default" if "default" in settings.machines_resets else "none"
    wanted = [(host, chosen.get(host.name) or default) for host in hosts]
    return dict(await asyncio.gather(*(one(host, name) for host, name in wanted if name != "none")))


async def _run(host: Host, name: str, words: Sequence[str], seconds: float) -> Outcome:
    environment = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
    environment |= {
        "TOOLCRIB_MACHINE": host.name,
        "TOOLCRIB_HOST": host.address,
        "TOOLCRIB_PORT": str(host.port),
    }
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    except (OSError, ValueError) as failed:
        reason = getattr(failed, "strerror", None) or str(failed)
        return Outcome(Problem.FAILED, f"The program {name} cannot be run: {reason}.")
    output = bytearray()
    problem: Problem | None = None
    text = ""
    try:
        async with asyncio.timeout(seconds):
            await _read(process, output)
            code = await process.wait()
        if code:
            problem, text = Problem.FAILED, f"The program {name} ended with status {code}."
    except TimeoutError:
        problem, text = Problem.FAILED, f"The program {name} was not done within {seconds:g} s."
    finally:
        # What it left in the background as well.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.shield(process.wait())
    secrets = secrets_of(host)
    return Outcome(problem, one_line(text, secrets), output=clean(bytes(output), secrets))


async def _read(process: asyncio.subprocess.Process, output: bytearray) -> None:
    """Read to the end of what it says, and keep the end."""
    assert process.stdout
    while data := await process.stdout.read(CHUNK):
        output += data
        del output[: -2 * OUTPUT_BYTES]
