"""`docs lock`, `unlock`, `renew` and `locks`."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.durations import end_seconds, new_end_seconds, since, until
from toolcrib.cli.core.failures import CannotTell, Failure, Held
from toolcrib.cli.core.options import Expires, NewEnd
from toolcrib.cli.documents.documents_api import DocumentsApi, Row
from toolcrib.cli.documents.options import (
    LOCK_COLUMNS,
    ManyPlaces,
    MaybePlace,
    Reason,
    lock_rows,
)
from toolcrib.cli.documents.remote_path import RemotePath

app = typer.Typer()


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
    docs = DocumentsApi(context)
    length = end_seconds(expires)
    done: list[Row] = []
    for at in [docs.paths.read_file(one) for one in places]:
        body: Row = {**at.fields, "lock_type": kind}
        if message is not None:
            body["reason"] = message
        if length is not None:
            body["expires_in"] = length
        try:
            with docs.errors_about(at):
                found = docs.post("/lock", body)
        except Held as refused:
            raise _explain(docs, at, refused) from refused
        done.append({"place": docs.show(at), **found})
        if not context.as_json:
            output.print_text(_locked("Locked", docs.show(at), found))
    if context.as_json:
        output.print_json(done)


def _explain(docs: DocumentsApi, at: RemotePath, refused: Held) -> Failure:
    details = refused.details
    if details.get("holder_uuid") != docs.paths.me["uuid"]:
        return refused
    begun = since(details.get("since"), datetime.now(UTC))
    text = f"You hold {docs.show(at)} already, since {begun}. To move its end: toolcrib docs renew --expires TIME"
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
    docs = DocumentsApi(context)
    done: list[Row] = []
    for at in [docs.paths.read_file(one) for one in places]:
        body: Row = {**at.fields, "force": force}
        if message is not None:
            body["reason"] = message
        with docs.errors_about(at):
            docs.post("/unlock", body)
        done.append({"place": docs.show(at), "unlocked": True})
        if not context.as_json:
            output.print_text(f"Unlocked {docs.show(at)}")
    if context.as_json:
        output.print_json(done)


@command(app, "renew")
def renew(
    context: Context,
    *,
    places: ManyPlaces,
    expires: NewEnd,
) -> None:
    """Move the end of your locks. With --expires none they have no end."""
    docs = DocumentsApi(context)
    length = new_end_seconds(expires)
    done: list[Row] = []
    for at in [docs.paths.read_file(one) for one in places]:
        with docs.errors_about(at):
            found = docs.post("/lock/renew", {**at.fields, "expires_in": length})
        done.append({"place": docs.show(at), **found})
        if not context.as_json:
            output.print_text(_locked("Renewed", docs.show(at), found))
    if context.as_json:
        output.print_json(done)


@command(app, "locks")
def locks(
    context: Context,
    *,
    place: MaybePlace = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only yours.")] = False,
) -> None:
    """List locks on documents, everywhere you may read or below one place."""
    docs = DocumentsApi(context)
    wanted: dict[str, Any] = {"mine": "true"} if mine else {}
    if place is not None:
        wanted |= docs.paths.read(place).fields
    rows = docs.locks(**wanted)
    if context.as_json:
        output.print_json(rows)
        return
    shown = [docs.paths.show_row(row) for row in rows]
    empty = "You hold no documents." if mine else "No document is locked."
    output.print_table(LOCK_COLUMNS, lock_rows(rows, shown, datetime.now(UTC)), empty=empty)
