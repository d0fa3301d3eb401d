"""Connections to hosts by SSH, kept open between uses, with the host key pinned."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import asyncssh

from toolcrib.machines.hosts.driver import Host, Problem
from toolcrib.machines.hosts.names import InvalidValue, read_private_key

# Certificates of host keys are not asked for: what is pinned is the key itself.
_HOST_KEY_ALGORITHMS = {
    "ssh-ed25519": ["ssh-ed25519"],
    "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
    "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
    "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
    "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
}

CONNECT_SECONDS = 15.0


class HostFailed(Exception):
    """A host did not do what was asked. `text` is for people and names no secret."""

    def __init__(self, problem: Problem, text: str, *, host_key: str | None = None, output: str = "") -> None:
        super().__init__(text)
        self.problem, self.text, self.host_key, self.output = problem, text, host_key, output


@dataclass(eq=False)
class Connection:
    """One open connection, and the one to its jump host that it goes through."""

    ssh: asyncssh.SSHClientConnection
    host_key: str
    reused: bool = False
    through: Connection | None = None
    expiry: asyncio.TimerHandle | None = None

    def close(self) -> None:
        if self.expiry:
            self.expiry.cancel()
        self.ssh.abort()
        if self.through:
            self.through.close()


class _Client(asyncssh.SSHClient):
    """Accepts the pinned host key, or any where none is pinned, and remembers what it saw."""

    def __init__(self, pinned: str | None) -> None:
        self.pinned = pinned
        self.seen: str | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.seen = " ".join(key.export_public_key().decode().split()[:2])
        return self.pinned is None or same_key(self.pinned, self.seen)


def same_key(one: str, other: str) -> bool:
    """Return whether two public keys are the same but for their comments."""
    return one.split()[:2] == other.split()[:2]


class Connections:
    """Opens connections, and keeps up to `kept` of them for `idle_seconds` after their last use."""

    def __init__(self, *, kept: int = 64, idle_seconds: float = 60) -> None:
        self._kept, self._idle_seconds = kept, idle_seconds
        self._idle: dict[Host, list[Connection]] = {}

    @asynccontextmanager
    async def use(self, host: Host, *, fresh: bool = False) -> AsyncIterator[Connection]:
        """Give a connection to use alone. It is kept only if the use ends without an exception.

        Raises HostFailed if there is none to be had.
        """
        connection = None if fresh else self._take(host)
        connection = connection or await open_connection(host)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._keep(host, connection)

    def close(self) -> None:
        for connection in [one for several in self._idle.values() for one in several]:
            connection.close()
        self._idle.clear()

    def _take(self, host: Host) -> Connection | None:
        idle = self._idle.get(_same_way(host), [])
        while idle:
            connection = idle.pop()
            if connection.expiry:
                connection.expiry.cancel()
            pinned = host.host_key
            if not connection.ssh.is_closed() and (not pinned or same_key(pinned, connection.host_key)):
                connection.reused = True
                return connection
            connection.close()
        return None

    def _keep(self, host: Host, connection: Connection) -> None:
        if connection.ssh.is_closed() or sum(map(len, self._idle.values())) >= self._kept:
            connection.close()
            return
        idle = self._idle.setdefault(_same_way(host), [])
        idle.append(connection)
        connection.expiry = asyncio.get_running_loop().call_later(
            self._idle_seconds, self._expire, _same_way(host), connection
        )

    def _expire(self, host: Host, connection: Connection) -> None:
        idle = self._idle.get(host, [])
        if connection in idle:
            idle.remove(connection)
        if not idle:
            self._idle.pop(host, None)
        connection.close()


def _same_way(host: Host) -> Host:
    """What a connection depends on. The pinned key is compared with the connection's own."""
    return replace(host, name="", host_key=None, ca_key=None, sudo=False)


async def open_jump(host: Host) -> Connection | None:
    """Return a connection to the host's jump host, or None if it has none.

    Raises HostFailed. Neither the jump host's key nor what is wrong with its sign-in is said of the host behind it.
    """
    if host.jump is None:
        return None
    try:
        return await open_connection(host.jump)
    except HostFailed as failed:
        text = f"The jump host {host.jump.name} cannot be used: {failed.text}"
        raise HostFailed(Problem.UNREACHABLE, text, output=failed.output) from failed


async def see_host_key(host: Host, through: Connection | None) -> str:
    """Return the key that the host shows, without signing in. Raises HostFailed, also where another one is pinned."""
    client = _Client(host.host_key)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            key = await asyncssh.get_server_host_key(
                host.address,
                host.port,
                tunnel=through.ssh if through else (),
                server_host_key_algs=_algorithms(host),
                config=None,
            )
    except Exception as failure:
        raise _explained(failure, client) from failure
    if key is None or not client.validate_host_public_key("", "", 0, key):
        raise _explained(asyncssh.HostKeyNotVerifiable("another key"), client)
    return client.seen or ""


def _algorithms(host: Host) -> list[str]:
    pinned_type = host.host_key.split()[0] if host.host_key else None
    if pinned_type and pinned_type not in _HOST_KEY_ALGORITHMS:
        raise HostFailed(Problem.INVALID, f"A pinned host key of type {pinned_type} cannot be checked.")
    return [
        one
        for name, several in _HOST_KEY_ALGORITHMS.items()
        if pinned_type in (None, name)
        for one in several
    ]


def own_keys(host: Host) -> list[asyncssh.SSHKey] | None:
    """Return the keys by which the pool signs in. Raises HostFailed if the private key cannot be read."""
    try:
        return [read_private_key(host.private_key)] if host.private_key else None
    except InvalidValue as unreadable:
        raise HostFailed(unreadable.problem, str(unreadable)) from None


async def open_connection(host: Host) -> Connection:
    """Connect and sign in. Raises HostFailed."""
    algorithms, keys = _algorithms(host), own_keys(host)
    through = await open_jump(host)
    client = _Client(host.host_key)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            ssh = await asyncssh.connect(
                host.address,
                host.port,
                tunnel=through.ssh if through else (),
                client_factory=lambda: client,
                known_hosts=([], [], []),
                server_host_key_algs=algorithms,
                username=host.user,
                password=host.password,
                client_keys=keys,
                # Nothing of the account that the server runs as: no agent, no keys, no ~/.ssh/config.
                agent_path=None,
                config=None,
                gss_auth=False,
                gss_kex=False,
                keepalive_interval=15,
                keepalive_count_max=2,
                login_timeout=CONNECT_SECONDS,
            )
    except BaseException as failure:
        if through:
            through.close()
        if isinstance(failure, Exception):
            raise _explained(failure, client) from failure
        raise
    return Connection(ssh, client.seen or "", through=through)


def _system_text(failure: OSError) -> str:
    return os.strerror(failure.errno) if failure.errno and failure.errno > 0 else "the name is not known"


def _explained(failure: Exception, client: _Client) -> HostFailed:
    """Return why no connection came about, as our own words: a host's may say anything."""
    if client.pinned and client.seen and not same_key(client.pinned, client.seen):
        text = "The host shows another host key than before. Nothing was sent to it."
        return HostFailed(Problem.HOST_KEY_CHANGED, text, host_key=client.seen)
    match failure:
        case TimeoutError():
            problem, text = Problem.UNREACHABLE, f"No SSH server answered within {CONNECT_SECONDS:g} s."
        case asyncssh.PermissionDenied():
            problem, text = Problem.REFUSED, "The host refuses the pool's sign-in."
        case asyncssh.KeyExchangeFailed() if client.pinned and "host key" in str(failure):
            problem, text = Problem.HOST_KEY_CHANGED, "The host has no key of the pinned key's type any more."
        case asyncssh.ChannelOpenError():
            problem, text = Problem.UNREACHABLE, "The jump host cannot reach it."
        case asyncssh.ConnectionLost() | asyncssh.DisconnectError() if isinstance(failure.__cause__, OSError):
            problem, text = Problem.UNREACHABLE, "The connection broke."
        case asyncssh.ConnectionLost():
            problem, text = Problem.UNREACHABLE, "The connection broke before the sign-in was done."
        case OSError():
            problem, text = (
                Problem.UNREACHABLE,
                f"No connection: {_system_text(failure)}.",
            )
        case _:
            problem, text = (
                Problem.GARBAGE,
                f"What answers does not speak SSH properly ({type(failure).__name__}).",
            )
    return HostFailed(problem, text, host_key=client.seen)
