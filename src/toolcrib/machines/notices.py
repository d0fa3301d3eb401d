"""Mail about reservations: to whoever has them, about what they did not do themselves.

That a turn in the queue came, and that a hold was ended by somebody else, is told of the claims of every kind.
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
    "ending_soon": ("Your machines: the end is near", "Your reservation ends soon."),
    "reservation_begun": ("Your booking has begun", "The machines that you booked are yours now."),
    "reservation_late": (
        "Your booking cannot begin",
        "Machines that you booked cannot be used, and no others are free. It is tried again for a while.",
    ),
    "confirmation_due": (
        "Confirm your booking",
        "Your booking has begun. Confirm that you use it, or it ends and others get the machines.",
    ),
    "reservation_shared": (
        "Machines are shared with you",
        "A colleague lets you sign in on the machines of a reservation.",
    ),
    "reservation_failed": ("Your machines could not be prepared", "Your reservation has failed."),
    "reservation_cancelled": ("Your booking is cancelled", "Your booking was cancelled."),
    "reservation_blocked": (
        "Your place in line waits for machines to come back",
        "You keep your place in line for machines, but the pool as it is cannot serve you. Others go first for now.",
    ),
    "reservation_unblocked": (
        "Your place in line can be served again",
        "The pool has what you wait for again. You have kept your place in line.",
    ),
    "reservation_left_queue": ("You no longer wait for machines", "Your place in the queue has ended."),
}
# What an event says, and what that is called in a mail.
FACTS = {
    "shared_by": "By",
    "starts_at": "From",
    "ends_at": "Until",
    "confirm_by": "Confirm by",
    "until": "Tried until",
    "reason": "Reason",
}
REASONS = {
    "account_ended": "Your account has ended.",
    "time_over": "The time that you wanted to wait is over.",
    "lapsed": "Your program did not renew its place.",
}


def _shown(event: Event, name: str) -> str:
    text = said(event, name)
    if name in ("reason", "shared_by"):
        return REASONS.get(text, text)
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return ""


async def _told(verb: str, hearing: Hearing, together: Sequence[Event]) -> list[Mail]:
    subject, sentence = TEXTS[verb]
    mails: list[Mail] = []
    for event in together:
        uuid = event.scope.removeprefix("user:")
        if event.scope == uuid or (event.actor is not None and await hearing.uuid_of(event.actor) == uuid):
            continue  # they did it themselves
        who = await hearing.by_uuid(uuid, event.scope)
        if who is None:
            continue
        names = event.data.get("machines")
        facts = [("Machines", ", ".join(map(str, names)))] if isinstance(names, list) else []
        facts += [(title, text) for name, title in FACTS.items() if (text := _shown(event, name))]
        facts.append(("Reservation", event.key))
        mails.append((who.email, noticed(subject, sentence, facts, hearing.url)))
    return mails


TELLING = Telling(rules=tuple(Rule(frozenset({verb}), partial(_told, verb)) for verb in TEXTS))
