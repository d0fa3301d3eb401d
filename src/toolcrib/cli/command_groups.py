"""The groups of commands: Toolcrib's own, and those of installed packages.

A package offers its group as an entry point in `toolcrib.commands`: the entry point's name is the group's name on
the command line, and its object is a `typer.Typer`. Its commands are built from `toolcrib.cli.core`.

A group is imported when one of its commands is called, or for the help. Entry points are read only for the help and
for a name that is not one of ours, because reading them takes longer than importing a group.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from toolcrib.cli.core.failures import CannotTell

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "toolcrib.commands"

# In the order of the help: (the group's name, or None for commands without a group; where it is).
OWN: tuple[tuple[str | None, str], ...] = (
    (None, "toolcrib.cli.general.sign_in:app"),
    (None, "toolcrib.cli.general.password:app"),
    (None, "toolcrib.cli.assets.commands:app"),
    (None, "toolcrib.cli.assets.watches:app"),
    ("docs", "toolcrib.cli.documents.commands:app"),
    ("desktops", "toolcrib.cli.desktops.commands:app"),
    ("hold", "toolcrib.cli.general.hold:app"),
    ("machines", "toolcrib.cli.machines.commands:app"),
    ("parts", "toolcrib.cli.parts.commands:app"),
    (None, "toolcrib.cli.general.events:app"),
    ("git", "toolcrib.cli.assets.git_lfs.commands:app"),
    ("hooks", "toolcrib.cli.assets.git_hooks.commands:app"),
    ("keys", "toolcrib.cli.general.api_keys:app"),
    ("project", "toolcrib.cli.general.projects:app"),
    ("quota", "toolcrib.cli.general.quotas:app"),
    ("config", "toolcrib.cli.general.clone_settings:app"),
    (None, "toolcrib.cli.general.clone_settings:top"),
    (None, "toolcrib.cli.machines.commands:top"),
    (None, "toolcrib.cli.server.commands:app"),
    ("db", "toolcrib.cli.server.commands:db"),
    ("admin", "toolcrib.cli.server.commands:admin"),
    ("storage", "toolcrib.cli.server.storage:app"),
)

# These run for as long as a server does, which should not carry the commands of clients meanwhile.
LASTING = frozenset({"serve", "worker"})
LASTING_PLACE = "toolcrib.cli.server.commands:app"


class CommandGroups(TyperGroup):
    """The top of the command line. It imports a group when one of its commands is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        self.commands = {**self.own_commands(), **self.commands}
        return [*self.commands, *(one.name for one in _installed() if one.name not in self.commands)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            self.commands.update(_find(cmd_name))
        if cmd_name not in self.commands:
            # No command has this name. Load all names, so that typer can suggest a similar one.
            self.commands.update(self.own_commands())
        return self.commands.get(cmd_name)

    def own_commands(self) -> dict[str, Any]:
        """Return Toolcrib's own commands and groups by name, in the order of the help."""
        found: dict[str, Any] = {}
        for name, place in OWN:
            found.update(_own_group(name, place))
        return found


def _find(wanted: str) -> dict[str, Any]:
    """Return the command or group with this name, and perhaps others that are defined beside it."""
    if wanted in LASTING:
        return _own_group(None, LASTING_PLACE)
    # A group of that name first: the commands without a group are in modules that then need not be loaded.
    for name, place in sorted(OWN, key=lambda one: one[0] is None):
        if name in (None, wanted):
            found = _own_group(name, place)
            if wanted in found:
                return found
    return {one.name: _installed_group(one) for one in _installed() if one.name == wanted}


@cache
def _own_group(name: str | None, place: str) -> dict[str, Any]:
    module, _, attribute = place.partition(":")
    return _commands_of(getattr(import_module(module), attribute), name)


def _commands_of(app: typer.Typer, name: str | None) -> dict[str, Any]:
    """Return the commands of `app` by name; with a `name`, the group of that name with the commands in it."""
    parent = typer.Typer(rich_markup_mode=None)
    parent.add_typer(app, name=name)
    return dict(typer.main.get_group(parent).commands)


def _installed() -> list[EntryPoint]:
    """Return the entry points of installed packages, sorted by name; of two with one name, the first found."""
    if not _is_any_installed():
        return []
    from importlib.metadata import entry_points

    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=ENTRY_POINTS):
        found.setdefault(entry.name, entry)
    return [found[name] for name in sorted(found)]


def _is_any_installed() -> bool:
    """Return whether any package offers commands. Importing `importlib.metadata` to find out takes longer."""
    group = ENTRY_POINTS.encode()
    for folder in map(Path, sys.path):
        if folder.is_file():  # an archive
            return True
        for pattern in ("*.dist-info/entry_points.txt", "*.egg-info/entry_points.txt"):
            if any(group in file.read_bytes() for file in folder.glob(pattern)):
                return True
    return False


def _installed_group(entry: EntryPoint) -> Any:
    """Load the group of an installed package. If that fails, the result is a command that says why."""
    try:
        app = entry.load()
        if not isinstance(app, typer.Typer):
            raise TypeError(f"{entry.value} is not a typer.Typer")
        return _commands_of(app, entry.name)[entry.name]
    except (Exception, SystemExit) as broken:  # noqa: BLE001 - another package's code; our commands must go on
        return _broken_group(entry, broken)


def _broken_group(entry: EntryPoint, broken: BaseException) -> TyperCommand:
    package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
    reason = f"{type(broken).__name__}: {broken}"

    def explain() -> None:
        raise CannotTell(
            f"The commands of {entry.name} cannot be loaded. The package {package} is broken: {reason}",
            code="broken_commands",
        ) from broken

    return TyperCommand(
        entry.name,
        callback=explain,
        help=f"Cannot be loaded. To see why: toolcrib {entry.name}",
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        rich_markup_mode=None,
    )
