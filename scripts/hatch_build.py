"""Puts the built web UI into the wheel, so that `pip install .` serves pages too.

TOOLCRIB_BUILD_WEB=0 leaves it out. Where it cannot be built (no npm registry, say) the wheel is without.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
import webui


class WebPages(BuildHookInterface[Any]):
    def _wanted(self) -> bool:
        return os.environ.get("TOOLCRIB_BUILD_WEB") != "0" and webui.is_stale()

    def dependencies(self) -> list[str]:
        return [webui.NODE_WHEEL] if self._wanted() and not webui.machine_has_node() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or not self._wanted():
            return
        try:
            webui.build()
        except webui.CannotBuild as problem:
            self.app.display_warning(
                f"The web UI was not built, so this package has the API alone: {problem}"
            )
