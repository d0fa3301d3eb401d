"""Mail about desktops: to whoever has them, about what they did not do themselves.

That a turn in the queue came, and that a running desktop was ended by somebody else, is told of the claims of every
kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.messages import noticed
from toolcrib.kernel.notify.hearing import Hearing
from toolcrib.kernel.notify.rules import Mail, Rule, Telling, said

# By verb: the subject, and the sentence.
TEXTS = {
    "warned": ("Your desktop: the end is near", "Your desktop ends soon. Save your work, or extend it."),
    "died": ("Your desktop has ended", "Your desktop has ended by itself."),
    "failed": ("Your desktop could not be run", "Your desktop has failed."),
}
# What an event says, and what that is called in a mail.
FACTS = {"ends_at": "Until", "text": "Reason", "reason": "Reason", "keep_until": "Kept until"}


def _shown(event: Event, name: str) -> str:
    text = said(event, name)
    if not name.endswith(("_at", "_until")):
        return text
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return ""


async def _told(verb: str, hearing: Hearing, together: Sequence[Event]) -> list[Mail]:
    subject, sentence = TEXTS[verb]
    mails: list[Mail] = []
    for event in together:
        uuid = event.scope.removeprefix("user:")
        if event.scope == uuid:
            continue
        who = await hearing.by_uuid(uuid, event.scope)
        if who is None:
            continue
        names = [name for name in FACTS if not (name == "reason" and "text" in event.data)]
        facts = [("Desktop", event.key)]
        facts += [(FACTS[name], text) for name in names if (text := _shown(event, name))]
        mails.append((who.email, noticed(subject, sentence, facts, hearing.url)))
    return mails


TELLING = Telling(rules=tuple(Rule(frozenset({verb}), partial(_told, verb)) for verb in TEXTS))
