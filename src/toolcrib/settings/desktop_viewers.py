"""How desktops are seen: views in the browser, and gateways."""

from __future__ import annotations

import re

from pydantic import Field, SecretStr, model_validator

from toolcrib.settings.group import Group
from toolcrib.settings.values import Address

_KEY = re.compile(r"[0-9a-fA-F]{32}")


class DesktopViewers(Group):
    desktop_ticket_seconds: int = Field(
        60,
        ge=5,
        le=300,
        validation_alias="DESKTOP_TICKET_SECONDS",
        description="How long a ticket that opens one view of a desktop is good for.",
    )
    desktop_views: int = Field(
        16,
        ge=1,
        le=1000,
        validation_alias="DESKTOP_VIEWS",
        description="How many views of one desktop may be open at a time.",
    )
    desktop_views_per_person: int = Field(
        8,
        ge=1,
        le=1000,
        validation_alias="DESKTOP_VIEWS_PER_PERSON",
        description="How many views one person may have open at a time. One more ends their oldest.",
    )
    desktop_ask_seconds: int = Field(
        30,
        ge=5,
        le=600,
        validation_alias="DESKTOP_ASK_SECONDS",
        description="How long a person who has control of a desktop may take to answer whoever asks for it. After "
        "that the answer is no.",
    )
    guacamole_url: Address = Field(
        "",
        validation_alias="GUACAMOLE_URL",
        description="The Guacamole gateway that the clients of `/api/connections` are sent to, as this server reaches "
        "it: `http://guacamole:8080/guacamole`. Without it they are sent to our own viewer.",
    )
    external_guacamole_url: Address = Field(
        "",
        validation_alias="EXTERNAL_GUACAMOLE_URL",
        description="The same as browsers reach it; without it, GUACAMOLE_URL.",
    )
    guacamole_json_secret_key: SecretStr = Field(
        SecretStr(""),
        validation_alias="GUACAMOLE_JSON_SECRET_KEY",
        description="The gateway's `json-secret-key`: 32 hexadecimal digits.",
    )
    guacd_host: str = Field(
        "",
        validation_alias="GUACD_HOST",
        description="Host of a guacd. With it our page shows desktops through guacd, without a gateway.",
    )
    guacd_port: int = Field(4822, ge=1, le=65535, validation_alias="GUACD_PORT", description="Its port.")

    @property
    def desktop_gateway(self) -> bool:
        """Whether something beside this server connects to desktops, over TCP."""
        return bool(self.guacamole_url or self.guacd_host)

    @model_validator(mode="after")
    def _key_of_the_gateway(self) -> DesktopViewers:
        key = self.guacamole_json_secret_key.get_secret_value()
        if key and not _KEY.fullmatch(key):
            raise ValueError("GUACAMOLE_JSON_SECRET_KEY must have 32 hexadecimal digits")
        if self.guacamole_url and not key:
            raise ValueError("GUACAMOLE_URL is set but GUACAMOLE_JSON_SECRET_KEY is not")
        if self.guacamole_url and not self.guacamole_url.startswith(("http://", "https://")):
            raise ValueError("GUACAMOLE_URL must be an address that begins with http:// or https://")
        return self
