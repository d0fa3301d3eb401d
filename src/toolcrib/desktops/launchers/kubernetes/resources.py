"""The kinds of objects that desktops consist of, and their paths."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Resource:
    version: str
    kind: str
    plural: str

    def path(self, namespace: str, name: str = "") -> str:
        root = "api" if "/" not in self.version else "apis"
        path = f"/{root}/{self.version}/namespaces/{quote(namespace, safe='')}/{self.plural}"
        return f"{path}/{quote(name, safe='')}" if name else path


SECRETS = Resource("v1", "Secret", "secrets")
SERVICES = Resource("v1", "Service", "services")
CLAIMS = Resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
PODS = Resource("v1", "Pod", "pods")
EVENTS = Resource("v1", "Event", "events")
WORKLOADS = Resource("apps/v1", "StatefulSet", "statefulsets")
DAEMONS = Resource("apps/v1", "DaemonSet", "daemonsets")
POLICIES = Resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
POD_METRICS = Resource("metrics.k8s.io/v1beta1", "PodMetrics", "pods")
