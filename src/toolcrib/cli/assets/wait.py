"""`toolcrib lock --wait`: wait in the queue for a file until it is ours."""

from contextlib import suppress
from typing import Any

from toolcrib.cli.assets.locks import Lock, check_paths, explain_held, find_lock
from toolcrib.cli.core import claims
from toolcrib.cli.core.context import Context
from toolcrib.cli.core.failures import Failure, Held
from toolcrib.cli.core.waiting import as_program


def wait_for_lock(context: Context, path: str, body: dict[str, Any], timeout_seconds: int | None) -> Lock:
    """Lock `path` as soon as it is our turn. A timeout, or a signal that ends us, gives up our place in
    the queue.

    Raises:
        Held: the time is over and somebody else still holds it.
    """
    require_not_ours(context, path)
    asked = {**body, **as_program(timeout_seconds)}
    lock, answer = claims.wait_for(
        context,
        path,
        kind="asset",
        key=path,
        ask=lambda: ask(context, path, asked),
        leave=lambda: leave(context, path),
        timeout_seconds=timeout_seconds,
    )
    if lock is not None:
        return with_end(context, lock, body) if answer.get("lock") is None else lock
    over = Held("The time to wait is over.", code="claim_held", details=answer["held"])
    raise explain_held(context, over, path)


def require_not_ours(context: Context, path: str) -> None:
    """Refuse to wait for a lock that we hold: giving up the wait must never give that lock up.

    Raises:
        Failure: we hold it already.
    """
    _held, mine = check_paths(context.api, [path], context.project)
    for lock in mine:
        details = {**lock, "holder": lock["locked_by"], "since": lock["timestamp"]}
        raise explain_held(context, Held("You hold it.", code="claim_held", details=details), path)


def ask(context: Context, path: str, body: dict[str, Any]) -> tuple[Lock | None, dict[str, Any]]:
    """Take the lock or a place in the queue; asking again keeps the place. Returns (our lock, the answer)."""
    try:
        answer = context.api.post("/locks", {**body, "asset_path": path, "wait": True})
    except Held as refused:
        held, mine = check_paths(context.api, [path], context.project)
        if mine and not held:
            return mine[0], {}
        raise explain_held(context, refused, path) from refused
    return answer.get("lock"), answer


def with_end(context: Context, lock: Lock, body: dict[str, Any]) -> Lock:
    """Give a lock that came to us through the queue the end we asked for, counted from now."""
    if body.get("expires_in") is None:
        return find_lock(context, lock["asset_path"])  # its end until it was confirmed is no longer true
    wanted = context.in_project({"asset_path": lock["asset_path"], "expires_in": body["expires_in"]})
    renewed: Lock = context.api.post("/locks/renew", wanted)["lock"]
    return renewed


def leave(context: Context, path: str) -> None:
    """Give up our place in the queue, and the lock if it came to us just now."""
    with suppress(Failure):
        lock = find_lock(context, path)
        _held, mine = check_paths(context.api, [path], context.project)
        if mine:
            context.api.post(f"/claims/{lock['fence']}/release")
        else:
            claims.leave_queue(context.api, lock)
