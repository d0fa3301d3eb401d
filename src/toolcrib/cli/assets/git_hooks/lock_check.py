"""What both hooks share: asking the server about many paths, and what to do when it does not answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from toolcrib.cli.assets.locks import check_paths
from toolcrib.cli.core.claims import holder_line
from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.failures import CannotTell
from toolcrib.cli.core.repository import composed, normalise

REFUSE, ALLOW = "refuse", "allow"
LONGEST_PATH = 4096
SHOWN = 20

Settings = Mapping[str, list[str]]


def config_value(settings: Settings, key: str) -> str | None:
    """Return a configuration value; `key` is in lower case, as git lists it."""
    found = settings.get(key)
    return found[-1].strip() if found else None


def outage_policy(settings: Settings, default: str) -> str:
    """Return `toolcrib.onOutage`: whether to go on (`allow`) or not (`refuse`) when the server does not answer.

    Raises:
        CannotTell: it is set to something else.
    """
    policy = (config_value(settings, "toolcrib.onoutage") or default).lower()
    if policy not in (REFUSE, ALLOW):
        raise CannotTell(f"git config toolcrib.onOutage is {policy!r}; it must be {REFUSE} or {ALLOW}.")
    return policy


def can_be_held(path: str) -> bool:
    """Return whether the server accepts this path: control characters and invalid Unicode are refused."""
    return 0 < len(path) <= LONGEST_PATH and not any(
        one < " " or one == "\x7f" or "\x80" <= one <= "\x9f" or "\ud800" <= one <= "\udfff" for one in path
    )


def locks_on(
    api: ApiClient, paths: Iterable[str], project: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the locks on these paths, by the path as git names it: (locks of others, our own)."""
    keys: dict[str, list[str]] = {}
    for path in paths:
        if can_be_held(path):
            keys.setdefault(composed(normalise(path)), []).append(path)
    held, mine = check_paths(api, list(keys), project)
    return (
        {path: lock for lock in held for path in keys.get(composed(lock["asset_path"]), ())},
        {path: lock for lock in mine for path in keys.get(composed(lock["asset_path"]), ())},
    )


def refusal_text(first: str, locks: Mapping[str, Any], last: str) -> str:
    """Word the refusal: each path with its holder, and what to do."""
    lines = [first]
    lines += ["  " + holder_line(path, lock) for path, lock in sorted(locks.items())[:SHOWN]]
    if len(locks) > SHOWN:
        lines.append(f"  … and {len(locks) - SHOWN} more")
    return "\n".join([*lines, last])
