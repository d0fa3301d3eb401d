"""`toolcrib docs`: documents from the command line. Each module registers its commands on `app`."""

from importlib import import_module

import typer

app = typer.Typer(
    no_args_is_help=True, help="Documents: versioned files that are checked out, changed and approved."
)

# In the order of the help.
for _module in ("listing", "transfers", "working", "deciding", "locking", "arranging"):
    import_module(f"{__name__}.{_module}")
