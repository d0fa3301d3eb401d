"""`toolcrib lock --wait`: standing in line for a file until it is ours."""

import time
from contextlib import suppress
from typing import Any

from toolcrib.cli import output
from toolcrib.cli.api import held_sentence
from toolcrib.cli.context import Context
from toolcrib.cli.events import follow
from toolcrib.cli.failures import Failure, Held
from toolcrib.cli.locking import check_paths, explain, find_lock

Lock = dict[str, Any]


def wait_in_line(context: Context, path: str, body: dict[str, Any], timeout_seconds: int | None) -> Lock:
    """Lock `path` as soon as it is our turn. Giving up, by a timeout or by Ctrl-C, leaves the line.

    Raises:
        Held: the time is over and somebody else still holds it.
    """
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    require_not_ours(context, path)
    # Read before we ask: the lock may come to us between asking and listening.
    after = context.api.get("/events", limit=1)["last_seq"]
    try:
        mine, queued = ask(context, path, body)
        if mine is not None:
            return mine
        output.warn(held_sentence(path, queued["held"]))
        output.warn(f"Waiting in line, place {queued['position']}. Ctrl-C gives up.")
        for event in follow(context.api, after=after, deadline=deadline, kind="asset"):
            # None: quiet for a while, or reconnected. Our place may have lapsed.
            if event is None or (event["key"] == path and event["verb"] in ("acquired", "transferred")):
                mine, queued = ask(context, path, body)
            if mine is not None:
                return mine
    except BaseException:
        leave(context, path)
        raise
    leave(context, path)
    details = queued["held"]
    raise explain(context, Held("The time to wait is over.", code="claim_held", details=details), path)


def require_not_ours(context: Context, path: str) -> None:
    """Raises:
    Failure: we hold it already. Giving up the wait must never give that up.
    """
    _held, mine = check_paths(context.api, [path], context.project)
    for lock in mine:
        details = {**lock, "holder": lock["locked_by"], "since": lock["timestamp"]}
        raise explain(context, Held("You hold it.", code="claim_held", details=details), path)


def ask(context: Context, path: str, body: dict[str, Any]) -> tuple[Lock | None, dict[str, Any]]:
    """Take the lock or a place in line; asking again keeps the place. Gives (our lock, what we wait for)."""
    try:
        answer = context.api.post("/locks", {**body, "asset_path": path, "wait": True})
    except Held as refused:
        held, mine = check_paths(context.api, [path], context.project)
        if mine and not held:
            return with_end(context, mine[0], body), {}
        raise explain(context, refused, path) from refused
    return answer.get("lock"), answer


def with_end(context: Context, lock: Lock, body: dict[str, Any]) -> Lock:
    """A lock that came to us through the line, with the end we asked for counted from now."""
    if body.get("expires_in") is None:
        return lock
    wanted = context.in_project({"asset_path": lock["asset_path"], "expires_in": body["expires_in"]})
    renewed: Lock = context.api.post("/locks/renew", wanted)["lock"]
    return renewed


def leave(context: Context, path: str) -> None:
    """Give up our place, and the lock, should it have come to us just now."""
    with suppress(Failure):
        lock = find_lock(context, path)
        _held, mine = check_paths(context.api, [path], context.project)
        if mine:
            context.api.post(f"/claims/{lock['fence']}/release")
        else:
            context.api.delete(f"/claims/{lock['fence']}/queue")
