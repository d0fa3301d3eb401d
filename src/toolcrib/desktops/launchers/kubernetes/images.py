"""Has images on every node before they are needed: a DaemonSet with one small container for each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from toolcrib.desktops.launchers.kubernetes.answers import Metadata, Object, read
from toolcrib.desktops.launchers.kubernetes.cluster import Cluster
from toolcrib.desktops.launchers.kubernetes.manifests import INSTANCE, PART, Manifests
from toolcrib.desktops.launchers.kubernetes.refusals import Changed, Missing
from toolcrib.desktops.launchers.kubernetes.resources import DAEMONS
from toolcrib.desktops.launchers.kubernetes.values import resource_name, why_no_image
from toolcrib.desktops.launchers.launcher import LauncherDown, LauncherRefused

MOST = 50


class Images:
    def __init__(self, cluster: Cluster, manifests: Manifests, instance: str) -> None:
        self._cluster = cluster
        self._manifests = manifests
        self._instance = instance
        self.name = resource_name(f"{instance}-images")

    async def prepare(self, images: Sequence[str]) -> None:
        """Have these on every node, and no others on our account."""
        wanted = list(dict.fromkeys(images))
        for image in wanted:
            if reason := why_no_image(image):
                raise LauncherRefused(reason)
        if len(wanted) > MOST:
            raise LauncherRefused(f"At most {MOST} images can be kept on the nodes.")
        found = await self._find()
        if wanted:
            await self._cluster.apply(DAEMONS, self._manifests.images(self.name, _named(wanted)))
        elif found is not None:
            try:
                await self._cluster.delete(DAEMONS, found)
            except Changed as error:
                raise LauncherDown("The images on the nodes were changed at the same time.") from error

    async def _find(self) -> Metadata | None:
        try:
            found = read(Object, await self._cluster.get(DAEMONS, self.name)).metadata
        except Missing:
            return None
        if found.labels.get(INSTANCE) != self._instance or found.labels.get(PART) != "images":
            raise LauncherRefused(f"The cluster has a DaemonSet {self.name} which is none of this server's.")
        return found


def _named(images: Sequence[str]) -> dict[str, str]:
    return {f"image-{hashlib.sha256(image.encode()).hexdigest()[:16]}": image for image in images}
