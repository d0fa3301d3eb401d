"""The `ssh` driver: one POSIX shell script for each host and verb, over a bounded number of kept connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from toolcrib.machines.hosts import outcomes
from toolcrib.machines.hosts.certificates import public_of
from toolcrib.machines.hosts.channel import StaleConnection, run_script
from toolcrib.machines.hosts.connections import Connections, HostFailed
from toolcrib.machines.hosts.driver import Account, HomePolicy, Host, Outcome, Problem
from toolcrib.machines.hosts.masking import clean, secrets_of


class SshDriver:
    """Works on up to `at_once` hosts at a time. See `Driver` for what its verbs promise."""

    def __init__(self, *, at_once: int = 32, kept: int = 64, idle_seconds: float = 60) -> None:
        self._connections = Connections(kept=kept, idle_seconds=idle_seconds)
        self._turns = asyncio.Semaphore(at_once)

    async def create(self, hosts: Sequence[Host], account: Account, *, seconds: float) -> dict[str, Outcome]:
        async def work(host: Host) -> Outcome:
            values = outcomes.for_create(host, account, seconds)
            return await self._run(host, "create", values, account.password_hash)

        return await self._each(hosts, work, seconds)

    async def remove(
        self, hosts: Sequence[Host], login: str, mark: str, *, home: HomePolicy, seconds: float
    ) -> dict[str, Outcome]:
        async def work(host: Host) -> Outcome:
            return await self._run(host, "remove", outcomes.for_remove(host, login, mark, home, seconds))

        return await self._each(hosts, work, seconds)

    async def check(self, hosts: Sequence[Host], *, seconds: float) -> dict[str, Outcome]:
        async def work(host: Host) -> Outcome:
            # A connection that is kept says nothing of the next one: the host may show another key by now.
            return await self._run(host, "check", {}, fresh=True)

        return await self._each(hosts, work, seconds)

    async def enroll(self, hosts: Sequence[Host], private_key: str, *, seconds: float) -> dict[str, Outcome]:
        async def work(host: Host) -> Outcome:
            key = public_of(private_key)
            installed = await self._run(host, "enroll", {"public_key": key}, private_key, as_root=False)
            if not installed.done:
                return installed
            alone = replace(host, password=None, private_key=private_key, host_key=installed.host_key)
            proved = await self._run(alone, "enroll", {"public_key": key}, as_root=False, fresh=True)
            if proved.problem is Problem.REFUSED:
                return replace(
                    proved, text="The host does not accept the key, although it is in authorized_keys."
                )
            return proved

        return await self._each(hosts, work, seconds)

    async def run(self, hosts: Sequence[Host], command: str, *, seconds: float) -> dict[str, Outcome]:
        async def work(host: Host) -> Outcome:
            return await self._run(host, "run", outcomes.for_command(command))

        return await self._each(hosts, work, seconds)

    async def aclose(self) -> None:
        self._connections.close()

    async def _each(
        self, hosts: Sequence[Host], work: Callable[[Host], Awaitable[Outcome]], seconds: float
    ) -> dict[str, Outcome]:
        deadline = asyncio.get_running_loop().time() + seconds

        async def in_turn(host: Host) -> Outcome:
            async with asyncio.timeout_at(deadline), self._turns:
                return await work(host)

        return await outcomes.for_each(hosts, in_turn)

    async def _run(
        self,
        host: Host,
        name: str,
        values: Mapping[str, str],
        *secrets: str | None,
        as_root: bool = True,
        fresh: bool = False,
    ) -> Outcome:
        while True:
            try:
                async with self._connections.use(host, fresh=fresh) as connection:
                    host_key = connection.host_key
                    answer = await run_script(connection, host, name, values, as_root=as_root)
                    break
            except StaleConnection:
                fresh = True
            except HostFailed as failed:
                output = clean(failed.output, secrets_of(host, *secrets))
                raise HostFailed(
                    failed.problem, failed.text, host_key=failed.host_key, output=output
                ) from None
        return outcomes.of_answer(answer, host_key, secrets_of(host, *secrets))
