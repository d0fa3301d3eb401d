"""What crosses the wire on the contract's routes, in its words. Its times are UTC without an offset."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import StrictInt

from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.schema import Schema
from toolcrib.machines.hosts import names
from toolcrib.machines.hosts.driver import HomePolicy
from toolcrib.machines.models import CURRENT

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_MANAGER = re.compile(r"[A-Za-z_][A-Za-z0-9_.@\\-]{0,63}")
SECRET_LENGTH = 1_000
KEY_LENGTH = 20_000
# In the order in which the contract names those that are missing.
FIELDS = ("name", "host", "port", "user", "password")


def plain_time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S")


class NewMachine(Schema):
    """The five fields of the contract, and ours: a key in place of the password, and how to reach the machine."""

    name: Text | None = None
    host: Text | None = None
    port: StrictInt | Text | None = None
    user: Text | None = None
    password: Text | None = None
    private_key: Text | None = None
    sudo: bool = False
    jump: Text | None = None
    reset: Text | None = None
    homes: HomePolicy | None = None
    scope: Text = ""
    tags: list[Text] = []
    enabled: bool = True

    def check(self) -> dict[str, Any]:
        """Return the values as they are kept, the secrets in clear.

        Raises:
            InvalidRequest: (400).
        """
        found: dict[str, Any] = {
            "name": (self.name or "").strip(),
            "host": (self.host or "").strip(),
            "port": self.port.strip() if isinstance(self.port, str) else self.port,
            "user": (self.user or "").strip(),
            "password": self.password or None,
        }
        needed = [each for each in FIELDS if each != "password" or not self.private_key]
        missing = [each for each in needed if not found[each]]
        if missing:
            raise InvalidRequest(f"Missing fields: {', '.join(missing)}")
        return {
            "name": checked_name(found["name"]),
            "host": checked_host(found["host"]),
            "port": checked_port(found["port"]),
            "user": checked_manager(found["user"]),
            "password": checked_password(found["password"]),
            "private_key": checked_private_key(self.private_key or None),
        }


def checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise InvalidRequest(
            "A machine's name has letters, digits, `.`, `_` and `-`, and begins with a letter or digit."
        )
    return name


def checked_host(host: str) -> str:
    try:
        names.check_address(host)
    except names.InvalidValue:
        raise InvalidRequest("host is a DNS name or an IP address.") from None
    return host


def checked_port(port: Any) -> int:
    text = str(port)
    if isinstance(port, bool) or not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise InvalidRequest("port is a number from 1 to 65535.")
    return int(text)


def checked_manager(user: str) -> str:
    if not _MANAGER.fullmatch(user):
        raise InvalidRequest("user is the login name of the account that manages the machine.")
    return user


def checked_password(password: str | None) -> str | None:
    return _checked_secret(password, SECRET_LENGTH, names.check_password)


def checked_private_key(key: str | None) -> str | None:
    return _checked_secret(key, KEY_LENGTH, names.read_private_key)


def _checked_secret(secret: str | None, longest: int, check: Callable[[str], object]) -> str | None:
    if secret is None:
        return None
    if len(secret) > longest:
        raise InvalidRequest(f"A password or key may have {longest} characters.")
    try:
        check(secret)
    except names.InvalidValue as wrong:
        raise InvalidRequest(str(wrong)) from None
    return secret


def held_now(hold: Any) -> Any:
    """Return an open hold if somebody holds the machine by it; None if it is only what is left of the last one."""
    return hold if hold is not None and hold.state in CURRENT else None


class MachineShown(Schema):
    """A machine as the contract's clients see it."""

    name: str
    host: str
    port: int
    user: str
    reserved: bool
    reserved_by: str | None
    reserved_until: str | None

    @classmethod
    def of(cls, machine: Any, hold: Any) -> MachineShown:
        held = held_now(hold)
        return cls(
            name=machine.name,
            host=machine.host,
            port=machine.port,
            user=machine.user,
            reserved=held is not None,
            reserved_by=held.login if held is not None else None,
            reserved_until=plain_time(held.ends_at) if held is not None else None,
        )


class Deleted(Schema):
    message: str = "deleted"


class Available(Schema):
    available: list[str]
    reserved: list[str]


class ReservedMachine(Schema):
    machine: str
    host: str
    port: int


class Reserved(Schema):
    username: str
    reservation_password: str
    duration_minutes: int
    reserved_until: str
    machines: list[ReservedMachine]


class ReservationShown(Schema):
    """One machine of a reservation, as the contract lists it."""

    reservation_id: int
    username: str
    machine: str
    host: str
    port: int
    reserved_until: str | None
    seconds_remaining: int | None

    @classmethod
    def of(cls, hold: Any, machine: Any, now: datetime) -> ReservationShown:
        left = None if hold.ends_at is None else max(0, int((hold.ends_at - now).total_seconds()))
        return cls(
            reservation_id=hold.id,
            username=hold.login,
            machine=hold.machine,
            host=machine.host,
            port=machine.port,
            reserved_until=plain_time(hold.ends_at),
            seconds_remaining=left,
        )


class ReservationsShown(Schema):
    reservations: list[ReservationShown]


class ReserveRequest(Schema):
    """`POST /reserve`: the fields of the query as JSON."""

    username: Text | None = None
    reservation_password: Text | None = None
    password: Text | None = None
    count: int = 1
    duration: int = 60


class AllReleased(Schema):
    message: str
