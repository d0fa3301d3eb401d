"""Watches go on after they break, end, or are told that their version is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.desktops.kubernetes.platform import IMAGE, READY_SECONDS, Platform, wanted
from tests.servers.kubernetes.server import KubeApi
from toolcrib.desktops.launchers.kubernetes.cluster import Cluster
from toolcrib.desktops.launchers.kubernetes.refusals import Expired
from toolcrib.desktops.launchers.kubernetes.resources import PODS
from toolcrib.desktops.launchers.launcher import Phase, Report

SLOW = IMAGE.replace("24.04", "slow")


async def has_watches(api: KubeApi, number: int) -> None:
    """Return as soon as this many watches of the launcher are open; the node has two."""

    def wait() -> None:
        with api.store.news:
            assert api.store.news.wait_for(lambda: api.watches == number + 2, READY_SECONDS)

    await asyncio.to_thread(wait)


async def waiting(own: Platform) -> tuple[str, asyncio.Task[Report]]:
    """A desktop whose image is being fetched, and somebody who waits for it by a watch."""
    one, pulls = wanted(image=SLOW), asyncio.Event()

    async def progress(text: str) -> None:
        if text == "pulling image":
            pulls.set()

    await own.launcher.start(one)
    task = asyncio.create_task(own.launcher.wait_ready(one.name, seconds=READY_SECONDS, progress=progress))
    await pulls.wait()
    await has_watches(own.ours, 1)
    return f"{one.name}-0", task


def _expire(api: KubeApi) -> None:
    api.store.forget()


def _end(api: KubeApi) -> None:
    api.end_watches()


def _bookmark_and_end(api: KubeApi) -> None:
    api.send_bookmarks()
    api.end_watches()


@pytest.mark.parametrize("spoil", [_expire, _end, _bookmark_and_end])
async def test_who_waits_hears_of_the_desktop_all_the_same(
    own: Platform, spoil: Callable[[KubeApi], None]
) -> None:
    pod, task = await waiting(own)
    for _ in range(3):
        spoil(own.ours)
        await has_watches(own.ours, 1)
    await asyncio.to_thread(own.node.release, pod)
    assert (await task).phase is Phase.READY


async def test_who_waits_hears_of_what_happened_while_the_cluster_was_down(own: Platform) -> None:
    pod, task = await waiting(own)
    own.ours.mode = "down"
    own.ours.end_watches()
    await has_watches(own.ours, -2)
    own.ours.mode = "normal"
    await asyncio.to_thread(own.node.release, pod)
    assert (await task).phase is Phase.READY


async def test_a_bookmark_moves_the_version_from_which_a_watch_goes_on(own: Platform) -> None:
    pod, task = await waiting(own)
    listed = sum(1 for method, path in own.ours.asked if method == "GET" and path.endswith("/pods"))
    own.ours.send_bookmarks()
    await asyncio.sleep(0)
    own.ours.store.changes.clear()
    own.ours.end_watches()
    await asyncio.to_thread(own.node.release, pod)
    assert (await task).phase is Phase.READY
    # The watch was asked for again, and nothing was listed anew: the version had not been forgotten.
    again = sum(1 for method, path in own.ours.asked if method == "GET" and path.endswith("/pods"))
    assert again - listed <= 2


async def test_a_watch_from_a_forgotten_version_is_expired(own: Platform) -> None:
    cluster = Cluster(own.launcher._settings)
    try:
        own.ours.store.forget()
        with pytest.raises(Expired):
            await anext(cluster.watch(PODS, fields="metadata.name=a", version="1"))
    finally:
        await cluster.aclose()


async def test_a_list_that_expires_between_its_pages_begins_again(own: Platform) -> None:
    own.limit(page=2)
    for number in range(5):
        await own.launcher.create_volume(f"data{number}", "1Gi")
    pages = 0

    def forget_once(query: dict[str, str]) -> None:
        nonlocal pages
        if "limit" not in query:  # the node's
            return
        pages += 1
        if pages == 2:
            own.ours.store.forget()

    own.ours.before_list = forget_once
    assert len(await own.launcher.volumes()) == 5
    assert pages == 5  # two of the first try, and three


async def test_nobody_watches_after_the_wait(own: Platform) -> None:
    one = wanted()
    await own.ready(one)
    await has_watches(own.ours, 0)
    await own.launcher.stop(one.name)
    await has_watches(own.ours, 0)
