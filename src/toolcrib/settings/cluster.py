"""Desktops on a Kubernetes cluster, and those of a Rancher catalogue."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from toolcrib.settings.group import Group
from toolcrib.settings.values import Address, Words, check_https, default_if_empty

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_LABEL_KEY = re.compile(rf"({_LABEL}(\.{_LABEL})*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9{]([-A-Za-z0-9_.{}]{0,61}[A-Za-z0-9}])?)?")
_HOSTNAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_SIZE = re.compile(r"[1-9][0-9]{0,6}(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)")


class Cluster(Group):
    desktop_image: str = Field(
        "",
        max_length=255,
        validation_alias="DESKTOP_IMAGE",
        description="On a cluster: the image of desktops without a configuration. The launchers `kubernetes` and "
        "`rancher` need it.",
    )
    desktop_vnc_image: str = Field(
        "",
        max_length=255,
        validation_alias="DESKTOP_VNC_IMAGE",
        description="On a cluster: the image with the VNC server that runs beside every desktop. The launcher "
        "`kubernetes` needs it.",
    )
    desktop_pull_secrets: Words = Field(
        [],
        validation_alias="DESKTOP_PULL_SECRETS",
        description="Names of secrets in NAMESPACE with which the cluster fetches images, comma separated.",
    )
    kubeconfig: str = Field(
        "",
        validation_alias="KUBECONFIG",
        description="File that says how to reach the cluster, or several, as kubectl reads it. Without it the server "
        "must run in the cluster itself, with a service account.",
    )
    kubernetes_namespace: str = Field(
        "default",
        validation_alias="NAMESPACE",
        description="Namespace of the cluster in which desktops and volumes are made.",
    )
    kubernetes_instance: str = Field(
        "toolcrib",
        validation_alias="KUBERNETES_INSTANCE",
        description="The mark (label `toolcrib/instance`) of all that this server makes on the cluster. It never "
        "touches what has another. Two servers that share a namespace need different ones.",
    )
    kubernetes_timeout_seconds: float = Field(
        10.0,
        gt=0,
        le=300,
        validation_alias="KUBERNETES_TIMEOUT_SECONDS",
        description="How long the cluster may take to answer one call.",
    )
    kubernetes_room_seconds: int = Field(
        300,
        ge=0,
        le=86_400,
        validation_alias="KUBERNETES_ROOM_SECONDS",
        description="How long a desktop may wait for a node with room for it. Then it counts as failed.",
    )
    guacamole_release_name: str = Field(
        "guacamole",
        validation_alias="GUACAMOLE_RELEASE_NAME",
        description="The Guacamole of this release may reach the desktops on the cluster. Empty: they may be reached "
        "from everywhere.",
    )
    guacamole_namespace: str = Field(
        "",
        validation_alias="GUACAMOLE_NAMESPACE",
        description="Namespace of that Guacamole. Empty: NAMESPACE.",
    )
    guacd_labels: Words = Field(
        ["app.kubernetes.io/name=guacd", "app.kubernetes.io/instance={release}"],
        validation_alias="GUACD_LABELS",
        description="Labels of its guacd's pods, comma separated; `{release}` is GUACAMOLE_RELEASE_NAME.",
    )
    desktop_viewer_labels: Words = Field(
        ["app.kubernetes.io/name=toolcrib"],
        validation_alias="DESKTOP_VIEWER_LABELS",
        description="Labels of this server's own pods, if it runs in the cluster: they may reach the desktops.",
    )
    desktop_viewer_networks: Words = Field(
        [],
        validation_alias="DESKTOP_VIEWER_NETWORKS",
        description="Networks from which desktops on the cluster may be reached too, such as this server's if it runs "
        "outside: `10.1.0.0/16`, comma separated.",
    )
    desktop_hostname: str = Field(
        "{name}.{namespace}.svc",
        max_length=255,
        validation_alias="DESKTOP_HOSTNAME",
        description="Under which host name a desktop on the cluster is reached. `{name}` is the name of its Service, "
        "`{namespace}` that of the namespace.",
    )
    desktop_storage_class: str = Field(
        "",
        validation_alias="DESKTOP_STORAGE_CLASS",
        description="Storage class of homes and volumes, which must allow ReadWriteMany. Empty: the cluster's default.",
    )
    desktop_home_size: str = Field(
        "1Gi",
        validation_alias="DESKTOP_HOME_SIZE",
        description="How much a persistent home on the cluster can take.",
    )
    rancher_api_url: Address = Field(
        "", validation_alias="RANCHER_API_URL", description="Address of Rancher, for the launcher `rancher`."
    )
    rancher_api_token: SecretStr = Field(
        SecretStr(""), validation_alias="RANCHER_API_TOKEN", description="Token with which it is called."
    )
    rancher_cluster_id: str = Field(
        "", validation_alias="RANCHER_CLUSTER_ID", description="Which of Rancher's clusters desktops run on."
    )
    rancher_cluster_name: str = Field(
        "", validation_alias="RANCHER_CLUSTER_NAME", description="That cluster's name, for the chart."
    )
    rancher_project_id: str = Field(
        "",
        validation_alias="RANCHER_PROJECT_ID",
        description="The project that desktops are put into, if any.",
    )
    rancher_repo_name: str = Field(
        "", validation_alias="RANCHER_REPO_NAME", description="The catalogue's repository that has the chart."
    )
    rancher_chart: str = Field(
        "desktop", validation_alias="RANCHER_CHART", description="The chart's name in that repository."
    )
    rancher_chart_version: str = Field(
        "0.4", validation_alias="RANCHER_CHART_VERSION", description="The chart's version."
    )
    rancher_webrtc_images: dict[str, str] = Field(
        {},
        validation_alias="RANCHER_WEBRTC_IMAGES",
        description="Images that the chart asks for beside the desktop's, as JSON: `xserver`, `pulseaudio`, "
        "`gstreamer`, `web`.",
    )

    @field_validator(
        "kubernetes_namespace",
        "kubernetes_instance",
        "desktop_hostname",
        "desktop_home_size",
        "rancher_chart",
        "rancher_chart_version",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: Any, info: ValidationInfo) -> Any:
        return default_if_empty(cls, value, info)

    @field_validator("rancher_api_url")
    @classmethod
    def _is_https(cls, value: str) -> str:
        """The token is sent there."""
        return check_https(value) if value else value

    @field_validator("rancher_cluster_id", "rancher_repo_name", "rancher_chart", "rancher_chart_version")
    @classmethod
    def _is_word(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9._:+-]{0,128}", value) or value in {".", ".."}:
            raise ValueError("must consist of letters, digits and . _ : + -")
        return value

    @field_validator("kubernetes_namespace", "kubernetes_instance")
    @classmethod
    def _is_label(cls, value: str) -> str:
        if not re.fullmatch(_LABEL, value):
            raise ValueError("must be 1 to 63 of a-z, 0-9 and -, and begin and end with a letter or digit")
        return value

    @field_validator("guacamole_namespace", "guacamole_release_name")
    @classmethod
    def _is_label_or_empty(cls, value: str) -> str:
        return cls._is_label(value) if value else value

    @field_validator("guacd_labels", "desktop_viewer_labels")
    @classmethod
    def _are_labels(cls, labels: list[str]) -> list[str]:
        for label in labels:
            key, equals, value = label.partition("=")
            if not equals or not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
                raise ValueError(f"{label!r} is no label: KEY=VALUE")
        return labels

    @field_validator("desktop_viewer_networks")
    @classmethod
    def _are_networks(cls, networks: list[str]) -> list[str]:
        return [str(ip_network(network)) for network in networks]

    @field_validator("desktop_pull_secrets")
    @classmethod
    def _are_names(cls, names: list[str]) -> list[str]:
        for name in names:
            if len(name) > 253 or not _HOSTNAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a secret")
        return names

    @field_validator("desktop_storage_class")
    @classmethod
    def _is_name(cls, value: str) -> str:
        return cls._are_names([value])[0] if value else value

    @field_validator("desktop_hostname")
    @classmethod
    def _is_hostname(cls, value: str) -> str:
        if not _HOSTNAME.fullmatch(value.replace("{name}", "name").replace("{namespace}", "namespace")):
            raise ValueError("must be a host name with `{name}` and `{namespace}` in it")
        if "{name}" not in value:
            raise ValueError("lacks `{name}`")
        return value

    @field_validator("desktop_home_size")
    @classmethod
    def _is_size(cls, value: str) -> str:
        if not _SIZE.fullmatch(value):
            raise ValueError("must be a size such as 1Gi")
        return value
