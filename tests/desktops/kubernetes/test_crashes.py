"""Every verb may be cut short after any of its steps, and is carried out by saying it again."""

from __future__ import annotations

import base64
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from tests.desktops.kubernetes.platform import PASSWORD, Platform, wanted
from toolcrib.desktops.launchers.launcher import LauncherDown, Phase, Wanted


async def cut(own: Platform, step: int, *, is_done: bool, call: Awaitable[object]) -> bool:
    """Make the call, of which this write and all after it have no answer. Whether it came that far."""
    own.ours.written, own.ours.cut_at, own.ours.is_cut_done = 0, step, is_done
    try:
        await call
    except LauncherDown:
        return True
    finally:
        own.ours.cut_at = None
    return False


def password_of(own: Platform, one: Wanted) -> str:
    return base64.b64decode(own.api.objects("secrets")[f"{one.name}-password"]["data"]["password"]).decode()


@pytest.mark.parametrize("is_done", [False, True])
async def test_a_start_that_was_cut_short_is_found_and_repeated(own: Platform, is_done: bool) -> None:
    own.node.is_lazy = True  # its writes would be counted
    steps = 0
    while True:
        one = wanted()
        came_so_far = await cut(own, steps, is_done=is_done, call=own.launcher.start(one))
        there = {name for _, name in own.names() if name.startswith(one.name)}
        # Whatever was made is found by a sweep that knows nothing of it.
        assert (one.name in await own.open().statuses()) == bool(there)
        await own.open().start(one)
        assert own.workload(one.name)["spec"]["replicas"] == 1
        assert (
            len({name for plural, name in own.names() if name.startswith(one.name)}) == 3
        )  # NAME, -password, -home
        assert await own.launcher.delete(one.name, home=True)
        assert not own.names()
        if not came_so_far:
            break
        steps += 1
    assert steps == 6


@pytest.mark.parametrize("is_done", [False, True])
async def test_a_resume_that_was_cut_short_brings_the_new_password_before_the_pod(
    own: Platform, is_done: bool
) -> None:
    own.node.is_lazy = True
    steps = 0
    while True:
        one = wanted(persistent_home=False)
        await own.launcher.start(one)
        await own.launcher.stop(one.name)
        again = replace(one, password=PASSWORD[::-1], max_cpu=8)
        came_so_far = await cut(own, steps, is_done=is_done, call=own.launcher.start(again))
        workload = own.workload(one.name)
        if workload["spec"]["replicas"]:
            assert password_of(own, one) == again.password
        await own.open().start(again)
        workload = own.workload(one.name)
        assert workload["spec"]["replicas"] == 1
        assert workload["spec"]["template"]["spec"]["containers"][1]["resources"]["limits"]["cpu"] == "8"
        assert password_of(own, one) == again.password
        await own.launcher.delete(one.name, home=True)
        if not came_so_far:
            break
        steps += 1
    assert steps == 5


@pytest.mark.parametrize("is_done", [False, True])
async def test_a_delete_that_was_cut_short_is_found_and_repeated(own: Platform, is_done: bool) -> None:
    own.node.is_lazy = True
    steps = 0
    while True:
        one = wanted()
        await own.launcher.start(one)
        call = own.launcher.delete(one.name, home=True)
        came_so_far = await cut(own, steps, is_done=is_done, call=call)
        there = {name for _, name in own.names() if name.startswith(one.name)}
        assert (one.name in await own.open().statuses()) == bool(there)
        assert await own.open().delete(one.name, home=True)
        assert not own.names()
        if not came_so_far:
            break
        steps += 1
    assert steps >= 5


async def test_a_stop_whose_answer_was_lost_is_repeated(own: Platform) -> None:
    one = wanted()
    await own.ready(one)
    assert await cut(own, 0, is_done=True, call=own.launcher.stop(one.name))
    await own.open().stop(one.name)
    report = await own.launcher.status(one.name)
    assert report is not None
    assert report.phase is Phase.STOPPED


async def test_a_volume_whose_making_was_cut_short_is_made_once(own: Platform) -> None:
    own.node.close()
    assert await cut(own, 0, is_done=True, call=own.launcher.create_volume("data1", "1Gi"))
    assert (await own.open().create_volume("data1", "1Gi")).name == "data1"
    assert await cut(own, 0, is_done=True, call=own.launcher.delete_volume("data1"))
    await own.open().delete_volume("data1")
    assert not await own.launcher.volumes()
