"""A Rancher with the launcher of a server that uses it; a subject of the suite that all launchers pass."""

from __future__ import annotations

from typing import Any

from tests.desktops.kubernetes.platform import IMAGE, wanted
from tests.servers.environment import settings
from tests.servers.rancher import CLUSTER, REPOSITORY, TOKEN, Rancher
from toolcrib.desktops.launchers.launcher import Wanted
from toolcrib.desktops.launchers.rancher import launcher as module
from toolcrib.desktops.launchers.rancher.launcher import RancherLauncher

module.LOOK_SECONDS = 0.02  # the tests' Rancher is quick


class RancherSubject:
    seconds = 10.0

    def __init__(self, rancher: Rancher) -> None:
        self.rancher = rancher
        self._open: list[RancherLauncher] = []
        self._homes: dict[str, str] = {}
        self.launcher = self.open()

    def open(self, **changes: Any) -> RancherLauncher:
        chosen = {
            "DESKTOP_LAUNCHER": "rancher",
            "NAMESPACE": "desks",
            "DESKTOP_IMAGE": IMAGE,
            "RANCHER_API_URL": self.rancher.url,
            "RANCHER_API_TOKEN": TOKEN,
            "RANCHER_CLUSTER_ID": CLUSTER,
            "RANCHER_REPO_NAME": REPOSITORY,
        }
        launcher = RancherLauncher(settings(**{**chosen, **changes}))
        self._open.append(launcher)
        return launcher

    def reopen(self) -> RancherLauncher:
        return self.open()

    def wanted(self, name: str = "", *, persistent_home: bool = True, volume: str | None = None) -> Wanted:
        return wanted(name, persistent_home=persistent_home, volume=volume)

    async def put_into_home(self, name: str) -> None:
        self._homes[name] = self._home(name)

    async def is_in_home(self, name: str) -> bool:
        """A home is its claim: the same one means that what was in it is still there."""
        return self._home(name) == self._homes[name]

    def leftovers(self) -> list[str]:
        return ["/".join(key) for key in self.rancher.names()]

    async def close(self) -> None:
        for launcher in self._open:
            await launcher.aclose()
        self.rancher.close()

    def _home(self, name: str) -> str:
        uid: str = self.rancher.objects["persistentvolumeclaims", f"{name}-home"]["metadata"]["uid"]
        return uid
