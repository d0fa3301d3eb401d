"""`toolcrib keys`: API keys for hooks, build machines and editors."""

from typing import Annotated, Any

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command

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
    shown = [{**row, "scopes": " ".join(row.get("scopes") or ["all"])} for row in rows]
    output.print_table(
        columns, [[row.get(one) for one in fields] for row in shown], empty="You have no API keys."
    )


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
        int | None, typer.Option("--days", min=1, help="Ends after so many days; default never.")
    ] = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", help="What it may do; may be given several times. See `toolcrib keys scopes`."
        ),
    ] = None,
) -> None:
    """Make an API key. It is printed once, alone on standard output. Without `--scope` it may only read."""
    body: dict[str, Any] = {"name": name, "scopes": scopes or ["read"]}
    if days:
        body["expires_in_days"] = days
    made = context.api.post("/users/me/keys", body)
    context.show(made, made["key"])
    if not context.as_json:
        output.warn("Keep it now: it is not shown again.")


@command(app, "revoke")
def revoke_key(context: Context, key_id: Annotated[int, typer.Argument(metavar="ID")]) -> None:
    """End an API key at once."""
    context.api.delete(f"/users/me/keys/{key_id}")
    context.show({"id": key_id, "revoked": True}, f"API key {key_id} revoked.")
