"""What is asked of a Rancher catalogue, and what becomes of its refusals. What all launchers promise is tested in
`tests/desktops/launchers`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.desktops.kubernetes.platform import PASSWORD, new_name, wanted
from tests.desktops.rancher.platform import RancherSubject
from tests.servers.rancher import CLUSTER, REPOSITORY, Rancher
from toolcrib.desktops.launchers.launcher import (
    LauncherDown,
    LauncherMissing,
    LauncherRefused,
    NotSupported,
    Phase,
)


@pytest_asyncio.fixture
async def own() -> AsyncIterator[RancherSubject]:
    subject = RancherSubject(Rancher())
    yield subject
    await subject.close()


async def test_a_start_installs_the_chart_with_the_contracts_values(own: RancherSubject) -> None:
    one = wanted(volume="data1", max_cpu=8, max_ram="32Gi")
    launcher = own.open(
        RANCHER_PROJECT_ID="p-1",
        RANCHER_CLUSTER_NAME="main",
        RANCHER_WEBRTC_IMAGES={"web": "registry.test/web:1"},
    )
    await launcher.start(one)
    (body,) = own.rancher.installs
    (chart,) = body.pop("charts")
    assert body == {
        "noHooks": False,
        "timeout": "600s",
        "wait": True,
        "namespace": "desks",
        "projectId": "p-1",
        "disableOpenAPIValidation": False,
        "skipCRDs": False,
    }
    assert (chart["chartName"], chart["version"], chart["releaseName"]) == ("desktop", "0.4", one.name)
    assert chart["annotations"]["catalog.cattle.io/ui-source-repo"] == REPOSITORY
    assert chart["values"] == {
        "desktop": one.image,
        "mincpu": 1,
        "maxcpu": 8,
        "minram": "4096Mi",
        "maxram": "32Gi",
        "username": "user",
        "password": PASSWORD,
        "resolution": "1920x1080",
        "display": "VNC",
        "webrtcimages": {"xserver": "", "pulseaudio": "", "gstreamer": "", "web": "registry.test/web:1"},
        "storage": {
            "enable": False,
            "server": "",
            "username": "",
            "password": "",
            "externalpvc": {"enable": True, "name": "data1"},
            "persistenthome": True,
        },
        "guacamole": {"namespace": "desks", "releaseName": "guacamole"},
        "global": {"cattle": {"clusterId": CLUSTER, "clusterName": "main", "url": own.rancher.url}},
    }


async def test_resume_installs_with_the_new_password_and_present_values(own: RancherSubject) -> None:
    one = wanted()
    await own.launcher.start(one)
    await own.launcher.stop(one.name)
    assert own.rancher.uninstalls == [one.name]
    await own.launcher.start(replace(one, password=PASSWORD[::-1], max_cpu=8))
    values = own.rancher.installs[1]["charts"][0]["values"]
    assert (values["password"], values["maxcpu"]) == (PASSWORD[::-1], 8)


async def test_a_name_that_begins_with_a_digit_gets_a_letter_on_the_cluster(own: RancherSubject) -> None:
    one = wanted(new_name("1abc"))
    await own.launcher.start(one)
    assert own.rancher.installs[0]["charts"][0]["releaseName"] == f"d-{one.name}"
    assert set(await own.launcher.statuses()) == {one.name}
    assert (await own.launcher.address(one.name)).host == f"d-{one.name}.desks.svc"
    assert await own.launcher.delete(one.name, home=True)
    assert not own.leftovers()


async def test_what_another_server_made_is_not_listed_or_touched(own: RancherSubject) -> None:
    one, theirs = wanted(), own.open(KUBERNETES_INSTANCE="another")
    await own.launcher.start(one)
    await own.launcher.create_volume("data1", "1Gi")
    assert not await theirs.statuses()
    assert not await theirs.volumes()
    for call in (
        theirs.start(one),
        theirs.stop(one.name),
        theirs.delete(one.name, home=True),
        theirs.create_volume("data1", "1Gi"),
        theirs.delete_volume("data1"),
    ):
        with pytest.raises(LauncherRefused, match="none of this server's"):
            await call
    assert own.rancher.uninstalls == []


async def test_a_home_that_is_none_of_the_desktops_stays(own: RancherSubject) -> None:
    one = wanted()
    own.rancher.put(
        "persistentvolumeclaims", {"metadata": {"name": f"{one.name}-home", "labels": {"app": "x"}}}
    )
    assert not await own.launcher.delete(one.name, home=True)
    assert own.leftovers() == [f"persistentvolumeclaims/{one.name}-home"]


async def test_a_start_that_was_cut_short_is_found_and_repeated(own: RancherSubject) -> None:
    one = wanted()
    await own.launcher._mark(one.name, one.owner, is_running=True, has_gateway=False)
    assert (await own.open().statuses())[one.name].phase is Phase.STARTING
    await own.open().start(one)
    report = await own.launcher.wait_ready(one.name, seconds=5)
    assert report.phase is Phase.READY


async def test_a_release_that_fails_is_told(own: RancherSubject) -> None:
    own.rancher.fails = True
    one = wanted()
    await own.launcher.start(one)
    report = await own.launcher.wait_ready(one.name, seconds=5)
    assert (report.phase, report.text) == (Phase.FAILED, "Rancher could not install the chart.")


@pytest.mark.parametrize("mode", ["down", "slow", "nonsense", "elsewhere"])
async def test_no_call_hangs_when_rancher_is_unwell(own: RancherSubject, mode: str) -> None:
    own.rancher.mode = mode
    launcher = own.open(KUBERNETES_TIMEOUT_SECONDS=0.3)
    results = await asyncio.gather(
        launcher.check(),
        launcher.start(wanted()),
        launcher.stop("d1-a"),
        launcher.delete("d1-a", home=True),
        launcher.statuses(),
        launcher.wait_ready("d1-a", seconds=0.1),
        launcher.volumes(),
        launcher.create_volume("data1", "1Gi"),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [LauncherDown] * len(results)
    own.rancher.released.set()


@pytest.mark.parametrize(
    "name",
    ["RANCHER_API_URL", "RANCHER_API_TOKEN", "RANCHER_CLUSTER_ID", "RANCHER_REPO_NAME", "DESKTOP_IMAGE"],
)
async def test_what_is_not_set_is_said(own: RancherSubject, name: str) -> None:
    with pytest.raises(LauncherMissing, match=f"{name} is not set"):
        await own.open(**{name: ""}).check()


async def test_what_rancher_refuses_is_told_without_its_words(own: RancherSubject) -> None:
    with pytest.raises(LauncherRefused, match="RANCHER_API_TOKEN"):
        await own.open(RANCHER_API_TOKEN="wrong").check()
    with pytest.raises(LauncherMissing, match="RANCHER_REPO_NAME"):
        await own.open(RANCHER_REPO_NAME="none").check()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RANCHER_API_URL", "http://rancher.test"),
        ("RANCHER_API_URL", "https://user:secret@rancher.test"),
        ("RANCHER_CLUSTER_ID", "c/../x"),
        ("RANCHER_REPO_NAME", "a?action=x"),
    ],
)
def test_settings_of_another_shape_are_refused_at_start(own: RancherSubject, name: str, value: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        own.open(**{name: value})


async def test_what_it_cannot_do_is_said(own: RancherSubject) -> None:
    with pytest.raises(NotSupported):
        await own.launcher.prepare_images([])
    with pytest.raises(NotSupported):
        await own.launcher.say("d1-a", "hello")
