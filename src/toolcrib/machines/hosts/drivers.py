"""The drivers by their names. Each is imported when it is opened: a server without machines loads none."""

from __future__ import annotations

from typing import Literal

from toolcrib.machines.hosts.driver import Driver

DriverName = Literal["ssh"]


def open_driver(name: DriverName, *, at_once: int = 32) -> Driver:
    """Return the driver of this name, which works on up to `at_once` hosts at a time. Close it with `aclose`."""
    from toolcrib.machines.hosts.ssh import SshDriver  # noqa: PLC0415

    drivers = {"ssh": SshDriver}
    return drivers[name](at_once=at_once)
