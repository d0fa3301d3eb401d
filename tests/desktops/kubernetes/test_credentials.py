"""How the cluster is reached: over TLS, by a kubeconfig or by the service account of a pod, with the rights that the
documentation asks for."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.desktops.kubernetes.platform import IMAGE, READY_SECONDS, Platform, settings_of, wanted
from tests.servers.certificates import Certificate
from tests.servers.kubernetes.node import Node
from tests.servers.kubernetes.real import STRANGER, RealApi, is_given
from tests.servers.kubernetes.server import TOKEN, KubeApi, kubeconfig
from tests.servers.process import wait_until
from toolcrib.desktops.launchers.kubernetes.launcher import KubernetesLauncher
from toolcrib.desktops.launchers.launcher import LauncherDown, LauncherRefused, Phase

DOCUMENT = Path(__file__).parents[3] / "docs" / "desktops-kubernetes.md"


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate.make(tmp_path, "localhost")


@pytest.fixture
def safe_api(certificate: Certificate) -> Iterator[KubeApi]:
    api = KubeApi(certificate)
    yield api
    api.close()


def _runs(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def check(kubeconfig_path: Path | str, **changes: Any) -> None:
    launcher = KubernetesLauncher(settings_of(kubeconfig_path, **changes))
    try:
        await launcher.check()
    finally:
        await launcher.aclose()


async def test_the_authority_of_the_kubeconfig_is_trusted_and_no_other(
    safe_api: KubeApi, certificate: Certificate, tmp_path: Path
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(
        kubeconfig(
            safe_api.url, "desks", {"token": TOKEN}, **{"certificate-authority": str(certificate.authority)}
        )
    )
    await check(path)
    path.write_text(kubeconfig(safe_api.url, "desks", {"token": TOKEN}))
    with pytest.raises(LauncherDown, match="cannot be reached"):
        await check(path)


async def test_a_program_of_the_kubeconfig_gives_the_token(
    safe_api: KubeApi, certificate: Certificate, tmp_path: Path
) -> None:
    path, version = tmp_path / "kubeconfig", "client.authentication.k8s.io/v1"
    credential = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": TOKEN}}
    script = f"import json; print(json.dumps({credential!r}))"
    user: Any = {"exec": {"apiVersion": version, "command": sys.executable, "args": ["-c", script]}}
    authority = {"certificate-authority": str(certificate.authority)}
    path.write_text(kubeconfig(safe_api.url, "desks", user, **authority))
    await check(path)
    hangs = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    user["exec"]["args"] = ["-c", hangs]
    path.write_text(kubeconfig(safe_api.url, "desks", user, **authority))
    with pytest.raises(LauncherDown, match="fails, or does not end"):
        await check(path, KUBERNETES_TIMEOUT_SECONDS=2)
    pid = int((tmp_path / "pid").read_text())
    await asyncio.to_thread(wait_until, lambda: not _runs(pid), "the end of the program")


async def test_a_pod_uses_its_service_account_and_the_token_that_is_renewed_there(
    safe_api: KubeApi, certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import kubernetes.aio.config.incluster_config as incluster  # noqa: PLC0415 - takes a second

    token = tmp_path / "token"
    token.write_text(TOKEN)
    monkeypatch.setattr(incluster, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster, "SERVICE_CERT_FILENAME", str(certificate.authority))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "localhost")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(safe_api.port))
    launcher = KubernetesLauncher(settings_of(""))
    try:
        await launcher.check()
        safe_api.token = "renewed"
        token.write_text("renewed")
        await launcher.check()
    finally:
        await launcher.aclose()


@pytest.mark.kube
@pytest.mark.skipif(not is_given(), reason="needs a real API server, which has roles")
async def test_the_documented_role_is_enough(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server: RealApi = request.getfixturevalue("real_kube_api")
    api = server.in_namespace("documented")
    text = DOCUMENT.read_text(encoding="utf-8")
    role = yaml.safe_load(text[text.index("```yaml") + 7 :].partition("```")[0])
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "toolcrib"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": role["metadata"]["name"],
        },
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "stranger"}],
    }
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{api.namespace}"
    for plural, body in (("roles", role), ("rolebindings", binding)):
        assert api.call("POST", f"{path}/{plural}", json=body).status_code == 201
    kubeconfig_path = api.write_kubeconfig(tmp_path / "kubeconfig", token=STRANGER)
    node = Node(api.url, api.namespace, api.headers, verify=False)
    launcher = KubernetesLauncher(settings_of(kubeconfig_path, NAMESPACE=api.namespace))
    elsewhere = KubernetesLauncher(settings_of(kubeconfig_path, NAMESPACE="desks"))
    one = wanted()
    try:
        await launcher.check()
        await launcher.create_volume("data1", "1Gi")
        await launcher.start(one)
        assert (await launcher.wait_ready(one.name, seconds=READY_SECONDS)).phase is Phase.READY
        assert set(await launcher.statuses()) == {one.name}
        await launcher.prepare_images([IMAGE])
        await launcher.prepare_images([])
        await launcher.stop(one.name)
        await launcher.start(one)
        assert await launcher.delete(one.name, home=True)
        await launcher.delete_volume("data1")
        with pytest.raises(LauncherRefused):
            await elsewhere.check()
    finally:
        node.close()
        await launcher.aclose()
        await elsewhere.aclose()


async def test_secrets_of_the_cluster_are_shown_nowhere(own: Platform) -> None:
    own.ours.token = "another"
    with pytest.raises(LauncherRefused) as caught:
        await own.launcher.check()
    assert TOKEN not in str(caught.value)
