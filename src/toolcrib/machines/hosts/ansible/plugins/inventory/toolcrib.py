"""The run's hosts, asked for over the run's socket: their variables are in no file.

Ansible takes only text for a template that a plugin marks as one, and none of this is marked: a password may contain
what looks like one.
"""

from __future__ import annotations

import os
from typing import Any

from ansible.plugins.inventory import BaseInventoryPlugin

from toolcrib.machines.hosts.ansible.helper import ask


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc]  # Ansible has no types
    NAME = "toolcrib"

    def verify_file(self, path: str) -> bool:
        return path.endswith(".toolcrib")

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        for name, variables in ask(os.environ["TOOLCRIB_SOCKET"], {"ask": "inventory"}).items():
            inventory.add_host(name)
            for variable, value in variables.items():
                inventory.set_variable(name, variable, value)
