"""A desktop's life on a cluster: what is made, changed and removed, and in which order."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.desktops.kubernetes.platform import (
    IMAGE,
    OWNER,
    PASSWORD,
    READY_SECONDS,
    Platform,
    new_name,
    wanted,
)
from toolcrib.desktops.launchers.launcher import LauncherRefused, NotSupported, Phase


def objects_of(name: str, *, home: bool = True) -> set[tuple[str, str]]:
    found = {
        ("statefulsets", name),
        ("services", name),
        ("networkpolicies", name),
        ("secrets", f"{name}-password"),
        ("pods", f"{name}-0"),
    }
    return found | ({("persistentvolumeclaims", f"{name}-home")} if home else set())


def mine(cluster: Platform, name: str) -> set[tuple[str, str]]:
    return {(plural, found) for plural, found in cluster.names() if found.startswith(name)}


async def test_a_desktop_starts_with_its_objects_and_tells_its_progress(cluster: Platform) -> None:
    one, told = wanted(image=IMAGE.replace("24.04", "slow")), []

    async def progress(text: str) -> None:
        told.append(text)
        if text == "pulling image":
            await asyncio.to_thread(cluster.node.release, f"{one.name}-0")

    await cluster.launcher.start(one)
    report = await cluster.launcher.wait_ready(one.name, seconds=READY_SECONDS, progress=progress)
    assert report.phase is Phase.READY
    assert report.started_at is not None
    assert told[-1] == "pulling image"
    assert mine(cluster, one.name) == objects_of(one.name)
    assert (await cluster.launcher.statuses())[one.name] == report
    address = await cluster.launcher.address(one.name)
    assert (address.host, address.port, address.needs_password) == (f"{one.name}.desks.svc", 5900, True)


async def test_all_objects_bear_the_desktops_labels(cluster: Platform) -> None:
    one = wanted()
    await cluster.ready(one)
    for plural, name in objects_of(one.name):
        labels = cluster.api.objects(plural)[name]["metadata"]["labels"]
        assert labels["app"] == one.name
        assert labels["toolcrib/instance"] == "toolcrib"
        assert labels["toolcrib/owner"] == OWNER


async def test_a_desktop_without_a_persistent_home_has_no_claim(cluster: Platform) -> None:
    one = wanted(persistent_home=False)
    await cluster.ready(one)
    assert mine(cluster, one.name) == objects_of(one.name, home=False)
    pod = cluster.workload(one.name)["spec"]["template"]["spec"]
    assert "initContainers" not in pod
    assert not any("persistentVolumeClaim" in volume for volume in pod["volumes"])


async def test_a_name_that_begins_with_a_digit_gets_a_letter_on_the_cluster_alone(cluster: Platform) -> None:
    one = wanted(new_name("1abc"))
    assert (await cluster.ready(one)).phase is Phase.READY
    assert mine(cluster, f"d-{one.name}") == objects_of(f"d-{one.name}")
    assert (await cluster.launcher.address(one.name)).host == f"d-{one.name}.desks.svc"
    assert one.name in await cluster.launcher.statuses()
    assert await cluster.launcher.delete(one.name, home=True)
    assert not mine(cluster, f"d-{one.name}")


async def test_the_longest_names_are_shortened_on_the_cluster_and_kept_apart(cluster: Platform) -> None:
    one, other = (wanted("a" * 52 + end) for end in "xy")
    for desktop in (one, other):
        assert (await cluster.ready(desktop)).phase is Phase.READY
    names = {
        cluster.workload(n)["metadata"]["name"]
        for _, n in cluster.names("statefulsets")
        if n.startswith("aaa")
    }
    assert len(names) == 2
    assert all(len(name) <= 52 for name in names)
    assert {one.name, other.name} <= set(await cluster.launcher.statuses())
    for desktop in (one, other):
        assert await cluster.launcher.delete(desktop.name, home=True)


async def test_stop_ends_the_pod_and_keeps_the_rest(cluster: Platform) -> None:
    one = wanted()
    await cluster.ready(one)
    await cluster.launcher.stop(one.name)
    assert mine(cluster, one.name) == objects_of(one.name) - {("pods", f"{one.name}-0")}
    report = await cluster.launcher.status(one.name)
    assert report is not None
    assert report.phase is Phase.STOPPED
    with pytest.raises(LauncherRefused):
        await cluster.launcher.address(one.name)


async def test_resume_brings_the_new_password_and_configuration(cluster: Platform) -> None:
    await cluster.launcher.create_volume("data1", "5Gi")
    one = wanted(volume="data1")
    await cluster.ready(one)
    claim = cluster.api.objects("persistentvolumeclaims")[f"{one.name}-home"]["metadata"]["uid"]
    await cluster.launcher.stop(one.name)
    image = IMAGE.replace("24.04", "26.04")
    again = replace(one, password=PASSWORD[::-1], image=image, max_cpu=8, max_ram="32Gi", volume=None)
    assert (await cluster.ready(again)).phase is Phase.READY
    secret = cluster.api.objects("secrets")[f"{one.name}-password"]
    assert base64.b64decode(secret["data"]["password"]).decode() == PASSWORD[::-1]
    pod = cluster.api.objects("pods")[f"{one.name}-0"]["spec"]
    desktop = next(c for c in pod["containers"] if c["name"] == "desktop")
    assert desktop["image"] == image
    assert desktop["resources"]["limits"] == {"cpu": "8", "memory": "32Gi"}
    assert "/storage" not in [mount["mountPath"] for mount in desktop["volumeMounts"]]
    assert cluster.api.objects("persistentvolumeclaims")[f"{one.name}-home"]["metadata"]["uid"] == claim
    await cluster.launcher.delete_volume("data1")


async def test_secret_and_workload_are_written_before_the_pod_is_asked_for(own: Platform) -> None:
    api = own.ours
    one = wanted()
    await own.ready(one)
    await own.launcher.stop(one.name)
    api.asked.clear()
    await own.launcher.start(replace(one, password=PASSWORD[::-1]))
    writes = [
        path.rsplit("/", 2)[-2:] for method, path in api.asked if method != "GET" and "/pods" not in path
    ]
    mine = [f"{plural}/{name}" for plural, name in writes if name.startswith(one.name)]
    assert mine[0] == f"statefulsets/{one.name}"
    assert f"secrets/{one.name}-password" in mine[1:-1]
    assert mine[-1] == f"statefulsets/{one.name}"


async def test_a_running_desktop_is_left_as_it_is(cluster: Platform) -> None:
    one = wanted()
    first = await cluster.ready(one)
    before = cluster.workload(one.name)["metadata"]["resourceVersion"]
    await cluster.open().start(replace(one, password=PASSWORD[::-1], max_cpu=8))
    assert cluster.workload(one.name)["metadata"]["resourceVersion"] == before
    assert await cluster.launcher.status(one.name) == first


async def test_delete_removes_everything_and_the_home_when_asked(cluster: Platform) -> None:
    one = wanted()
    await cluster.ready(one)
    assert await cluster.launcher.delete(one.name, home=False)
    assert mine(cluster, one.name) == {("persistentvolumeclaims", f"{one.name}-home")}
    assert one.name not in await cluster.launcher.statuses()
    assert await cluster.launcher.delete(one.name, home=True)
    assert not mine(cluster, one.name)
    assert await cluster.launcher.delete(one.name, home=True)


async def test_a_home_that_the_cluster_does_not_let_go_is_told(own: Platform) -> None:
    own.limit(home_seconds=0.2)
    one = wanted()
    await own.ready(one)
    store = own.ours.store
    with store.news:
        for body in store.objects.values():
            if body["metadata"]["name"] == f"{one.name}-home":
                body["metadata"]["finalizers"] = ["kubernetes.io/pvc-protection"]
    assert not await own.launcher.delete(one.name, home=True)
    assert mine(own, one.name) == {("persistentvolumeclaims", f"{one.name}-home")}
    with pytest.raises(Exception, match="still being removed"):
        await own.launcher.start(one)


async def test_only_what_bears_our_mark_is_listed_or_touched(cluster: Platform) -> None:
    one, theirs = wanted(), cluster.open(KUBERNETES_INSTANCE="another")
    await cluster.ready(one)
    assert one.name not in await theirs.statuses()
    assert await theirs.status(one.name) is None
    for call in (theirs.start(one), theirs.stop(one.name), theirs.delete(one.name, home=True)):
        with pytest.raises(LauncherRefused, match="none of this server's"):
            await call
    assert mine(cluster, one.name) == objects_of(one.name)


async def test_orphans_are_found_on_many_pages(own: Platform) -> None:
    own.limit(page=2)
    own.node.is_lazy = True
    names = {new_name() for _ in range(5)}
    for name in names:
        await own.launcher.start(wanted(name, persistent_home=False))
    assert set(await own.launcher.statuses()) == names


async def test_a_gateway_gets_the_address_if_it_was_wanted(cluster: Platform) -> None:
    one, other = wanted(gateway=True), wanted()
    for desktop in (one, other):
        await cluster.ready(desktop)
    assert (await cluster.launcher.gateway_address(one.name)).host == f"{one.name}.desks.svc"
    with pytest.raises(NotSupported):
        await cluster.launcher.gateway_address(other.name)


async def test_the_host_name_follows_the_operators_template(cluster: Platform) -> None:
    one = wanted()
    await cluster.ready(one)
    launcher = cluster.open(DESKTOP_HOSTNAME="{namespace}-{name}.desks.example")
    assert (await launcher.address(one.name)).host == f"desks-{one.name}.desks.example"


async def test_what_a_cluster_cannot_do_is_said(cluster: Platform) -> None:
    one = wanted()

    async def content() -> AsyncIterator[bytes]:
        yield b""

    with pytest.raises(NotSupported):
        await cluster.launcher.say(one.name, "hello")
    with pytest.raises(NotSupported):
        await cluster.launcher.list_home(one.name, "")
    with pytest.raises(NotSupported):
        await anext(cluster.launcher.read_home(one.name, "a"))
    with pytest.raises(NotSupported):
        await cluster.launcher.write_home(one.name, "a", content())
