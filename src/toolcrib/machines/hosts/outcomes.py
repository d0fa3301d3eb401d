"""From what a script said, or what went wrong, to the outcome of one host: the same for every driver."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from toolcrib.machines.hosts import names
from toolcrib.machines.hosts.certificates import authority_line
from toolcrib.machines.hosts.channel import Answer
from toolcrib.machines.hosts.connections import HostFailed
from toolcrib.machines.hosts.driver import Account, Facts, HomePolicy, Host, Outcome, Problem
from toolcrib.machines.hosts.masking import clean, one_line, secrets_of

_PROBLEMS = {one.value: one for one in Problem}
_FACTS_IN_NUMBERS = ("cores", "memory_bytes", "disk_free_bytes")


async def for_each(hosts: Sequence[Host], work: Callable[[Host], Awaitable[Outcome]]) -> dict[str, Outcome]:
    """Do `work` on each host beside the others; whatever is raised for one is that one's outcome."""

    async def one(host: Host) -> Outcome:
        try:
            names.check_host(host)
            return await work(host)
        except Exception as broken:  # noqa: BLE001 - whatever a hostile host makes the SSH library raise
            return of_failure(host, broken)

    outcomes = await asyncio.gather(*map(one, hosts))
    return {host.name: outcome for host, outcome in zip(hosts, outcomes, strict=True)}


def of_failure(host: Host, failure: Exception) -> Outcome:
    match failure:
        case names.InvalidValue():
            return Outcome(failure.problem, str(failure))
        case HostFailed():
            output = clean(failure.output, secrets_of(host))
            return Outcome(failure.problem, failure.text, failure.host_key or host.host_key, output)
        case TimeoutError():
            return Outcome(Problem.TIMED_OUT, "It was not done in time.", host.host_key)
        case _:
            return Outcome(Problem.GARBAGE, f"What it says makes no sense ({type(failure).__name__}).")


def of_answer(answer: Answer, host_key: str, secrets: Sequence[str]) -> Outcome:
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


# The values that the scripts begin with. They are checked first.


def for_create(host: Host, account: Account, seconds: float) -> dict[str, str]:
    names.check_account(host, account)
    keys = list(account.public_keys)
    if host.ca_key and account.principals:
        keys.append(authority_line(host.ca_key, *account.principals))
    return {
        "login": account.login,
        "mark": account.mark,
        # '*' is no hash of any password; '!' would keep keys out as well.
        "hash": account.password_hash or "*",
        "keys": "\n".join(keys),
        "patience": _patience(seconds),
    }


def for_remove(host: Host, login: str, mark: str, home: HomePolicy, seconds: float) -> dict[str, str]:
    names.check_account(host, Account(login, mark))
    return {"login": login, "mark": mark, "home_policy": home, "patience": _patience(seconds)}


def for_command(command: str) -> dict[str, str]:
    if "\0" in command:
        raise names.InvalidValue("A command has no NUL character.")
    return {"command": command}


def _patience(seconds: float) -> str:
    return f"{max(1, int(seconds))}"
