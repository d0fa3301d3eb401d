"""Which desktop is meant: by its name, or how that begins. Completing names asks the server briefly, and prints nothing
when that fails."""

import re
from typing import Any

from toolcrib.cli.core.context import Context
from toolcrib.cli.core.failures import CannotTell

SECONDS = 1.5
Desktop = dict[str, Any]
# What the server adds to the name that a person gives.
UNIQUE_END = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def find(context: Context, typed: str) -> Desktop:
    """Return the one desktop whose name is `typed`, or begins so.

    Raises:
        CannotTell: there is none, or more than one.
    """
    mine: list[Desktop] = context.api.get("/desktops")["desktops"]
    found = _meant(mine, typed)
    if not found:  # an administrator may mean somebody else's
        everyone: list[Desktop] = context.api.get("/desktops", everyone=True)["desktops"]
        found = _meant(everyone, typed)
    if not found:
        raise CannotTell(f"You have no desktop whose name begins with {typed}.", code="desktop_not_found")
    if len(found) > 1:
        raise CannotTell(f"Several desktops begin with {typed}: {', '.join(one['name'] for one in found)}.")
    return found[0]


def _meant(desktops: list[Desktop], typed: str) -> list[Desktop]:
    """Return those of that whole name; else those that were given that name at their start; else those whose names
    begin so."""
    return (
        [one for one in desktops if one["name"] == typed]
        or [one for one in desktops if UNIQUE_END.sub("", one["name"]) == typed]
        or [one for one in desktops if one["name"].startswith(typed)]
    )


def complete_desktop(incomplete: str) -> list[str]:
    """Return the caller's desktops whose names begin so."""
    return _asked("/desktops", "desktops", incomplete)


def complete_setup(incomplete: str) -> list[str]:
    return _asked("/desktop-config/list", "configurations", incomplete)


def complete_volume(incomplete: str) -> list[str]:
    return _asked("/storage-pvcs/list", "pvcs", incomplete)


def _asked(path: str, field: str, begun: str) -> list[str]:
    from toolcrib.cli.core.client import ApiClient
    from toolcrib.cli.core.context import SharedOptions

    try:
        api = ApiClient(Context(SharedOptions()).account, timeout_seconds=SECONDS)
        names = [one["name"] for one in api.get(path)[field]]
    except Exception:  # noqa: BLE001 - errors must not appear in a prompt
        return []
    return [name for name in names if name.startswith(begun) and name.isprintable()]
