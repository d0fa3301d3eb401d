"""A cluster for tests: its API, what runs its pods, and the launcher of a server that uses it."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from tests.servers.environment import settings
from tests.servers.kubernetes.node import Node
from tests.servers.kubernetes.real import RealApi
from tests.servers.kubernetes.server import NAMESPACE, KubeApi
from toolcrib.desktops.launchers.kubernetes.launcher import KubernetesLauncher
from toolcrib.desktops.launchers.kubernetes.limits import LIMITS, Limits
from toolcrib.desktops.launchers.launcher import Report, Wanted

OWNER = "6ff3bd1e-2a06-4f56-9f7c-7d7b42d10e4c"
IMAGE = "registry.test/desktops/ubuntu:24.04"
VNC_IMAGE = "registry.test/desktops/vnc:1"
PASSWORD = "0123456789abcdefghijklmnopqrstuv"
READY_SECONDS = 20.0

PLURALS = (
    "statefulsets",
    "secrets",
    "services",
    "networkpolicies",
    "persistentvolumeclaims",
    "pods",
    "daemonsets",
)


def new_name(base: str = "d1") -> str:
    return f"{base}-{uuid.uuid4()}"


def wanted(name: str = "", **changes: Any) -> Wanted:
    return Wanted(
        **{"name": name or new_name(), "owner": OWNER, "image": IMAGE, "password": PASSWORD, **changes}
    )


def settings_of(kubeconfig: Path | str, **changes: Any) -> Any:
    return settings(
        **{
            "DESKTOP_LAUNCHER": "kubernetes",
            "KUBECONFIG": str(kubeconfig),
            "NAMESPACE": NAMESPACE,
            "DESKTOP_IMAGE": IMAGE,
            "DESKTOP_VNC_IMAGE": VNC_IMAGE,
            **changes,
        }
    )


class Platform:
    """`launcher` is one server's; `launchers` closes all that a test opens."""

    def __init__(self, api: KubeApi | RealApi, folder: Path) -> None:
        self.api = api
        self.kubeconfig = api.write_kubeconfig(folder / "kubeconfig")
        if isinstance(api, KubeApi):
            self.node = Node(api.url, api.namespace, {"Authorization": f"Bearer {api.token}"})
        else:
            self.node = Node(api.url, api.namespace, api.headers, verify=False)
        self._open: list[KubernetesLauncher] = []
        self.launcher = self.open()

    def limit(self, **limits: Any) -> None:
        """Open the launcher anew, with less patience or smaller lists."""
        self.launcher = self._opened(Limits(**limits))

    @property
    def ours(self) -> KubeApi:
        """The tests' own API server, to be told to misbehave."""
        assert isinstance(self.api, KubeApi)
        return self.api

    def open(self, **changes: Any) -> KubernetesLauncher:
        return self._opened(LIMITS, **changes)

    def _opened(self, limits: Limits, **changes: Any) -> KubernetesLauncher:
        settings = settings_of(self.kubeconfig, **{"NAMESPACE": self.api.namespace, **changes})
        launcher = KubernetesLauncher(settings, limits)
        self._open.append(launcher)
        return launcher

    async def ready(self, one: Wanted) -> Report:
        await self.launcher.start(one)
        return await self.launcher.wait_ready(one.name, seconds=READY_SECONDS)

    def names(self, *plurals: str) -> set[tuple[str, str]]:
        """What is there of these kinds, or of all."""
        return {(plural, name) for plural in plurals or PLURALS for name in self.api.objects(plural)} - {
            ("services", "kubernetes")
        }

    def workload(self, name: str) -> Any:
        return self.api.objects("statefulsets")[name]

    async def close(self) -> None:
        for launcher in self._open:
            await launcher.aclose()
        self.node.close()
