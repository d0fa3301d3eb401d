"""`toolcrib parts`: mechanical parts, from review to the finished part."""

import typer

from toolcrib.cli.parts import files, listing, making, reviewing

app = typer.Typer(no_args_is_help=True, help="Parts: add, review and make them.")

# In the order of the help.
for module in (listing, reviewing, making, files):
    app.add_typer(module.app)
