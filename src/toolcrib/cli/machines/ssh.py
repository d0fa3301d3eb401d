"""`toolcrib machines ssh` and `toolcrib ssh`: a session on a machine."""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.waiting import Ended, ending_by_exception
from toolcrib.cli.machines.access import Access, Reservation, find, machines_of, write_known_hosts
from toolcrib.cli.machines.completion import complete_own
from toolcrib.cli.machines.own_key import own_key_file, own_public_key

app = typer.Typer()
top = typer.Typer()

# The keys that ssh itself would try.
USUAL_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk")
END_SECONDS = 5


@command(app, "ssh")
@command(top, "ssh")
def ssh(
    context: Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A machine that you hold, or that is shared with you.",
            show_default=False,
            autocompletion=complete_own,
        ),
    ],
    remote: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND…]", help="Run this there instead of a shell.", show_default=False
        ),
    ] = None,
    identity: Annotated[
        Path | None, typer.Option("--identity", "-i", metavar="FILE", help="The private key to use.")
    ] = None,
) -> None:
    """Open an SSH session on a machine that you hold or that is shared with you, as the right user and with the right
    key.

    Only the host key that the pool knows is accepted. Ends as ssh does; ssh itself fails with 255.
    """
    program = shutil.which("ssh")
    if program is None:
        raise CannotTell("ssh is not installed.")
    reservation = find(context, name, shared=True)
    machine = next((one for one in machines_of(reservation) if one["machine"] == name), None)
    if reservation["state"] == "booked":
        raise Failure("Your booking has not begun.", code="booked")
    if machine is None:
        raise CannotTell("Name the machine, not the reservation.")
    if machine["state"] != "ready":
        raise Failure(f"Your account on {name} is still being made. Try again in a moment.", code="preparing")
    # Signing in is using it.
    if reservation.get("confirm_by") is not None and reservation["holder"] == context.username:
        context.api.post(f"/reservations/{reservation['id']}/confirm")
    access = Access.of(reservation, machine)
    with TemporaryDirectory(prefix="toolcrib-ssh-") as folder:
        known = Path(folder) / "known_hosts"
        write_known_hosts(known, [access])
        certificate = None
        if reservation.get("certificate") and identity is None:
            certificate = _certificate(context, reservation, Path(folder) / "certificate.pub")
        options = access.options(known, _keys(identity), certificate)
        arguments = [word for key, value in options for word in ("-o", f"{key}={value}")]
        code = _session([program, *arguments, "--", access.host, *(remote or ())])
    raise typer.Exit(code)


def _certificate(context: Context, reservation: Reservation, file: Path) -> Path:
    """Have the caller's own key signed, and return where the certificate is."""
    path = f"/reservations/{reservation['id']}/certificate"
    text = str(context.api.get(path, public_key=own_public_key())["certificate"])
    file.write_text(f"{text}\n", encoding="utf-8")
    return file


def _keys(given: Path | None) -> list[Path]:
    if given is not None:
        if not given.is_file():
            raise CannotTell(f"There is no key {given}.")
        return [given.absolute()]
    usual = [Path.home() / ".ssh" / name for name in USUAL_KEYS]
    return [key for key in (own_key_file(), *usual) if key.is_file()]


def _session(command_line: list[str]) -> int:
    """Run ssh to its end and return its exit code. A signal that ends us ends it."""
    with ending_by_exception() as ignore_signals:
        process = subprocess.Popen(command_line)
        while True:
            try:
                return process.wait()
            except Ended as ended:
                # Ctrl-C in a session is for the program there; ssh at a terminal gets it itself.
                if ended.code == 130 and process.poll() is None and sys.stdin.isatty():
                    continue
                ignore_signals()
                process.terminate()
                try:
                    process.wait(END_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                raise
