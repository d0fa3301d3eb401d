"""How it runs, and what it tells of itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator

from toolcrib.settings.group import Group
from toolcrib.settings.values import Flag, named


class Operation(Group):
    debug: Flag = Field(
        False,
        validation_alias=named("FLASK_DEBUG", "DEBUG"),
        description="Answer what only developers of other programs ask: never on a server that others can reach.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="LOG_LEVEL", description="Least severe log line written."
    )
    log_format: Literal["console", "json"] = Field(
        "console", validation_alias="LOG_FORMAT", description="Format of log lines."
    )
    metrics_access: Literal["token", "loopback", "open"] = Field(
        "loopback",
        validation_alias="METRICS_ACCESS",
        description="Who may read `/metrics`, and version, environment and response times on the health pages: "
        "`loopback` programs on this machine (never a request with a forwarding header), `open` everybody, `token` "
        "neither. Whoever shows METRICS_TOKEN always may; `/metrics` is for administrators, too.",
    )
    metrics_token: SecretStr = Field(
        SecretStr(""),
        validation_alias="METRICS_TOKEN",
        description="Clients that send it as `Authorization: Bearer …` may read what METRICS_ACCESS protects.",
    )
    heartbeat_grace_seconds: int = Field(
        60,
        ge=0,
        validation_alias="HEARTBEAT_GRACE_SECONDS",
        description="How long after a start claims kept alive by heartbeats may not expire.",
    )
    wait_lease_seconds: int = Field(
        60,
        ge=1,
        le=86_400,
        validation_alias="WAIT_LEASE_SECONDS",
        description="How long a program that waits in line for something keeps its place without renewing it.",
    )
    wait_confirm_seconds: int = Field(
        30,
        ge=1,
        le=86_400,
        validation_alias="WAIT_CONFIRM_SECONDS",
        description="How long a waiting program that was given what it waits for has to confirm it. Then the next in "
        "line is given it.",
    )
    shutdown_seconds: float = Field(
        45.0,
        gt=0,
        validation_alias="SHUTDOWN_SECONDS",
        description="A server or worker that has not ended this long after it was asked to is ended by force "
        "(exit status 1). Requests and jobs under way get 20 seconds each before.",
    )
    sweep_seconds: float = Field(
        5.0, gt=0, validation_alias="SWEEP_SECONDS", description="How often claims that ended are announced."
    )
    events_keep_days: int = Field(
        0,
        ge=0,
        le=36_500,
        validation_alias="EVENTS_KEEP_DAYS",
        description="Events of days longer ago move from the log into compressed files in the file store, which "
        "`toolcrib events --archived` reads. What happened to a claim that is still held stays. 0: all stay.",
    )
    tail_seconds: float = Field(
        0.2,
        gt=0,
        le=0.5,
        validation_alias="TAIL_SECONDS",
        description="How often other processes' events are looked for. At most 0.5: what is known of credentials is "
        "used for one second after a look.",
    )
    stream_heartbeat_seconds: float = Field(
        15.0,
        gt=0,
        validation_alias="STREAM_HEARTBEAT_SECONDS",
        description="A silent event stream says that often that it is there, and looks whether its reader may stay. "
        "Below the idle limit of a proxy in front.",
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @property
    def heartbeat_grace(self) -> timedelta:
        return timedelta(seconds=self.heartbeat_grace_seconds)
