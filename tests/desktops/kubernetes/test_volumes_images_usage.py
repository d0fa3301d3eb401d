"""Volumes, images kept on the nodes, and what a desktop uses."""

from __future__ import annotations

import pytest

from tests.desktops.kubernetes.platform import IMAGE, Platform, wanted
from tests.servers.kubernetes.store import KINDS
from tests.servers.process import wait_until
from toolcrib.desktops.launchers.launcher import LauncherDown, LauncherRefused, Usage, Volume


async def test_a_volume_is_made_for_many_writers_and_tells_its_phase(cluster: Platform) -> None:
    made = await cluster.launcher.create_volume("data.1", "5Gi")
    assert (made.name, made.size) == ("data.1", "5Gi")
    claim = cluster.api.objects("persistentvolumeclaims")["data.1"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    wait_until(
        lambda: cluster.api.objects("persistentvolumeclaims")["data.1"]["status"]["phase"] == "Bound",
        "storage",
    )
    assert await cluster.launcher.volumes() == {"data.1": Volume("data.1", "Bound", "5Gi")}
    assert (await cluster.launcher.create_volume("data.1", "9Gi")).size == "5Gi"
    await cluster.launcher.delete_volume("data.1")
    await cluster.launcher.delete_volume("data.1")
    assert not await cluster.launcher.volumes()


async def test_a_claim_that_is_no_volume_of_ours_is_not_touched(cluster: Platform) -> None:
    one = wanted()
    await cluster.ready(one)
    theirs = cluster.open(KUBERNETES_INSTANCE="another")
    await theirs.create_volume("data2", "1Gi")
    home = f"{one.name}-home"
    for call in (
        cluster.launcher.create_volume(home, "1Gi"),
        cluster.launcher.delete_volume(home),
        cluster.launcher.create_volume("data2", "1Gi"),
        cluster.launcher.delete_volume("data2"),
    ):
        with pytest.raises(LauncherRefused, match="none of this server's volumes"):
            await call
    assert {home, "data2"} <= set(cluster.api.objects("persistentvolumeclaims"))
    assert not await cluster.launcher.volumes()
    await theirs.delete_volume("data2")
    await cluster.launcher.delete(one.name, home=True)


@pytest.mark.parametrize(
    ("phase", "status"), [("Lost", "Lost"), ("Failed", "Failed"), ("Strange", "Unknown")]
)
async def test_phases_of_volumes(own: Platform, phase: str, status: str) -> None:
    own.node.close()
    await own.launcher.create_volume("data1", "5Gi")
    with own.ours.store.news:
        kind = KINDS["v1", "persistentvolumeclaims"]
        own.ours.store.objects[kind, "desks", "data1"]["status"]["phase"] = phase
    assert (await own.launcher.volumes())["data1"].status == status


async def test_a_volume_that_is_still_going_is_not_made_again(own: Platform) -> None:
    await own.launcher.create_volume("data1", "5Gi")
    with own.ours.store.news:
        kind = KINDS["v1", "persistentvolumeclaims"]
        own.ours.store.objects[kind, "desks", "data1"]["metadata"]["finalizers"] = [
            "kubernetes.io/pvc-protection"
        ]
    await own.launcher.delete_volume("data1")
    await own.launcher.delete_volume("data1")
    with pytest.raises(LauncherDown, match="still being removed"):
        await own.launcher.create_volume("data1", "5Gi")


async def test_images_are_kept_on_every_node_and_let_go(cluster: Platform) -> None:
    other = IMAGE.replace("24.04", "26.04")
    await cluster.launcher.prepare_images([IMAGE, other, IMAGE])
    daemons = cluster.api.objects("daemonsets")["toolcrib-images"]
    pod = daemons["spec"]["template"]["spec"]
    assert [container["image"] for container in pod["containers"]] == [IMAGE, other]
    assert pod["automountServiceAccountToken"] is False
    assert daemons["metadata"]["labels"]["toolcrib/instance"] == "toolcrib"
    await cluster.launcher.prepare_images([other])
    pod = cluster.api.objects("daemonsets")["toolcrib-images"]["spec"]["template"]["spec"]
    assert [container["image"] for container in pod["containers"]] == [other]
    for _ in range(2):
        await cluster.launcher.prepare_images([])
        assert not cluster.api.objects("daemonsets")


async def test_a_daemon_set_of_somebody_else_is_not_touched(own: Platform) -> None:
    await own.launcher.prepare_images([IMAGE])
    with own.ours.store.news:
        kind = KINDS["apps/v1", "daemonsets"]
        own.ours.store.objects[kind, "desks", "toolcrib-images"]["metadata"]["labels"] = {}
    for images in ([], [IMAGE]):
        with pytest.raises(LauncherRefused, match="none of this server's"):
            await own.launcher.prepare_images(images)


async def test_too_many_images_are_refused(own: Platform) -> None:
    with pytest.raises(LauncherRefused, match="At most 50"):
        await own.launcher.prepare_images([f"{IMAGE}-{number}" for number in range(51)])


async def test_usage_is_what_the_cluster_measures(own: Platform) -> None:
    one = wanted()
    await own.ready(one)
    assert await own.launcher.usage(one.name) == Usage()
    containers = [
        {"name": "vncserver", "usage": {"cpu": "15231247n", "memory": "65536Ki"}},
        {"name": "desktop", "usage": {"cpu": "1250m", "memory": "1Gi"}},
    ]
    own.ours.metrics = {f"{one.name}-0": {"containers": containers}}
    usage = await own.launcher.usage(one.name)
    assert usage.cpu_cores == pytest.approx(1.265231247)
    assert usage.memory_bytes == 2**30 + 2**26
    own.ours.metrics = {
        f"{one.name}-0": {"containers": [{"usage": {"cpu": "lots", "memory": "1" * 40 + "n"}}]}
    }
    assert await own.launcher.usage(one.name) == Usage(cpu_cores=0.0, memory_bytes=0)
