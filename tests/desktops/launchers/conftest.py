"""The subjects of the suite: a launcher's author adds one to `SUBJECTS`."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.desktops.kubernetes.subject import KubernetesSubject
from tests.desktops.launchers.subjects import Local, Subject
from tests.desktops.rancher.platform import RancherSubject
from tests.servers.kubernetes.real import RealApi, is_given
from tests.servers.kubernetes.server import KubeApi
from tests.servers.rancher import Rancher


def local(folder: Path, worker: int) -> Subject:
    return Local(folder, worker)


def kubernetes(folder: Path, worker: int) -> Subject:
    return KubernetesSubject(KubeApi(), folder)


def rancher(folder: Path, worker: int) -> Subject:
    return RancherSubject(Rancher())


SUBJECTS: dict[str, Callable[[Path, int], Subject]] = {
    "local": local,
    "kubernetes": kubernetes,
    "rancher": rancher,
}


REAL = [pytest.param("real kubernetes", marks=pytest.mark.kube)] if is_given() else []


@pytest_asyncio.fixture(params=[*SUBJECTS, *REAL])
async def subject(
    request: pytest.FixtureRequest, tmp_path: Path, worker_number: int
) -> AsyncIterator[Subject]:
    if request.param in SUBJECTS:
        made = SUBJECTS[request.param](tmp_path / "data", worker_number)
    else:
        api: RealApi = request.getfixturevalue("real_kube_api")
        made = KubernetesSubject(api.in_namespace(f"desks-{uuid.uuid4()}"), tmp_path / "data")
    yield made
    await made.close()
