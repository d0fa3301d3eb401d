"""`toolcrib config`: the settings that an earlier client kept in a clone, and a server's `config.json`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from toolcrib.cli.core import accounts, output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell, Failure

app = typer.Typer(
    no_args_is_help=True,
    help="Settings of this clone, as the earlier client kept them, and a server's config.json.",
)
top = typer.Typer()


Key = Annotated[str, typer.Argument(metavar="KEY", help="backend_url")]


def _old_config(context: Context, key: str) -> dict[str, Any]:
    if key != "backend_url":
        raise CannotTell(f"There is no setting {key!r}; there is backend_url.")
    return accounts.read_json(context.clone.common_dir / accounts.OLD_CONFIG)


def _set_backend(context: Context, url: str) -> None:
    content = {**_old_config(context, "backend_url"), "backend_url": accounts.server_url(url)}
    accounts.write_private(context.clone.common_dir / accounts.OLD_CONFIG, content)
    context.show({"backend_url": content["backend_url"]}, f"This clone uses {content['backend_url']}.")


@command(app, "set")
def config_set(context: Context, key: Key, value: Annotated[str, typer.Argument(metavar="VALUE")]) -> None:
    """Set the server of this clone (backend_url)."""
    _old_config(context, key)
    _set_backend(context, value)


@command(app, "get")
def config_get(context: Context, key: Key) -> None:
    """Print the server of this clone (backend_url)."""
    value = _old_config(context, key).get(key)
    if value is None:
        raise Failure(f"{key} is not set in this clone.", code="not_set")
    context.show({key: value}, str(value))


@app.command("init")
def config_init(
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir", metavar="DIR", help="The server's data directory. [DATA_DIR]", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write it anew if it is there.")] = False,
) -> None:
    """Write a config.json for a server, with every setting explained."""
    from toolcrib.cli.general import config_file

    output.print_text(f"Wrote {config_file.write(data_dir, force=force)}")


@command(top, hidden=("configure",))
def configure(context: Context) -> None:
    """Set the server of this clone: `configure --backend URL`."""
    if not context.given.url:
        raise CannotTell("Give the server's address: toolcrib configure --backend URL")
    _set_backend(context, context.given.url)
