"""Settings of the servers under test: the tests' defaults, and nothing of the developer's own environment."""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path
from typing import Any

from pydantic import AliasChoices

from toolcrib.settings import Settings

ADMIN = "admin"
PASSWORD = "correct horse battery"
DEFAULTS = {
    "INITIAL_ADMIN_USER": ADMIN,
    "INITIAL_ADMIN_EMAIL": "admin@example.com",
    "INITIAL_ADMIN_PASSWORD": PASSWORD,
    "JWT_SECRET_KEY": "one for all servers of the tests, so that several can share a database",
    "LOGIN_RATE": "100000/minute",
    "DATABASE_RESERVE_MIB": "0",
}
# For servers that live long and share their database with no other process: looking for events of others five times a
# second takes a hundredth of a processor for each of them.
SINGLE: dict[str, Any] = {"TAIL_SECONDS": "0.5"}
# For clients of servers that speak plain HTTP: loading the machine's certificates takes longer than most tests.
# One context for all clients, because making one takes longer than the rest of a client.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
KEPT = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "VIRTUAL_ENV"}


def fields_by_name() -> dict[str, str]:
    """Which field each environment name sets."""
    names: dict[str, str] = {}
    for field, info in Settings.model_fields.items():
        alias = info.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias or field]
        names |= {str(choice): field for choice in choices}
    return names


def toolcrib() -> str:
    """The command as it is installed beside this Python."""
    return str(Path(sys.executable).with_name("toolcrib"))


def child_environment(**settings: object) -> dict[str, str]:
    """What every program needs from ours, and `settings`; None leaves one out."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    return kept | {name: str(value) for name, value in settings.items() if value is not None}


def settings(**changes: Any) -> Settings:
    """For an application in this process, by field or environment name; None takes a default away."""
    fields = fields_by_name()
    named = {fields.get(name, name): value for name, value in {**DEFAULTS, **changes}.items()}
    return Settings(**{name: value for name, value in named.items() if value is not None})
