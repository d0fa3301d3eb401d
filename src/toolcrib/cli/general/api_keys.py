"""`toolcrib keys`: API keys for hooks, build machines and editors."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell

app = typer.Typer(no_args_is_help=True, help="API keys: for hooks, build machines and editors.")


@command(app, "list")
def list_keys(context: Context) -> None:
    """List your API keys."""
    rows = context.api.get("/users/me/keys")
    if context.as_json:
        output.print_json(rows)
        return
    columns = ("Name", "Id", "Begins with", "Scopes", "Made", "Last used", "Ends")
    fields = ("name", "id", "prefix", "scopes", "created_at", "last_used_at", "expires_at")
    shown = [{**row, "scopes": _scopes(row)} for row in rows]
    output.print_table(
        columns, [[row.get(one) for one in fields] for row in shown], empty="You have no API keys."
    )


def _scopes(row: dict[str, Any]) -> str:
    return "all (API token)" if row.get("token_id") else " ".join(row.get("scopes") or ["all"])


@command(app, "scopes")
def list_scopes(context: Context) -> None:
    """List the scopes that an API key may have, the least powerful first."""
    rows = context.api.get("/users/me/keys/scopes")
    if context.as_json:
        output.print_json(rows)
        return
    output.print_table(("Scope", "A key with it may"), [[row["name"], row["text"]] for row in rows], empty="")


@command(app, "create")
def create_key(
    context: Context,
    name: Annotated[str, typer.Argument(help="What it is for: `ci`, `git hook`.")],
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, help="Ends after so many days; default never, an API token after 30."),
    ] = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", help="What it may do; may be given several times. See `toolcrib keys scopes`."
        ),
    ] = None,
    token: Annotated[
        bool,
        typer.Option(
            "--token",
            help="Make an API token (a JWT), for programs that manage desktops: it may do whatever you may. Only for "
            "administrators.",
        ),
    ] = False,
    description: Annotated[
        str | None, typer.Option("--description", help="With --token: more about what it is for.")
    ] = None,
) -> None:
    """Make an API key. It is printed once, alone on standard output. Without `--scope` it may only read."""
    if token:
        _create_token(context, name, days, scopes, description)
        return
    if description is not None:
        raise CannotTell("Only an API token has a description: add --token.")
    body: dict[str, Any] = {"name": name, "scopes": scopes or ["read"]}
    if days:
        body["expires_in_days"] = days
    made = context.api.post("/users/me/keys", body)
    context.show(made, made["key"])
    if not context.as_json:
        output.warn("Keep it now: it is not shown again.")


def _create_token(
    context: Context, name: str, days: int | None, scopes: list[str] | None, description: str | None
) -> None:
    if scopes:
        raise CannotTell("An API token has no scopes: it may do whatever you may.")
    body: dict[str, Any] = {"name": name, "description": description}
    if days:
        body["expires_in_days"] = days
    made = context.api.post("/tokens", body)
    context.show(made, made["token"])
    if not context.as_json:
        output.warn(f"Keep it now: it is not shown again. It ends on {made['expires_at']}.")


@command(app, "revoke")
def revoke_key(
    context: Context,
    key_id: Annotated[
        str,
        typer.Argument(metavar="ID", help="Of your key; or an API token's, of anybody, if you administer."),
    ],
) -> None:
    """End an API key or token at once."""
    if key_id.isdecimal():
        context.api.delete(f"/users/me/keys/{key_id}")
        context.show({"id": int(key_id), "revoked": True}, f"API key {key_id} revoked.")
        return
    context.api.delete(f"/tokens/{quote(key_id, safe='')}")
    context.show({"token_id": key_id, "revoked": True}, f"API token {key_id} revoked.")
