"""`toolcrib hold`: who holds what, of every kind."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from toolcrib.cli import output
from toolcrib.cli.api import held_sentence
from toolcrib.cli.context import Context, command
from toolcrib.cli.durations import since, until
from toolcrib.cli.failures import Failure
from toolcrib.cli.repository import normalise

app = typer.Typer(no_args_is_help=True, help="Who holds what: files, and every other kind of thing.")

Kind = Annotated[str | None, typer.Option("--kind", help="Only this kind: asset, document, machine, …")]


def scope_name(scope: str) -> str:
    """`project:game` as people say it: `game`; nothing for the default project."""
    name = scope.partition(":")[2]
    return "" if scope == "project:default" else name or scope


@command(app, "mine")
def mine(context: Context, kind: Kind = None) -> None:
    """List everything you hold."""
    claims = context.api.all_pages("/claims", "claims", mine=1, kind=kind)
    if context.as_json:
        output.print_json(claims)
        return
    now = datetime.now(UTC)
    rows = [
        (
            one.get("label") or one["key"],
            one["kind"],
            scope_name(one.get("scope") or ""),
            since(one["acquired_at"], now),
            until(one.get("expires_at"), now),
            one.get("queue") or "",
            one.get("comment"),
        )
        for one in claims
    ]
    output.table(
        ("What", "Kind", "In", "Since", "Until", "Waiting", "Comment"), rows, empty="You hold nothing."
    )


@command(app, "who")
def who(context: Context, thing: Annotated[str, typer.Argument(metavar="PATH")], kind: Kind = None) -> None:
    """Say who holds one thing, and who waits for it. Ends with 1 when nobody holds it."""
    names = {context.path(thing), normalise(thing), thing}
    claims: dict[int, dict[str, Any]] = {}
    for name in sorted(names):
        for claim in context.api.all_pages("/claims", "claims", q=name, kind=kind):
            if claim["key"] in names or claim.get("label") in names:
                claims[claim["fence"]] = claim
    if context.project:
        scope = f"project:{context.project}"
        claims = {
            fence: one for fence, one in claims.items() if one["kind"] != "asset" or one["scope"] == scope
        }
    for fence, claim in claims.items():
        claim["waiting"] = context.api.get(f"/claims/{fence}/queue") if claim.get("queue") else []
    if context.as_json:
        output.print_json(list(claims.values()))
    for claim in () if context.as_json else claims.values():
        output.say(
            held_sentence(
                claim.get("label") or claim["key"], {**claim, "since": claim["acquired_at"], "url": None}
            )
        )
        for place, waiter in enumerate(claim["waiting"], start=1):
            output.say(
                f"  {place}. {waiter['username']} waits since {since(waiter['since'], datetime.now(UTC))}"
            )
    if not claims:
        raise Failure(f"Nobody holds {thing}.", code="not_held")
