"""How the cluster is reached: a kubeconfig, or the service account of the pod that this server runs in."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from toolcrib.desktops.launchers.launcher import LauncherDown, LauncherMissing
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from kubernetes.aio.client import ApiClient, Configuration

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def server_namespace() -> str | None:
    """The namespace of the pod that this server runs in, or None if it runs outside."""
    try:
        return (_SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def check_installed() -> None:
    if not all(find_spec(module) for module in ("kubernetes", "aiohttp")):
        raise LauncherMissing("The Kubernetes client is not installed: pip install 'toolcrib[kubernetes]'")


async def open_client(settings: Settings) -> ApiClient:
    """A client with present credentials. Raises LauncherMissing if the settings lead nowhere."""
    check_installed()
    # Takes a second and 45 MB, so only who has chosen this launcher pays for it.
    from kubernetes.aio.client import ApiClient, Configuration  # noqa: PLC0415
    from kubernetes.aio.config import ConfigException, load_incluster_config  # noqa: PLC0415

    configuration = Configuration()
    try:
        if settings.kubeconfig:
            _check_files(settings.kubeconfig)
            await _read_kubeconfig(settings, configuration)
        elif os.environ.get("KUBERNETES_SERVICE_HOST"):
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            raise LauncherMissing("KUBECONFIG is not set, and this server does not run in a cluster.")
        return ApiClient(configuration)
    except (
        ConfigException,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        yaml.YAMLError,
    ) as error:
        what = "KUBECONFIG" if settings.kubeconfig else "The service account of this pod"
        raise LauncherMissing(
            f"{what} does not say how to reach a cluster ({type(error).__name__})."
        ) from error


async def _read_kubeconfig(settings: Settings, configuration: Configuration) -> None:
    """The client's own loader, but a program that it runs for a token is ended in time. It has a little less than the
    call that waits for it."""
    from kubernetes.aio.config.kube_config import KubeConfigLoader, KubeConfigMerger  # noqa: PLC0415

    loader = KubeConfigLoader(KubeConfigMerger(settings.kubeconfig).config, config_base_path=None)  # type: ignore[no-untyped-call]
    program = loader._user.value.get("exec") if loader._user is not None else None
    if program and (timeout := shutil.which("timeout")):
        seconds = f"{settings.kubernetes_timeout_seconds * 0.8:.2f}"
        program["args"] = ["-k", "1", seconds, program["command"], *(program.get("args") or [])]
        program["command"] = timeout
    await loader.load_and_set(configuration)  # type: ignore[no-untyped-call]
    if program and not configuration.api_key and not configuration.cert_file:
        raise LauncherDown("The program that KUBECONFIG names for signing in fails, or does not end.")


def _check_files(kubeconfig: str) -> None:
    paths = [Path(path).expanduser() for path in kubeconfig.split(os.pathsep) if path]
    if not any(path.is_file() for path in paths):
        raise LauncherMissing("There is no file where KUBECONFIG says.")
