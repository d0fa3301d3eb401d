"""What makes pods of a cluster's StatefulSets, and has them run: the controllers and the kubelet of a real one, as far
as the tests need them. Talks to the API like any other program, so it serves the tests' API server and a real one."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

Body = dict[str, Any]

MERGE = {"Content-Type": "application/merge-patch+json"}


class Node:
    """Each image's tag says what becomes of its pods:

    `missing` cannot be fetched, `huge` finds no node with room (`huge-old`: for an hour), `crash` ends at once,
    `slow` is fetched when `release` is called. All others become ready.
    """

    def __init__(self, url: str, namespace: str, headers: dict[str, str], *, verify: Any = True) -> None:
        self._client = httpx.Client(base_url=url, headers=headers, timeout=10, verify=verify, trust_env=False)
        self._root = f"/namespaces/{namespace}"
        self._over = threading.Event()
        self.is_lazy = False  # makes no pods, and gives claims no storage
        self.keeps_pods = False  # ends none
        self._threads = [
            threading.Thread(target=self._follow, args=(path, act), daemon=True)
            for path, act in (
                ("/apis/apps/v1" + self._root + "/statefulsets", self._workload),
                ("/api/v1" + self._root + "/persistentvolumeclaims", self._claim),
            )
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._over.set()

    def release(self, pod: str) -> None:
        """Have the image of a `slow` pod fetched."""
        self._run(self._client.get(self._pods(pod)).json())

    def end(self, pod: str) -> None:
        self._client.request("DELETE", self._pods(pod), json={"gracePeriodSeconds": 0})

    def report(self, pod: str, status: Body) -> None:
        """Say how a pod is."""
        answer = self._client.patch(
            self._pods(pod) + "/status", content=json.dumps({"status": status}), headers=MERGE
        )
        answer.raise_for_status()

    def _pods(self, name: str = "") -> str:
        return f"/api/v1{self._root}/pods" + (f"/{name}" if name else "")

    def _follow(self, path: str, act: Any) -> None:
        while not self._over.is_set():
            with suppress(httpx.HTTPError, ValueError, KeyError):
                found = self._client.get(path).raise_for_status().json()
                for item in found["items"]:
                    act("ADDED", item)
                query = {"watch": "1", "resourceVersion": found["metadata"]["resourceVersion"]}
                with self._client.stream(
                    "GET", path, params=query, timeout=httpx.Timeout(10, read=None)
                ) as answer:
                    for line in answer.iter_lines():
                        if self._over.is_set():
                            return
                        event = json.loads(line)
                        if event["type"] in {"ADDED", "MODIFIED", "DELETED"}:
                            act(event["type"], event["object"])
            self._over.wait(0.05)

    def _workload(self, change: str, workload: Body) -> None:
        pod = workload["metadata"]["name"] + "-0"
        is_wanted = change != "DELETED" and workload["spec"]["replicas"] > 0
        there = self._client.get(self._pods(pod))
        if is_wanted and there.status_code == 404 and not self.is_lazy:
            self._make(pod, workload)
        elif not is_wanted and there.status_code == 200 and not self.keeps_pods:
            self.end(pod)

    def _claim(self, change: str, claim: Body) -> None:
        if change == "ADDED" and not self.is_lazy and claim.get("status", {}).get("phase") == "Pending":
            path = f"/api/v1{self._root}/persistentvolumeclaims/{claim['metadata']['name']}/status"
            self._client.patch(path, content=json.dumps({"status": {"phase": "Bound"}}), headers=MERGE)

    def _make(self, name: str, workload: Body) -> None:
        template = workload["spec"]["template"]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": template["metadata"]["labels"]},
            "spec": template["spec"],
        }
        made = self._client.post(self._pods(), json=pod)
        if made.status_code != 201:
            self._tell(workload, made.json().get("message", ""))
            return
        images = {c["name"]: c["image"].rpartition(":")[2] for c in template["spec"]["containers"]}
        tag = images.get("desktop", "")
        if tag.startswith("huge"):
            since = datetime.now(UTC) - timedelta(hours=1 if tag == "huge-old" else 0)
            self.report(name, _unplaced("0/3 nodes are available: 3 Insufficient cpu.", since))
        elif tag == "missing":
            self._start(made.json(), waiting="ErrImagePull")
            self._start(made.json(), waiting="ImagePullBackOff")
        elif tag == "slow":
            self._start(made.json(), waiting="ContainerCreating")
        elif tag == "crash":
            self._start(made.json(), waiting="CrashLoopBackOff", restarts=3)
        else:
            self._start(made.json(), waiting="ContainerCreating")
            self._run(made.json())

    def _tell(self, workload: Body, message: str) -> None:
        meta = workload["metadata"]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{meta['name']}.failed"},
            "involvedObject": {"kind": "StatefulSet", "name": meta["name"], "namespace": meta["namespace"]},
            "reason": "FailedCreate",
            "type": "Warning",
            "message": f"create Pod {meta['name']}-0 failed error: {message}",
            "firstTimestamp": now,
            "lastTimestamp": now,
        }
        self._client.post(f"/api/v1{self._root}/events", json=event)

    def _start(self, pod: Body, *, waiting: str, restarts: int = 0) -> None:
        first = [
            _container(c, {"terminated": {"exitCode": 0}}) for c in pod["spec"].get("initContainers", [])
        ]
        then = [
            _container(c, {"waiting": {"reason": waiting, "message": "by the tests"}}, restarts)
            for c in pod["spec"]["containers"]
        ]
        self.report(pod["metadata"]["name"], _placed("Pending", first, then))

    def _run(self, pod: Body) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        first = [
            _container(c, {"terminated": {"exitCode": 0}}) for c in pod["spec"].get("initContainers", [])
        ]
        then = [
            {**_container(c, {"running": {"startedAt": now}}), "ready": True}
            for c in pod["spec"]["containers"]
        ]
        self.report(pod["metadata"]["name"], _placed("Running", first, then))


def _container(container: Body, state: Body, restarts: int = 0) -> Body:
    last = {"terminated": {"exitCode": 3}} if restarts else {}
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": False,
        "restartCount": restarts,
        "state": state,
        "lastState": last,
    }


def _placed(phase: str, first: list[Body], then: list[Body]) -> Body:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "phase": phase,
        "startTime": now,
        "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": now}],
        "initContainerStatuses": first,
        "containerStatuses": then,
    }


def _unplaced(message: str, since: datetime) -> Body:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "lastTransitionTime": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return {"phase": "Pending", "conditions": [condition]}
