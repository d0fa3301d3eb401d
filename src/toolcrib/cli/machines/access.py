"""Where and how one signs in on a reserved machine. What the server says is checked before a program reads it."""

import os
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolcrib.cli.core.context import Context
from toolcrib.cli.core.failures import CannotTell, Failure

Reservation = dict[str, Any]

# None of these begins with a dash, or has a blank, a quote or another character that ssh or a shell reads as more.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9._:-]*")
_LOGIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_HOST_KEY = re.compile(r"[a-z][a-z0-9@.-]* [A-Za-z0-9+/]+={0,3}", re.ASCII)
CURRENT = ("preparing", "ready")
OPEN = ("waiting", "booked", *CURRENT)


@dataclass(frozen=True)
class Access:
    """A machine that one may sign in to now."""

    name: str
    host: str
    port: int
    login: str
    host_key: str
    jump: "Access | None" = None
    """By way of this machine. Its `login` is empty where ssh is to choose it."""

    @classmethod
    def of(cls, reservation: Reservation, machine: dict[str, Any]) -> "Access":
        """Read it from a reservation and one of its machines.

        Raises:
            CannotTell: a value is not what it should be.
        """
        name, port = str(machine["machine"]), machine["port"]
        checks = (
            ("name", _NAME, name),
            ("address", _HOST, machine["host"]),
            ("login name", _LOGIN, reservation["login"] or "_"),
            ("host key", _HOST_KEY, machine["host_key"]),
        )
        for what, pattern, value in checks:
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise CannotTell(f"The {what} that the server tells for {name} cannot be used: {value!r}.")
        if not isinstance(port, int) or not 0 < port < 65536:
            raise CannotTell(f"The port that the server tells for {name} cannot be used: {port!r}.")
        way = machine.get("jump")
        jump = cls.of({"login": _jump_login(reservation, way["machine"])}, way) if way else None
        return cls(name, machine["host"], port, reservation["login"], machine["host_key"], jump)

    def options(
        self, known_hosts: Path, keys: Iterable[Path], certificate: Path | None = None
    ) -> list[tuple[str, str]]:
        """Return the settings of ssh to sign in here, and to accept no other host."""
        found = [
            *([("User", self.login)] if self.login else []),
            ("Port", str(self.port)),
            ("HostKeyAlias", self.name),
            ("UserKnownHostsFile", _quoted(known_hosts)),
            ("GlobalKnownHostsFile", "none"),
            ("StrictHostKeyChecking", "yes"),
            ("UpdateHostKeys", "no"),
            ("CheckHostIP", "no"),
        ]
        identities = [("IdentityFile", _quoted(key)) for key in keys]
        if certificate is not None:
            identities.append(("CertificateFile", _quoted(certificate)))
        if self.jump is not None:
            found.append(("ProxyCommand", self.jump.way(known_hosts, keys)))
        return [*found, *([("IdentitiesOnly", "yes"), *identities] if identities else [])]

    def way(self, known_hosts: Path, keys: Iterable[Path]) -> str:
        """Return the command that leads by way of this machine to another. Besides these keys it may use those that
        ssh uses anyhow: the account here may be one of the person's own."""
        words = ["ssh"]
        for name, value in self.options(known_hosts, []):
            words += ["-o", f"{name}={value}"]
        for key in keys:
            words += ["-o", f"IdentityFile={_quoted(key)}"]
        return shlex.join([*words, "-W", "[%h]:%p", "--", self.host])


def _jump_login(reservation: Reservation, name: str) -> str:
    """Return who signs in on a jump host: TOOLCRIB_JUMP_USER, else the login of the reservation if that holds it too,
    else nobody in particular."""
    if chosen := os.environ.get("TOOLCRIB_JUMP_USER"):
        return chosen
    held = any(one["machine"] == name and one["state"] == "ready" for one in reservation.get("machines", ()))
    return str(reservation["login"]) if held else ""


def _quoted(file: Path) -> str:
    """Return a path as ssh reads it: with a per cent sign twice, and quoted."""
    return '"' + str(file).replace("%", "%%") + '"'


def write_known_hosts(file: Path, machines: Iterable[Access]) -> None:
    known = [each for one in machines for each in (one, one.jump) if each is not None]
    file.write_text("".join(f"{one.name} {one.host_key}\n" for one in known), encoding="ascii")


def write_ssh_config(file: Path, machines: Iterable[Access], known_hosts: Path, key: Path) -> None:
    """Write a configuration with which `ssh -F FILE NAME` signs in on each of these machines."""
    lines = []
    for one in machines:
        lines += [f"Host {one.name}", f"    HostName {one.host}"]
        lines += [f"    {name} {value}" for name, value in one.options(known_hosts, [key])]
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")


def machines_of(reservation: Reservation) -> list[dict[str, Any]]:
    """Return the machines that a reservation holds now."""
    return [one for one in reservation["machines"] if one["state"] in CURRENT]


def names_of(reservation: Reservation) -> str:
    return " ".join(str(one["machine"]) for one in machines_of(reservation))


def own(context: Context, *states: str, mine: bool = True, shared: bool = False) -> list[Reservation]:
    """Return reservations in these states, the newest first: the caller's own, with `shared` also those that others
    share with them, or everybody's."""
    path = "/pool/reservations?" + "&".join(f"state={state}" for state in states)
    path += f"&mine={str(mine).lower()}&shared={str(shared).lower()}&limit=500"
    found: list[Reservation] = []
    while True:
        page = context.api.get(f"{path}&offset={len(found)}")["reservations"]
        found += page
        if len(page) < 500:
            return found


def find(context: Context, name: str, *, shared: bool = False) -> Reservation:
    """Return the caller's reservation with this id, or that holds the machine of this name, or else has booked it; with
    `shared` also one that somebody shares with them.

    Raises:
        Failure: there is none, or there are several bookings of it.
    """
    all_ = own(context, *OPEN, shared=shared)
    for one in all_:
        if name == one["id"] or any(name == machine["machine"] for machine in machines_of(one)):
            return one
    booked = [one for one in all_ if name in one["booked_machines"]]
    if len(booked) == 1:
        return booked[0]
    if booked:
        raise Failure(f"You have booked {name} more than once. Give the id of one.", code="not_held")
    raise Failure(f"You have not reserved {name}.", code="not_held")
