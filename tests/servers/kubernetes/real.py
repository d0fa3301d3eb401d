"""A real kube-apiserver with its etcd, if the environment says where they are:

`TOOLCRIB_TEST_KUBE_APISERVER`, and `TOOLCRIB_TEST_ETCD` (else the `etcd` that is installed).
"""

from __future__ import annotations

import copy
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.servers.kubernetes.server import kubeconfig
from tests.servers.process import Process, free_port, program, scratch

VARIABLE = "TOOLCRIB_TEST_KUBE_APISERVER"
ADMIN, STRANGER = "token-of-the-administrator", "token-of-a-stranger"
# What they would add is done by controllers, which do not run here.
WITHOUT = "ServiceAccount,StorageObjectInUseProtection,DefaultStorageClass"


def is_given() -> bool:
    return bool(os.environ.get(VARIABLE))


class RealApi:
    """A kube-apiserver without controllers or nodes: `Node` does their work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        etcd, peers, port = free_port(), free_port(), free_port()
        self.url = f"https://127.0.0.1:{port}"
        self.namespace = "desks"
        self.headers = {"Authorization": f"Bearer {ADMIN}"}
        self._etcd = Process(
            [
                os.environ.get("TOOLCRIB_TEST_ETCD") or program("etcd"),
                *("--data-dir", str(folder / "etcd"), "--unsafe-no-fsync"),
                *("--listen-client-urls", f"http://127.0.0.1:{etcd}"),
                *("--advertise-client-urls", f"http://127.0.0.1:{etcd}"),
                *("--listen-peer-urls", f"http://127.0.0.1:{peers}"),
            ],
            output=folder / "etcd.log",
        )
        (folder / "tokens.csv").write_text(f"{ADMIN},admin,1,system:masters\n{STRANGER},stranger,2,\n")
        key = folder / "accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        self._api = Process(
            [
                os.environ[VARIABLE],
                *("--etcd-servers", f"http://127.0.0.1:{etcd}", "--cert-dir", str(folder / "certs")),
                *("--bind-address", "127.0.0.1", "--secure-port", str(port)),
                *("--advertise-address", "127.0.0.1", "--service-cluster-ip-range", "10.96.0.0/16"),
                *("--token-auth-file", str(folder / "tokens.csv"), "--authorization-mode", "RBAC"),
                *("--service-account-key-file", str(key), "--service-account-signing-key-file", str(key)),
                *("--service-account-issuer", "https://kubernetes.default.svc"),
                *("--disable-admission-plugins", WITHOUT),
            ],
            output=folder / "api.log",
        )
        self._api.wait_ready(self._answers)
        self.make_namespace(self.namespace)

    def _answers(self) -> bool:
        try:
            return self.call("GET", "/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def call(self, method: str, path: str, **rest: Any) -> httpx.Response:
        with httpx.Client(verify=False, headers=self.headers, trust_env=False, timeout=20) as client:
            return client.request(method, self.url + path, **rest)

    def make_namespace(self, name: str) -> None:
        made = self.call("POST", "/api/v1/namespaces", json={"metadata": {"name": name}})
        assert made.status_code == 201, made.text

    def in_namespace(self, name: str) -> RealApi:
        """The same server, seen from a new namespace."""
        self.make_namespace(name)
        other = copy.copy(self)
        other.namespace = name
        return other

    def write_kubeconfig(self, path: Path, *, token: str | None = None) -> Path:
        user = {"token": token or ADMIN}
        certificate = {"certificate-authority": str(self.folder / "certs" / "apiserver.crt")}
        path.write_text(kubeconfig(self.url, self.namespace, user, **certificate))
        return path

    def objects(self, plural: str) -> dict[str, Any]:
        group = {"statefulsets": "apis/apps/v1", "daemonsets": "apis/apps/v1"}.get(plural, "api/v1")
        group = "apis/networking.k8s.io/v1" if plural == "networkpolicies" else group
        answer = self.call("GET", f"/{group}/namespaces/{self.namespace}/{plural}").raise_for_status()
        return {item["metadata"]["name"]: item for item in answer.json()["items"]}

    def close(self) -> None:
        self._api.kill()  # asked to end, it waits for its watches for a minute
        self._etcd.kill()


@contextmanager
def real_api() -> Iterator[RealApi]:
    with scratch("kubernetes") as folder:
        api = RealApi(folder)
        try:
            yield api
        finally:
            api.close()
