"""Launchers that pass the same tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from tests.desktops.local.computer import READY_SECONDS, Computer, wanted
from toolcrib.desktops.launchers.launcher import Launcher, Wanted


class Subject(Protocol):
    """A launcher and its platform."""

    seconds: float
    """How long a start may take there."""

    @property
    def launcher(self) -> Launcher: ...

    def reopen(self) -> Launcher:
        """The launcher as another process of the server has it."""
        ...

    def wanted(self, name: str = "", *, persistent_home: bool = True, volume: str | None = None) -> Wanted:
        """A desktop that the platform can run; its name is new if none is given."""
        ...

    async def put_into_home(self, name: str) -> None:
        """Leave something in the home of this running desktop."""
        ...

    async def is_in_home(self, name: str) -> bool:
        """Whether it is still there, as this running desktop sees it."""
        ...

    def leftovers(self) -> list[str]:
        """What the platform still has of desktops, homes included, volumes aside."""
        ...

    async def close(self) -> None: ...


class Local(Computer):
    seconds = READY_SECONDS

    def wanted(self, name: str = "", *, persistent_home: bool = True, volume: str | None = None) -> Wanted:
        return wanted(name, persistent_home=persistent_home, volume=volume)

    async def put_into_home(self, name: str) -> None:
        async def content() -> AsyncIterator[bytes]:
            yield b"kept"

        await self.launcher.write_home(name, "note.txt", content())

    async def is_in_home(self, name: str) -> bool:
        return "note.txt" in [one.name for one in await self.launcher.list_home(name, "")]
