"""Every setting, once: environment first, then `config.json` in the data directory, then the defaults.

`docs/configuration.md` is generated from this package, so each field says what it means to an operator.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from toolcrib.settings.cluster import Cluster
from toolcrib.settings.conversion import Conversion
from toolcrib.settings.data import Data
from toolcrib.settings.desktop_local import LocalDesktops
from toolcrib.settings.desktop_viewers import DesktopViewers
from toolcrib.settings.desktops import Desktops
from toolcrib.settings.files import Files
from toolcrib.settings.mail import Mail
from toolcrib.settings.network import Network
from toolcrib.settings.onshape import Onshape
from toolcrib.settings.operation import Operation
from toolcrib.settings.parts import Parts
from toolcrib.settings.people import People
from toolcrib.settings.pool import Pool
from toolcrib.settings.rules import Rules

CONFIG_NAME = "config.json"


class ConfigFile(PydanticBaseSettingsSource):
    """`config.json` in the data directory: the same names as the environment, any case. null counts as unset."""

    def __init__(self, settings_cls: type[BaseSettings], data_dir: Path) -> None:
        super().__init__(settings_cls)
        self.path = data_dir / CONFIG_NAME

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        if not self.path.exists():
            return {}
        found = json.loads(self.path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise TypeError(f"{self.path.name} must hold a JSON object")
        return {name.upper(): value for name, value in found.items() if value is not None}


class Read(PydanticBaseSettingsSource):
    """What another source has found: asking it again takes as long as all the rest."""

    def __init__(self, source: PydanticBaseSettingsSource) -> None:
        super().__init__(source.settings_cls)
        self.found = source()

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        return self.found


# The fields are in the order of the bases from the last to the first.
class Settings(
    Cluster,
    DesktopViewers,
    LocalDesktops,
    Desktops,
    Onshape,
    Conversion,
    Parts,
    Pool,
    Operation,
    Files,
    Mail,
    Rules,
    People,
    Network,
    Data,
):
    model_config = SettingsConfigDict(
        case_sensitive=False, extra="ignore", populate_by_name=True, frozen=True, defer_build=False
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        environment = Read(env_settings)
        named = {**environment(), **init_settings()}
        data_dir = next((named[n] for n in ("data_dir", "DATA_DIR", "TOOLCRIB_DATA_DIR") if n in named), None)
        folder = Path(data_dir) if data_dir else cls.model_fields["data_dir"].default
        return init_settings, environment, ConfigFile(settings_cls, folder.expanduser())
