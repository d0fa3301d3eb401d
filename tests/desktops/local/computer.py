"""The launcher `local` for tests: in a folder of its own, with users that no other test has."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import Any

from tests.servers.process import program
from toolcrib.desktops.launchers.launcher import Wanted
from toolcrib.desktops.launchers.local.launcher import LocalLauncher
from toolcrib.settings import Settings

FIRST_USER, USERS = 1_910_000_000, 1000
ANN, BEN = "9d0a8c52-3f0c-4c36-8a59-6d7a3c1b7f10", "1f6f7d6e-9d7b-4a55-bb53-1d1f4b1c2a77"
PASSWORD = "Qx7vPm2kZb9tWc4nRd6sJf8hLg3yKa5e"
READY_SECONDS = 30.0


class Computer:
    """One computer with desktops, as several server processes see it."""

    def __init__(self, folder: Path, number: int, **settings: Any) -> None:
        for name in ("Xvnc", "bwrap", "openbox", "xterm"):
            program(name)
        self.folder = folder
        first = FIRST_USER + number * USERS
        self.users = range(first, first + USERS)
        uids = f"{first}-{first + USERS - 1}"
        self.settings = Settings.model_validate(
            {"DATA_DIR": folder, "SECRET_KEY": "s" * 40, "DESKTOP_LOCAL_UIDS": uids, **settings}
        )
        self.launcher = self.reopen()

    def reopen(self) -> LocalLauncher:
        """The launcher as another process of the server has it."""
        return LocalLauncher(self.settings)

    def leftovers(self) -> list[str]:
        """Processes of desktops, sockets, and what waits to be removed, told without the launcher's help."""
        found = [" ".join(words) for words in self.processes().values()]
        root = self.folder / "desktops"
        for folder in ("sockets", "removed", "desktops"):
            found += [str(path) for path in (root / folder).glob("*")]
        return found

    def processes(self) -> dict[int, list[str]]:
        """All that runs as one of the users of this computer, or below its folder."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                status = (entry / "status").read_text()
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            user = int(status.partition("\nUid:")[2].split()[0])
            if "\nState:\tZ" not in status and (
                user in self.users or any(str(self.folder) in word for word in words)
            ):
                found[int(entry.name)] = words
        found.pop(os.getpid(), None)
        return found

    def home(self, name: str) -> Path:
        return self.folder / "desktops" / "desktops" / name / "home"

    async def close(self) -> None:
        for name in await self.launcher.statuses():
            await self.launcher.delete(name, home=True)
        await self.launcher.aclose()
        shutil.rmtree(self.folder, ignore_errors=True)


def wanted(name: str = "", **other: Any) -> Wanted:
    values: dict[str, Any] = {
        "owner": ANN,
        "image": "",
        "password": PASSWORD,
        "resolution": "800x600",
        **other,
    }
    return Wanted(name=name or f"d1-{uuid.uuid4()}", **values)
