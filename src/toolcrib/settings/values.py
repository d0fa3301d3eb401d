"""How the values of settings are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BeforeValidator
from pydantic_settings import NoDecode


def _flag(value: Any) -> Any:
    """Booleans as existing `.env` files spell them (asset-locks contract, section 6): all else is false."""
    return value.strip().lower() in {"true", "1", "t", "yes", "on"} if isinstance(value, str) else value


def _words(value: Any) -> Any:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _minutes(value: Any) -> Any:
    """A lifetime that cannot be read means no expiry (asset-locks contract, section 6)."""
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            return 0
    return max(0, value) if isinstance(value, int) else value


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
