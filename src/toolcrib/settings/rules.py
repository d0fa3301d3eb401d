"""Who may do what, and the defaults of what an administrator may change while it runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from toolcrib.settings.group import Group
from toolcrib.settings.values import Flag


class Rules(Group):
    # Who may do what
    default_project: str = Field(
        "default", validation_alias="DEFAULT_PROJECT", description="Project of routes that name none."
    )
    unknown_projects: Literal["open", "refuse"] = Field(
        "open",
        validation_alias="UNKNOWN_PROJECTS",
        description="Whether a project name nobody registered is open to every signed-in user.",
    )
    project_creation: Literal["anyone", "admin"] = Field(
        "anyone", validation_alias="PROJECT_CREATION", description="Who may register projects."
    )
    disabled_holders: Literal["stay", "release", "owner"] = Field(
        "stay",
        validation_alias="DISABLED_HOLDERS",
        description="Treatment of asset and document locks when their holder's account is disabled: they stay, are "
        "released, or pass to an owner of the project or company (and stay where there is no other). A removed "
        "account's are released, or pass to that owner.",
    )

    # Defaults of the runtime configuration
    auto_release_enabled: Flag = Field(
        False, validation_alias="AUTO_RELEASE_ENABLED", description="Default of `auto_release.enabled`."
    )
    auto_release_hours: int = Field(
        72,
        validation_alias="AUTO_RELEASE_HOURS",
        description="Default of `auto_release.hours`; below 1 counts as 1.",
    )

    @field_validator("auto_release_hours")
    @classmethod
    def _at_least_one(cls, value: int) -> int:
        return max(1, value)
