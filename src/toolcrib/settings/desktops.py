"""Desktops that people see in the browser."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from toolcrib.settings.group import Group


class Desktops(Group):
    desktop_launcher: str = Field(
        "local",
        pattern="^[a-z0-9_-]{1,32}$",
        validation_alias="DESKTOP_LAUNCHER",
        description="Where desktops run: `local`, on the server's own computer; `kubernetes`, with the extra "
        "`toolcrib[kubernetes]`; `rancher`, by a Rancher catalogue; or the name of one that an installed "
        "package brings.",
    )
    desktops_per_person: int = Field(
        2,
        ge=1,
        le=1000,
        validation_alias="DESKTOPS_PER_PERSON",
        description="How many desktops one person may have running at a time.",
    )
    desktops_in_total: int = Field(
        20,
        ge=1,
        le=100_000,
        validation_alias="DESKTOPS_IN_TOTAL",
        description="How many desktops may run at a time. Who starts one more waits in a queue.",
    )
    desktop_queue: bool = Field(
        True,
        validation_alias="DESKTOP_QUEUE",
        description="Whether people may wait for room. If not, a desktop over a limit is refused.",
    )
    desktop_rate: str = Field(
        "30/minute",
        validation_alias="DESKTOP_RATE",
        description="How often one person may start, stop, resume or delete desktops.",
    )
    desktop_hours: float = Field(
        12.0,
        gt=0,
        le=8760,
        validation_alias="DESKTOP_HOURS",
        description="After how many hours a running desktop ends, if its person does not extend it.",
    )
    desktop_idle_minutes: int = Field(
        120,
        ge=0,
        le=525_600,
        validation_alias="DESKTOP_IDLE_MINUTES",
        description="After how many minutes without a key or pointer movement a desktop is stopped. 0: never.",
    )
    desktop_warning_minutes: int = Field(
        10,
        ge=1,
        le=1440,
        validation_alias="DESKTOP_WARNING_MINUTES",
        description="How many minutes before the end of a desktop its person is warned.",
    )
    desktop_keep_hours: float = Field(
        24.0,
        ge=0,
        le=8760,
        validation_alias="DESKTOP_KEEP_HOURS",
        description="How many hours a desktop without a persistent home is kept stopped after it ended by idleness or "
        "its end time.",
    )
    desktop_hours_per_week: float = Field(
        0.0,
        ge=0,
        le=168,
        validation_alias="DESKTOP_HOURS_PER_WEEK",
        description="How many hours of running desktops one person may have in seven days. 0: as many as they like.",
    )
    desktop_file_mib: int = Field(
        1024,
        ge=1,
        le=1_048_576,
        validation_alias="DESKTOP_FILE_MIB",
        description="The size in MiB of the largest file that can be sent to a desktop's home from the page.",
    )

    @property
    def desktop_idle(self) -> timedelta:
        """After how long without use a desktop is stopped; zero: never."""
        return timedelta(minutes=self.desktop_idle_minutes)
