"""`toolcrib hold`: who holds what, of every kind."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.claims import (
    HOLDER_VERBS,
    OTHERS_VERBS,
    Claim,
    find_by_file_name,
    find_claims,
    holder_line,
    name_of,
    print_claims,
    reasons,
    scope_name,
)
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.durations import since
from toolcrib.cli.core.failures import Failure
from toolcrib.cli.core.repository import normalise

app = typer.Typer(no_args_is_help=True, help="Who holds what: files, and every other kind of thing.")

Kind = Annotated[str | None, typer.Option("--kind", help="Only this kind: asset, document, machine, …")]


@command(app, "mine")
def mine(context: Context, kind: Kind = None) -> None:
    """List everything you hold."""
    claims = context.api.all_pages("/claims", "claims", mine=1, kind=kind)
    if context.as_json:
        output.print_json(claims)
    else:
        print_claims(claims, empty="You hold nothing.")


@command(app, "who")
def who(context: Context, thing: Annotated[str, typer.Argument(metavar="PATH")], kind: Kind = None) -> None:
    """Say who holds one thing, and who waits for it. Ends with 1 when nobody holds it.

    A file name without a folder finds every file of that name, in all projects.
    """
    claims = find_claims(context.api, {context.path(thing), normalise(thing), thing}, kind=kind)
    elsewhere: list[Claim] = []
    if not claims and "/" not in normalise(thing):
        claims = find_by_file_name(context.api, normalise(thing), kind=kind)
    elif context.project:
        scope = f"project:{context.project}"
        elsewhere = [one for one in claims if one["kind"] == "asset" and one["scope"] != scope]
        claims = [one for one in claims if one not in elsewhere]
    for claim in claims:
        queue = context.api.get(f"/claims/{claim['fence']}/queue") if claim.get("queue") else []
        claim["waiting"] = queue
    if context.as_json:
        output.print_json(claims)
    if not context.as_json:
        registered = {project["name"] for project in context.api.get("/projects")} if claims else set()
        for claim in claims:
            _show(context, claim, registered)
        for claim in elsewhere:
            project = scope_name(claim["scope"])
            output.print_text(holder_line(f"In project {project}: {name_of(claim)}", {**claim, "url": None}))
    if not claims:
        where = f" in project {context.project}" if elsewhere else ""
        raise Failure(f"Nobody holds {thing}{where}.", code="not_held")


def _show(context: Context, claim: Claim, registered: Collection[str]) -> None:
    """Print who holds it, where, who waits, and which verbs the server refuses the reader, with the reasons."""
    output.print_text(holder_line(name_of(claim), {**claim, "url": None}))
    scope = claim.get("scope") or ""
    if name := scope_name(scope):
        unknown = scope.startswith("project:") and name not in registered
        output.print_text(f"  in {name}" + (" (not registered)" if unknown else ""))
    now = datetime.now(UTC)
    for place, waiter in enumerate(claim["waiting"], start=1):
        output.print_text(f"  {place}. {waiter['username']} waits since {since(waiter['since'], now)}")
    if not claim.get("cannot"):
        return
    verbs = HOLDER_VERBS if context.is_caller(claim["holder"]) else OTHERS_VERBS
    # One rule often forbids several verbs: print its sentence once.
    for reason in dict.fromkeys(reasons(claim, verbs).values()):
        output.print_text(f"  {reason}")
