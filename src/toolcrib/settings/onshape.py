"""Onshape, where the drawings of parts come from."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from toolcrib.settings.group import Group
from toolcrib.settings.values import Address, Words, check_https, default_if_empty, named


class Onshape(Group):
    onshape_client_id: str = Field(
        "",
        validation_alias=named("ONSHAPE_OAUTH_CLIENT_ID", "ONSHAPE_CLIENT_ID"),
        description="This server's id as an OAuth application of Onshape. Without it, its secret and an address to "
        "return to, drawings cannot be fetched.",
    )
    onshape_client_secret: SecretStr = Field(
        SecretStr(""),
        validation_alias=named("ONSHAPE_OAUTH_CLIENT_SECRET", "ONSHAPE_CLIENT_SECRET"),
        description="The secret that goes with it.",
    )
    onshape_redirect_uris: Words = Field(
        [],
        validation_alias=named("ONSHAPE_OAUTH_REDIRECT_URI", "ONSHAPE_REDIRECT_URI"),
        description="Where Onshape sends people back to, as registered there: this server's "
        "`/api/parts/auth/onshape/callback`. Several may be given, comma separated; the first is used unless another "
        "one is asked for.",
    )
    onshape_oauth_url: Address = Field(
        "https://oauth.onshape.com",
        validation_alias="ONSHAPE_OAUTH_BASE_URL",
        description="Where people sign in to Onshape. No other hosts than this and the next are ever called.",
    )
    onshape_api_url: Address = Field(
        "https://cad.onshape.com",
        validation_alias="ONSHAPE_API_BASE_URL",
        description="Where Onshape answers programs.",
    )
    onshape_wait_seconds: float = Field(
        60.0,
        gt=0,
        le=600,
        validation_alias="ONSHAPE_WAIT_SECONDS",
        description="How long Onshape may take to make a drawing's PDF.",
    )
    onshape_poll_seconds: float = Field(
        2.0,
        gt=0,
        le=60,
        validation_alias="ONSHAPE_POLL_SECONDS",
        description="How often Onshape is asked whether it has.",
    )

    @field_validator("onshape_redirect_uris", "onshape_oauth_url", "onshape_api_url", mode="before")
    @classmethod
    def _empty_onshape_is_unset(cls, value: Any, info: ValidationInfo) -> Any:
        return default_if_empty(cls, value, info)

    @field_validator("onshape_oauth_url", "onshape_api_url")
    @classmethod
    def _https(cls, value: str) -> str:
        """Tokens and the secret are sent there."""
        return check_https(value)

    @property
    def has_onshape(self) -> bool:
        return bool(
            self.onshape_client_id
            and self.onshape_client_secret.get_secret_value()
            and self.onshape_redirect_uris
        )
