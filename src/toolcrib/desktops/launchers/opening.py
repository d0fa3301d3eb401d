"""The launchers by their names. Each is imported when it is opened: a server without desktops loads none."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

# Installed packages bring launchers under this entry point: each a callable that makes one from the settings, without
# I/O, under the name that DESKTOP_LAUNCHER has for it.
GROUP = "toolcrib.launchers"
OURS = tuple(
    EntryPoint(name, f"toolcrib.desktops.launchers.{name}.launcher:{maker}", GROUP)
    for name, maker in (
        ("local", "LocalLauncher"),
        ("kubernetes", "KubernetesLauncher"),
        ("rancher", "RancherLauncher"),
    )
)


class UnknownLauncher(RuntimeError):
    """DESKTOP_LAUNCHER names no launcher that is installed."""


def find_launcher(name: str) -> EntryPoint:
    """Return where the launcher of this name is, without importing it.

    Raises:
        UnknownLauncher: there is none.
    """
    for entry in OURS:
        if entry.name == name:
            return entry
    # Looked for only where it is none of ours: the entry points of all packages take a while to read.
    installed: dict[str, EntryPoint] = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in installed:
        known = ", ".join(sorted({*installed, *(entry.name for entry in OURS)}))
        raise UnknownLauncher(f"DESKTOP_LAUNCHER is {name!r}, and there is no such launcher: use {known}.")
    return installed[name]
