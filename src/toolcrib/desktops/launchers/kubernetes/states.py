"""What a desktop's objects say about how it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from toolcrib.desktops.launchers.kubernetes.answers import ContainerStatus, Pod, Workload
from toolcrib.desktops.launchers.launcher import Phase, Report

# Why a container waits, if that will not pass: the image, or how the container is made.
_FAILED = {
    "ImagePullBackOff": "The image cannot be fetched: it is not there, or the cluster may not have it.",
    "InvalidImageName": "The cluster does not accept the image's name.",
    "ErrImageNeverPull": "The image is not on the node, and the cluster may not fetch it.",
    "CreateContainerConfigError": "The container cannot be made: a secret or a setting that it needs is missing.",
    "CreateContainerError": "The container cannot be made from the image.",
    "RunContainerError": "The image cannot be run.",
}
_LACKS = {
    "Insufficient cpu": "processors",
    "Insufficient memory": "memory",
    "Insufficient ephemeral-storage": "disk",
    "Too many pods": "room for another desktop",
    "untolerated taint": "permission to run desktops",
    "had taint": "permission to run desktops",
    "node affinity": "what the cluster asks of nodes for it",
    "node selector": "what the cluster asks of nodes for it",
}
_NO_VOLUME = ("unbound immediate PersistentVolumeClaims", "persistentvolumeclaim")

WAITING_FOR_NODE = "waiting for a node"
PULLING = "pulling image"
COPYING = "preparing home"
STARTING = "starting"
# As soon as a container has ended this often, it is not worth waiting for.
RESTARTS = 3


def report(workload: Workload, pod: Pod | None, *, now: datetime, patience: timedelta) -> Report:
    """How the desktop is. `patience` is how long it may wait for a node."""
    if workload.metadata.deletion_timestamp is not None:
        return Report(Phase.STOPPING, "being removed")
    if workload.spec.replicas < 1:
        return Report(Phase.STOPPED) if pod is None else Report(Phase.STOPPING)
    if pod is None or pod.metadata.deletion_timestamp is not None:
        return Report(Phase.STARTING, WAITING_FOR_NODE)
    status = pod.status
    for container in (*status.init_container_statuses, *status.container_statuses):
        if reason := _why_failed(container):
            return Report(Phase.FAILED, reason, status.start_time)
    if status.phase == "Running" and status.container_statuses:
        if all(container.ready for container in status.container_statuses):
            return Report(Phase.READY, "", status.start_time)
        return Report(Phase.STARTING, STARTING, status.start_time)
    if status.phase in {"Failed", "Succeeded"}:
        if status.reason in {"Evicted", "Preempting", "NodeLost", "Shutdown"}:
            return Report(Phase.STARTING, "moving to another node", status.start_time)
        return Report(Phase.FAILED, "It ended by itself.", status.start_time)
    return _pending(pod, now, patience)


def _pending(pod: Pod, now: datetime, patience: timedelta) -> Report:
    status = pod.status
    placed = next((c for c in status.conditions if c.type == "PodScheduled"), None)
    if placed is None or placed.status != "True":
        if placed is None or placed.reason != "Unschedulable":
            return Report(Phase.STARTING, WAITING_FOR_NODE)
        text = _why_no_node(placed.message)
        since = placed.last_transition_time
        is_over = since is not None and now - since > patience
        return Report(Phase.FAILED if is_over else Phase.STARTING, text)
    first = next((c for c in status.init_container_statuses if not _is_done(c)), None)
    if first is not None:
        text = COPYING if first.state.running is not None else PULLING
        return Report(Phase.STARTING, text, status.start_time)
    waiting = [c.state.waiting for c in status.container_statuses if c.state.waiting is not None]
    text = PULLING if waiting or not status.container_statuses else STARTING
    if any(w.reason == "ErrImagePull" for w in waiting):
        text = "pulling image again, as it could not be fetched"
    return Report(Phase.STARTING, text, status.start_time)


def _is_done(container: ContainerStatus) -> bool:
    ended = container.state.terminated
    return ended is not None and ended.exit_code == 0


def _why_failed(container: ContainerStatus) -> str:
    waiting = container.state.waiting
    if waiting is None:
        return ""
    if waiting.reason == "CrashLoopBackOff":
        ended = container.last_state.terminated
        if ended is not None and ended.reason == "OOMKilled":
            return "It needs more memory than its configuration allows."
        if container.restart_count < RESTARTS:
            return ""
        part = {"home": "The home could not be prepared", "vncserver": "The VNC server ends"}
        text = part.get(container.name, "The desktop ends")
        code = f" (exit code {ended.exit_code})" if ended is not None else ""
        return f"{text} as soon as it is started{code}."
    return _FAILED.get(waiting.reason, "")


def _why_no_node(message: str) -> str:
    if any(words in message for words in _NO_VOLUME):
        return "Its home or volume is not there, or has no storage yet."
    lacks = dict.fromkeys(text for words, text in _LACKS.items() if words in message)
    return f"No node has room for it: they lack {', '.join(lacks)}." if lacks else "No node has room for it."
