"""The `ansible` driver: a playbook for each verb, on all its hosts in one run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from toolcrib.machines.hosts import outcomes
from toolcrib.machines.hosts.ansible.folders import remove_left
from toolcrib.machines.hosts.ansible.run import Run, Target, open_run
from toolcrib.machines.hosts.certificates import public_of
from toolcrib.machines.hosts.channel import ANSWER_BYTES, read_answer
from toolcrib.machines.hosts.driver import Account, HomePolicy, Host, Outcome, Problem
from toolcrib.machines.hosts.masking import clean, one_line

RUNS_AT_ONCE = 4
"""Each takes some 80 MB, and as much again for each host that it works on."""

Values = Callable[[Host], Mapping[str, str]]


class AnsibleDriver:
    """Works on up to `at_once` hosts at a time in each run. See `Driver` for what its verbs promise.

    In `playbooks` may be playbooks to use in place of those of the same name in this package.
    """

    def __init__(self, *, at_once: int = 32, playbooks: Path | None = None) -> None:
        self._at_once, self._own = at_once, playbooks
        self._turns = asyncio.Semaphore(RUNS_AT_ONCE)
        remove_left()

    async def create(self, hosts: Sequence[Host], account: Account, *, seconds: float) -> dict[str, Outcome]:
        values: Values = lambda host: outcomes.for_create(host, account, seconds)  # noqa: E731
        return await self._play("create", hosts, values, seconds, account.password_hash)

    async def remove(
        self, hosts: Sequence[Host], login: str, mark: str, *, home: HomePolicy, seconds: float
    ) -> dict[str, Outcome]:
        values: Values = lambda host: outcomes.for_remove(host, login, mark, home, seconds)  # noqa: E731
        return await self._play("remove", hosts, values, seconds)

    async def check(self, hosts: Sequence[Host], *, seconds: float) -> dict[str, Outcome]:
        return await self._play("check", hosts, lambda _: {}, seconds)

    async def enroll(self, hosts: Sequence[Host], private_key: str, *, seconds: float) -> dict[str, Outcome]:
        began = asyncio.get_running_loop().time()
        values: Values = lambda _: {"public_key": public_of(private_key)}  # noqa: E731
        found = await self._play("enroll", hosts, values, seconds, private_key, as_root=False)
        alone = [
            replace(host, password=None, private_key=private_key, host_key=found[host.name].host_key)
            for host in hosts
            if found[host.name].done
        ]
        left = seconds - (asyncio.get_running_loop().time() - began)
        proved = await self._play("enroll", alone, values, left, as_root=False)
        for name, outcome in proved.items():
            text = outcome.text
            if outcome.problem is Problem.REFUSED:
                text = "The host does not accept the key, although it is in authorized_keys."
            found[name] = replace(outcome, text=text)
        return found

    async def run(self, hosts: Sequence[Host], command: str, *, seconds: float) -> dict[str, Outcome]:
        return await self._play("run", hosts, lambda _: outcomes.for_command(command), seconds)

    async def aclose(self) -> None:
        """Nothing is kept between runs."""

    async def _play(
        self,
        name: str,
        hosts: Sequence[Host],
        values: Values,
        seconds: float,
        *secrets: str | None,
        as_root: bool = True,
    ) -> dict[str, Outcome]:
        if not hosts:
            return {}
        deadline = asyncio.get_running_loop().time() + seconds
        async with open_run(name, self._own) as run:

            async def add(host: Host) -> Outcome:
                async with asyncio.timeout_at(deadline):
                    host_key = await run.add(host, values(host), *secrets, as_root=as_root)
                return Outcome(host_key=host_key)

            found = await outcomes.for_each(hosts, add)
            is_whole = await self._in_turn(run, deadline) if run.targets else True
            for target in run.targets.values():
                if found[target.host.name].done:
                    found[target.host.name] = _judged(target, run.said, is_whole=is_whole)
        return found

    async def _in_turn(self, run: Run, deadline: float) -> bool:
        try:
            async with asyncio.timeout_at(deadline):
                await self._turns.acquire()
        except TimeoutError:
            return False
        try:
            return await run.play(deadline, self._at_once)
        finally:
            self._turns.release()


def _judged(target: Target, said: Sequence[str], *, is_whole: bool) -> Outcome:
    """Return what became of a host: what the pool's script says, unless another task of the playbook failed."""
    scripted = _scripted(target)
    if scripted is not None and not scripted.done:
        return scripted
    for event in target.events:
        if event["what"] != "ok":
            text, output = one_line(event["text"], target.secrets), clean(event["output"], target.secrets)
            return Outcome(_problem_of(event["what"], text), text, target.host_key, output)
    if not is_whole:
        return Outcome(Problem.TIMED_OUT, "It was not done in time.", target.host_key)
    if scripted is not None:
        return scripted
    if not target.events:
        text = one_line("\n".join(said), target.secrets) or "The playbook did nothing on this host."
        return Outcome(Problem.FAILED, text, target.host_key, clean("\n".join(said), target.secrets))
    return Outcome(None, "", target.host_key)


def _scripted(target: Target) -> Outcome | None:
    """Return what the task `toolcrib_host` came to, if it was in the playbook."""
    told, host_key = target.answer, target.host_key
    if told is None:
        return None
    if "text" in told:
        output = clean(told["text"], target.secrets)
        problem = _problem_of(told["kind"], told["text"])
        text = {
            Problem.REFUSED: "The host refuses the pool's sign-in, or the manager may not become root by sudo.",
            Problem.UNREACHABLE: "The connection broke, or there was none.",
        }.get(problem, one_line(told["text"], target.secrets))
        return Outcome(problem, text, host_key, output)
    answer = read_answer(told["stdout"], target.nonce)
    answer.output = f"{answer.output}\n{told['stderr']}"
    output = clean(answer.output, target.secrets)
    if len(told["stdout"]) + len(told["stderr"]) > ANSWER_BYTES:
        return Outcome(Problem.GARBAGE, "The host said more than the pool reads.", host_key, output)
    if answer.complete:
        return outcomes.of_answer(answer, host_key, target.secrets)
    if target.host.sudo and not answer.lines:
        return Outcome(Problem.REFUSED, "The manager may not become root by sudo.", host_key, output)
    return Outcome(Problem.GARBAGE, "The host did not run the pool's script.", host_key, output)


def _problem_of(what: str, text: str) -> Problem:
    refused = ("Permission denied", "Incorrect sudo password", "Missing sudo password", "Timeout (")
    if any(word in text for word in refused):
        return Problem.REFUSED
    return Problem.UNREACHABLE if what == "unreachable" else Problem.FAILED
