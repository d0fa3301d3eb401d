"""How the cluster is reached: a kubeconfig, or the service account of the pod that this server runs in."""

from __future__ import annotations

import asyncio
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from toolcrib.desktops.launchers.launcher import LauncherDown, LauncherMissing
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from kubernetes.aio.client import ApiClient

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
    from kubernetes.aio.config import (  # noqa: PLC0415
        ConfigException,
        load_incluster_config,
        load_kube_config,
    )

    configuration = Configuration()
    try:
        if settings.kubeconfig:
            _check_files(settings.kubeconfig)
            # A program may be run for it. It has less time than the call that waits for it, which can say so then.
            async with asyncio.timeout(settings.kubernetes_timeout_seconds * 0.8):
                await load_kube_config(  # type: ignore[no-untyped-call]
                    config_file=settings.kubeconfig, client_configuration=configuration, persist_config=False
                )
        elif os.environ.get("KUBERNETES_SERVICE_HOST"):
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            raise LauncherMissing("KUBECONFIG is not set, and this server does not run in a cluster.")
        return ApiClient(configuration)
    except TimeoutError as error:
        raise LauncherDown("The program that KUBECONFIG names for signing in does not end.") from error
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


def _check_files(kubeconfig: str) -> None:
    paths = [Path(path).expanduser() for path in kubeconfig.split(os.pathsep) if path]
    if not any(path.is_file() for path in paths):
        raise LauncherMissing("There is no file where KUBECONFIG says.")
