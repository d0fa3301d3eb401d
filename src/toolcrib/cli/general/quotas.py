"""`toolcrib quota`: how much people, companies and projects store, and may store."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell
from toolcrib.cli.core.sizes import human_size, parse_size

app = typer.Typer(no_args_is_help=True, help="Quotas: how much is stored, and may be.")

FAMILIES = {"user": "users", "company": "companies", "project": "projects"}
PAGE = 500

Owner = Annotated[
    str, typer.Argument(metavar="OWNER", show_default=False, help="user:NAME, company:NAME or project:NAME.")
]


@command(app, "list")
def list_quotas(
    context: Context,
    everybody: Annotated[
        bool, typer.Option("--all", help="Everybody's, largest first; for administrators.")
    ] = False,
) -> None:
    """Show what you, your company and your projects store, and may store."""
    rows = _everybody(context) if everybody else context.api.get("/quotas")
    if context.as_json:
        output.print_json(rows)
        return
    output.print_table(
        ("Owner", "Stores", "May store", "Left"),
        [[_owner(row), human_size(row["used_bytes"]), _allowed(row), _left(row)] for row in rows],
        empty="Nobody stores anything.",
    )


@command(app, "set")
def set_quota(
    context: Context,
    owner: Owner,
    size: Annotated[str, typer.Argument(help="500MB, 20GB, bytes as a number, or `unlimited`.")],
) -> None:
    """Give a person, company or project a quota of their own; for administrators."""
    allowed = None if size == "unlimited" else parse_size(size)
    row = context.api.request("PUT", _route(owner), body={"allowed_bytes": allowed})
    context.show(row, f"{_owner(row)} may store {_allowed(row)} and stores {human_size(row['used_bytes'])}.")


@command(app, "reset")
def reset_quota(context: Context, owner: Owner) -> None:
    """Let the server's settings decide again how much a person, company or project may store."""
    row = context.api.delete(_route(owner))
    context.show(row, f"{_owner(row)} may store {_allowed(row)} and stores {human_size(row['used_bytes'])}.")


def _everybody(context: Context) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := context.api.get("/admin/quotas", limit=PAGE, offset=len(found)):
        found += page
        if len(page) < PAGE:
            break
    return found


def _route(owner: str) -> str:
    family, colon, name = owner.partition(":")
    if family not in FAMILIES or not colon or not name:
        raise CannotTell(
            f"{owner!r} does not name an account: write user:NAME, company:NAME or project:NAME."
        )
    return f"/admin/quotas/{FAMILIES[family]}/{quote(name, safe='')}"


def _owner(row: dict[str, Any]) -> str:
    family, _, key = row["account"].partition(":")
    return f"{family}:{row['name'] or key}"


def _allowed(row: dict[str, Any]) -> str:
    return "any number of bytes" if row["allowed_bytes"] is None else human_size(row["allowed_bytes"])


def _left(row: dict[str, Any]) -> str:
    allowed = row["allowed_bytes"]
    return "" if allowed is None else human_size(max(0, allowed - row["used_bytes"]))
