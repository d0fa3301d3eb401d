"""What a Kubernetes API server refuses of an object, as far as the tests' objects need it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SERVICE = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL_KEY = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
QUANTITY = re.compile(r"([0-9]+)(\.[0-9]+)?(m|[kMGTPE]i?|Ki|e[0-9]+)?")
FACTORS = {
    "m": 0.001,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    **{u + "i": 1024.0**n for n, u in enumerate("KMGT", 1)},
}

Causes = Iterator[tuple[str, str]]
"""Field and what is wrong with it."""


def schema_error(kind: str, body: dict[str, Any]) -> str | None:
    """Whether the official client's model of this kind takes the object: types, and fields that there are none of."""
    from kubernetes.aio.client import models  # noqa: PLC0415 - takes a second, so only who needs it pays

    model = getattr(models, f"V1{kind}", None) or models.CoreV1Event
    try:
        model.from_dict(body)
    except (ValidationError, ValueError, TypeError) as error:
        return str(error)[:2000]
    return None


def problems(kind: str, body: dict[str, Any], old: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Every field that a real server would refuse with 422."""
    found = [*_metadata(kind, body["metadata"])]
    spec = body.get("spec", {})
    match kind:
        case "StatefulSet" | "DaemonSet":
            found += _workload(kind, spec, old and old["spec"])
        case "Pod":
            found += _pod("spec", spec)
        case "Service":
            found += _service(spec, old and old["spec"])
        case "PersistentVolumeClaim":
            found += _claim(spec, old and old["spec"])
        case "Secret":
            found += _secret(body)
        case "NetworkPolicy":
            if "podSelector" not in spec:
                found.append(("spec.podSelector", "Required value"))
    return found


def amount(quantity: str) -> float | None:
    found = QUANTITY.fullmatch(quantity)
    return float(found[1] + (found[2] or "")) * FACTORS.get(found[3] or "", 1.0) if found else None


def _metadata(kind: str, metadata: dict[str, Any]) -> Causes:
    pattern = SERVICE if kind == "Service" else SUBDOMAIN
    if not pattern.fullmatch(metadata.get("name", "")):
        yield "metadata.name", "Invalid value"
    for key, value in (metadata.get("labels") or {}).items():
        if not LABEL_KEY.fullmatch(key) or not LABEL_VALUE.fullmatch(value):
            yield "metadata.labels", f"Invalid value: {value!r}"


def _workload(kind: str, spec: dict[str, Any], old: dict[str, Any] | None) -> Causes:
    selected = spec.get("selector", {}).get("matchLabels", {})
    labels = spec.get("template", {}).get("metadata", {}).get("labels", {})
    if not selected or any(labels.get(key) != value for key, value in selected.items()):
        yield "spec.template.metadata.labels", "`selector` does not match template `labels`"
    if kind == "StatefulSet" and spec.get("replicas", 1) < 0:
        yield "spec.replicas", "must be greater than or equal to 0"
    yield from _pod("spec.template.spec", spec.get("template", {}).get("spec", {}))
    fixed = (
        {"selector", "serviceName", "volumeClaimTemplates", "podManagementPolicy"}
        if kind == "StatefulSet"
        else {"selector"}
    )
    if old is not None and any(spec.get(key) != old.get(key) for key in fixed):
        yield "spec", "Forbidden: updates to statefulset spec for fields other than these are forbidden"


def _pod(at: str, spec: dict[str, Any]) -> Causes:
    volumes = [volume["name"] for volume in spec.get("volumes", [])]
    if len(volumes) != len(set(volumes)):
        yield f"{at}.volumes", "Duplicate value"
    if not spec.get("containers"):
        yield f"{at}.containers", "Required value"
    names: set[str] = set()
    for part in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(part, [])):
            here = f"{at}.{part}[{index}]"
            if not LABEL.fullmatch(container.get("name", "")) or container["name"] in names:
                yield f"{here}.name", "Invalid value"
            names.add(container.get("name", ""))
            if not container.get("image") or container["image"].strip() != container["image"]:
                yield f"{here}.image", "Required value"
            mounts = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
            if len(mounts) != len(set(mounts)):
                yield f"{here}.volumeMounts", "must be unique"
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    yield f"{here}.volumeMounts", "Not found"
            yield from _resources(f"{here}.resources", container.get("resources", {}))


def _resources(at: str, resources: dict[str, Any]) -> Causes:
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name, quantity in (*requests.items(), *limits.items()):
        if amount(quantity) is None:
            yield f"{at}.{name}", "quantities must match the regular expression"
            return
    for name, quantity in requests.items():
        if name in limits and (amount(quantity) or 0) > (amount(limits[name]) or 0):
            yield f"{at}.requests", "must be less than or equal to limit"


def _service(spec: dict[str, Any], old: dict[str, Any] | None) -> Causes:
    if not spec.get("ports"):
        yield "spec.ports", "Required value"
    for port in spec.get("ports", []):
        if not 0 < port.get("port", 0) < 65536:
            yield "spec.ports[0].port", "must be between 1 and 65535"
    if old is not None and spec.get("clusterIP") != old.get("clusterIP"):
        yield "spec.clusterIP", "Invalid value: field is immutable"


def _claim(spec: dict[str, Any], old: dict[str, Any] | None) -> Causes:
    if not spec.get("accessModes"):
        yield "spec.accessModes", "Required value"
    size = spec.get("resources", {}).get("requests", {}).get("storage")
    if size is None or not amount(size):
        yield "spec.resources[storage]", "Required value"
    if old is not None and {**spec, "resources": None} != {**old, "resources": None}:
        yield "spec", "Forbidden: spec is immutable after creation"


def _secret(body: dict[str, Any]) -> Causes:
    for key, value in (body.get("data") or {}).items():
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            yield f"data[{key}]", "illegal base64 data"
