"""What goes wrong on a cluster is told with its reason, in time, and in no words but ours."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.desktops.kubernetes.platform import IMAGE, READY_SECONDS, Platform, wanted
from tests.servers.certificates import Certificate
from tests.servers.kubernetes.real import STRANGER, RealApi
from tests.servers.kubernetes.server import kubeconfig
from tests.servers.kubernetes.store import Refused
from toolcrib.desktops.launchers.kubernetes.launcher import KubernetesLauncher
from toolcrib.desktops.launchers.launcher import (
    LauncherDown,
    LauncherError,
    LauncherMissing,
    LauncherRefused,
    Phase,
)

Call = Callable[[KubernetesLauncher], Awaitable[object]]
NAME = "d1-218c5184-bd88-4a8a-a3f6-fafbff4e881d"
CALLS: dict[str, Call] = {
    "check": lambda launcher: launcher.check(),
    "start": lambda launcher: launcher.start(wanted(NAME)),
    "wait_ready": lambda launcher: launcher.wait_ready(NAME, seconds=0.2),
    "stop": lambda launcher: launcher.stop(NAME),
    "delete": lambda launcher: launcher.delete(NAME, home=True),
    "statuses": lambda launcher: launcher.statuses(),
    "status": lambda launcher: launcher.status(NAME),
    "address": lambda launcher: launcher.address(NAME),
    "usage": lambda launcher: launcher.usage(NAME),
    "create_volume": lambda launcher: launcher.create_volume("data1", "1Gi"),
    "delete_volume": lambda launcher: launcher.delete_volume("data1"),
    "volumes": lambda launcher: launcher.volumes(),
    "prepare_images": lambda launcher: launcher.prepare_images([IMAGE]),
}


@pytest.mark.parametrize("mode", ["down", "slow", "nonsense", "broken", "elsewhere", "endless"])
async def test_no_call_hangs_or_fails_otherwise_when_the_cluster_is_unwell(own: Platform, mode: str) -> None:
    own.ours.mode = mode
    launcher = own.open(KUBERNETES_TIMEOUT_SECONDS=0.3)
    began = time.monotonic()
    results = await asyncio.gather(*(call(launcher) for call in CALLS.values()), return_exceptions=True)
    assert time.monotonic() - began < 20
    for name, result in zip(CALLS, results, strict=True):
        assert type(result) is LauncherDown, (name, result)
        assert "\n" not in str(result)
        assert "html" not in str(result)
    own.ours.mode = "normal"
    own.ours.released.set()
    await own.open().check()


async def test_a_cluster_that_nobody_runs_is_down(own: Platform, tmp_path: Path) -> None:
    (tmp_path / "other").write_text(kubeconfig("http://127.0.0.1:9", "desks", {"token": "x"}))
    with pytest.raises(LauncherDown, match="cannot be reached"):
        await own.open(KUBECONFIG=str(tmp_path / "other")).check()


async def test_a_cluster_whose_certificate_is_not_trusted_is_down(own: Platform, tmp_path: Path) -> None:
    authority = Certificate.make(tmp_path, "elsewhere.test").authority
    url = own.ours.url.replace("http:", "https:")
    (tmp_path / "other").write_text(
        kubeconfig(url, "desks", {"token": "x"}, **{"certificate-authority": str(authority)})
    )
    with pytest.raises(LauncherDown, match="cannot be reached"):
        await own.open(KUBECONFIG=str(tmp_path / "other")).check()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"KUBECONFIG": "/nowhere/config"}, "no file where KUBECONFIG says"),
        ({"KUBECONFIG": ""}, "KUBECONFIG is not set"),
        ({"DESKTOP_IMAGE": ""}, "DESKTOP_IMAGE is not set"),
        ({"DESKTOP_VNC_IMAGE": ""}, "DESKTOP_VNC_IMAGE is not set"),
        ({"DESKTOP_IMAGE": "Not an image"}, "DESKTOP_IMAGE: This is no reference"),
    ],
)
async def test_what_is_not_set_up_is_said(own: Platform, changes: dict[str, str], text: str) -> None:
    with pytest.raises(LauncherMissing, match=text):
        await own.open(**changes).check()


@pytest.mark.parametrize(
    "content",
    ["", "[]", "a: b", "{", "clusters: 3\ncontexts: []\ncurrent-context: x", "\x00", "current-context: 7"],
)
async def test_a_broken_kubeconfig_is_said(own: Platform, tmp_path: Path, content: str) -> None:
    (tmp_path / "broken").write_text(content)
    with pytest.raises(LauncherMissing, match="KUBECONFIG does not say how to reach a cluster"):
        await own.open(KUBECONFIG=str(tmp_path / "broken")).check()


async def test_without_the_extra_it_is_said_what_to_install(
    own: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(LauncherMissing, match=r"pip install 'toolcrib\[kubernetes\]'"):
        await own.open().check()


async def test_a_right_to_watch_that_lacks_is_named_to_who_waits(own: Platform) -> None:
    one = wanted(image=IMAGE.replace("24.04", "slow"))
    await own.launcher.start(one)
    own.ours.forbidden.add(("watch", "pods"))
    with pytest.raises(LauncherRefused, match="may not watch pods"):
        await own.launcher.wait_ready(one.name, seconds=READY_SECONDS)


async def test_a_token_that_was_renewed_in_its_file_is_read_again(own: Platform) -> None:
    await own.launcher.check()
    own.ours.token = "another"
    with pytest.raises(LauncherRefused, match="credentials"):
        await own.launcher.check()
    own.ours.write_kubeconfig(own.kubeconfig)
    await asyncio.gather(*(own.launcher.check() for _ in range(5)))


async def test_credentials_that_the_cluster_does_not_know_are_refused(
    cluster: Platform, tmp_path: Path
) -> None:
    path = cluster.api.write_kubeconfig(tmp_path / "strange", token="unknown")
    with pytest.raises(LauncherRefused, match="credentials"):
        await cluster.open(KUBECONFIG=str(path)).check()


async def test_a_server_without_rights_is_told_which(cluster: Platform, tmp_path: Path) -> None:
    path = cluster.kubeconfig
    if isinstance(cluster.api, RealApi):
        path = cluster.api.write_kubeconfig(tmp_path / "stranger", token=STRANGER)
    else:
        cluster.ours.forbidden.add(("list", "statefulsets"))
    with pytest.raises(LauncherRefused, match="may not list statefulsets in the namespace desks"):
        await cluster.open(KUBECONFIG=str(path)).check()


@pytest.mark.parametrize(
    ("verb", "plural"),
    [
        ("create", "statefulsets"),
        ("patch", "secrets"),
        ("patch", "networkpolicies"),
        ("patch", "services"),
        ("create", "persistentvolumeclaims"),
        ("patch", "statefulsets"),
    ],
)
async def test_a_right_that_lacks_is_named_and_the_start_can_be_repeated(
    own: Platform, verb: str, plural: str
) -> None:
    one = wanted()
    own.ours.forbidden.add((verb, plural))
    with pytest.raises(LauncherRefused, match=f"may not {verb} {plural} in the namespace desks"):
        await own.launcher.start(one)
    assert await own.launcher.status(one.name) is not None or (verb, plural) == ("create", "statefulsets")
    own.ours.forbidden.clear()
    assert (await own.ready(one)).phase is Phase.READY


@pytest.mark.parametrize("plural", ["statefulsets", "secrets", "services", "persistentvolumeclaims"])
async def test_a_quota_is_told(own: Platform, plural: str) -> None:
    own.ours.store.quota[plural] = 0
    with pytest.raises(LauncherRefused, match=f"quota of the namespace desks is used up: {plural}"):
        await own.launcher.start(wanted())


async def test_a_quota_that_the_pod_meets_is_told(own: Platform) -> None:
    own.limit(no_pod_seconds=0.1)
    own.ours.store.quota["pods"] = 0
    one = wanted()
    report = await own.ready(one)
    assert (report.phase, report.text) == (
        Phase.FAILED,
        "The quota of the namespace desks is used up: pods.",
    )
    own.ours.forbidden.add(("list", "events"))  # the contract does not ask for this right
    report = await own.launcher.wait_ready(one.name, seconds=0.3)
    assert (report.phase, report.text) == (Phase.STARTING, "waiting for a node")


async def test_rules_of_the_cluster_are_told_without_their_words(own: Platform) -> None:
    secret = "<b>Ask ivan@example.test</b>"
    refused = Refused(403, "Forbidden", f"admission webhook denied the request: {secret}")
    own.ours.refuse = lambda verb, kind, body: refused if kind.plural == "services" else None
    with pytest.raises(LauncherRefused, match="A rule of the cluster refuses to patch services") as caught:
        await own.launcher.start(wanted())
    assert secret not in str(caught.value)
    own.ours.refuse = lambda verb, kind, body: Refused(
        422, "Invalid", secret, [("spec.template.spec.containers[0].image", secret), (secret, "")]
    )
    with pytest.raises(
        LauncherRefused, match=r"because of spec\.template\.spec\.containers\[0\]\.image\."
    ) as caught:
        await own.launcher.start(wanted())
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("missing", "The image cannot be fetched: it is not there, or the cluster may not have it."),
        ("crash", "The VNC server ends as soon as it is started (exit code 3)."),
        ("huge-old", "No node has room for it: they lack processors."),
    ],
)
async def test_a_desktop_that_cannot_start_has_failed_with_the_reason(
    cluster: Platform, tag: str, text: str
) -> None:
    one = wanted(image=IMAGE.replace("24.04", tag))
    report = await cluster.ready(one)
    assert (report.phase, report.text) == (Phase.FAILED, text)
    assert (await cluster.launcher.statuses())[one.name] == report
    assert await cluster.launcher.delete(one.name, home=True)


async def test_a_desktop_waits_a_while_for_a_node_with_room(cluster: Platform) -> None:
    one = wanted(image=IMAGE.replace("24.04", "huge"))
    await cluster.launcher.start(one)
    report = await cluster.launcher.wait_ready(one.name, seconds=0.5)
    assert report.phase is Phase.STARTING
    assert await cluster.launcher.delete(one.name, home=True)


async def test_a_pod_that_the_cluster_does_not_end_is_told(own: Platform) -> None:
    own.limit(stop_seconds=0.3)
    own.node.keeps_pods = True
    one = wanted()
    await own.ready(one)
    with pytest.raises(LauncherDown, match="has not ended the desktop yet"):
        await own.launcher.stop(one.name)
    report = await own.launcher.status(one.name)
    assert report is not None
    assert report.phase is Phase.STOPPING
    own.node.end(f"{one.name}-0")
    await own.launcher.stop(one.name)


async def test_one_that_is_stopped_while_somebody_waits_ends_the_wait(own: Platform) -> None:
    own.limit(no_pod_seconds=0.1)
    one = wanted(image=IMAGE.replace("24.04", "slow"))
    await own.launcher.start(one)
    waiting = asyncio.create_task(own.launcher.wait_ready(one.name, seconds=READY_SECONDS))
    await asyncio.sleep(0)
    await own.open().stop(one.name)
    assert (await waiting).phase in {Phase.STOPPED, Phase.STOPPING}


@pytest.mark.parametrize(
    "status",
    [
        {"phase": 7},
        {"phase": "Running", "containerStatuses": {"a": 1}},
        {"phase": "Running", "containerStatuses": [{"name": "x" * 300, "ready": True}]},
        {"phase": "Running", "startTime": "yesterday"},
        {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "False", "message": "x" * 10_000}],
        },
        "running",
    ],
)
async def test_answers_of_another_shape_are_no_answers(own: Platform, status: object) -> None:
    one = wanted()
    await own.ready(one)
    with own.ours.store.news:
        for kind, _, name in own.ours.store.objects:
            if kind.plural == "pods" and name == f"{one.name}-0":
                own.ours.store.objects[kind, "desks", name]["status"] = status
    for call in (own.launcher.status(one.name), own.launcher.statuses()):
        with pytest.raises(LauncherDown, match="makes no sense"):
            await call


async def test_null_lists_and_unknown_fields_are_read(own: Platform) -> None:
    one = wanted()
    await own.ready(one)
    with own.ours.store.news:
        for key, body in own.ours.store.objects.items():
            if key[0].plural == "pods":
                body["status"]["conditions"] = body["status"]["initContainerStatuses"] = None
                body["status"]["somethingNew"] = {"a": [1]}
                body["metadata"]["annotations"] = None
    report = await own.launcher.status(one.name)
    assert report is not None
    assert report.phase is Phase.READY


async def test_a_list_without_an_end_is_no_list(own: Platform) -> None:
    own.limit(objects=2, page=1)
    for number in range(5):
        await own.launcher.create_volume(f"data{number}", "1Gi")
    with pytest.raises(LauncherDown, match="has no end"):
        await own.launcher.volumes()


async def test_no_error_shows_the_password(own: Platform) -> None:
    one = wanted()
    own.ours.refuse = lambda verb, kind, body: Refused(422, "Invalid", str(body), [("data", str(body))])
    with pytest.raises(LauncherError) as caught:
        await own.launcher.start(one)
    assert one.password not in str(caught.value)
    assert one.password not in repr(one)
