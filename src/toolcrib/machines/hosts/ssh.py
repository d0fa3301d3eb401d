"""The `ssh` driver: one POSIX shell script for each host and verb, over a bounded number of kept connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from toolcrib.machines.hosts import names
from toolcrib.machines.hosts.certificates import authority_line, public_of
from toolcrib.machines.hosts.channel import Answer, StaleConnection, run_script
from toolcrib.machines.hosts.connections import Connections, HostFailed
from toolcrib.machines.hosts.driver import Account, Facts, HomePolicy, Host, Outcome, Problem
from toolcrib.machines.hosts.masking import clean, one_line, secrets_of

_PROBLEMS = {one.value: one for one in Problem}
_FACTS_IN_NUMBERS = ("cores", "memory_bytes", "disk_free_bytes")


class SshDriver:
    """Works on up to `at_once` hosts at a time. See `Driver` for what its verbs promise."""

    def __init__(self, *, at_once: int = 32, kept: int = 64, idle_seconds: float = 60) -> None:
        self._connections = Connections(kept=kept, idle_seconds=idle_seconds)
        self._turns = asyncio.Semaphore(at_once)

    async def create(self, hosts: Sequence[Host], account: Account, *, seconds: float) -> dict[str, Outcome]:
        async def work(host: Host) -> Outcome:
            names.check_account(host, account)
            keys = list(account.public_keys)
            if host.ca_key and account.principals:
                keys.append(authority_line(host.ca_key, *account.principals))
            values = {
                "login": account.login,
                "mark": account.mark,
                # '*' is no hash of any password; '!' would keep keys out as well.
                "hash": account.password_hash or "*",
                "keys": "\n".join(keys),
                "patience": f"{max(1, int(seconds))}",
            }
            return await self._run(host, "create", values, account.password_hash)

        return await self._each(hosts, work, seconds)

    async def remove(
        self, hosts: Sequence[Host], login: str, mark: str, *, home: HomePolicy, seconds: float
    ) -> dict[str, Outcome]:
        async def work(host: Host) -> Outcome:
            names.check_account(host, Account(login, mark))
            values = {
                "login": login,
                "mark": mark,
                "home_policy": home,
                "patience": f"{max(1, int(seconds))}",
            }
            return await self._run(host, "remove", values)

        return await self._each(hosts, work, seconds)

    async def check(self, hosts: Sequence[Host], *, seconds: float) -> dict[str, Outcome]:
        async def work(host: Host) -> Outcome:
            return await self._run(host, "check", {})

        return await self._each(hosts, work, seconds)

    async def enroll(self, hosts: Sequence[Host], private_key: str, *, seconds: float) -> dict[str, Outcome]:
        async def work(host: Host) -> Outcome:
            try:
                key = public_of(private_key)
            except ValueError as broken:
                raise names.InvalidValue(str(broken)) from None
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
            if "\0" in command:
                raise names.InvalidValue("A command has no NUL character.")
            return await self._run(host, "run", {"command": command})

        return await self._each(hosts, work, seconds)

    async def aclose(self) -> None:
        self._connections.close()

    async def _each(
        self, hosts: Sequence[Host], work: Callable[[Host], Awaitable[Outcome]], seconds: float
    ) -> dict[str, Outcome]:
        deadline = asyncio.get_running_loop().time() + seconds

        async def one(host: Host) -> Outcome:
            try:
                names.check_host(host)
                async with asyncio.timeout_at(deadline), self._turns:
                    return await work(host)
            except names.InvalidValue as wrong:
                return Outcome(wrong.problem, str(wrong))
            except HostFailed as failed:
                secrets = secrets_of(host)
                output = clean(failed.output, secrets)
                return Outcome(failed.problem, failed.text, failed.host_key or host.host_key, output)
            except TimeoutError:
                return Outcome(Problem.TIMED_OUT, f"It was not done within {seconds:g} s.", host.host_key)
            except Exception as broken:  # noqa: BLE001 - whatever a hostile host makes the SSH library raise
                return Outcome(Problem.GARBAGE, f"What it says makes no sense ({type(broken).__name__}).")

        outcomes = await asyncio.gather(*map(one, hosts))
        return {host.name: outcome for host, outcome in zip(hosts, outcomes, strict=True)}

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
        return _outcome(answer, host_key, secrets_of(host, *secrets))


def _outcome(answer: Answer, host_key: str, secrets: Sequence[str]) -> Outcome:
    output = clean(answer.output, secrets)
    accounts: dict[str, str] = {}
    facts: dict[str, str] = {}
    gpus: list[str] = []
    for words in answer.lines:
        match words:
            case ["problem", problem, text]:
                return _refusal(problem, text, host_key, output, secrets)
            case ["account", login, mark]:
                accounts[login[:32]] = mark[:64]
            case ["fact", "gpu", text] if len(gpus) < 64:
                gpus.append(one_line(text, secrets, length=120))
            case ["fact", name, text]:
                facts[name] = one_line(text, secrets, length=120)
            case _:
                pass
    return Outcome(None, "", host_key, output, _facts(facts, gpus) if facts else None, accounts)


def _refusal(problem: str, text: str, host_key: str, output: str, secrets: Sequence[str]) -> Outcome:
    known = _PROBLEMS.get(problem, Problem.FAILED)
    if known is Problem.FAILED and "No space left on device" in output:
        known, text = Problem.FULL, f"the disk is full: {text}"
    return Outcome(known, one_line(text, secrets), host_key, output)


def _facts(texts: Mapping[str, str], gpus: Sequence[str]) -> Facts:
    numbers = {
        name: int(texts[name])
        for name in _FACTS_IN_NUMBERS
        if texts.get(name, "").isascii() and texts.get(name, "").isdigit() and len(texts[name]) < 19
    }
    return Facts(
        os=texts.get("os", ""),
        os_id=texts.get("os_id", ""),
        os_version=texts.get("os_version", ""),
        kernel=texts.get("kernel", ""),
        architecture=texts.get("architecture", ""),
        cores=numbers.get("cores"),
        memory_bytes=numbers.get("memory_bytes"),
        disk_free_bytes=numbers.get("disk_free_bytes"),
        gpus=tuple(gpus),
    )
