"""`toolcrib run`: a command that has machines for as long as it runs."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.durations import duration_seconds
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.machines.access import Access, Reservation, machines_of, write_known_hosts, write_ssh_config
from toolcrib.cli.machines.child import CANNOT_RUN, Child, Mailbox
from toolcrib.cli.machines.lease import LOST, NO_ANSWER, NOT_FOUND, REFUSED, TIMED_OUT, Lease
from toolcrib.cli.machines.own_key import make_key
from toolcrib.cli.machines.reservations import AtLeast, Count, Length, Purpose, Tags, minutes, wish

top = typer.Typer()

HELP = f"""Run a command on this computer that has machines of the pool for as long as it runs.

Waits in line for the machines, runs the command, and gives them back when it ends, however it ends. The command finds
the machines in its environment: `ssh -F "$TOOLCRIB_SSH_CONFIG" NAME` for each NAME in $TOOLCRIB_MACHINES; and
$TOOLCRIB_SSH_HOST, _PORT, _USER, _KEY and _KNOWN_HOSTS for the first. The key is made for this run.

Ends as the command does; or with {REFUSED}: refused, {LOST}: the machines were lost and the command was ended,
{TIMED_OUT}: --timeout was over, {NO_ANSWER}: no answer from the server, {CANNOT_RUN}: the command cannot be run,
{NOT_FOUND}: there is no such command."""


@command(top, "run", help=HELP)
def run(
    context: Context,
    *,
    words: Annotated[list[str], typer.Argument(metavar="-- COMMAND…", show_default=False)],
    names: Annotated[
        list[str] | None,
        typer.Option("--machine", metavar="NAME", help="This one; may be given several times."),
    ] = None,
    count: Count = None,
    tags: Tags = None,
    length: Length = "1h",
    purpose: Purpose = None,
    at_least: AtLeast = None,
    timeout: Annotated[
        str | None, typer.Option("--timeout", metavar="TIME", help="Wait at most so long.")
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not stand in line.")] = False,
    no_extend: Annotated[
        bool,
        typer.Option("--no-extend", help="End at the time of --for; else it is extended while nobody waits."),
    ] = False,
) -> None:
    program = shutil.which(words[0])
    if program is None:
        if Path(words[0]).name != words[0] and Path(words[0]).exists():
            raise _coded(Failure(f"{words[0]} is no program.", code="cannot_run"), CANNOT_RUN)
        raise _coded(Failure(f"There is no command {words[0]}.", code="command_not_found"), NOT_FOUND)
    limit = duration_seconds(timeout)
    body = wish(context, names, count, tags, length) | {"program": True}
    body |= {"purpose": purpose or words[0].rpartition("/")[2][:200]}
    body |= {"at_least": at_least} if at_least else {}
    if not no_wait:
        body |= {"wait": True} | ({"wait_minutes": minutes(timeout)} if timeout else {})
    try:
        with Mailbox() as mailbox, TemporaryDirectory(prefix="toolcrib-run-") as name:
            folder = Path(name)
            body["public_keys"] = [make_key(folder / "key")]
            lease = Lease(context.account, mailbox, extends_by=None if no_extend else body["minutes"])
            try:
                reservation = lease.take(body, limit)
                child = Child([program, *words[1:]], _environment(reservation, folder), mailbox)
                code = lease.keep_while(child)
            finally:
                lease.give_back()
    except Failure as failure:
        default = NO_ANSWER if isinstance(failure, CannotTell) else REFUSED
        raise _coded(failure, failure.exit_code if failure.exit_code >= REFUSED else default) from failure
    raise typer.Exit(code)


def _coded(failure: Failure, code: int) -> Failure:
    failure.exit_code = code
    return failure


def _environment(reservation: Reservation, folder: Path) -> dict[str, str]:
    """Return the environment of the command; what it names is in `folder`, which only its owner can read."""
    machines = [Access.of(reservation, one) for one in machines_of(reservation) if one["state"] == "ready"]
    known, config, key = folder / "known_hosts", folder / "ssh_config", folder / "key"
    write_known_hosts(known, machines)
    write_ssh_config(config, machines, known, key)
    first = machines[0]
    return {
        **os.environ,
        "TOOLCRIB_RESERVATION": reservation["id"],
        "TOOLCRIB_MACHINES": " ".join(one.name for one in machines),
        "TOOLCRIB_HOSTS": " ".join(f"{one.host}:{one.port}" for one in machines),
        "TOOLCRIB_SSH_HOST": first.host,
        "TOOLCRIB_SSH_PORT": str(first.port),
        "TOOLCRIB_SSH_USER": first.login,
        "TOOLCRIB_SSH_KEY": str(key),
        "TOOLCRIB_SSH_KNOWN_HOSTS": str(known),
        "TOOLCRIB_SSH_CONFIG": str(config),
    }
