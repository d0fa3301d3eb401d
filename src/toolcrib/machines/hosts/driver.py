"""What the pool asks of its hosts, and what they answer: the whole of what the rest of this kind may use of them.

Every verb of a `Driver` works on many hosts in parallel and gives one `Outcome` for each, by the host's name. What
goes wrong on one host is that host's outcome; it neither raises nor changes what the others answer. Every verb is
safe to repeat after a crash at any point, by this process or by another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

HomePolicy = Literal["wipe", "archive"]

OUTPUT_BYTES = 16 * 1024
"""`Outcome.output` is never longer."""


class Problem(StrEnum):
    """Why a host did not do what was asked of it."""

    UNREACHABLE = "unreachable"
    """Nobody answers at the address, or the connection broke."""
    HOST_KEY_CHANGED = "host_key_changed"
    """Another host key than the pinned one; nothing was sent. `Outcome.host_key` is the new one, where known."""
    REFUSED = "refused"
    """The host does not accept the pool's own sign-in, or the manager may not become root."""
    LOGIN_EXISTS = "login_exists"
    """There is a login of this name which does not have the given mark. It was not touched."""
    FULL = "full"
    """The host's disk is full."""
    TIMED_OUT = "timed_out"
    """It was not done in the given time. It may be done later all the same, so repeat or remove."""
    GARBAGE = "garbage"
    """What answers does not speak SSH, or says too much, or not what the pool's script says."""
    INVALID = "invalid"
    """The request or the host's record has a value that is not allowed. Nothing was sent."""
    FAILED = "failed"
    """The host refused a step; `Outcome.text` says which."""


@dataclass(frozen=True)
class Host:
    """How to reach one machine as its manager. Its repr shows no secret."""

    name: str
    address: str
    """A DNS name or an IP address."""
    port: int
    user: str
    password: str | None = field(default=None, repr=False)
    """Of `user`, to sign in where there is no key, and for sudo."""
    private_key: str | None = field(default=None, repr=False)
    """An OpenSSH private key without passphrase: the pool's, or the machine's own."""
    sudo: bool = False
    """`user` is not root: become root by sudo."""
    host_key: str | None = None
    """The pinned key, `ssh-ed25519 AAAA…`. None accepts any, and `Outcome.host_key` says which it was."""
    jump: Host | None = None
    """Reached by way of this host (ProxyJump)."""
    unusable: str | None = None
    """Why nobody can sign in by this record. If it is set, nothing is sent, and the host's outcome is REFUSED."""
    ca_key: str | None = None
    """The public key of the pool's CA, for accounts with principals."""


@dataclass(frozen=True)
class Account:
    """The login to make on each host."""

    login: str
    """`[a-z_][a-z0-9_-]{0,31}`, and no name that systems use themselves."""
    mark: str
    """The reservation's id, `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`. The host keeps it: it is how an account of the pool
    is known from any other, and how one reservation's is known from the next one's."""
    password_hash: str | None = field(default=None, repr=False)
    """`$6$…` (`passwords.hash_password`). None: nobody signs in by password."""
    public_keys: tuple[str, ...] = ()
    """OpenSSH public keys that may sign in."""
    principals: tuple[str, ...] = ()
    """Whose certificates of the host's `ca_key` may sign in (`certificates.principal_of`): of each of them alone."""


@dataclass(frozen=True)
class Facts:
    """What `check` finds out about a host. A thing the host does not tell is empty or None."""

    os: str = ""
    """As `PRETTY_NAME` in os-release: `Debian GNU/Linux 12 (bookworm)`."""
    os_id: str = ""
    """As `ID` in os-release: `debian`, `alpine`."""
    os_version: str = ""
    kernel: str = ""
    architecture: str = ""
    """As `uname -m`."""
    cores: int | None = None
    memory_bytes: int | None = None
    disk_free_bytes: int | None = None
    """Where homes are."""
    gpus: tuple[str, ...] = ()
    """Their models, one for each GPU."""


@dataclass(frozen=True)
class Outcome:
    """What became of one host."""

    problem: Problem | None = None
    """None: it is done, and the host was asked whether it is so."""
    text: str = ""
    """What went wrong: one line for people, without secrets. Empty when done."""
    host_key: str | None = None
    """The key that the host showed. Pin it if none was pinned."""
    output: str = ""
    """What the run said, secrets masked, at most OUTPUT_BYTES."""
    facts: Facts | None = None
    """By `check` alone."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """By `check` alone: the pool's accounts on the host, login -> mark, half-made and half-removed ones included."""

    @property
    def done(self) -> bool:
        return self.problem is None


class Driver(Protocol):
    """One way to have hosts do what the pool needs. `seconds` is the deadline of the whole call."""

    async def create(self, hosts: Sequence[Host], account: Account, *, seconds: float) -> dict[str, Outcome]:
        """Make the login with its home, password, keys and group, and verify it.

        A login with the same mark is brought to this state; one with another mark or none is LOGIN_EXISTS.
        On any other problem a part of the account may be there: `remove` it.
        """
        ...

    async def remove(
        self, hosts: Sequence[Host], login: str, mark: str, *, home: HomePolicy, seconds: float
    ) -> dict[str, Outcome]:
        """End the login's access: its sessions, processes, jobs, files in temporary folders, home and mail.

        Done only when the host has confirmed that nothing is left. A login that is not there is done, too; one
        with another mark or none is LOGIN_EXISTS. `archive` keeps the home as an archive on the host, for root.
        """
        ...

    async def check(self, hosts: Sequence[Host], *, seconds: float) -> dict[str, Outcome]:
        """Sign in, become root, and report facts and the pool's accounts. Changes nothing."""
        ...

    async def enroll(self, hosts: Sequence[Host], private_key: str, *, seconds: float) -> dict[str, Outcome]:
        """Let this OpenSSH key sign in as each host's `user`. Done when it has signed in, without a password."""
        ...

    async def run(self, hosts: Sequence[Host], command: str, *, seconds: float) -> dict[str, Outcome]:
        """Run the operator's shell command as root. Another exit status than 0 is FAILED."""
        ...

    async def aclose(self) -> None:
        """Close kept connections."""
        ...
