"""Runs desktops on a Kubernetes cluster (contract, sections 10 and 11).

A desktop is a StatefulSet of one pod and what belongs to it. The StatefulSet is made first, with no pod, and removed
last: wherever a start or a removal was cut short, it is there, and the desktop is found by it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from toolcrib.desktops.launchers.kubernetes.answers import Event, Metadata, Object, Pod, Workload, read
from toolcrib.desktops.launchers.kubernetes.cluster import SCALER, Cluster, together
from toolcrib.desktops.launchers.kubernetes.credentials import server_namespace
from toolcrib.desktops.launchers.kubernetes.following import following
from toolcrib.desktops.launchers.kubernetes.images import Images
from toolcrib.desktops.launchers.kubernetes.limits import LIMITS, Limits
from toolcrib.desktops.launchers.kubernetes.manifests import (
    GATEWAY,
    INSTANCE,
    PART,
    PORT,
    Manifest,
    Manifests,
)
from toolcrib.desktops.launchers.kubernetes.refusals import Changed, Exists, Missing, quota_words
from toolcrib.desktops.launchers.kubernetes.resources import (
    CLAIMS,
    EVENTS,
    PODS,
    POLICIES,
    SECRETS,
    SERVICES,
    WORKLOADS,
    Resource,
)
from toolcrib.desktops.launchers.kubernetes.states import STARTING, report
from toolcrib.desktops.launchers.kubernetes.usage import usage_of
from toolcrib.desktops.launchers.kubernetes.values import (
    check_name,
    check_wanted,
    resource_name,
    why_no_image,
)
from toolcrib.desktops.launchers.kubernetes.volumes import Volumes
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

ATTEMPTS = 5

_OF_A_DESKTOP: tuple[tuple[Resource, str], ...] = (
    (SERVICES, ""),
    (POLICIES, ""),
    (SECRETS, "-password"),
)


class KubernetesLauncher:
    name = "kubernetes"

    def __init__(self, settings: Settings, limits: Limits = LIMITS) -> None:
        self._settings = settings
        self._limits = limits
        self.default_image = settings.desktop_image
        self._instance = settings.kubernetes_instance
        self._patience = timedelta(seconds=settings.kubernetes_room_seconds)
        self._cluster = Cluster(settings, limits)
        self._manifests = Manifests(settings, server_namespace())
        self._volumes = Volumes(self._cluster, self._manifests, self._instance)
        self._images = Images(self._cluster, self._manifests, self._instance)

    async def check(self) -> None:
        for name, image in (
            ("DESKTOP_IMAGE", self._settings.desktop_image),
            ("DESKTOP_VNC_IMAGE", self._settings.desktop_vnc_image),
        ):
            if not image:
                raise LauncherMissing(f"{name} is not set: desktops on a cluster need an image.")
            if reason := why_no_image(image):
                raise LauncherMissing(f"{name}: {reason}")
        await self._cluster.find_all(WORKLOADS, labels=self._labels("desktop"), fields="metadata.name=none")

    def check_image(self, image: str) -> str | None:
        return why_no_image(image)

    async def start(self, wanted: Wanted) -> None:
        wanted = replace(wanted, image=wanted.image or self.default_image)
        if not wanted.image or not self._settings.desktop_vnc_image:
            raise LauncherMissing(
                "DESKTOP_IMAGE or DESKTOP_VNC_IMAGE is not set: desktops on a cluster need them."
            )
        check_wanted(wanted)
        made = self._manifests.make(wanted)
        for _ in range(ATTEMPTS):
            with contextlib.suppress(Exists, Changed, Missing):  # somebody else works on it, too: look again
                version = await self._prepare(made.workload)
                if version is None:
                    return
                await together(
                    self._apply(SECRETS, made.secret),
                    self._apply(POLICIES, made.policy),
                    self._apply(SERVICES, made.service),
                    *([self._ensure_home(made.home)] if made.home is not None else []),
                )
                change = {"metadata": {"resourceVersion": version}, "spec": {"replicas": 1}}
                await self._cluster.merge(WORKLOADS, made.workload["metadata"]["name"], change)
                return
        raise LauncherDown("The desktop is changed on the cluster again and again.")

    async def _prepare(self, manifest: Manifest) -> str | None:
        """Have the StatefulSet as it shall be, without its pod. Returns its version, or None if it runs already."""
        found = await self._find(WORKLOADS, manifest["metadata"]["name"])
        if found is None:
            made = await self._cluster.create(WORKLOADS, manifest)
        else:
            workload = read(Workload, found)
            if workload.metadata.deletion_timestamp is not None:
                raise LauncherDown("The desktop is still being removed from the cluster.")
            if workload.spec.replicas > 0:
                return None
            version = workload.metadata.resource_version
            made = await self._cluster.replace(WORKLOADS, manifest, version=version)
        return read(Object, made).metadata.resource_version

    async def wait_ready(
        self, name: str, *, seconds: float, progress: Callable[[str], Awaitable[None]] | None = None
    ) -> Report:
        ends = time.monotonic() + seconds
        workload = await self._workload(name)
        if workload is None:
            return Report(Phase.FAILED, "It is not on the cluster.")
        now, told = self._report(workload, await self._pod(name)), ""
        if progress is not None and now.phase in {Phase.STARTING, Phase.READY}:
            told = now.text or STARTING
            await progress(told)
        async with following(self._cluster, PODS, _pod_name(name)) as pod:
            while now.phase is Phase.STARTING:
                if progress is not None and now.text != told:
                    told = now.text
                    await progress(told)
                left = ends - time.monotonic()
                if left <= 0:
                    break
                if not await pod.changed(min(left, self._limits.no_pod_seconds)):
                    workload = await self._workload_again(name, workload)
                    if workload is None:
                        return Report(Phase.FAILED, "It is not on the cluster any more.")
                    if pod.has_answered and pod.now is None and (why := await self._why_no_pod(workload)):
                        return Report(Phase.FAILED, why)
                if pod.has_answered:
                    now = self._report(workload, pod.now)
        return now

    async def say(self, name: str, text: str) -> None:
        raise NotSupported("Nothing can be shown inside a desktop on a cluster.")

    async def stop(self, name: str) -> None:
        check_name(name)
        found = await self._find(WORKLOADS, resource_name(name))
        if found is not None:
            with contextlib.suppress(Missing):
                await self._cluster.merge(WORKLOADS, resource_name(name), {"spec": {"replicas": 0}})
        else:
            await self._delete(PODS, _pod_name(name))
        await self._wait_until_gone(
            PODS,
            _pod_name(name),
            self._limits.stop_seconds,
            "The cluster has not ended the desktop yet.",
        )

    async def delete(self, name: str, *, home: bool) -> bool:
        await self.stop(name)
        stem = resource_name(name)
        await together(*(self._delete(resource, stem + suffix) for resource, suffix in _OF_A_DESKTOP))
        has_gone = await self._delete_home(f"{stem}-home") if home else True
        await self._delete(WORKLOADS, stem)
        return has_gone

    async def statuses(self) -> Mapping[str, Report]:
        labels = self._labels("desktop")
        (workloads, _), (pods, _) = await together(
            self._cluster.find_all(WORKLOADS, labels=labels), self._cluster.find_all(PODS, labels=labels)
        )
        by_name = {read(Object, pod).metadata.name: pod for pod in pods}
        found = {}
        for item in workloads:
            workload = read(Workload, item)
            if name := self._desktop_of(workload.metadata):
                found[name] = self._report(workload, by_name.get(_pod_name(name)))
        return found

    async def status(self, name: str) -> Report | None:
        workload = await self._workload(name)
        if workload is None:
            return None
        return self._report(workload, await self._pod(name))

    async def address(self, name: str) -> Address:
        return self._address(await self._running(name))

    async def gateway_address(self, name: str) -> Address:
        workload = await self._running(name)
        if GATEWAY not in workload.metadata.annotations:
            raise NotSupported("The desktop was started without a gateway.")
        return self._address(workload)

    def _address(self, workload: Workload) -> Address:
        host = self._settings.desktop_hostname
        values = {"{name}": workload.metadata.name, "{namespace}": self._settings.kubernetes_namespace}
        for word, value in values.items():
            host = host.replace(word, value)
        return Address(host=host, port=PORT)

    async def usage(self, name: str) -> Usage:
        await self._running(name)
        return await usage_of(self._cluster, _pod_name(name))

    async def create_volume(self, name: str, size: str) -> Volume:
        return await self._volumes.create(name, size)

    async def delete_volume(self, name: str) -> None:
        await self._volumes.delete(name)

    async def volumes(self) -> Mapping[str, Volume]:
        return await self._volumes.all()

    async def prepare_images(self, images: Sequence[str]) -> None:
        await self._images.prepare(images)

    async def list_home(self, name: str, folder: str) -> list[HomeFile]:
        _no_files()

    async def read_home(self, name: str, path: str) -> AsyncIterator[bytes]:
        _no_files()
        yield b""

    async def write_home(self, name: str, path: str, content: AsyncIterator[bytes]) -> int:
        _no_files()

    async def aclose(self) -> None:
        await self._cluster.aclose()

    def _labels(self, part: str) -> str:
        return f"{INSTANCE}={self._instance},{PART}={part}"

    def _is_ours(self, found: Metadata) -> bool:
        return found.labels.get(INSTANCE) == self._instance and found.labels.get(PART) == "desktop"

    def _desktop_of(self, found: Metadata) -> str:
        """The desktop's name, or "" if this is none of ours."""
        name = found.labels.get("app", "")
        return name if self._is_ours(found) and name and resource_name(name) == found.name else ""

    def _report(self, workload: Workload, pod: Mapping[str, Any] | None) -> Report:
        seen = read(Pod, pod) if pod is not None else None
        return report(workload, seen, now=datetime.now(UTC), patience=self._patience)

    async def _workload(self, name: str) -> Workload | None:
        check_name(name)
        try:
            found = read(Workload, await self._cluster.get(WORKLOADS, resource_name(name)))
        except Missing:
            return None
        return found if self._is_ours(found.metadata) else None

    async def _running(self, name: str) -> Workload:
        workload = await self._workload(name)
        if workload is None or workload.spec.replicas < 1 or workload.metadata.deletion_timestamp is not None:
            raise LauncherRefused("The desktop does not run.")
        return workload

    async def _pod(self, name: str) -> Mapping[str, Any] | None:
        try:
            return await self._cluster.get(PODS, _pod_name(name))
        except Missing:
            return None

    async def _workload_again(self, name: str, known: Workload) -> Workload | None:
        """As `_workload`, or what was known if the cluster does not answer now."""
        try:
            return await self._workload(name)
        except LauncherDown:
            return known

    async def _find(self, resource: Resource, name: str) -> Mapping[str, Any] | None:
        """Our own object of this name. Raises LauncherRefused if it is somebody else's, LauncherDown if it goes."""
        try:
            found = await self._cluster.get(resource, name)
        except Missing:
            return None
        metadata = read(Object, found).metadata
        if not self._is_ours(metadata):
            raise LauncherRefused(f"The cluster has a {resource.kind} {name} which is none of this server's.")
        return found

    async def _apply(self, resource: Resource, manifest: Manifest) -> None:
        await self._find(resource, manifest["metadata"]["name"])
        await self._cluster.apply(resource, manifest)

    async def _ensure_home(self, manifest: Manifest) -> None:
        """Make the claim, if it is not there: what a claim asks for cannot be changed."""
        name = manifest["metadata"]["name"]
        try:
            await self._cluster.create(CLAIMS, manifest)
        except Exists:
            found = await self._find(CLAIMS, name)
            if found is None or read(Object, found).metadata.deletion_timestamp is not None:
                raise LauncherDown(f"The claim {name} is still being removed from the cluster.") from None

    async def _delete(self, resource: Resource, name: str) -> None:
        for _ in range(3):
            try:
                found = await self._cluster.get(resource, name)
                metadata = read(Object, found).metadata
                if self._is_ours(metadata) and metadata.deletion_timestamp is None:
                    await self._cluster.delete(resource, metadata)
            except Missing:
                return
            except Changed:
                continue
            return
        raise LauncherDown(f"The {resource.kind} {name} is replaced on the cluster again and again.")

    async def _delete_home(self, name: str) -> bool:
        try:
            await self._delete(CLAIMS, name)
            await self._wait_until_gone(
                CLAIMS, name, self._limits.home_seconds, "The home has not been removed yet."
            )
        except (LauncherRefused, LauncherDown):
            return False
        return True

    async def _wait_until_gone(self, resource: Resource, name: str, seconds: float, late: str) -> None:
        ends = time.monotonic() + seconds
        async with following(self._cluster, resource, name) as found:
            while await found.changed(ends - time.monotonic()):
                if found.now is None or not self._is_ours(read(Object, found.now).metadata):
                    return
        raise LauncherDown(late)

    async def _why_no_pod(self, workload: Workload) -> str:
        """Why the cluster makes no pod, or "". It says so in events alone, which the server need not be let read."""
        name = workload.metadata.name
        fields = f"involvedObject.kind={WORKLOADS.kind},involvedObject.name={name},reason=FailedCreate"
        try:
            found, _ = await self._cluster.find_all(EVENTS, fields=fields)
        except (LauncherDown, LauncherRefused):
            return ""
        # Of this start, not of an earlier one: both times are the cluster's own.
        since = max(
            (f.time for f in workload.metadata.managed_fields if f.manager == SCALER and f.time), default=None
        )
        for event in reversed([read(Event, event) for event in found]):
            at = event.last_timestamp or event.event_time
            if since is None or at is None or at < since:
                continue
            if words := quota_words(event.message):
                return f"The quota of the namespace {self._cluster.namespace} is used up: {words}."
            return "A rule of the cluster refuses to make the desktop's pod."
        return ""


def _pod_name(name: str) -> str:
    return f"{resource_name(name)}-0"


def _no_files() -> NoReturn:
    raise NotSupported("Files of a desktop on a cluster cannot be reached from here.")
