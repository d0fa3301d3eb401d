"""Models of parts: how much converting one may take."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from toolcrib.settings.group import Group
from toolcrib.settings.values import default_if_empty


class Conversion(Group):
    convert_timeout: float = Field(
        60.0,
        ge=1,
        le=3600,
        validation_alias="CONVERT_TIMEOUT",
        description="Seconds, also of processor time, that converting a STEP file to a model may take. An upload waits "
        "for it at most so long. Converting needs the extra `toolcrib[parts]`.",
    )
    convert_memory_mb: int = Field(
        2048,
        ge=512,
        le=1_048_576,
        validation_alias="CONVERT_MEMORY_MB",
        description="Memory that converting a STEP file may take, in MiB.",
    )
    convert_concurrency: int = Field(
        1,
        ge=1,
        le=64,
        validation_alias="CONVERT_CONCURRENCY",
        description="How many STEP files are converted at a time on one machine, each on one core.",
    )

    @field_validator("convert_timeout", "convert_memory_mb", "convert_concurrency", mode="before")
    @classmethod
    def _empty_conversion_is_unset(cls, value: Any, info: ValidationInfo) -> Any:
        return default_if_empty(cls, value, info)
