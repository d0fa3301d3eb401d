"""What is asked of the catalogue: the chart, and the values of one desktop (contract, section 10)."""

from __future__ import annotations

from typing import Any

from toolcrib.desktops.launchers.launcher import Wanted
from toolcrib.settings import Settings


def install_request(settings: Settings, wanted: Wanted, release: str) -> dict[str, Any]:
    """The body of `?action=install`."""
    request: dict[str, Any] = {
        "charts": [
            {
                "chartName": settings.rancher_chart,
                "version": settings.rancher_chart_version,
                "releaseName": release,
                "annotations": {
                    "catalog.cattle.io/ui-source-repo-type": "cluster",
                    "catalog.cattle.io/ui-source-repo": settings.rancher_repo_name,
                },
                "values": values(settings, wanted),
            }
        ],
        "noHooks": False,
        "timeout": "600s",
        "wait": True,
        "namespace": settings.kubernetes_namespace,
        "disableOpenAPIValidation": False,
        "skipCRDs": False,
    }
    if settings.rancher_project_id:
        request["projectId"] = settings.rancher_project_id
    return request


def values(settings: Settings, wanted: Wanted) -> dict[str, Any]:
    images = dict.fromkeys(("xserver", "pulseaudio", "gstreamer", "web"), "")
    release = settings.guacamole_release_name
    namespace = settings.guacamole_namespace or settings.kubernetes_namespace
    return {
        "desktop": wanted.image,
        "mincpu": wanted.min_cpu,
        "maxcpu": wanted.max_cpu,
        "minram": wanted.min_ram,
        "maxram": wanted.max_ram,
        "username": "user",
        "password": wanted.password,
        "resolution": wanted.resolution,
        "display": "VNC",
        "webrtcimages": {**images, **settings.rancher_webrtc_images},
        "storage": {
            "enable": False,
            "server": "",
            "username": "",
            "password": "",
            "externalpvc": {"enable": wanted.volume is not None, "name": wanted.volume or ""},
            "persistenthome": wanted.persistent_home,
        },
        "guacamole": {"namespace": namespace if release else "", "releaseName": release},
        "global": {
            "cattle": {
                "clusterId": settings.rancher_cluster_id,
                "clusterName": settings.rancher_cluster_name,
                "url": settings.rancher_api_url,
            }
        },
    }
