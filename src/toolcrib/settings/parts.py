"""Parts that people make."""

from __future__ import annotations

import hmac
from typing import Any

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from toolcrib.settings.people import People
from toolcrib.settings.values import Words, default_if_empty

SHORTEST_KEY = 32


class Parts(People):
    parts_api_key: SecretStr = Field(
        SecretStr(""),
        validation_alias="PARTS_API_KEY",
        description="The key that all browsers of a workshop share, for `/api/parts`: 32 characters or more. Empty: "
        "SECRET_KEY, where JWT_SECRET_KEY is set too; otherwise only personal API keys are accepted there.",
    )
    parts_project: str = Field(
        "",
        validation_alias="PARTS_PROJECT",
        description="Project in which the routes below `/api/parts` work. Empty: DEFAULT_PROJECT.",
    )
    part_max_file_bytes: int = Field(
        50 * 2**20,
        gt=0,
        validation_alias="MAX_FILE_SIZE",
        description="Largest drawing or model of a part, in bytes.",
    )
    part_file_types: Words = Field(
        ["step", "stp", "pdf"],
        validation_alias="ALLOWED_EXTENSIONS",
        description="Extensions of the files that parts may have, comma separated or as a JSON array.",
    )
    parts_wrong_key_rate: str = Field(
        "10/minute",
        validation_alias="PARTS_WRONG_KEY_RATE",
        description="How often one client address may show a wrong key to `/api/parts/auth/check`.",
    )
    parts_reviewer_is_not_author: bool = Field(
        False,
        validation_alias="PARTS_REVIEWER_IS_NOT_AUTHOR",
        description="Nobody may approve a part that they added or whose newest file they brought; the shared key, "
        "which names nobody, approves nothing then. A project may set it otherwise.",
    )
    parts_remind_hours: int = Field(
        72,
        ge=0,
        le=87_600,
        validation_alias="PARTS_REMIND_HOURS",
        description="After how many hours without a sign of work the holder of a part is reminded; 0: never. A project "
        "may set it otherwise.",
    )
    parts_return_hours: int = Field(
        0,
        ge=0,
        le=87_600,
        validation_alias="PARTS_RETURN_HOURS",
        description="After how many hours without a sign of work a part returns to the board; 0: never. A project may "
        "set it otherwise.",
    )

    @field_validator("part_max_file_bytes", "part_file_types", mode="before")
    @classmethod
    def _empty_limits_are_unset(cls, value: Any, info: ValidationInfo) -> Any:
        return default_if_empty(cls, value, info)

    @field_validator("part_file_types")
    @classmethod
    def _extensions(cls, value: list[str]) -> list[str]:
        return [each.lower().lstrip(".") for each in value]

    @property
    def app_key(self) -> str:
        """The shared key; empty if there is none."""
        own = self.parts_api_key.get_secret_value()
        if own:
            return own
        return self.secret_key.get_secret_value() if self.jwt_secret.get_secret_value() else ""

    @model_validator(mode="after")
    def _keys_apart(self) -> Parts:
        key = self.app_key
        signing = (self.secret.get_secret_value(), self.secret_previous.get_secret_value())
        if key and any(hmac.compare_digest(key.encode(), each.encode()) for each in signing):
            raise ValueError(
                "the key of the parts pages is also the secret that signs tokens, and lies in every browser of the "
                "workshop: set PARTS_API_KEY and JWT_SECRET_KEY to two different values"
            )
        if key and len(key) < SHORTEST_KEY:
            name = "PARTS_API_KEY" if self.parts_api_key.get_secret_value() else "SECRET_KEY"
            raise ValueError(f"{name} needs {SHORTEST_KEY} characters or more")
        return self
