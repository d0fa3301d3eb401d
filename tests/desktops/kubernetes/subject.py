"""A cluster as a subject of the suite that all launchers pass."""

from __future__ import annotations

from pathlib import Path

from tests.desktops.kubernetes.platform import READY_SECONDS, Platform, wanted
from tests.servers.kubernetes.real import RealApi
from tests.servers.kubernetes.server import KubeApi
from toolcrib.desktops.launchers.kubernetes.launcher import KubernetesLauncher
from toolcrib.desktops.launchers.launcher import Wanted


class KubernetesSubject:
    seconds = READY_SECONDS

    def __init__(self, api: KubeApi | RealApi, folder: Path) -> None:
        folder.mkdir()
        self._platform = Platform(api, folder)
        self.launcher: KubernetesLauncher = self._platform.launcher
        self._homes: dict[str, str] = {}

    def reopen(self) -> KubernetesLauncher:
        return self._platform.open()

    def wanted(self, name: str = "", *, persistent_home: bool = True, volume: str | None = None) -> Wanted:
        return wanted(name, persistent_home=persistent_home, volume=volume)

    async def put_into_home(self, name: str) -> None:
        self._homes[name] = self._home(name)

    async def is_in_home(self, name: str) -> bool:
        """A home is its claim: the same one means that what was in it is still there."""
        mounted = self._platform.api.objects("pods")[f"{name}-0"]["spec"]["volumes"]
        claims = [volume["persistentVolumeClaim"] for volume in mounted if "persistentVolumeClaim" in volume]
        return claims == [{"claimName": f"{name}-home"}] and self._home(name) == self._homes[name]

    def leftovers(self) -> list[str]:
        return [f"{plural}/{name}" for plural, name in self._platform.names()]

    async def close(self) -> None:
        await self._platform.close()
        if isinstance(self._platform.api, KubeApi):
            self._platform.api.close()

    def _home(self, name: str) -> str:
        uid: str = self._platform.api.objects("persistentvolumeclaims")[f"{name}-home"]["metadata"]["uid"]
        return uid
