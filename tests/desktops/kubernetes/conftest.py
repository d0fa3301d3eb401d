"""Clusters for tests of the launcher `kubernetes`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.desktops.kubernetes.platform import Platform
from tests.servers.kubernetes.real import is_given
from tests.servers.kubernetes.server import KubeApi

REAL = [pytest.param("real", marks=pytest.mark.kube)] if is_given() else []


@pytest.fixture
def kube_api() -> Iterator[KubeApi]:
    api = KubeApi()
    yield api
    api.close()


@pytest_asyncio.fixture
async def own(kube_api: KubeApi, tmp_path: Path) -> AsyncIterator[Platform]:
    """A cluster that the test may spoil: always the tests' own API server."""
    platform = Platform(kube_api, tmp_path)
    yield platform
    await platform.close()


@pytest_asyncio.fixture(params=["ours", *REAL])
async def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    """A cluster, which is also a real API server's if the environment names one. It may have other tests' objects."""
    api = request.getfixturevalue("kube_api" if request.param == "ours" else "real_kube_api")
    platform = Platform(api, tmp_path)
    yield platform
    await platform.close()
