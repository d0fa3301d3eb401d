"""`toolcrib machines`: a pool of machines from the command line; and the commands beside it, such as `toolcrib run`."""

import typer

from toolcrib.cli.machines import bookings, pool, reservations, run, sharing, ssh
from toolcrib.cli.machines.sample_pool import commands as sample_pool

app = typer.Typer(no_args_is_help=True, help="Machines: reserve them from a pool, and administer the pool.")
top = typer.Typer()

# In the order of the help.
for module in (reservations, ssh, bookings, sharing, pool):
    app.add_typer(module.app)
app.add_typer(sample_pool.app, name="sample-pool")
for beside in (ssh, run, reservations):
    top.add_typer(beside.top)
