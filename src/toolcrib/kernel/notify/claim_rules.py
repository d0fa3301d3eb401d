"""The rules about claims of every kind: who was given one, was offered one, or lost one by another's hand; and who
watches what was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.messages import Message, noticed
from toolcrib.kernel.notify.hearing import Hearing
from toolcrib.kernel.notify.rules import Mail, Rule, Telling, said, thing

# How many things are listed in one mail.
SHOWN = 20


async def _to(hearing: Hearing, event: Event, username: str, message: Message) -> list[Mail]:
    """Tell one person, unless they did it themselves."""
    if not username or username == event.actor:
        return []
    who = await hearing.named(username, event.scope)
    return [(who.email, message)] if who is not None else []


async def _granted(hearing: Hearing, together: Sequence[Event]) -> list[Mail]:
    mails = []
    for event in together:
        if not event.data.get("granted"):
            continue
        what, until = thing(event), said(event, "expires_at")
        message = noticed(
            f"It is your turn: {what}",
            "You were next in line, and hold it now.",
            [("What", what), *([("Until", until)] if until else [])],
            hearing.url,
        )
        who = await hearing.named(said(event, "holder"), event.scope)
        mails += [(who.email, message)] if who is not None else []
    return mails


async def _offered(hearing: Hearing, together: Sequence[Event]) -> list[Mail]:
    mails = []
    for event in together:
        what = thing(event)
        text = "It is free now: take it before somebody else does."
        message = noticed(f"Free now: {what}", text, [("What", what)], hearing.url)
        mails += await _to(hearing, event, said(event, "holder"), message)
    return mails


async def _transferred(hearing: Hearing, together: Sequence[Event]) -> list[Mail]:
    mails = []
    for event in together:
        what, giver, taker = thing(event), said(event, "from"), said(event, "to")
        who = event.actor or "The server"
        received = noticed(
            f"Handed over to you: {what}",
            f"{who} handed it over to you, and you hold it now.",
            [("What", what)],
            hearing.url,
        )
        lost = noticed(
            f"Handed over: {what}",
            f"{who} handed over what you held.",
            [("What", what), ("To", taker)],
            hearing.url,
        )
        mails += await _to(hearing, event, taker, received)
        mails += await _to(hearing, event, giver, lost)
    return mails


async def _forced(hearing: Hearing, together: Sequence[Event]) -> list[Mail]:
    mails = []
    for event in together:
        what, reason = thing(event), said(event, "reason")
        message = noticed(
            f"Your hold was ended: {what}",
            f"{event.actor or 'The server'} ended it.",
            [("What", what), *([("Reason", reason)] if reason else [])],
            hearing.url,
        )
        mails += await _to(hearing, event, said(event, "holder"), message)
    return mails


async def _taken(tellings: Mapping[str, Telling], hearing: Hearing, together: Sequence[Event]) -> list[Mail]:
    first = together[0]
    telling = tellings.get(first.kind, Telling())
    write = telling.taken or partial(_taken_message, url=hearing.url)
    holder = await hearing.uuid_of(said(first, "holder") or first.actor)
    if telling.everybody and hearing.everyone:
        message = write(together)
        heard = await hearing.audience(first.scope)
        return [(who.email, message) for who in heard if who.me.uuid != holder]
    watchers = await hearing.watchers(together)
    return [(who.email, write(events)) for who, events in watchers if who.me.uuid != holder]


def _taken_message(together: Sequence[Event], *, url: str) -> Message:
    first = together[0]
    holder = said(first, "holder") or first.actor or ""
    what = thing(first) if len(together) == 1 else f"{len(together)} things"
    shown = [("What", thing(event)) for event in together[:SHOWN]]
    more = [("And", f"{len(together) - SHOWN} more")] if len(together) > SHOWN else []
    comment = said(first, "comment")
    why = [("Comment", comment)] if comment else []
    text = f"{holder} holds what you watch."
    return noticed(f"Taken by {holder}: {what}", text, [*shown, *more, *why], url)


def claim_rules(tellings: Mapping[str, Telling]) -> tuple[Rule, ...]:
    """Return the rules; `tellings` are the kinds' own additions, by kind."""
    return (
        Rule(frozenset({"acquired"}), _granted),
        Rule(frozenset({"acquired"}), partial(_taken, tellings)),
        Rule(frozenset({"offered"}), _offered),
        Rule(frozenset({"transferred"}), _transferred),
        Rule(frozenset({"force_released"}), _forced),
    )
