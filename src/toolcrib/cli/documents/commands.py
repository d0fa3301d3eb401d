"""`toolcrib docs`: documents from the command line."""

import typer

from toolcrib.cli.documents import approval, checkout, get, listing, locks, manage, put

app = typer.Typer(
    no_args_is_help=True, help="Documents: versioned files that are checked out, changed and approved."
)

# In the order of the help.
for module in (listing, get, put, checkout, approval, locks, manage):
    app.add_typer(module.app)
