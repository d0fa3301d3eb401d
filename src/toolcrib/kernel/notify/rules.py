"""The rules: which event is told to whom, and in which words. `docs/notifications.md` has them as a table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.messages import Message

if TYPE_CHECKING:
    from toolcrib.kernel.notify.hearing import Hearing

# An address, and what is mailed to it.
Mail = tuple[str, Message]


@dataclass(frozen=True)
class Rule:
    """What is mailed about events with one of `verbs`, which happened together: by one person, to things in one scope,
    at one moment."""

    verbs: frozenset[str]
    mails: Callable[[Hearing, Sequence[Event]], Awaitable[list[Mail]]]


@dataclass(frozen=True)
class Telling:
    """What a kind adds. `rules` are for events of its own. `taken` writes the mail to people who watch a thing that was
    taken: the first events, and how many there are. With `everybody` it goes to all who may see the thing, where the
    configuration says so (`alerts.everyone`). `normalise` turns a watched path into the form in which events name
    things, and refuses what is no path."""

    rules: tuple[Rule, ...] = ()
    taken: Callable[[Sequence[Event]], Message] | None = None
    everybody: bool = False
    normalise: Callable[[str], str] | None = None


def thing(event: Event) -> str:
    """Return what people call the thing that an event is about."""
    label = event.data.get("label")
    return label if isinstance(label, str) and label else event.key


def said(event: Event, name: str) -> str:
    """Return a text of an event's data, empty if there is none."""
    found = event.data.get(name)
    return found if isinstance(found, str) else ""
