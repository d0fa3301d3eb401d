"""What a test knows of the database it runs on, whichever of the three that is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from tests.servers.template import State

KINDS = ("sqlite", "postgresql", "mariadb")

Result = TypeVar("Result")


@dataclass(frozen=True)
class Database:
    """A database of one test's own: `kind` is one of KINDS, `url` is what DATABASE_URL takes."""

    kind: str
    url: str


class Databases(Protocol):
    """A source of databases, one per test."""

    def fresh(self, state: State = "started") -> Database: ...

    def drop(self, database: Database) -> None: ...


def now(call: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run a coroutine to its end from a fixture, whether or not the test's own event loop is running."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(lambda: asyncio.run(call())).result()


class Spares:
    """Databases that their tests are done with, by the state they began in. To empty one costs a tenth of what it
    costs to make one."""

    def __init__(self) -> None:
        self._states: dict[str, State] = {}
        self._idle: dict[State, list[str]] = {}

    def made(self, name: str, state: State) -> None:
        """A new database, and what it began as."""
        self._states[name] = state

    def take(self, state: State) -> str | None:
        """The name of one to be emptied, if there is one."""
        idle = self._idle.get(state)
        return idle.pop() if idle else None

    def give(self, name: str) -> bool:
        """Keep this one for another test. A bare one is not kept: its test made the tables."""
        state = self._states.get(name)
        if state is None or state == "bare":
            return False
        self._idle.setdefault(state, []).append(name)
        return True
