"""Names of accounts on hosts (machine-pool contract, section 6)."""

from __future__ import annotations

import re

from toolcrib.kernel.problems import InvalidRequest
from toolcrib.machines.hosts import names


class BadLogin(InvalidRequest):
    code = "bad_login"


def may_be_login(name: str) -> bool:
    """Whether an account on a host may have this name."""
    try:
        names.check_login(name)
    except names.InvalidValue:
        return False
    return True


def check_login(login: str) -> str:
    """Return `login` if an account on a host may have this name.

    Raises:
        BadLogin: (400).
    """
    try:
        names.check_login(login)
    except names.InvalidValue as error:
        raise BadLogin(f"{error} Give another username for the machines.") from None
    return login


def login_for(username: str) -> str:
    """Return the login of somebody who chose none: the name itself where it may be one, else one made of it."""
    name = re.sub(r"[^a-z0-9_-]", "-", username.lower())[:32]
    return name if may_be_login(name) else f"u-{name}"[:32]
