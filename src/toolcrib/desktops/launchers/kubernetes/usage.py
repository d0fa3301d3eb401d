"""What desktops use now, where the cluster measures it (metrics.k8s.io)."""

from __future__ import annotations

import contextlib
from fractions import Fraction

from toolcrib.desktops.launchers.kubernetes.answers import PodUsage, read
from toolcrib.desktops.launchers.kubernetes.cluster import Cluster
from toolcrib.desktops.launchers.kubernetes.refusals import Missing
from toolcrib.desktops.launchers.kubernetes.resources import POD_METRICS
from toolcrib.desktops.launchers.kubernetes.values import measured
from toolcrib.desktops.launchers.launcher import LauncherRefused, Usage


async def usage_of(cluster: Cluster, pod: str) -> Usage:
    """Nothing is known where the cluster does not measure, or does not let the server see it."""
    with contextlib.suppress(Missing, LauncherRefused):
        found = read(PodUsage, await cluster.get(POD_METRICS, pod))
        cores, memory = Fraction(0), Fraction(0)
        for container in found.containers:
            cores += measured(container.usage.get("cpu", "")) or 0
            memory += measured(container.usage.get("memory", "")) or 0
        return Usage(cpu_cores=float(cores), memory_bytes=int(memory))
    return Usage()
