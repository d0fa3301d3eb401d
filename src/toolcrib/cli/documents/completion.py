"""Completing remote paths in the shell: asks the server briefly, and prints nothing when that fails.

A `--url` before the word is not seen; completion asks the server that a command without it would use.
"""

from typing import Any

from toolcrib.cli.documents.remote_path import COMPANY, ME, RemotePath, RemotePaths

SECONDS = 1.5  # for each of at most three requests


def complete_remote_path(incomplete: str) -> list[str]:
    """Return what the word may become. If only one folder matches, its content is proposed as well."""
    try:
        return _find(incomplete)
    except Exception:  # noqa: BLE001 - errors must not appear in a prompt
        return []


def complete_remote_path_only(incomplete: str) -> list[str]:
    """Return what the word may become if it names a remote path; the shell completes local files itself."""
    return complete_remote_path(incomplete) if ":" in incomplete else []


def _find(incomplete: str) -> list[str]:
    from toolcrib.cli.core.client import ApiClient
    from toolcrib.cli.core.context import Context, SharedOptions

    context = Context(SharedOptions())
    api = ApiClient(context.account, timeout_seconds=SECONDS)
    known = RemotePaths(api, context.project)
    if ":" not in incomplete and not incomplete.startswith("/"):
        names = [ME, *([COMPANY] if known.me.get("company_id") else []), *known.projects]
        owners = [f"{name}:" for name in names if name.startswith(incomplete)]
        if len(owners) != 1:
            return owners
        return [owners[0], *_below(api, known, owners[0])]
    return _below(api, known, incomplete)


def _below(api: Any, known: RemotePaths, typed: str) -> list[str]:
    cut = max(typed.rfind("/"), typed.rfind(":")) + 1
    head, begun = typed[:cut], typed[cut:]
    place = known.read(head)
    found = _children(api, head, place, begun)
    if len(found) == 1 and found[0].endswith("/"):
        deeper = found[0]
        found += _children(api, deeper, place.child(deeper[cut:].rstrip("/")), "")
    return found


def _children(api: Any, head: str, place: RemotePath, begun: str) -> list[str]:
    listed = api.get("/storage/folders", **place.fields)
    folders = [f"{row['name']}/" for row in listed["folders"]]
    names = [*folders, *(row["name"] for row in listed["files"])]
    return [head + name for name in names if name.startswith(begun) and name.isprintable()]
