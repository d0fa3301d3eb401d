"""The objects of the tests' Kubernetes API server, their versions, and what changed."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.servers.kubernetes import checks, merging

Body = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    version: str
    kind: str
    plural: str

    @property
    def group(self) -> str:
        return self.version.rpartition("/")[0]

    @property
    def qualified(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


KINDS = {
    (kind.version, kind.plural): kind
    for kind in (
        Kind("v1", "Secret", "secrets"),
        Kind("v1", "Service", "services"),
        Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
        Kind("v1", "Pod", "pods"),
        Kind("v1", "Event", "events"),
        Kind("apps/v1", "StatefulSet", "statefulsets"),
        Kind("apps/v1", "DaemonSet", "daemonsets"),
        Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    )
}
PATCHES = {
    "application/merge-patch+json": merging.merge,
    "application/strategic-merge-patch+json": merging.strategic,
}


class Refused(Exception):
    """A `Status` with a code."""

    def __init__(
        self, code: int, reason: str, message: str, causes: list[tuple[str, str]] | None = None
    ) -> None:
        super().__init__(message)
        details = {"causes": [{"field": f, "message": m} for f, m in causes or []]}
        self.code = code
        self.body: Body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details,
            "code": code,
        }


@dataclass
class Store:
    """Objects by kind, namespace and name."""

    quota: dict[str, int] = field(default_factory=dict)  # plural -> how many there may be in a namespace
    objects: dict[tuple[Kind, str, str], Body] = field(default_factory=dict)
    changes: list[tuple[int, str, Kind, Body]] = field(default_factory=list)
    version: int = 100
    oldest: int = 100
    news: threading.Condition = field(default_factory=threading.Condition)
    _applied: dict[tuple[str, str], Body] = field(default_factory=dict)
    _address: int = 10

    def get(self, kind: Kind, namespace: str, name: str) -> Body:
        try:
            return self.objects[kind, namespace, name]
        except KeyError:
            raise Refused(404, "NotFound", f'{kind.qualified} "{name}" not found') from None

    def of(self, kind: Kind, namespace: str) -> Iterator[Body]:
        found = [(key[2], body) for key, body in self.objects.items() if key[:2] == (kind, namespace)]
        return (body for _, body in sorted(found))

    def create(self, kind: Kind, namespace: str, body: Body, manager: str, *, dry_run: bool = False) -> Body:
        with self.news:
            body = deepcopy(body)
            metadata = body.setdefault("metadata", {})
            name = metadata.get("name", "")
            if (kind, namespace, name) in self.objects:
                raise Refused(409, "AlreadyExists", f'{kind.qualified} "{name}" already exists')
            metadata.update(
                namespace=namespace,
                uid=str(uuid.uuid4()),
                creationTimestamp=_now(),
                managedFields=[
                    {"manager": manager, "operation": "Update", "time": _now(), "fieldsType": "FieldsV1"}
                ],
            )
            self._defaults(kind, body)
            self._check(kind, body, None)
            have = sum(1 for _ in self.of(kind, namespace))
            if have >= self.quota.get(kind.plural, have + 1):
                counts = (
                    f"requested: {kind.plural}=1, used: {kind.plural}={have}, limited: {kind.plural}={have}"
                )
                text = f"exceeded quota: desks, {counts}"
                raise Refused(403, "Forbidden", f'{kind.qualified} "{name}" is forbidden: {text}')
            if not dry_run:
                self._put(kind, namespace, name, body, "ADDED")
            return body

    def patch(
        self, kind: Kind, namespace: str, name: str, content_type: str, change: Body, manager: str, part: str
    ) -> Body:
        with self.news:
            if content_type == "application/apply-patch+yaml":
                return self._apply(kind, namespace, name, change, manager)
            if content_type not in PATCHES:
                raise Refused(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
            old = self.get(kind, namespace, name)
            return self.replace(kind, namespace, name, PATCHES[content_type](old, change), manager, part)

    def replace(
        self, kind: Kind, namespace: str, name: str, body: Body, manager: str, part: str = ""
    ) -> Body:
        with self.news:
            old = self.get(kind, namespace, name)
            stated = body["metadata"].get("resourceVersion")
            if stated is not None and stated != old["metadata"]["resourceVersion"]:
                text = f'Operation cannot be fulfilled on {kind.qualified} "{name}": the object has been modified'
                raise Refused(409, "Conflict", text)
            if part == "status":
                body = {**deepcopy(old), "status": deepcopy(body.get("status", {}))}
            else:
                body = {key: deepcopy(value) for key, value in body.items() if key != "status"}
                body.update(deepcopy({key: value for key, value in old.items() if key == "status"}))
                for key in ("uid", "namespace", "creationTimestamp", "managedFields"):
                    body["metadata"][key] = deepcopy(old["metadata"][key])
            self._defaults(kind, body)
            self._check(kind, body, old)
            if {**body, "metadata": None} != {**old, "metadata": None}:
                managers = [m for m in old["metadata"]["managedFields"] if m["manager"] != manager]
                entry = {"manager": manager, "operation": "Update", "time": _now(), "fieldsType": "FieldsV1"}
                body["metadata"]["managedFields"] = [*managers, entry]
            is_over = body["metadata"].get("deletionTimestamp") and not body["metadata"].get("finalizers")
            if body != old:
                self._put(kind, namespace, name, body, "DELETED" if is_over else "MODIFIED")
            return body

    def delete(self, kind: Kind, namespace: str, name: str, uid: str | None) -> Body:
        with self.news:
            old = deepcopy(self.get(kind, namespace, name))
            if uid is not None and uid != old["metadata"]["uid"]:
                text = f'Operation cannot be fulfilled on {kind.qualified} "{name}": Precondition failed: UID'
                raise Refused(409, "Conflict", text)
            if old["metadata"].get("finalizers"):
                old["metadata"].setdefault("deletionTimestamp", _now())
                self._put(kind, namespace, name, old, "MODIFIED")
            else:
                self._put(kind, namespace, name, old, "DELETED")
            return old

    def forget(self) -> None:
        """Forget what changed up to now: who wants to go on from an earlier version gets a 410."""
        with self.news:
            self.version += 1
            self.oldest = self.version
            self.changes.clear()
            self.news.notify_all()

    def _apply(self, kind: Kind, namespace: str, name: str, wanted: Body, manager: str) -> Body:
        if wanted.get("kind") != kind.kind or wanted.get("metadata", {}).get("name") != name:
            raise Refused(400, "BadRequest", "the name or kind of the object does not match the URL")
        old = self.objects.get((kind, namespace, name))
        if old is None:
            body = self.create(kind, namespace, wanted, manager)
        else:
            last = self._applied.get((old["metadata"]["uid"], manager), {})
            body = self.replace(kind, namespace, name, merging.apply(deepcopy(old), last, wanted), manager)
        self._applied[body["metadata"]["uid"], manager] = deepcopy(wanted)
        return body

    def _defaults(self, kind: Kind, body: Body) -> None:
        spec = body.get("spec", {})
        if kind.kind == "StatefulSet":
            spec.setdefault("replicas", 1)
            spec.setdefault("podManagementPolicy", "OrderedReady")
            spec.setdefault("updateStrategy", {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}})
            pod = spec.get("template", {}).get("spec", {})
            pod.setdefault("restartPolicy", "Always")
            pod.setdefault("dnsPolicy", "ClusterFirst")
            for container in (*pod.get("containers", []), *pod.get("initContainers", [])):
                container.setdefault("imagePullPolicy", "IfNotPresent")
                container.setdefault("terminationMessagePath", "/dev/termination-log")
        elif kind.kind == "Service" and "clusterIP" not in spec:
            self._address += 1
            spec.update(clusterIP=f"10.96.0.{self._address % 250}", type="ClusterIP", sessionAffinity="None")
        elif kind.kind == "PersistentVolumeClaim":
            spec.setdefault("volumeMode", "Filesystem")
            body.setdefault("status", {}).setdefault("phase", "Pending")
        elif kind.kind == "Pod":
            body.setdefault("status", {}).setdefault("phase", "Pending")

    def _check(self, kind: Kind, body: Body, old: Body | None) -> None:
        if (body.get("apiVersion"), body.get("kind")) != (kind.version, kind.kind):
            raise Refused(
                400, "BadRequest", f"the API version or kind in the data is not {kind.version} {kind.kind}"
            )
        if error := checks.schema_error(kind.kind, body):
            raise Refused(400, "BadRequest", f"{kind.kind} in version v1 cannot be handled: {error}")
        if causes := checks.problems(kind.kind, body, old):
            text = "; ".join(f"{at}: {what}" for at, what in causes)
            raise Refused(
                422, "Invalid", f'{kind.kind} "{body["metadata"]["name"]}" is invalid: {text}', causes
            )

    def _put(self, kind: Kind, namespace: str, name: str, body: Body, change: str) -> None:
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        if change == "DELETED":
            del self.objects[kind, namespace, name]
        else:
            self.objects[kind, namespace, name] = body
        self.changes.append((self.version, change, kind, deepcopy(body)))
        self.news.notify_all()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
