"""How mail is sent."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from toolcrib.settings.group import Group
from toolcrib.settings.values import Flag


class Mail(Group):
    mail_enabled: Flag = Field(
        False, validation_alias="MAIL_ENABLED", description="Master switch: if false, no mail is sent at all."
    )
    mail_server: str = Field(
        "", validation_alias="MAIL_SERVER", description="SMTP host; required when mail is on."
    )
    mail_port: int = Field(587, validation_alias="MAIL_PORT", description="SMTP port.")
    mail_use_tls: Flag = Field(False, validation_alias="MAIL_USE_TLS", description="STARTTLS.")
    mail_use_ssl: Flag = Field(False, validation_alias="MAIL_USE_SSL", description="Implicit TLS.")
    mail_username: str = Field("", validation_alias="MAIL_USERNAME", description="SMTP account.")
    mail_password: SecretStr = Field(
        SecretStr(""), validation_alias="MAIL_PASSWORD", description="SMTP password."
    )
    mail_sender: str = Field(
        "Toolcrib <no-reply@localhost>",
        validation_alias="MAIL_DEFAULT_SENDER",
        description="From address, may be `Name <addr>`.",
    )
    mail_ehlo_name: str = Field(
        "",
        max_length=255,
        pattern=r"^[\w.:\[\]-]*$",
        validation_alias="MAIL_EHLO_NAME",
        description="How the server introduces itself to the mail server (EHLO); its host name by default. Some mail "
        "servers refuse names that are not fully qualified.",
    )
    mail_timeout_seconds: float = Field(
        10.0,
        gt=0,
        validation_alias="MAIL_TIMEOUT_SECONDS",
        description="Longest wait for the mail server, per step. A start waits for its test mail, for up to twice as "
        "long.",
    )
    mail_together_seconds: float = Field(
        60.0,
        ge=0,
        le=86_400,
        validation_alias="MAIL_TOGETHER_SECONDS",
        description="After a notice to a person, such as one about a lock, further ones to them wait so long and "
        "become one mail that names each. 0: each is a mail of its own. Mails about one's own account never wait.",
    )
    lock_alerts: Literal["watchers", "everyone"] = Field(
        "watchers",
        validation_alias="LOCK_ALERTS",
        description="Who is mailed that an asset was locked: `watchers`, who asked for it, or `everyone` who may see "
        "it. The runtime configuration (`alerts_everyone`) wins; an upgrade from a release without this setting sets "
        "it there to what that release did.",
    )
    watches_per_person: int = Field(
        500, ge=1, validation_alias="WATCHES_PER_PERSON", description="Paths that one person may watch."
    )
    custom_ca_cert_path: str = Field(
        "",
        validation_alias="CUSTOM_CA_CERT_PATH",
        description="Folder or file of a CA to trust for SMTP TLS.",
    )
    custom_ca_cert_filename: str = Field(
        "custom-ca.crt",
        validation_alias="CUSTOM_CA_CERT_FILENAME",
        description="File name inside CUSTOM_CA_CERT_PATH.",
    )

    @model_validator(mode="after")
    def _mail_has_a_server(self) -> Mail:
        if self.mail_enabled and not self.mail_server:
            raise ValueError("MAIL_ENABLED is true but MAIL_SERVER is not set")
        return self
