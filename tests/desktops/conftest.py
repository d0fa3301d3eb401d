from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.kubernetes.real import RealApi, real_api


@pytest.fixture(scope="session")
def worker_number(request: pytest.FixtureRequest) -> int:
    """A number that no other process of this run has."""
    name = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    return int(name.removeprefix("gw"))


@pytest.fixture(scope="session")
def real_kube_api() -> Iterator[RealApi]:
    """A real Kubernetes API server, for tests marked `kube`."""
    with real_api() as api:
        yield api
