"""Runs desktops from a chart of a Rancher catalogue: to start is to install it, to stop is to uninstall it.

The chart keeps no trace of a desktop that is stopped, so for each there is a ConfigMap: it comes first, goes last, and
bears this server's mark.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import quote

from toolcrib.desktops.launchers.kubernetes.answers import (
    Claim,
    Metadata,
    Object,
    Pod,
    Workload,
    WorkloadSpec,
    read,
)
from toolcrib.desktops.launchers.kubernetes.manifests import GATEWAY, INSTANCE, OWNER, PART, PORT, Manifests
from toolcrib.desktops.launchers.kubernetes.refusals import Changed, Exists, Missing
from toolcrib.desktops.launchers.kubernetes.states import STARTING, WAITING_FOR_NODE, report
from toolcrib.desktops.launchers.kubernetes.values import (
    check_name,
    check_size,
    check_volume_name,
    check_wanted,
    resource_name,
    why_no_image,
)
from toolcrib.desktops.launchers.kubernetes.volumes import volume_of
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
from toolcrib.desktops.launchers.rancher.chart import install_request
from toolcrib.desktops.launchers.rancher.steve import Steve
from toolcrib.settings import Settings

STOP_SECONDS = 120.0  # contract, section 11: 60 looks, 2 seconds apart
HOME_SECONDS = 20.0
LOOK_SECONDS = 2.0

RUNNING = "toolcrib/running"
_APPS = "catalog.cattle.io.apps"
_REPOSITORIES = "catalog.cattle.io.clusterrepos"
_FAILED = frozenset({"failed", "error"})


class RancherLauncher:
    name = "rancher"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.default_image = settings.desktop_image
        self._namespace = settings.kubernetes_namespace
        self._instance = settings.kubernetes_instance
        self._patience = timedelta(seconds=settings.kubernetes_room_seconds)
        self._steve = Steve(settings)
        self._manifests = Manifests(settings)

    async def check(self) -> None:
        settings = self._settings
        for name, value in (
            ("RANCHER_API_URL", settings.rancher_api_url),
            ("RANCHER_API_TOKEN", settings.rancher_api_token.get_secret_value()),
            ("RANCHER_CLUSTER_ID", settings.rancher_cluster_id),
            ("RANCHER_REPO_NAME", settings.rancher_repo_name),
            ("DESKTOP_IMAGE", settings.desktop_image),
        ):
            if not value:
                raise LauncherMissing(f"{name} is not set: desktops of a Rancher catalogue need it.")
        if reason := why_no_image(settings.desktop_image):
            raise LauncherMissing(f"DESKTOP_IMAGE: {reason}")
        try:
            await self._steve.call("GET", f"/{_REPOSITORIES}/{quote(settings.rancher_repo_name, safe='')}")
        except Missing:
            raise LauncherMissing("Rancher has no repository of the name in RANCHER_REPO_NAME.") from None

    def check_image(self, image: str) -> str | None:
        return why_no_image(image)

    async def start(self, wanted: Wanted) -> None:
        wanted = replace(wanted, image=wanted.image or self.default_image)
        check_wanted(wanted)
        release = resource_name(wanted.name)
        await self._mark(wanted.name, wanted.owner, is_running=True, has_gateway=wanted.gateway)
        app = await self._get(_APPS, release)
        if app is not None and not _is_going(app):
            return
        if app is not None:
            raise LauncherDown("The desktop is still being removed from the cluster.")
        repository = quote(self._settings.rancher_repo_name, safe="")
        try:
            await self._steve.call(
                "POST",
                f"/{_REPOSITORIES}/{repository}",
                query={"action": "install"},
                body=install_request(self._settings, wanted, release),
            )
        except Exists:  # another process was faster
            return

    async def wait_ready(
        self, name: str, *, seconds: float, progress: Callable[[str], Awaitable[None]] | None = None
    ) -> Report:
        ends, told = time.monotonic() + seconds, ""
        while True:
            now = await self.status(name)
            if now is None:
                return Report(Phase.FAILED, "It is not on the cluster.")
            text = now.text or STARTING
            if progress is not None and text != told and now.phase in {Phase.STARTING, Phase.READY}:
                told = text
                await progress(told)
            left = ends - time.monotonic()
            if now.phase is not Phase.STARTING or left <= 0:
                return now
            await asyncio.sleep(min(LOOK_SECONDS, left))

    async def say(self, name: str, text: str) -> None:
        raise NotSupported("Nothing can be shown inside a desktop on a cluster.")

    async def stop(self, name: str) -> None:
        check_name(name)
        release = resource_name(name)
        if await self._mark_of(name) is not None:
            await self._mark(name, "", is_running=False, has_gateway=False)
        elif await self._get(_APPS, release) is not None:
            raise LauncherRefused(f"The cluster has an app {release} which is none of this server's.")
        ends, is_asked = time.monotonic() + STOP_SECONDS, False
        while True:
            app, pod = await self._get(_APPS, release), await self._get("pods", f"{release}-0")
            if app is None and pod is None:
                return
            if app is not None and not is_asked and not _is_going(app):
                await self._drop(_APPS, release)
                is_asked = True
                continue
            if time.monotonic() >= ends:
                raise LauncherDown("Rancher has not ended the desktop yet.")
            await asyncio.sleep(LOOK_SECONDS)

    async def delete(self, name: str, *, home: bool) -> bool:
        await self.stop(name)
        has_gone = await self._delete_home(name) if home else True
        if await self._mark_of(name) is not None:
            await self._drop("configmaps", _mark_name(name))
        return has_gone

    async def statuses(self) -> Mapping[str, Report]:
        marks = await self._steve.all_of("configmaps", labels=f"{INSTANCE}={self._instance},{PART}=desktop")
        apps = {read(Object, app).metadata.name: app for app in await self._steve.all_of(_APPS)}
        pods = {read(Object, pod).metadata.name: pod for pod in await self._steve.all_of("pods")}
        found = {}
        for mark in (read(Object, item).metadata for item in marks):
            name = mark.labels.get("app", "")
            if self._is_ours(mark) and name and mark.name == _mark_name(name):
                release = resource_name(name)
                found[name] = self._report(mark, apps.get(release), pods.get(f"{release}-0"))
        return found

    async def status(self, name: str) -> Report | None:
        mark = await self._mark_of(name)
        if mark is None:
            return None
        release = resource_name(name)
        app, pod = await self._get(_APPS, release), await self._get("pods", f"{release}-0")
        return self._report(mark, app, pod)

    async def address(self, name: str) -> Address:
        await self._running(name)
        host = self._settings.desktop_hostname.replace("{name}", resource_name(name))
        return Address(host=host.replace("{namespace}", self._namespace), port=PORT)

    async def gateway_address(self, name: str) -> Address:
        if GATEWAY not in (await self._running(name)).labels:
            raise NotSupported("The desktop was started without a gateway.")
        return await self.address(name)

    async def usage(self, name: str) -> Usage:
        await self._running(name)
        return Usage()

    async def create_volume(self, name: str, size: str) -> Volume:
        check_volume_name(name)
        check_size(size)
        manifest = self._manifests.volume(name, size)
        try:
            return volume_of(await self._steve.call("POST", "/persistentvolumeclaims", body=manifest))
        except Exists:
            found = await self._volume(name)
            if found is None or read(Object, found).metadata.deletion_timestamp is not None:
                raise LauncherDown(f"The volume {name} is still being removed from the cluster.") from None
            return volume_of(found)

    async def delete_volume(self, name: str) -> None:
        check_volume_name(name)
        if await self._volume(name) is not None:
            await self._drop("persistentvolumeclaims", name)

    async def volumes(self) -> Mapping[str, Volume]:
        labels = f"{INSTANCE}={self._instance},{PART}=volume"
        claims = await self._steve.all_of("persistentvolumeclaims", labels=labels)
        found = [volume_of(claim) for claim in claims if self._is_ours(read(Claim, claim).metadata, "volume")]
        return {volume.name: volume for volume in found}

    async def prepare_images(self, images: Sequence[str]) -> None:
        raise NotSupported("Images of a Rancher catalogue are not fetched before they are needed.")

    async def list_home(self, name: str, folder: str) -> list[HomeFile]:
        _no_files()

    async def read_home(self, name: str, path: str) -> AsyncIterator[bytes]:
        _no_files()
        yield b""

    async def write_home(self, name: str, path: str, content: AsyncIterator[bytes]) -> int:
        _no_files()

    async def aclose(self) -> None:
        await self._steve.aclose()

    def _report(self, mark: Metadata, app: Mapping[str, Any] | None, pod: Mapping[str, Any] | None) -> Report:
        if RUNNING not in mark.labels:
            return Report(Phase.STOPPED) if app is None and pod is None else Report(Phase.STOPPING)
        if app is None:
            return Report(Phase.STARTING, WAITING_FOR_NODE)
        if _state_of(app) in _FAILED and pod is None:
            return Report(Phase.FAILED, "Rancher could not install the chart.")
        workload = Workload(metadata=read(Object, app).metadata, spec=WorkloadSpec(replicas=1))
        seen = read(Pod, pod) if pod is not None else None
        return report(workload, seen, now=datetime.now(UTC), patience=self._patience)

    def _is_ours(self, found: Metadata, part: str = "desktop") -> bool:
        return found.labels.get(INSTANCE) == self._instance and found.labels.get(PART) == part

    async def _get(self, plural: str, name: str) -> dict[str, Any] | None:
        try:
            return await self._steve.call("GET", f"/{plural}/{self._namespace}/{quote(name, safe='')}")
        except Missing:
            return None

    async def _drop(self, plural: str, name: str) -> None:
        path = f"/{plural}/{self._namespace}/{quote(name, safe='')}"
        try:
            if plural == _APPS:
                await self._steve.call("POST", path, query={"action": "uninstall"}, body={})
            else:
                await self._steve.call("DELETE", path)
        except Missing:
            return

    async def _mark_of(self, name: str) -> Metadata | None:
        check_name(name)
        found = await self._get("configmaps", _mark_name(name))
        mark = read(Object, found).metadata if found is not None else None
        return mark if mark is not None and self._is_ours(mark) else None

    async def _running(self, name: str) -> Metadata:
        mark = await self._mark_of(name)
        if mark is None or RUNNING not in mark.labels:
            raise LauncherRefused("The desktop does not run.")
        return mark

    async def _mark(self, name: str, owner: str, *, is_running: bool, has_gateway: bool) -> None:
        """Say on the cluster what is wanted of this desktop."""
        labels = {
            "app": name,
            **self._manifests.common_labels("desktop"),
            **({OWNER: owner} if owner else {}),
        }
        if is_running:
            labels[RUNNING] = "true"
        if has_gateway:
            labels[GATEWAY] = "true"
        meta = {"name": _mark_name(name), "namespace": self._namespace, "labels": labels}
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
        for _ in range(5):
            found = await self._get("configmaps", _mark_name(name))
            try:
                if found is None:
                    await self._steve.call("POST", "/configmaps", body=manifest)
                    return
                old = read(Object, found).metadata
                if not self._is_ours(old):
                    raise LauncherRefused(
                        f"The cluster has a ConfigMap {old.name} which is none of this server's."
                    )
                labels.setdefault(OWNER, old.labels.get(OWNER, ""))
                if is_running and RUNNING in old.labels:
                    return
                path = f"/configmaps/{self._namespace}/{_mark_name(name)}"
                newer = {**manifest, "metadata": {**meta, "resourceVersion": old.resource_version}}
                await self._steve.call("PUT", path, body=newer)
                return
            except (Exists, Changed, Missing):
                continue
        raise LauncherDown("The desktop is changed on the cluster again and again.")

    async def _volume(self, name: str) -> dict[str, Any] | None:
        found = await self._get("persistentvolumeclaims", name)
        if found is not None and not self._is_ours(read(Claim, found).metadata, "volume"):
            raise LauncherRefused(
                f"The cluster has a claim {name} in this namespace which is none of this server's volumes."
            )
        return found

    async def _delete_home(self, name: str) -> bool:
        """The chart makes the claim, so it bears the desktop's name and not this server's mark."""
        claim = f"{resource_name(name)}-home"
        ends = time.monotonic() + HOME_SECONDS
        try:
            while (found := await self._get("persistentvolumeclaims", claim)) is not None:
                metadata = read(Object, found).metadata
                if metadata.labels.get("app") not in {name, resource_name(name)} or time.monotonic() >= ends:
                    return False
                if metadata.deletion_timestamp is None:
                    await self._drop("persistentvolumeclaims", claim)
                else:
                    await asyncio.sleep(LOOK_SECONDS)
        except (LauncherRefused, LauncherDown):
            return False
        return True


def _mark_name(name: str) -> str:
    return f"{resource_name(name)}-toolcrib"


def _state_of(app: Mapping[str, Any]) -> str:
    """What Rancher says of a release."""
    spec = app.get("spec")
    info = spec.get("info") if isinstance(spec, dict) else None
    status = info.get("status") if isinstance(info, dict) else None
    return status if isinstance(status, str) else ""


def _is_going(app: Mapping[str, Any]) -> bool:
    return read(Object, app).metadata.deletion_timestamp is not None or _state_of(app) == "uninstalling"


def _no_files() -> NoReturn:
    raise NotSupported("Files of a desktop on a cluster cannot be reached from here.")
