"""`toolcrib machines sample-pool`: hosts on this machine to try the pool with, made and removed again."""

import os
import secrets
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell, Failure, Unreachable
from toolcrib.cli.machines.sample_pool import state
from toolcrib.cli.machines.sample_pool.base_root import CannotMakeHosts
from toolcrib.cli.machines.sample_pool.state import Made, PoolHost

app = typer.Typer(no_args_is_help=True, help="Local SSH hosts to try a pool with.")

FIRST_LINE = "# Written by `toolcrib machines sample-pool up`; `down` removes it.\n"
GONE = "The sample pool is taken down."


@command(app, "up")
def up(
    context: Context,
    *,
    count: Annotated[int, typer.Option("--count", min=1, max=200, help="How many hosts.")] = 10,
    how: Annotated[
        str | None, typer.Option("--with", metavar="namespaces|docker", help="How they are made.")
    ] = None,
    prefix: Annotated[str, typer.Option("--prefix", help="Their names are PREFIX-1, PREFIX-2, …")] = "sample",
    first_port: Annotated[int, typer.Option("--first-port", min=1024, max=65535)] = 22221,
    file: Annotated[
        Path, typer.Option("--file", metavar="FILE", help="Where the inventory is written.")
    ] = Path("machines.yml"),
    no_register: Annotated[
        bool, typer.Option("--no-register", help="Only make the hosts and write the inventory.")
    ] = False,
) -> None:
    """Make local SSH hosts, write their inventory, and register them (admins only).

    As root on Linux each is a Debian of its own in namespaces, from a root that mmdebstrap makes once; else a
    container, if Docker answers. They listen at 127.0.0.1 alone, and root's password is random.
    """
    with state.locked():
        if state.read() is not None:
            raise Failure(
                "There is a sample pool already. Remove it: toolcrib machines sample-pool down",
                code="sample_pool_exists",
            )
        how = _way(how)
        if file.exists():
            raise CannotTell(f"{file} is there already. Name another: --file")
        hosts = [PoolHost(f"{prefix}-{number}", 0) for number in range(1, count + 1)]
        if not no_register:
            _require_free_names(context, hosts)
        for host, port in zip(hosts, _free_ports(first_port, count), strict=True):
            host.port = port
        made = Made(how, hosts, str(file.absolute()), None if no_register else context.api.url)
        password = secrets.token_urlsafe(18)
        state.write(made)
        try:
            _start(made, password)
            entries = [_entry(host, password) for host in hosts]
            _write_inventory(file, entries)
            if not no_register:
                _register(context, made, entries)
        except BaseException:
            # Also when it is interrupted. Killed, it leaves all this to `down`.
            _take_down(context, made)
            raise
    names = [host.name for host in hosts]
    where = "" if no_register else ", and registered them"
    context.show(
        {"machines": names, "inventory": str(file), "made_with": how},
        f"Made {names[0]} … {names[-1]} with {how}{where}. Their inventory is {file}",
    )


@command(app, "down")
def down(context: Context) -> None:
    """Remove the hosts, their machines on the server (whoever has one loses it), and the inventory. Works after an
    `up` that was cut off, too."""
    with state.locked():
        made = state.read()
        if made is None:
            context.show({"removed": []}, "There is no sample pool.")
            return
        problems = _take_down(context, made)
    if problems:
        raise Failure(
            f"Not all of the sample pool is gone; try `down` again. {' '.join(problems)}",
            code="sample_pool_left",
        )
    names = [host.name for host in made.hosts]
    context.show({"removed": names}, f"Removed {names[0]} … {names[-1]}")


def _way(wanted: str | None) -> str:
    """Return how hosts can be made here.

    Raises:
        CannotTell: in no way, or not in the wanted one; it says what is missing.
    """
    # Imported here: they need what only such a machine has.
    from toolcrib.cli.machines.sample_pool.base_root import require_base_root
    from toolcrib.cli.machines.sample_pool.docker import require_docker
    from toolcrib.cli.machines.sample_pool.namespaces import require_namespaces

    def require_local() -> None:
        require_namespaces()
        require_base_root()

    ways = {"namespaces": require_local, "docker": require_docker}
    if wanted is not None and wanted not in ways:
        raise CannotTell("--with is namespaces or docker.")
    missing = []
    for name, require in ways.items():
        if wanted in (None, name):
            try:
                require()
            except CannotMakeHosts as cannot:
                missing.append(f"With {name}: {cannot}")
            else:
                return name
    raise CannotTell("No hosts can be made here. " + " ".join(missing), code="cannot_make_hosts")


def _require_free_names(context: Context, hosts: list[PoolHost]) -> None:
    """Raise Failure unless the caller may register machines, and nobody has registered such."""
    if "admin" not in context.api.get("/whoami")["roles"]:
        raise Failure("Only administrators register machines. Try --no-register.", code="admin_required")
    known = {machine["name"] for machine in context.api.get("/machines")}
    taken = [host.name for host in hosts if host.name in known]
    if taken:
        raise Failure(f"There are machines {', '.join(taken)} already. Try --prefix.", code="machine_exists")


def _free_ports(first: int, count: int) -> list[int]:
    found: list[int] = []
    for port in range(first, 65536):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise CannotTell(f"There are no {count} free ports from {first} on.")


def _start(made: Made, password: str) -> None:
    wanted = [(host.name, host.port) for host in made.hosts]
    try:
        if made.how == "docker":
            from toolcrib.cli.machines.sample_pool.docker import start_containers

            start_containers(wanted, password=password)
            return
        from toolcrib.cli.machines.sample_pool.namespaces import start_hosts

        (state.folder() / "hosts").mkdir(exist_ok=True, mode=0o700)
        start_hosts(wanted, state.folder() / "hosts", password=password)
    except CannotMakeHosts as cannot:
        raise CannotTell(str(cannot), code="cannot_make_hosts") from cannot


def _entry(host: PoolHost, password: str) -> dict[str, Any]:
    return {"name": host.name, "host": "127.0.0.1", "port": host.port, "user": "root", "password": password}


def _write_inventory(file: Path, entries: list[dict[str, Any]]) -> None:
    import yaml

    text = FIRST_LINE + yaml.safe_dump({"machines": entries}, sort_keys=False)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def _register(context: Context, made: Made, entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        # Before it is asked: the answer may get lost.
        made.registered.append(entry["name"])
        state.write(made)
        context.api.post("/machines", {**entry, "tags": ["sample"]})


def _take_down(context: Context, made: Made) -> list[str]:
    """Remove all that was made. Returns what could not be removed, which is kept in the state."""
    problems = _unregister(context, made)
    try:
        if made.how == "docker":
            from toolcrib.cli.machines.sample_pool.docker import remove_containers

            remove_containers([host.name for host in made.hosts])
        else:
            from toolcrib.cli.machines.sample_pool.base_root import remove_half_made
            from toolcrib.cli.machines.sample_pool.namespaces import stop_all

            stop_all(state.folder() / "hosts")
            remove_half_made()
    except CannotMakeHosts as cannot:
        problems.append(str(cannot))
    _forget_host_keys(made)
    inventory = Path(made.inventory)
    with suppress(FileNotFoundError):
        with inventory.open(encoding="utf-8", errors="replace") as text:
            is_ours = text.readline() == FIRST_LINE
        if is_ours:
            inventory.unlink()
    if problems:
        state.write(made)
    else:
        state.forget()
    return problems


def _unregister(context: Context, made: Made) -> list[str]:
    """Remove the machines from the server, also those that somebody has: their hosts go now."""
    if made.registered and made.server != context.api.url:
        return [f"The machines are registered at {made.server}: give --url {made.server}."]
    # A jump host is removed once those that are reached through it are: at the second time.
    return _unregister_what_can_be(context, made) and _unregister_what_can_be(context, made)


def _unregister_what_can_be(context: Context, made: Made) -> list[str]:
    problems: list[str] = []
    for name in list(made.registered):
        try:
            _remove_machine(context, name)
        except Unreachable as away:
            return [*problems, str(away)]
        except Failure as refused:
            if refused.code != "not_found":  # else somebody else has removed it
                problems.append(f"{name}: {refused}")
                continue
        made.registered.remove(name)
    return problems


def _remove_machine(context: Context, name: str) -> None:
    address = f"/pool/machines/{quote(name, safe='')}"
    context.api.post(f"{address}/quarantine", {"on": True, "reason": GONE})
    fence = context.api.get(address)["fence"]
    if fence is not None:
        try:
            context.api.post(f"/claims/{fence}/force-release", {"reason": GONE})
        except Unreachable:
            raise
        except Failure:  # it is the caller's own, or has ended meanwhile
            with suppress(Failure):
                context.api.post(f"/claims/{fence}/release")
    context.api.delete(f"/machines/{quote(name, safe='')}")


def _forget_host_keys(made: Made) -> None:
    """Remove what ssh remembers of the hosts' keys: the next ones at these ports have others."""
    known = Path.home() / ".ssh" / "known_hosts"
    program = shutil.which("ssh-keygen")
    if program is None or not known.is_file():
        return
    for host in made.hosts:
        address = f"[127.0.0.1]:{host.port}"
        found = subprocess.run([program, "-F", address, "-f", str(known)], capture_output=True, check=False)
        if found.returncode == 0:
            subprocess.run([program, "-R", address, "-f", str(known)], capture_output=True, check=False)
            output.warn(f"Removed the host key of {address} from {known}")
