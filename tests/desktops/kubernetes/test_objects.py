"""The objects themselves: as the contract has them, and as kubectl reads them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.desktops.kubernetes.platform import IMAGE, VNC_IMAGE, Platform, new_name, settings_of, wanted
from tests.servers.kubernetes import checks
from tests.servers.process import program
from toolcrib.desktops.launchers.kubernetes.manifests import Manifests


def manifests(server_namespace: str | None = None, **changes: Any) -> Manifests:
    return Manifests(settings_of("unused", **changes), server_namespace)


def all_of(made: Any) -> list[dict[str, Any]]:
    return [m for m in (made.workload, made.secret, made.policy, made.service, made.home) if m is not None]


def test_the_pod_is_as_the_contract_has_it() -> None:
    one = wanted(volume="data1", min_cpu=2, max_cpu=6, min_ram="1Gi", max_ram="8Gi")
    workload = manifests().make(one).workload
    assert workload["spec"]["replicas"] == 0  # it is scaled when everything else is there
    pod = workload["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["terminationGracePeriodSeconds"] == 5
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "fsGroup": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    by_name = {container["name"]: container for container in pod["containers"]}
    assert set(by_name) == {"vncserver", "desktop"}
    for container in (*pod["containers"], *pod["initContainers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }
    vnc, desktop = by_name["vncserver"], by_name["desktop"]
    assert (vnc["image"], desktop["image"]) == (VNC_IMAGE, IMAGE)
    assert vnc["resources"]["limits"] == {"cpu": "1", "memory": "500Mi"}
    assert vnc["env"][0] == {
        "name": "VNCPASSWORD",
        "valueFrom": {"secretKeyRef": {"name": f"{one.name}-password", "key": "password"}},
    }
    assert desktop["resources"] == {
        "requests": {"cpu": "2", "memory": "1Gi"},
        "limits": {"cpu": "6", "memory": "8Gi"},
    }
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    in_memory = {
        name for name, volume in volumes.items() if volume.get("emptyDir", {}).get("medium") == "Memory"
    }
    mounts = {c: {m["mountPath"]: m["name"] for m in by_name[c]["volumeMounts"]} for c in by_name}
    assert set(mounts["vncserver"].values()) == in_memory
    assert mounts["vncserver"].items() <= mounts["desktop"].items()
    assert volumes[mounts["desktop"]["/dev/shm"]]["emptyDir"]["sizeLimit"] == "1Gi"
    home, storage = mounts["desktop"]["/home/user"], mounts["desktop"]["/storage"]
    assert volumes[home]["persistentVolumeClaim"] == {"claimName": f"{one.name}-home"}
    assert volumes[storage]["persistentVolumeClaim"] == {"claimName": "data1"}
    assert [container["image"] for container in pod["initContainers"]] == [IMAGE]


def test_the_password_is_in_the_secret_alone() -> None:
    one = wanted()
    made = manifests().make(one)
    assert one.password not in json.dumps(all_of(made))  # base64 in the secret
    assert made.secret["type"] == "Opaque"


def test_the_home_is_a_gibibyte_for_many_writers_of_the_default_class() -> None:
    home = manifests().make(wanted()).home
    assert home is not None
    assert home["spec"] == {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
    other = manifests(DESKTOP_STORAGE_CLASS="nfs", DESKTOP_HOME_SIZE="20Gi").make(wanted()).home
    assert other is not None
    assert other["spec"]["storageClassName"] == "nfs"
    assert other["spec"]["resources"]["requests"]["storage"] == "20Gi"


def test_only_the_gateway_the_server_and_its_networks_reach_a_desktop() -> None:
    one = wanted()
    policy = (
        manifests(
            "tools",
            GUACAMOLE_RELEASE_NAME="guac",
            GUACAMOLE_NAMESPACE="gw",
            DESKTOP_VIEWER_LABELS="app=crib",
            DESKTOP_VIEWER_NETWORKS="10.1.0.0/16",
        )
        .make(one)
        .policy
    )
    assert policy["spec"]["podSelector"] == {"matchLabels": {"app": one.name}}
    assert policy["spec"]["policyTypes"] == ["Ingress"]
    (rule,) = policy["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 5900}]
    assert rule["from"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gw"}},
            "podSelector": {
                "matchLabels": {"app.kubernetes.io/name": "guacd", "app.kubernetes.io/instance": "guac"}
            },
        },
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "tools"}},
            "podSelector": {"matchLabels": {"app": "crib"}},
        },
        {"ipBlock": {"cidr": "10.1.0.0/16"}},
    ]
    open_to_all = manifests(GUACAMOLE_RELEASE_NAME="").make(one).policy
    assert open_to_all["spec"]["ingress"] == [{"ports": [{"protocol": "TCP", "port": 5900}]}]


def test_pull_secrets_are_named() -> None:
    pod = manifests(DESKTOP_PULL_SECRETS="one, two").make(wanted()).workload["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "one"}, {"name": "two"}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NAMESPACE", "Desks"),
        ("NAMESPACE", "a/b"),
        ("KUBERNETES_INSTANCE", "a,b"),
        ("GUACAMOLE_RELEASE_NAME", "a b"),
        ("GUACD_LABELS", "app"),
        ("GUACD_LABELS", "app=a b"),
        ("DESKTOP_VIEWER_NETWORKS", "10.0.0.1/8"),
        ("DESKTOP_PULL_SECRETS", "a/b"),
        ("DESKTOP_STORAGE_CLASS", "A"),
        ("DESKTOP_HOME_SIZE", "much"),
        ("DESKTOP_HOSTNAME", "desks.example"),
        ("DESKTOP_HOSTNAME", "{name}.{other}"),
        ("DESKTOP_HOSTNAME", "{name}@desks.example"),
    ],
)
def test_settings_of_another_shape_are_refused_at_start(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        settings_of("unused", **{name: value})


def test_the_official_models_take_every_object() -> None:
    named = [wanted(), wanted(new_name("1a"), volume="data.1", persistent_home=False, gateway=True)]
    writer = manifests("tools", DESKTOP_PULL_SECRETS="one", DESKTOP_VIEWER_NETWORKS="10.0.0.0/8")
    found = [manifest for one in named for manifest in all_of(writer.make(one))]
    found += [writer.volume("data1", "5Gi"), writer.images("toolcrib-images", {"image-1": IMAGE})]
    for manifest in found:
        assert checks.schema_error(manifest["kind"], manifest) is None
        assert checks.problems(manifest["kind"], manifest, None) == []


def test_kubectl_takes_every_object(own: Platform, tmp_path: Path) -> None:
    """kubectl asks the server which kinds there are, so it needs one even to do nothing."""
    own.ours.token = None  # kubectl shows its token to no server without TLS
    writer = manifests("tools")
    found = [*all_of(writer.make(wanted(volume="data1"))), writer.volume("data1", "5Gi")]
    found.append(writer.images("toolcrib-images", {"image-1": IMAGE}))
    (tmp_path / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": found}))
    kubectl = os.environ.get("TOOLCRIB_TEST_KUBECTL") or shutil.which("kubectl") or program("kubectl")
    done = subprocess.run(
        [
            *(kubectl, "--kubeconfig", str(own.kubeconfig), "--cache-dir", str(tmp_path / "cache")),
            *(
                "create",
                "--dry-run=client",
                "--validate=false",
                "-o",
                "name",
                "-f",
                str(tmp_path / "all.json"),
            ),
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kinds = {line.partition("/")[0].partition(".")[0] for line in done.stdout.split()}
    assert kinds == {m["kind"].lower() for m in found}
