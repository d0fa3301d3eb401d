"""The objects that make up a desktop on the cluster (contract, section 10)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolcrib.desktops.launchers.kubernetes.values import resource_name
from toolcrib.desktops.launchers.launcher import Wanted
from toolcrib.settings import Settings

Manifest = dict[str, Any]

PORT = 5900
USER = 1000
HOME = "/home/user"
STORAGE = "/storage"
X_SOCKETS = "/tmp/.X11-unix"  # noqa: S108 - where X programs look
SHARED_CONFIG = "/etc/desktop"
NEW_HOME = "/mnt/home"

INSTANCE = "toolcrib/instance"
PART = "toolcrib/part"
OWNER = "toolcrib/owner"
GATEWAY = "toolcrib/gateway"
"""Annotation of what a gateway may be shown."""

# Copies what the image has in the home to the volume, and leaves alone what is there. A file is complete or not there,
# so that a copy that was cut short is finished the next time. Plain sh and cp, which each image of a desktop has; GNU
# `cp -n` fails in some versions if it has left something alone.
COPY_HOME = """\
set -eu
umask 077
copy() {
  for from in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ ! -e "$from" ] && [ ! -L "$from" ]; then continue; fi
    to=$NEW_HOME${from#"$OLD_HOME"}
    if [ -d "$from" ] && [ ! -L "$from" ]; then
      if [ ! -r "$from" ] || [ ! -x "$from" ]; then continue; fi
      if [ -L "$to" ] || { [ -e "$to" ] && [ ! -d "$to" ]; }; then continue; fi
      mkdir -p "$to"
      copy "$from"
    elif [ ! -e "$to" ] && [ ! -L "$to" ]; then
      if [ ! -L "$from" ] && { [ ! -f "$from" ] || [ ! -r "$from" ]; }; then continue; fi
      rm -f "$to.toolcrib-new"
      cp -pP "$from" "$to.toolcrib-new"
      mv "$to.toolcrib-new" "$to"
    fi
  done
}
if [ -d "$OLD_HOME" ]; then copy "$OLD_HOME"; fi
"""


def labels_of(words: list[str], **values: str) -> dict[str, str]:
    """`KEY=VALUE` as in the settings, with `{release}` and the like filled in."""
    found = {}
    for word in words:
        key, _, value = word.partition("=")
        for name, text in values.items():
            value = value.replace(f"{{{name}}}", text)
        found[key] = value
    return found


@dataclass(frozen=True)
class Made:
    """All that belongs to one desktop."""

    workload: Manifest
    """The StatefulSet. It comes first and goes last, so that none of the others is ever there without it."""
    secret: Manifest
    policy: Manifest
    service: Manifest
    home: Manifest | None


class Manifests:
    """Writes the objects as the settings have them."""

    def __init__(self, settings: Settings, server_namespace: str | None = None) -> None:
        self._settings = settings
        self._server_namespace = server_namespace

    def common_labels(self, part: str) -> dict[str, str]:
        return {
            "app.kubernetes.io/managed-by": "toolcrib",
            INSTANCE: self._settings.kubernetes_instance,
            PART: part,
        }

    def labels(self, wanted: Wanted) -> dict[str, str]:
        return {"app": wanted.name, **self.common_labels("desktop"), OWNER: wanted.owner}

    def make(self, wanted: Wanted) -> Made:
        name, labels = resource_name(wanted.name), self.labels(wanted)

        def manifest(version: str, kind: str, object_name: str, **rest: Any) -> Manifest:
            meta = {"name": object_name, "namespace": self._settings.kubernetes_namespace, "labels": labels}
            return {"apiVersion": version, "kind": kind, "metadata": meta, **rest}

        workload = manifest("apps/v1", "StatefulSet", name, spec=self._workload(wanted, name, labels))
        if wanted.gateway:
            workload["metadata"]["annotations"] = {GATEWAY: "true"}
        return Made(
            workload=workload,
            secret=manifest(
                "v1",
                "Secret",
                f"{name}-password",
                type="Opaque",
                data={"password": base64.b64encode(wanted.password.encode()).decode()},
            ),
            policy=manifest(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                name,
                spec={
                    "podSelector": {"matchLabels": {"app": wanted.name}},
                    "policyTypes": ["Ingress"],
                    "ingress": [self._ingress()],
                },
            ),
            service=manifest(
                "v1",
                "Service",
                name,
                spec={
                    "selector": {"app": wanted.name},
                    "ports": [{"name": "vnc", "port": PORT, "targetPort": PORT, "protocol": "TCP"}],
                },
            ),
            home=manifest(
                "v1",
                "PersistentVolumeClaim",
                f"{name}-home",
                spec=self.claim_spec(self._settings.desktop_home_size),
            )
            if wanted.persistent_home
            else None,
        )

    def claim_spec(self, size: str) -> Manifest:
        spec: Manifest = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": size}}}
        if self._settings.desktop_storage_class:
            spec["storageClassName"] = self._settings.desktop_storage_class
        return spec

    def volume(self, name: str, size: str) -> Manifest:
        namespace = self._settings.kubernetes_namespace
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": namespace, "labels": self.common_labels("volume")},
            "spec": self.claim_spec(size),
        }

    def images(self, name: str, images: Mapping[str, str]) -> Manifest:
        """A DaemonSet that keeps `images` (by the name of their container) on every node."""
        labels = {"app": name, **self.common_labels("images")}
        wait = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"
        small = {"cpu": "1m", "memory": "16Mi"}
        containers = [
            {
                "name": container,
                "image": image,
                "command": ["/bin/sh", "-c", wait],
                "resources": {"requests": small, "limits": {"cpu": "50m", "memory": "64Mi"}},
                "securityContext": _container_security(),
            }
            for container, image in images.items()
        ]
        return {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {
                "name": name,
                "namespace": self._settings.kubernetes_namespace,
                "labels": labels,
            },
            "spec": {
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {**self._pod(), "containers": containers},
                },
            },
        }

    def _ingress(self) -> Manifest:
        port = {"protocol": "TCP", "port": PORT}
        settings = self._settings
        if not settings.guacamole_release_name:
            return {"ports": [port]}
        gateway = _pods(
            settings.guacamole_namespace or settings.kubernetes_namespace,
            labels_of(settings.guacd_labels, release=settings.guacamole_release_name),
        )
        viewers = (
            [_pods(self._server_namespace, labels_of(settings.desktop_viewer_labels))]
            if self._server_namespace and settings.desktop_viewer_labels
            else []
        )
        networks = [{"ipBlock": {"cidr": network}} for network in settings.desktop_viewer_networks]
        return {"from": [gateway, *viewers, *networks], "ports": [port]}

    def _pod(self) -> Manifest:
        pod: Manifest = {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 5,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        }
        if self._settings.desktop_pull_secrets:
            pod["imagePullSecrets"] = [{"name": name} for name in self._settings.desktop_pull_secrets]
        return pod

    def _workload(self, wanted: Wanted, name: str, labels: dict[str, str]) -> Manifest:
        shared = [
            {"name": "x-sockets", "mountPath": X_SOCKETS},
            {"name": "config", "mountPath": SHARED_CONFIG},
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108
        ]
        volumes: list[Manifest] = [
            {"name": "x-sockets", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
            {"name": "config", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
        ]
        own: list[Manifest] = []
        before: list[Manifest] = []
        limits = {"cpu": str(wanted.max_cpu), "memory": wanted.max_ram}
        requests = {"cpu": str(wanted.min_cpu), "memory": wanted.min_ram}
        if wanted.persistent_home:
            volumes.append({"name": "home", "persistentVolumeClaim": {"claimName": f"{name}-home"}})
            own.append({"name": "home", "mountPath": HOME})
            before.append(
                {
                    "name": "home",
                    "image": wanted.image,
                    "command": ["/bin/sh", "-c", COPY_HOME],
                    "env": [{"name": "OLD_HOME", "value": HOME}, {"name": "NEW_HOME", "value": NEW_HOME}],
                    "resources": {
                        "requests": {"cpu": "100m", "memory": "64Mi"},
                        "limits": {"cpu": "1", "memory": "256Mi"},
                    },
                    "securityContext": _container_security(),
                    "volumeMounts": [{"name": "home", "mountPath": NEW_HOME}],
                }
            )
        if wanted.volume is not None:
            volumes.append({"name": "storage", "persistentVolumeClaim": {"claimName": wanted.volume}})
            own.append({"name": "storage", "mountPath": STORAGE})
        screen = {"name": "RESOLUTION", "value": wanted.resolution}
        vncserver = {
            "name": "vncserver",
            "image": self._settings.desktop_vnc_image,
            "env": [
                {
                    "name": "VNCPASSWORD",
                    "valueFrom": {"secretKeyRef": {"name": f"{name}-password", "key": "password"}},
                },
                screen,
            ],
            "ports": [{"name": "vnc", "containerPort": PORT, "protocol": "TCP"}],
            "resources": {
                "requests": {"cpu": "100m", "memory": "128Mi"},
                "limits": {"cpu": "1", "memory": "500Mi"},
            },
            "securityContext": _container_security(),
            "volumeMounts": shared,
        }
        desktop = {
            "name": "desktop",
            "image": wanted.image,
            "env": [{"name": "DISPLAY", "value": ":0"}, {"name": "HOME", "value": HOME}, screen],
            "resources": {"requests": requests, "limits": limits},
            "securityContext": _container_security(),
            "volumeMounts": [*shared, *own],
        }
        pod: Manifest = {**self._pod(), "containers": [vncserver, desktop], "volumes": volumes}
        if before:
            pod["initContainers"] = before
        return {
            "replicas": 0,
            "serviceName": name,
            "selector": {"matchLabels": {"app": wanted.name}},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        }


def _container_security() -> Manifest:
    return {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def _pods(namespace: str, labels: dict[str, str]) -> Manifest:
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "podSelector": {"matchLabels": labels},
    }
