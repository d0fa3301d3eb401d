"""`toolcrib lock --wait`: wait in the queue for a file until it is ours."""

from contextlib import suppress
from typing import Any

from toolcrib.cli.assets.locks import Lock, explain_held
from toolcrib.cli.core import claims
from toolcrib.cli.core.context import Context
from toolcrib.cli.core.failures import Failure, Held
from toolcrib.cli.core.waiting import as_program


def wait_for_lock(context: Context, path: str, body: dict[str, Any], timeout_seconds: int | None) -> Lock:
    """Lock `path` as soon as it is our turn. A timeout, or a signal that ends us, gives up our place in
    the queue.

    Raises:
        Held: the time is over and somebody else still holds it.
        Failure: the caller holds it, and not by another program.
    """
    asked = {**body, **as_program(timeout_seconds)}
    lock, answer = claims.wait_for(
        context,
        path,
        kind="asset",
        key=path,
        ask=lambda: ask(context, path, asked),
        leave=lambda: leave(context, path, asked),
        timeout_seconds=timeout_seconds,
    )
    if lock is not None:
        return lock
    over = Held("The time to wait is over.", code="claim_held", details=answer["held"])
    raise explain_held(context, over, path)


def ask(context: Context, path: str, body: dict[str, Any]) -> tuple[Lock | None, dict[str, Any]]:
    """Take the lock or a place in the queue; asking again keeps what we have. Returns (our lock, the answer)."""
    try:
        answer = context.api.post("/locks", {**body, "asset_path": path, "wait": True})
    except Held as refused:
        raise explain_held(context, refused, path) from refused
    return answer.get("lock"), answer


def leave(context: Context, path: str, body: dict[str, Any]) -> None:
    """Give up what this program got by a request whose answer did not arrive: its place, or the lock. Asking again
    tells which."""
    with suppress(Failure):
        claims.give_up(context.api, *ask(context, path, body))
