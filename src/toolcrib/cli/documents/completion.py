"""Completing places in the shell: what is on the server, asked for in little time and without a word on failure.

Completion knows nothing of `--url` before the word; it asks the server that a command would use without it.
"""

from typing import Any

from toolcrib.cli.documents.remote_path import COMPANY, ME, RemotePath, RemotePaths

SECONDS = 1.5  # for each of three questions at most


def complete_remote_path(incomplete: str) -> list[str]:
    """What the word may become. A folder that is the only one is entered, so that typing goes on below it."""
    try:
        return _find(incomplete)
    except Exception:  # noqa: BLE001 - a prompt is no place for errors
        return []


def complete_remote_path_only(incomplete: str) -> list[str]:
    """As `complete_remote_path`, where files of this side may come too: for those the shell itself is good."""
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
