"""A platform for desktops that is a folder of files, brought as installed packages bring launchers.

It implements the whole `Launcher` protocol, and outlives the server as a real platform does. What it does on purpose
lies in `orders.json`, by verb: `down`, `refuse`, `missing`, `nonsense`, `hang` (until the order is taken back), `kill`
(the server dies before it is done) and `kill_after`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolcrib.desktops.launchers.launcher import (
    Address,
    HomeFile,
    LauncherDown,
    LauncherMissing,
    LauncherRefused,
    NotSupported,
    Phase,
    Report,
    Usage,
    Volume,
    Wanted,
)
from toolcrib.settings import Settings

NAME = "fake"
POLL_SECONDS = 0.02


def install(site: Path) -> None:
    """Make `site`, a folder for `sys.path`, say that this module is an installed launcher."""
    about = site / "fake_launcher-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-launcher\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        f"[toolcrib.launchers]\n{NAME} = tests.desktops.fake_launcher:FakeLauncher\n"
    )


class Platform:
    """The folder, as launchers and tests see it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("desktops", "homes", "volumes"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def order(self, **orders: str | None) -> None:
        """Have verbs do something else from now on; None: as usual."""
        found = {**self.orders(), **orders}
        _write(self.folder / "orders.json", {verb: order for verb, order in found.items() if order})

    def orders(self) -> dict[str, str]:
        found: dict[str, str] = _read(self.folder / "orders.json") or {}
        return found

    def record(self, verb: str, name: str = "") -> None:
        with (self.folder / "calls").open("a") as file:
            file.write(f"{verb} {name}\n")

    def calls(self, verb: str, name: str | None = None) -> int:
        """How often that was asked."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return sum(
            line.startswith(f"{verb} ") and (name is None or line == f"{verb} {name}") for line in lines
        )

    def said(self, name: str) -> list[str]:
        found: list[str] = _read(self.folder / f"said-{name}") or []
        return found

    def desktop(self, name: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = _read(self.folder / "desktops" / f"{name}.json")
        return found

    def put(self, name: str, **values: Any) -> None:
        _write(self.folder / "desktops" / f"{name}.json", {**(self.desktop(name) or {}), **values})

    def lose(self, name: str) -> None:
        """What ran it has forgotten it; the home stays."""
        (self.folder / "desktops" / f"{name}.json").unlink()

    def running(self) -> set[str]:
        files = (self.folder / "desktops").glob("*.json")
        return {file.stem for file in files if (_read(file) or {}).get("phase") in ("starting", "ready")}

    def known(self) -> set[str]:
        return {file.stem for file in (self.folder / "desktops").glob("*.json")}

    def homes(self) -> set[str]:
        return {folder.name for folder in (self.folder / "homes").iterdir()}

    def home(self, name: str) -> Path:
        return self.folder / "homes" / name

    def volumes(self) -> set[str]:
        return {file.stem for file in (self.folder / "volumes").glob("*.json")}


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text())
    except FileNotFoundError:
        return None


def _write(file: Path, value: Any) -> None:
    draft = file.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(value))
    draft.replace(file)


class FakeLauncher:
    name = NAME
    default_image = "plain"

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.data_dir / "platform"

    @property
    def platform(self) -> Platform:
        return Platform(self._folder)

    async def _obey(self, verb: str, name: str = "") -> None:
        platform = self.platform
        platform.record(verb, name)
        match platform.orders().get(verb):
            case "down":
                raise LauncherDown("The platform does not answer.")
            case "refuse":
                raise LauncherRefused("The platform's quota is used up.")
            case "missing":
                raise LauncherMissing("Install the package fake-platform.")
            case "nonsense":
                raise ValueError("secret words of the platform")
            case "hang":
                while platform.orders().get(verb) == "hang":
                    await asyncio.sleep(POLL_SECONDS)
            case "kill":
                platform.order(**{verb: None})
                os.kill(os.getpid(), signal.SIGKILL)

    def _obeyed(self, verb: str) -> None:
        if self.platform.orders().get(verb) == "kill_after":
            self.platform.order(**{verb: None})
            os.kill(os.getpid(), signal.SIGKILL)

    async def check(self) -> None:
        await self._obey("check")

    def check_image(self, image: str) -> str | None:
        return "There is no image of this name." if image.startswith("unknown") else None

    async def start(self, wanted: Wanted) -> None:
        await self._obey("start", wanted.name)
        there = self.platform.desktop(wanted.name)
        if there is None or there["phase"] not in ("starting", "ready"):
            home = self.platform.home(wanted.name)
            home.mkdir(exist_ok=True)
            values = {each: getattr(wanted, each) for each in Wanted.__dataclass_fields__ if each != "name"}
            self.platform.put(wanted.name, **values, phase="starting", text="")
        self._obeyed("start")

    async def wait_ready(
        self, name: str, *, seconds: float, progress: Callable[[str], Awaitable[None]] | None = None
    ) -> Report:
        if progress is not None:
            await progress("starting")
        await self._obey("wait_ready", name)
        there = self.platform.desktop(name)
        if there is None:
            return Report(Phase.FAILED, "It is not there.")
        if self.platform.orders().get("wait_ready") == "never":
            return Report(Phase.STARTING, "pulling image")
        if self.platform.orders().get("wait_ready") == "fail":
            self.platform.put(name, phase="failed", text="The image cannot be pulled.")
            return Report(Phase.FAILED, "The image cannot be pulled.")
        self.platform.put(name, phase="ready")
        self._obeyed("wait_ready")
        return Report(Phase.READY)

    async def say(self, name: str, text: str) -> None:
        await self._obey("say", name)
        _write(self._folder / f"said-{name}", [*self.platform.said(name), text])

    async def stop(self, name: str) -> None:
        await self._obey("stop", name)
        if self.platform.desktop(name) is not None:
            self.platform.put(name, phase="stopped")
        self._obeyed("stop")

    async def delete(self, name: str, *, home: bool) -> bool:
        await self._obey("delete", name)
        if self.platform.desktop(name) is not None:
            self.platform.lose(name)
        if home and self.platform.orders().get("delete") == "home_stays":
            return False
        if home:
            shutil.rmtree(self.platform.home(name), ignore_errors=True)
        self._obeyed("delete")
        return True

    async def statuses(self) -> Mapping[str, Report]:
        await self._obey("statuses")
        return {name: _report(self.platform.desktop(name)) for name in self.platform.known()}

    async def status(self, name: str) -> Report | None:
        await self._obey("status", name)
        there = self.platform.desktop(name)
        return _report(there) if there is not None else None

    async def address(self, name: str) -> Address:
        await self._obey("address", name)
        return Address(path=self._folder / "sockets" / name, needs_password=False)

    async def gateway_address(self, name: str) -> Address:
        raise NotSupported("There is no gateway here.")

    async def usage(self, name: str) -> Usage:
        await self._obey("usage", name)
        return Usage(cpu_seconds=1.5, memory_bytes=74_000_000)

    async def create_volume(self, name: str, size: str) -> Volume:
        await self._obey("create_volume", name)
        _write(self._folder / "volumes" / f"{name}.json", {"status": "Bound", "size": size})
        self._obeyed("create_volume")
        return Volume(name, "Bound", size)

    async def delete_volume(self, name: str) -> None:
        await self._obey("delete_volume", name)
        (self._folder / "volumes" / f"{name}.json").unlink(missing_ok=True)

    async def volumes(self) -> Mapping[str, Volume]:
        await self._obey("volumes")
        found = {name: _read(self._folder / "volumes" / f"{name}.json") for name in self.platform.volumes()}
        return {name: Volume(name, **values) for name, values in found.items()}

    async def prepare_images(self, images: Sequence[str]) -> None:
        await self._obey("prepare_images", " ".join(images))
        raise NotSupported("Images are at hand here.")

    async def list_home(self, name: str, folder: str) -> list[HomeFile]:
        await self._obey("list_home", name)
        entries = sorted((self.platform.home(name) / folder).iterdir())
        return [
            HomeFile(
                each.name,
                each.is_dir(),
                each.stat().st_size,
                datetime.fromtimestamp(each.stat().st_mtime, UTC),
            )
            for each in entries
        ]

    async def read_home(self, name: str, path: str) -> AsyncIterator[bytes]:
        await self._obey("read_home", name)
        yield (self.platform.home(name) / path).read_bytes()

    async def write_home(self, name: str, path: str, content: AsyncIterator[bytes]) -> int:
        await self._obey("write_home", name)
        found = b"".join([piece async for piece in content])
        (self.platform.home(name) / path).write_bytes(found)
        return len(found)

    async def aclose(self) -> None:
        return None


def _report(there: Any) -> Report:
    return Report(Phase(there["phase"]), there.get("text", ""))
