"""The drivers by their names. Each is imported when it is opened: a server without machines loads none."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from toolcrib.machines.hosts.driver import Driver

DriverName = Literal["ssh", "ansible"]


def open_driver(name: DriverName, *, at_once: int = 32, playbooks: Path | None = None) -> Driver:
    """Return the driver of this name, which works on up to `at_once` hosts at a time. Close it with `aclose`.

    `playbooks` are the operator's own, for `ansible`.
    """
    if name == "ansible":
        from toolcrib.machines.hosts.ansible.driver import AnsibleDriver  # noqa: PLC0415

        return AnsibleDriver(at_once=at_once, playbooks=playbooks)
    from toolcrib.machines.hosts.ssh import SshDriver  # noqa: PLC0415

    return SshDriver(at_once=at_once)
