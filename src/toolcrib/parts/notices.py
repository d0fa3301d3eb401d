"""Mail about parts: to their authors about reviews, and to their holders."""

from __future__ import annotations

from collections.abc import Sequence

from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.messages import noticed
from toolcrib.kernel.notify.hearing import Hearing
from toolcrib.kernel.notify.rules import Mail, Rule, Telling, said, thing

# Verb -> whom it is told, and how.
AUTHOR = {
    "rejected": ("Not approved: {what}", "{who} did not approve it."),
    "blocked": ("Cannot be made: {what}", "{who} says that something is in the way."),
    "rework": ("To be done again: {what}", "{who} sent it back."),
}
HOLDER = {
    "revision_added": ("A newer model: {what}", "{who} brought a newer model of the part that you make."),
    "claim_idle": (
        "Still yours? {what}",
        "Nothing has happened with it for a while. Give it back, or go on.",
    ),
}


async def _tell(hearing: Hearing, together: Sequence[Event]) -> list[Mail]:
    mails: list[Mail] = []
    for event in together:
        is_to_author = event.verb in AUTHOR
        name = said(event, "author" if is_to_author else "holder")
        if not name or name == event.actor:
            continue
        person = await hearing.named(name, event.scope)
        if person is None:
            continue
        title, text = (AUTHOR if is_to_author else HOLDER)[event.verb]
        what, reason = thing(event), said(event, "reason")
        lines = [("Part", what), *([("Reason", reason)] if reason else [])]
        words = {"what": what, "who": event.actor or "The server"}
        mails.append((person.email, noticed(title.format(**words), text.format(**words), lines, hearing.url)))
    return mails


TELLING = Telling(rules=(Rule(frozenset({*AUTHOR, *HOLDER}), _tell),))
