"""Volumes on the cluster: PersistentVolumeClaims that several desktops may use (contract, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolcrib.desktops.launchers.kubernetes.answers import Claim, Metadata, Object, read
from toolcrib.desktops.launchers.kubernetes.cluster import Cluster
from toolcrib.desktops.launchers.kubernetes.manifests import INSTANCE, PART, Manifests
from toolcrib.desktops.launchers.kubernetes.refusals import Changed, Exists, Missing
from toolcrib.desktops.launchers.kubernetes.resources import CLAIMS
from toolcrib.desktops.launchers.kubernetes.values import check_size, check_volume_name
from toolcrib.desktops.launchers.launcher import LauncherDown, LauncherRefused, Volume

_PHASES = frozenset({"Pending", "Bound", "Lost", "Failed"})


class Volumes:
    def __init__(self, cluster: Cluster, manifests: Manifests, instance: str) -> None:
        self._cluster = cluster
        self._manifests = manifests
        self._labels = f"{INSTANCE}={instance},{PART}=volume"
        self._instance = instance

    async def create(self, name: str, size: str) -> Volume:
        check_volume_name(name)
        check_size(size)
        try:
            return volume_of(await self._cluster.create(CLAIMS, self._manifests.volume(name, size)))
        except Exists:
            found = await self._cluster.get(CLAIMS, name)
            claim = read(Claim, found)
            self._check_ours(claim.metadata)
            if claim.metadata.deletion_timestamp is not None:
                raise LauncherDown(f"The volume {name} is still being removed from the cluster.") from None
            return volume_of(found)

    async def delete(self, name: str) -> None:
        check_volume_name(name)
        try:
            found = read(Object, await self._cluster.get(CLAIMS, name)).metadata
            self._check_ours(found)
            await self._cluster.delete(CLAIMS, found)
        except Missing:
            return
        except Changed as error:
            raise LauncherDown(f"The volume {name} was replaced on the cluster at the same time.") from error

    async def all(self) -> Mapping[str, Volume]:
        found, _ = await self._cluster.find_all(CLAIMS, labels=self._labels)
        volumes = [volume_of(claim) for claim in found]
        return {volume.name: volume for volume in volumes}

    def _check_ours(self, found: Metadata) -> None:
        if found.labels.get(INSTANCE) != self._instance or found.labels.get(PART) != "volume":
            raise LauncherRefused(
                f"The cluster has a claim {found.name} in this namespace which is none of this server's volumes."
            )


def volume_of(found: Mapping[str, Any]) -> Volume:
    claim = read(Claim, found)
    phase = claim.status.phase
    return Volume(
        name=claim.metadata.name,
        status=phase if phase in _PHASES else "Unknown",
        size=claim.spec.resources.requests.get("storage", "")[:20],
    )
