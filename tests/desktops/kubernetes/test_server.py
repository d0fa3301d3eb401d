"""A whole server whose desktops run on a cluster: through its routes, and killed at its work."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.desktops.kubernetes.platform import IMAGE, VNC_IMAGE, Platform
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer

Start = Callable[..., ToolcribServer]
SECONDS = 60


def settings(own: Platform) -> dict[str, Any]:
    return {
        "DESKTOP_LAUNCHER": "kubernetes",
        "KUBECONFIG": str(own.kubeconfig),
        "NAMESPACE": "desks",
        "DESKTOP_IMAGE": IMAGE,
        "DESKTOP_VNC_IMAGE": VNC_IMAGE,
    }


def post(ann: httpx.Client, verb: str, **body: Any) -> Any:
    answer = ann.post(f"/api/connections/{verb}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def status(ann: httpx.Client, name: str) -> str:
    word: str = ann.get(f"/api/connections/{name}/status").raise_for_status().json()["status"]
    return word


@pytest.mark.databases("sqlite")
def test_a_desktop_lives_on_a_cluster(server: Start, cluster: Platform) -> None:
    crib = server(**settings(cluster))
    ann, admin = crib.user("ann"), crib.admin
    made = admin.post("/api/storage-pvcs/create", json={"name": "data1", "size": "5Gi", "is_public": True})
    assert made.status_code == 201, made.text
    body = {"name": "Big", "image": IMAGE.replace("24.04", "26.04"), "max_cpu": 8, "is_public": True}
    configuration = admin.post("/api/desktop-config/create", json=body).json()["configuration"]
    begun = post(
        ann, "scaleup", name="1d", desktop_configuration_id=configuration["id"], external_pvc="data1"
    )
    name, resource = begun["name"], f"d-{begun['name']}"
    assert begun["status"] == "ready"
    pod = cluster.api.objects("pods")[f"{resource}-0"]["spec"]
    desktop = pod["containers"][1]
    assert desktop["image"] == body["image"]
    assert {"claimName": "data1"} in [volume.get("persistentVolumeClaim") for volume in pod["volumes"]]
    assert status(ann, name) == "running"
    before = cluster.api.objects("secrets")[f"{resource}-password"]["data"]["password"]

    post(ann, "scaledown", name=name)
    wait_until(lambda: f"{resource}-0" not in cluster.api.objects("pods"), "the end of the pod", SECONDS)
    wait_until(lambda: status(ann, name) == "stopped", "the stop", SECONDS)
    changed = admin.put(f"/api/desktop-config/update/{configuration['id']}", json={**body, "max_cpu": 6})
    assert changed.status_code == 200, changed.text
    post(ann, "resume", name=name)
    wait_until(lambda: status(ann, name) == "running", "the desktop", SECONDS)
    after = cluster.api.objects("secrets")[f"{resource}-password"]["data"]["password"]
    assert after != before
    assert (
        cluster.api.objects("pods")[f"{resource}-0"]["spec"]["containers"][1]["resources"]["limits"]["cpu"]
        == "6"
    )

    post(ann, "scaledown", name=name)
    wait_until(lambda: status(ann, name) == "stopped", "the stop", SECONDS)
    post(ann, "permanent-delete", name=name)
    wait_until(lambda: not any(resource in found for _, found in cluster.names()), "the removal", SECONDS)
    assert cluster.api.objects("persistentvolumeclaims")["data1"]
    assert admin.delete(f"/api/storage-pvcs/{made.json()['pvc']['id']}").status_code == 200
    for password in (before, after):
        assert base64.b64decode(password).decode() not in crib.output()


@pytest.mark.databases("sqlite")
def test_a_desktop_that_cannot_start_says_why(server: Start, own: Platform) -> None:
    crib = server(**settings(own))
    body = {"name": "Missing", "image": IMAGE.replace("24.04", "missing"), "is_public": True}
    configuration = crib.admin.post("/api/desktop-config/create", json=body).json()["configuration"]
    answer = crib.user("ann").post(
        "/api/connections/scaleup", json={"name": "d1", "desktop_configuration_id": configuration["id"]}
    )
    assert answer.status_code == 500
    assert answer.json()["error"].startswith("Failed to provision desktop: The image cannot be fetched")


@pytest.mark.databases("sqlite")
def test_a_server_that_was_killed_goes_on_with_its_desktops(server: Start, own: Platform) -> None:
    crib = server(**settings(own))
    ann = crib.user("ann")
    body = {"name": "Slow", "image": IMAGE.replace("24.04", "slow"), "is_public": True}
    configuration = crib.admin.post("/api/desktop-config/create", json=body).json()["configuration"]
    runs = post(ann, "scaleup", name="runs")["name"]
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(
            post, ann, "scaleup", name="starts", desktop_configuration_id=configuration["id"]
        )
        wait_until(lambda: len(own.api.objects("pods")) == 2, "the pod", SECONDS)
        crib.kill()
        assert isinstance(asked.exception(), httpx.TransportError)
    pods = {name: pod["metadata"]["uid"] for name, pod in own.api.objects("pods").items()}
    crib.start()
    ann = crib.sign_in("ann")
    assert status(ann, runs) == "running"
    (starts,) = [
        one["name"] for one in ann.get("/api/connections/list").json()["connections"] if one["name"] != runs
    ]
    own.node.release(f"{starts}-0")
    wait_until(lambda: status(ann, starts) == "running", "the desktop", SECONDS)
    assert {name: pod["metadata"]["uid"] for name, pod in own.api.objects("pods").items()} == pods
    post(ann, "scaledown", name=runs)
    wait_until(lambda: status(ann, runs) == "stopped", "the stop", SECONDS)
    assert set(own.api.objects("pods")) == {f"{starts}-0"}
