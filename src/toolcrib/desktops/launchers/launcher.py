"""What desktops ask of the platform that they run on, and what it answers.

A `Launcher` knows desktops and volumes by the names that Toolcrib gave them, and keeps no truth of its own beyond what
the platform keeps: any server process may call any verb, and every verb is safe to repeat after a crash at any point.
Every verb ends within its deadline, and raises nothing but the errors below.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class LauncherError(Exception):
    """The platform did not do what it was asked. The text is one line for people, without secrets or foreign text."""


class LauncherMissing(LauncherError):
    """This computer lacks programs, or the launcher is not configured. The text says what to install or to set."""


class LauncherDown(LauncherError):
    """The platform did not answer in time, or not in a way that makes sense. The same call may work later."""


class LauncherRefused(LauncherError):
    """The platform will not have it: a quota, a name, an image, a right that the server lacks. Repeating is no use."""


class NotSupported(LauncherError):
    """This platform has no such thing."""


class Phase(StrEnum):
    """Of one desktop, as the platform has it now."""

    STARTING = "starting"
    READY = "ready"  # a window is there to be seen
    STOPPING = "stopping"
    STOPPED = "stopped"  # nothing runs; what was kept is there
    FAILED = "failed"  # it ended by itself, or cannot start; `Report.text` says why


@dataclass(frozen=True)
class Report:
    """What the platform says of one desktop. `text` is one line for people: the progress of a start (`pulling image`),
    or why it failed."""

    phase: Phase
    text: str = ""
    started_at: datetime | None = None


@dataclass(frozen=True)
class Volume:
    """A volume from outside any desktop, to be seen at `/storage`."""

    name: str
    status: str = "Bound"
    """`Pending`, `Bound`, `Lost`, `Failed` or `Unknown`."""
    size: str = ""
    """A Kubernetes quantity: `10Gi`."""


@dataclass(frozen=True)
class Wanted:
    """One desktop as it shall run. All values have been checked against the contract's grammars."""

    name: str
    """`[a-z0-9-]`, at most 53 characters, never used twice: `d1-218c5184-bd88-4a8a-a3f6-fafbff4e881d`."""
    owner: str
    """The UUID of the person: on one computer, desktops of different people run as different users."""
    image: str
    """An image's reference; on one computer the name of a session that the operator has set up; "" the default."""
    password: str = field(repr=False)
    """32 letters and digits. Who shows it over VNC is let in (VNC reads 8 of them)."""
    min_cpu: int = 1
    max_cpu: int = 4
    min_ram: str = "4096Mi"
    max_ram: str = "16384Mi"
    persistent_home: bool = True
    volume: str | None = None
    network: bool = False
    """Whether programs in it reach the network. The cluster's policies decide that for themselves."""
    resolution: str = "1920x1080"
    gateway: bool = False
    """A gateway (Guacamole, guacd) must reach it over TCP, too, with the password."""


@dataclass(frozen=True)
class Address:
    """Where a desktop's VNC server listens: a unix socket, or a host and port."""

    path: Path | None = None
    host: str = ""
    port: int = 0
    needs_password: bool = True


@dataclass(frozen=True)
class Usage:
    """What a desktop uses now. None where the platform does not tell."""

    cpu_seconds: float | None = None
    """Processor time since it started."""
    cpu_cores: float | None = None
    """Cores in use at this moment, where the platform measures that by itself."""
    memory_bytes: int | None = None


@dataclass(frozen=True)
class HomeFile:
    """One entry of a folder in a desktop's home."""

    name: str
    is_folder: bool
    size: int
    changed_at: datetime


class Launcher(Protocol):
    """One way to run desktops."""

    name: str
    """`local`, `kubernetes` or `rancher`."""
    default_image: str
    """For a desktop without a configuration. Empty: there is none, and a configuration is needed."""

    async def check(self) -> None:
        """Look whether desktops can be run at all. Raises LauncherMissing or LauncherDown. Changes nothing."""
        ...

    def check_image(self, image: str) -> str | None:
        """Return why this image can be no desktop's (the name of no session, a broken reference), or None."""
        ...

    async def start(self, wanted: Wanted) -> None:
        """Have it run as wanted, with a new password: for the first time, or again after a stop (resume).

        Returns when the platform has taken it on; `wait_ready` follows. One that runs already is left as it is.
        """
        ...

    async def wait_ready(
        self, name: str, *, seconds: float, progress: Callable[[str], Awaitable[None]] | None = None
    ) -> Report:
        """Wait until it is READY or FAILED, or the time is over (then it is STARTING), telling progress in words."""
        ...

    async def say(self, name: str, text: str) -> None:
        """Show `text` to the person inside the desktop. Raises NotSupported where that cannot be done."""
        ...

    async def stop(self, name: str) -> None:
        """End all that runs in it, and let its window server and sockets go; keep home and volume.

        Returns when nothing of it runs. A desktop that is not there is stopped.
        """
        ...

    async def delete(self, name: str, *, home: bool) -> bool:
        """Remove all that is left of a stopped desktop, its home too if `home`. One that is not there is deleted.

        Returns whether everything is gone that should be; False: the home could not be removed.
        """
        ...

    async def statuses(self) -> Mapping[str, Report]:
        """Every desktop of this server that the platform knows, those that Toolcrib may have forgotten included."""
        ...

    async def status(self, name: str) -> Report | None:
        """One of them, or None."""
        ...

    async def address(self, name: str) -> Address:
        """Where it is to be seen. Raises LauncherError if it does not run."""
        ...

    async def gateway_address(self, name: str) -> Address:
        """Host and port for a gateway. Raises NotSupported if it was started without `gateway`."""
        ...

    async def usage(self, name: str) -> Usage: ...

    async def create_volume(self, name: str, size: str) -> Volume:
        """Make a volume. One of this name that this server made is returned as it is."""
        ...

    async def delete_volume(self, name: str) -> None:
        """Remove a volume with all that is in it. One that is not there is deleted."""
        ...

    async def volumes(self) -> Mapping[str, Volume]: ...

    async def prepare_images(self, images: Sequence[str]) -> None:
        """Have images at hand where desktops will run, and let go of those that are not named. Raises NotSupported."""
        ...

    async def list_home(self, name: str, folder: str) -> list[HomeFile]:
        """List a folder of the home of a running desktop (`""`: the home itself). Raises NotSupported, or
        FileNotFoundError, NotADirectoryError."""
        ...

    def read_home(self, name: str, path: str) -> AsyncIterator[bytes]:
        """Read a file of the home. Raises as `list_home` does, or IsADirectoryError."""
        ...

    async def write_home(self, name: str, path: str, content: AsyncIterator[bytes]) -> int:
        """Write a file of the home, as its person, whole or not at all. Returns its size. Raises as `read_home`
        does."""
        ...

    async def aclose(self) -> None:
        """Let go of connections. Desktops run on."""
        ...
