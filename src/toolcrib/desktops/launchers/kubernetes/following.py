"""Follows one object of the cluster, as long as somebody wants to know."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from toolcrib.desktops.launchers.kubernetes.cluster import Cluster
from toolcrib.desktops.launchers.kubernetes.refusals import Expired
from toolcrib.desktops.launchers.kubernetes.resources import Resource
from toolcrib.desktops.launchers.launcher import LauncherDown

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


async def _states(
    cluster: Cluster, resource: Resource, name: str
) -> AsyncGenerator[dict[str, Any] | None, None]:
    """The object as it is now and after each change, None while there is none.

    A watch that ends goes on from the last version that was heard of, a bookmark's too; from one that the cluster has
    forgotten (410) it begins again with the object as it is now.
    """
    fields = f"metadata.name={name}"
    pause = _FIRST_PAUSE
    version = ""
    while True:
        try:
            if not version:
                found, version = await cluster.find_all(resource, fields=fields)
                yield found[0] if found else None
                if not version:
                    raise LauncherDown("The cluster's answer makes no sense. Is this a Kubernetes API?")
            async with contextlib.aclosing(cluster.watch(resource, fields=fields, version=version)) as events:
                async for kind, seen, at in events:
                    version = at or version
                    pause = _FIRST_PAUSE
                    if kind != "BOOKMARK":
                        yield None if kind == "DELETED" else seen
        except Expired:
            version = ""
        except LauncherDown:
            pass
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


class Follower:
    """What an object is like now, kept by a task. `changed` waits for news.

    While the cluster does not answer, the last that was heard of it stands.
    """

    def __init__(self, cluster: Cluster, resource: Resource, name: str) -> None:
        self.now: dict[str, Any] | None = None
        self.has_answered = False
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._follow(cluster, resource, name))

    async def _follow(self, cluster: Cluster, resource: Resource, name: str) -> None:
        try:
            async with contextlib.aclosing(_states(cluster, resource, name)) as states:
                async for state in states:
                    self.now, self.has_answered = state, True
                    self._news.set()
        finally:
            self._news.set()

    async def changed(self, seconds: float) -> bool:
        """Whether there was news within the time. Raises LauncherError if there will be none."""
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        if self._task.done():
            self._task.result()
        return True

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@contextlib.asynccontextmanager
async def following(cluster: Cluster, resource: Resource, name: str) -> AsyncIterator[Follower]:
    follower = Follower(cluster, resource, name)
    try:
        yield follower
    finally:
        await follower.aclose()
