"""One run of a playbook on some hosts: its folder, its socket, and the process that runs it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from toolcrib.machines.hosts.ansible.folders import end_processes_of, run_folder
from toolcrib.machines.hosts.channel import ANSWER_BYTES, compose
from toolcrib.machines.hosts.connections import CONNECT_SECONDS, Connection, open_jump, own_keys, see_host_key
from toolcrib.machines.hosts.driver import Host
from toolcrib.machines.hosts.masking import secrets_of

END_SECONDS = 15.0
"""So long the run's process has to end all that it has started."""
MESSAGE_BYTES = 4 * 2**20

PLAYBOOKS = {"create": "provision", "remove": "unprovision"}
"""The names of playbooks, where they are not those of their scripts."""

PACKAGE = Path(str(files("toolcrib.machines.hosts.ansible")))


@dataclass
class Target:
    """One host in a run, and what was said of it."""

    host: Host
    host_key: str
    nonce: str
    variables: dict[str, Any]
    secrets: tuple[str, ...]
    ssh: dict[str, Any]
    answer: dict[str, str] | None = None
    """Of the task `toolcrib_host`: what the script said, or why it was not run."""
    events: list[dict[str, Any]] = field(default_factory=list)


class Run:
    """Add hosts, then `play` once."""

    def __init__(self, folder: Path, name: str, own_playbooks: Path | None) -> None:
        self._folder, self._name, self._own = folder, name, own_playbooks
        self._socket = str(folder / "socket")
        self._jumps: dict[Host, asyncio.Task[Connection | None]] = {}
        self.targets: dict[str, Target] = {}
        self.said: list[str] = []
        """What Ansible said of no host in particular, such as a mistake in a playbook."""

    async def add(
        self, host: Host, values: Mapping[str, str], *others: str | None, as_root: bool = True
    ) -> str:
        """Look at the host's key, open the way to it, and return the key. Raises HostFailed."""
        own_keys(host)
        jump = await self._jump(host)
        host_key = await see_host_key(host, jump)
        number = len(self.targets)
        nonce = secrets.token_hex(16)
        variables: dict[str, Any] = {
            "ansible_host": host.address,
            "ansible_port": host.port,
            "ansible_user": host.user,
            "ansible_connection": "ssh",
            "ansible_ssh_executable": str(self._script(f"ssh-{number}", "ssh", host)),
            "ansible_become": host.sudo and as_root,
            "ansible_become_method": "sudo",
            "ansible_become_flags": "-k -H -S -n",
            "toolcrib_script": compose(self._name, {"nonce": nonce, **values}),
            **{f"toolcrib_{key}": value for key, value in values.items()},
        }
        if host.password:
            variables["ansible_become_password"] = host.password
        if host.private_key:
            variables["ansible_ssh_private_key"] = host.private_key
        ssh = self._ssh(host, number, host_key, nonce)
        self.targets[host.name] = Target(host, host_key, nonce, variables, secrets_of(host, *others), ssh)
        if jump is not None:
            way = str(self._folder / f"way-{number}")
            await jump.ssh.forward_local_path_to_port(way, host.address, host.port)
            ssh["options"] += ["-o", f"ProxyCommand={_helper('relay', way)}"]
        return host_key

    async def _jump(self, host: Host) -> Connection | None:
        if host.jump is None:
            return None
        if host.jump not in self._jumps:
            self._jumps[host.jump] = asyncio.create_task(open_jump(host))
        return await asyncio.shield(self._jumps[host.jump])

    def _script(self, name: str, what: str, host: Host) -> Path:
        file = self._folder / name
        file.write_text(f'#!/bin/sh\nexec {_helper(what, self._socket, host.name)} "$@"\n')
        file.chmod(0o700)
        return file

    def _ssh(self, host: Host, number: int, host_key: str, nonce: str) -> dict[str, Any]:
        """Return how ssh is started for this host. Of an option that is given twice ssh takes the first."""
        known = self._folder / f"known-{number}"
        known.write_text(f"{host.name} {host_key}\n")
        key, password = ("yes" if secret else "no" for secret in (host.private_key, host.password))
        options = {
            "HostKeyAlias": host.name,
            "UserKnownHostsFile": f'"{known}"',
            "GlobalKnownHostsFile": "none",
            "StrictHostKeyChecking": "yes",
            "UpdateHostKeys": "no",
            "CheckHostIP": "no",
            "PreferredAuthentications": "publickey,password,keyboard-interactive",
            "PubkeyAuthentication": key,
            "PasswordAuthentication": password,
            "KbdInteractiveAuthentication": password,
            "NumberOfPasswordPrompts": "1",
            "GSSAPIAuthentication": "no",
            "ConnectTimeout": f"{CONNECT_SECONDS:g}",
            "ServerAliveInterval": "15",
            "ServerAliveCountMax": "2",
            "ControlMaster": "no",
            "ControlPath": "none",
        }
        if not host.private_key:
            options["IdentityAgent"] = "none"
        askpass = str(self._script(f"askpass-{number}", "askpass", host)) if host.password else ""
        return {
            "program": shutil.which("ssh") or "ssh",
            "options": [
                "-F",
                "none",
                *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
            ],
            "environment": {
                "SSH_ASKPASS": askpass,
                "SSH_ASKPASS_REQUIRE": "force" if askpass else "never",
                "DISPLAY": "-",
            },
            "ends": [f"{nonce} done", f"{nonce} problem "],
            "most": 4 * ANSWER_BYTES,
        }

    async def play(self, deadline: float, at_once: int) -> bool:
        """Run the playbook. Returns whether it ended before the deadline, a moment of the loop's clock."""
        loop = asyncio.get_running_loop()
        (self._folder / "hosts.toolcrib").touch()
        async with await asyncio.start_unix_server(self._answer, self._socket, limit=MESSAGE_BYTES):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "toolcrib.machines.hosts.ansible.supervisor",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=_environment(self._socket),
                cwd=self._folder,
                start_new_session=True,
                limit=MESSAGE_BYTES,
            )  # fmt: skip
            assert process.stdin
            try:
                task = {
                    "folder": str(self._folder),
                    "playbook": str(self._playbook()),
                    "forks": max(1, min(len(self.targets), at_once)),
                    # If the server does not get to it.
                    "seconds": max(0.0, deadline - loop.time()) + 5,
                    "environment": self._ansible_environment(),
                }
                process.stdin.write(json.dumps(task).encode() + b"\n")
                async with asyncio.timeout_at(deadline):
                    await self._listen(process)
                    return True
            except (TimeoutError, ConnectionError):
                return False
            finally:
                await asyncio.shield(_end(process, self._folder))

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        async for line in process.stdout:
            event = json.loads(line)
            if event["host"] in self.targets:
                self.targets[event["host"]].events.append(event)
            elif event["host"] is None and len(self.said) < 100:
                self.said.append(event["text"])

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            question = json.loads(await reader.readline())
            writer.write(json.dumps(self._answer_to(question)).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError, KeyError):
            pass  # who asked sees that there is no answer
        finally:
            writer.close()

    def _answer_to(self, question: Mapping[str, Any]) -> Any:
        if question.get("ask") == "inventory":
            return {name: target.variables for name, target in self.targets.items()}
        target = self.targets[question["host"]]
        match question:
            case {"ask": "ssh"}:
                return target.ssh
            case {"ask": "password"}:
                return target.host.password or ""
            case {"tell": "answer"}:
                target.answer = {name: str(value) for name, value in question.items()}
                return any(line == f"{target.nonce} done" for line in question.get("stdout", "").splitlines())
            case _:
                return None

    def _playbook(self) -> Path:
        name = f"{PLAYBOOKS.get(self._name, self._name)}.yml"
        own = self._own / name if self._own else None
        return own if own is not None and own.is_file() else PACKAGE / "playbooks" / name

    def _ansible_environment(self) -> dict[str, str]:
        own = self._own / "ansible.cfg" if self._own else None
        config = own if own is not None and own.is_file() else PACKAGE / "ansible.cfg"
        return {
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_HOME": str(self._folder / "home"),
            "ANSIBLE_LOCAL_TEMP": str(self._folder / "tmp"),
            "ANSIBLE_INVENTORY_ENABLED": "toolcrib",
            "ANSIBLE_INVENTORY_PLUGINS": str(PACKAGE / "plugins" / "inventory"),
            "ANSIBLE_ACTION_PLUGINS": str(PACKAGE / "plugins" / "action"),
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_GATHERING": "explicit",
            "ANSIBLE_HOST_KEY_CHECKING": "true",
            # Modules would log what they were told, on the host.
            "ANSIBLE_NO_TARGET_SYSLOG": "true",
            "ANSIBLE_SSH_AGENT": "auto" if self._has_keys else "none",
        }

    @property
    def _has_keys(self) -> bool:
        return any(target.host.private_key for target in self.targets.values())

    async def close(self) -> None:
        """Close the connections to jump hosts."""
        for task in self._jumps.values():
            task.cancel()
        for done in await asyncio.gather(*self._jumps.values(), return_exceptions=True):
            if isinstance(done, Connection):
                done.close()


@asynccontextmanager
async def open_run(name: str, own_playbooks: Path | None) -> AsyncIterator[Run]:
    with run_folder() as folder:
        run = Run(folder, name, own_playbooks)
        try:
            yield run
        finally:
            await run.close()


def _helper(*words: str) -> str:
    return shlex.join([sys.executable, "-I", "-S", str(PACKAGE / "helper.py"), *words])


def _environment(socket: str) -> dict[str, str]:
    """Return the environment of the run's processes. The server's own, which has secrets, is not handed on."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {
        "PATH": programs,
        "TOOLCRIB_SOCKET": socket,
        "HOME": os.path.expanduser("~"),
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }


async def _end(process: asyncio.subprocess.Process, folder: Path) -> None:
    """Have the run's process end all that it has started, and itself."""
    assert process.stdin
    with suppress(ConnectionError, RuntimeError):
        process.stdin.close()
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode != 0:
        # It may have been killed before it could end the rest.
        await asyncio.to_thread(end_processes_of, folder)
