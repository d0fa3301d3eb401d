"""Nothing that is no name, image or quantity gets into an object of the cluster."""

from __future__ import annotations

import pytest

from tests.desktops.kubernetes.platform import IMAGE, Platform, wanted
from toolcrib.desktops.launchers.kubernetes.values import amount, resource_name, why_no_image
from toolcrib.desktops.launchers.launcher import LauncherRefused


@pytest.mark.parametrize(
    "image",
    [
        "ubuntu",
        "ubuntu:24.04",
        "registry.test:5000/a/b_c/d__e/f-g:v1.2_3",
        "localhost/a@sha256:" + "a" * 64,
        "Registry.Test/a:b",
        "10.0.0.1:80/a",
    ],
)
def test_references_of_images(image: str) -> None:
    assert why_no_image(image) is None


@pytest.mark.parametrize(
    "image",
    [
        "",
        " ubuntu",
        "ubuntu\n",
        "UBUNTU",
        "a//b",
        "a/../b",
        "-a",
        "a:",
        "a:-b",
        "a@sha256:abc",
        "https://registry.test/a",
        "a b",
        "a;reboot",
        "$(reboot)",
        "a:{{x}}",
        '"a"',
        "ubuntu\u0661",
        "a/" * 127 + "bcd",
        "a:" + "b" * 129,
    ],
)
async def test_what_is_no_image_is_never_sent(own: Platform, image: str) -> None:
    if image:
        assert why_no_image(image)
        with pytest.raises(LauncherRefused):
            await own.launcher.start(wanted(image=image))
        with pytest.raises(LauncherRefused):
            await own.launcher.prepare_images([IMAGE, image])
    assert own.launcher.check_image(image)
    assert own.ours.written == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../secrets"},
        {"name": "A"},
        {"name": "-a"},
        {"name": "a-"},
        {"name": "a.b"},
        {"name": "a" * 54},
        {"name": "a\n"},
        {"owner": "a,b=c"},
        {"owner": ""},
        {"password": "short"},
        {"password": 'has spaces and quotes"'},
        {"min_cpu": 0},
        {"min_cpu": 5, "max_cpu": 4},
        {"max_cpu": 10**6},
        {"min_ram": "4096Mi; x"},
        {"min_ram": "0Mi"},
        {"min_ram": "-1Gi"},
        {"min_ram": "1e999"},
        {"min_ram": "2Gi", "max_ram": "1024Mi"},
        {"max_ram": "much"},
        {"volume": "../../secrets/x"},
        {"volume": "Data"},
        {"volume": ""},
        {"resolution": "1920x1080; reboot"},
    ],
)
async def test_what_has_no_place_in_an_object_is_never_sent(
    own: Platform, changes: dict[str, object]
) -> None:
    with pytest.raises(LauncherRefused):
        await own.launcher.start(wanted(**changes))  # type: ignore[arg-type]
    assert own.ours.written == 0


@pytest.mark.parametrize("name", ["../x", "a/b", "", "A", "a" * 60, "a%2f..", "a\u0130"])
async def test_names_of_another_shape_reach_no_path(own: Platform, name: str) -> None:
    asked = len(own.ours.asked)
    for call in (
        own.launcher.stop(name),
        own.launcher.delete(name, home=True),
        own.launcher.status(name),
        own.launcher.address(name),
        own.launcher.usage(name),
        own.launcher.wait_ready(name, seconds=0.1),
        own.launcher.create_volume(name if name != "a" * 60 else "a" * 254, "1Gi"),
        own.launcher.delete_volume(name if name != "a" * 60 else "a" * 254),
        own.launcher.create_volume("data1", name),
    ):
        with pytest.raises(LauncherRefused):
            await call
    assert [
        path for _, path in own.ours.asked[asked:] if "data1" in path or (name and name in path.split("/"))
    ] == []


def test_names_on_the_cluster() -> None:
    assert resource_name("d1-218c5184") == "d1-218c5184"
    assert resource_name("1d-218c5184") == "d-1d-218c5184"
    long = resource_name("9" * 53)
    assert len(long) == 52
    assert long.startswith("d-999")
    assert long != resource_name("9" * 52 + "8")


def test_quantities() -> None:
    assert amount("4096Mi") == amount("4Gi") == 4 * 1024**3
    assert amount("1.5G") == amount("1.5e9") == amount("15E8") == 1_500_000_000
    assert amount("1Gi ") is amount("Gi") is amount("") is amount("1_0") is amount("1GiB") is None
