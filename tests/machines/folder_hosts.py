"""Hosts that are folders, and a driver that keeps accounts in them as files.

It does what the driver's contract promises (`toolcrib.machines.hosts.driver`), at the cost of a file for each account,
so that the pool's own rules can be tested with many hosts at once. What is true of real hosts is tested with real ones.
A file in a host's folder makes it misbehave: `broken` holds the problem it answers with, `slow` the seconds it takes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from toolcrib.machines.hosts.driver import Account, Facts, HomePolicy, Host, Outcome, Problem


class FolderHosts:
    """All hosts, below one folder. The driver finds a host by the name it is registered with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Of each call of the driver: what was done, to which host, and for which mark.
        self.calls: list[tuple[str, str, str]] = []
        # What was done with the last home on each host.
        self.homes: dict[str, HomePolicy] = {}
        self._gates: dict[str, asyncio.Event] = {}

    def accounts(self, host: str) -> dict[str, dict[str, object]]:
        return {path.stem: json.loads(path.read_text()) for path in self._of(host).glob("*.json")}

    def break_(self, host: str, problem: Problem | None, what: str = "") -> None:
        """Have everything fail on this host, or `what` alone; with None let it be well again."""
        path = self._of(host) / f"broken{what}"
        if problem is None:
            path.unlink()
        else:
            path.write_text(problem)

    def hold_up(self, host: str) -> Callable[[], None]:
        """Have calls to this host wait until the returned function is called, in the loop of the server."""
        gate = self._gates[host] = asyncio.Event()
        return gate.set

    def _of(self, host: str) -> Path:
        path = self.folder / host
        path.mkdir(parents=True, exist_ok=True)
        return path

    async def _begin(self, what: str, host: Host, mark: str = "") -> Outcome | None:
        self.calls.append((what, host.name, mark))
        if (gate := self._gates.get(host.name)) is not None:
            await gate.wait()
        for broken in (self._of(host.name) / "broken", self._of(host.name) / f"broken{what}"):
            if not broken.exists():
                continue
            problem = Problem(broken.read_text())
            key = "ssh-ed25519 BBBB" if problem is Problem.HOST_KEY_CHANGED else "ssh-ed25519 AAAA"
            return Outcome(problem, f"{host.name} is {problem}", key, f"output of {what}")
        return None

    # The driver

    async def create(self, hosts: Sequence[Host], account: Account, *, seconds: float) -> dict[str, Outcome]:
        return await _each(hosts, lambda host: self._create(host, account), seconds)

    async def _create(self, host: Host, account: Account) -> Outcome:
        if (failed := await self._begin("create", host, account.mark)) is not None:
            return failed
        path = self._of(host.name) / f"{account.login}.json"
        if path.exists() and json.loads(path.read_text())["mark"] != account.mark:
            return Outcome(Problem.LOGIN_EXISTS, f"{account.login} is there already")
        content = {
            "mark": account.mark,
            "password_hash": account.password_hash,
            "keys": list(account.public_keys),
        }
        path.write_text(json.dumps(content))
        return Outcome(host_key="ssh-ed25519 AAAA", output="made")

    async def remove(
        self, hosts: Sequence[Host], login: str, mark: str, *, home: HomePolicy, seconds: float
    ) -> dict[str, Outcome]:
        return await _each(hosts, lambda host: self._remove(host, login, mark, home), seconds)

    async def _remove(self, host: Host, login: str, mark: str, home: HomePolicy) -> Outcome:
        if (failed := await self._begin("remove", host, mark)) is not None:
            return failed
        path = self._of(host.name) / f"{login}.json"
        if path.exists() and json.loads(path.read_text())["mark"] != mark:
            return Outcome(Problem.LOGIN_EXISTS, f"{login} is not ours")
        path.unlink(missing_ok=True)
        self.homes[host.name] = home
        return Outcome(host_key="ssh-ed25519 AAAA", output="removed")

    async def check(self, hosts: Sequence[Host], *, seconds: float) -> dict[str, Outcome]:
        return await _each(hosts, self._check, seconds)

    async def _check(self, host: Host) -> Outcome:
        if (failed := await self._begin("check", host)) is not None:
            return failed
        found = {login: str(each["mark"]) for login, each in self.accounts(host.name).items()}
        facts = Facts(os="Debian", os_id="debian", os_version="13", cores=4, gpus=())
        return Outcome(host_key="ssh-ed25519 AAAA", facts=facts, accounts=found)

    async def enroll(self, hosts: Sequence[Host], private_key: str, *, seconds: float) -> dict[str, Outcome]:
        return {host.name: Outcome() for host in hosts}

    async def run(self, hosts: Sequence[Host], command: str, *, seconds: float) -> dict[str, Outcome]:
        return await _each(hosts, lambda host: self._run(host, command), seconds)

    async def _run(self, host: Host, command: str) -> Outcome:
        return await self._begin("run", host, command) or Outcome(output="ran")

    async def aclose(self) -> None:
        return None


async def _each(
    hosts: Sequence[Host], work: Callable[[Host], Awaitable[Outcome]], seconds: float
) -> dict[str, Outcome]:
    async def one(host: Host) -> Outcome:
        try:
            async with asyncio.timeout(seconds):
                return await work(host)
        except TimeoutError:
            return Outcome(Problem.TIMED_OUT, f"{host.name} took too long")

    outcomes = await asyncio.gather(*map(one, hosts))
    return {host.name: outcome for host, outcome in zip(hosts, outcomes, strict=True)}
