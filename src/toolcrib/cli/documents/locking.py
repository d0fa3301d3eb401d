"""Locks on documents."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from toolcrib.cli import output
from toolcrib.cli.context import Context, command
from toolcrib.cli.documents import app
from toolcrib.cli.documents.places import Place
from toolcrib.cli.documents.store import Row, Store
from toolcrib.cli.documents.words import (
    LOCK_COLUMNS,
    Expires,
    ManyPlaces,
    MaybePlace,
    Reason,
    lock_rows,
    seconds,
)
from toolcrib.cli.durations import since, until
from toolcrib.cli.failures import CannotTell, Failure, Held


@command(app, "lock")
def lock(
    context: Context,
    *,
    places: ManyPlaces,
    message: Reason = None,
    expires: Expires = None,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="edit, review or admin.")] = "edit",
) -> None:
    """Lock files, so that nobody else changes them."""
    store = Store(context)
    length = seconds(expires)
    done: list[Row] = []
    for at in [store.places.read_file(one) for one in places]:
        body: Row = {**at.fields, "lock_type": kind}
        if message is not None:
            body["reason"] = message
        if length is not None:
            body["expires_in"] = length
        try:
            with store.about(at):
                found = store.post("/lock", body)
        except Held as refused:
            raise _explain(store, at, refused) from refused
        done.append({"place": store.show(at), **found})
        if not context.as_json:
            output.say(_locked("Locked", store.show(at), found))
    if context.as_json:
        output.print_json(done)


def _explain(store: Store, at: Place, refused: Held) -> Failure:
    details = refused.details
    if details.get("holder_uuid") != store.places.me["uuid"]:
        return refused
    begun = since(details.get("since"), datetime.now(UTC))
    text = f"You hold {store.show(at)} already, since {begun}. To move its end: toolcrib docs renew --expires TIME"
    return Failure(text, code=refused.code, details=details)


def _locked(word: str, shown: str, found: Row) -> str:
    ends = until(found.get("expires_at"), datetime.now(UTC))
    return f"{word} {shown}" + (f" until {ends}" if ends else "")


@command(app, "unlock")
def unlock(
    context: Context,
    *,
    places: ManyPlaces,
    force: Annotated[
        bool, typer.Option("--force", help="Somebody else's lock (owners, admins); needs -m.")
    ] = False,
    message: Reason = None,
) -> None:
    """Give locks back."""
    if force and not message:
        raise CannotTell("Say why: -m TEXT. The holder reads it.")
    store = Store(context)
    done: list[Row] = []
    for at in [store.places.read_file(one) for one in places]:
        body: Row = {**at.fields, "force": force}
        if message is not None:
            body["reason"] = message
        with store.about(at):
            store.post("/unlock", body)
        done.append({"place": store.show(at), "unlocked": True})
        if not context.as_json:
            output.say(f"Unlocked {store.show(at)}")
    if context.as_json:
        output.print_json(done)


@command(app, "renew")
def renew(
    context: Context,
    *,
    places: ManyPlaces,
    expires: Annotated[str, typer.Option("--expires", metavar="TIME", help="From now: 2h, 3d; or none.")],
) -> None:
    """Move the end of your locks. With --expires none they have no end."""
    store = Store(context)
    length = None if expires.strip().lower() in ("none", "never") else seconds(expires)
    done: list[Row] = []
    for at in [store.places.read_file(one) for one in places]:
        with store.about(at):
            found = store.post("/lock/renew", {**at.fields, "expires_in": length})
        done.append({"place": store.show(at), **found})
        if not context.as_json:
            output.say(_locked("Renewed", store.show(at), found))
    if context.as_json:
        output.print_json(done)


@command(app, "locks")
def locks(
    context: Context,
    *,
    place: MaybePlace = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only yours.")] = False,
) -> None:
    """List locks on documents, everywhere you may look or below one place."""
    store = Store(context)
    wanted: dict[str, Any] = {"mine": "true"} if mine else {}
    if place is not None:
        wanted |= store.places.read(place).fields
    rows = store.locks(**wanted)
    if context.as_json:
        output.print_json(rows)
        return
    shown = [store.places.show_row(row) for row in rows]
    empty = "You hold no documents." if mine else "No document is locked."
    output.table(LOCK_COLUMNS, lock_rows(rows, shown, datetime.now(UTC)), empty=empty)
