"""Who asked for something, as an audit shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requester:
    """A signed-in person, the address they asked from and the program they used."""

    username: str
    uuid: str
    ip_address: str | None = None
    user_agent: str | None = None
