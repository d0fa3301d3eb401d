"""How the values of settings are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, BeforeValidator, ValidationInfo
from pydantic_settings import BaseSettings, NoDecode


def _flag(value: Any) -> Any:
    """Booleans as existing `.env` files spell them (asset-locks contract, section 6): all else is false."""
    return value.strip().lower() in {"true", "1", "t", "yes", "on"} if isinstance(value, str) else value


def _words(value: Any) -> Any:
    """Comma separated, or a JSON array (parts contract, section 11)."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        return json.loads(value)
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _minutes(value: Any) -> Any:
    """A lifetime that cannot be read means no expiry (asset-locks contract, section 6)."""
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            return 0
    return max(0, value) if isinstance(value, int) else value


def default_if_empty(settings: type[BaseSettings], value: Any, info: ValidationInfo) -> Any:
    """An empty text counts as unset (parts contract, section 11)."""
    if isinstance(value, str) and not value.strip():
        return settings.model_fields[info.field_name or ""].get_default(call_default_factory=True)
    return value


_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check_https(value: str) -> str:
    """An address that secrets may be sent to. Raises ValueError."""
    parts = urlsplit(value)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_safe or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be an https address without a query")
    return value


def _without_last_slash(value: str) -> str:
    return value.rstrip("/")


Flag = Annotated[bool, BeforeValidator(_flag)]
Words = Annotated[list[str], NoDecode, BeforeValidator(_words)]
Minutes = Annotated[int, BeforeValidator(_minutes)]
Address = Annotated[str, AfterValidator(_without_last_slash)]
Folder = Annotated[Path, AfterValidator(Path.expanduser)]


def named(*names: str) -> AliasChoices:
    """The names of one setting, ours first."""
    return AliasChoices(*names)
