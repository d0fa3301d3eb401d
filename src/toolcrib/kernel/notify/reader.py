"""Reads the log once, page by page, and queues the mails that the rules ask for.

The position reached in the log is stored in the same transaction as the mails, so after a crash nothing is missed or
told twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import Column, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.writer import Event, events
from toolcrib.kernel.jobs import Job
from toolcrib.kernel.notify.claim_rules import claim_rules
from toolcrib.kernel.notify.hearing import Hearing
from toolcrib.kernel.notify.rules import Mail, Telling
from toolcrib.kernel.tables import Base, BigId, exact_string

if TYPE_CHECKING:
    from toolcrib.kernel.context import Kernel

PAGE = 1_000
# How many mails are queued in one transaction, which other writers wait for.
MAILS = 1_000
JOB = "notify.tell"
READER = "notify"

# The position in the event log of each reader that must act on every event exactly once.
log_readers = Table(
    "log_readers",
    Base.metadata,
    Column("name", exact_string(64), primary_key=True),
    Column("seq", BigId, nullable=False),
)


class LogReader:
    """`tellings` are what the kinds add, by kind."""

    def __init__(self, tellings: Mapping[str, Telling]) -> None:
        of_claims = claim_rules(tellings)
        own = {kind: telling.rules for kind, telling in tellings.items()}
        self._of_claims = of_claims
        self._of_kind = own
        every = (*of_claims, *(rule for rules in own.values() for rule in rules))
        self.verbs = frozenset(verb for rule in every for verb in rule.verbs)
        self.job = Job(JOB, self.run, every=timedelta(minutes=5))

    def follow(self, kernel: Kernel) -> None:
        """Have the job run soon after an event that somebody may be told of."""
        if not kernel.settings.mail_enabled:
            return  # no mail is sent, so nothing has to follow the log

        def heard(event: Event) -> None:
            if event.verb in self.verbs:
                kernel.jobs.nudge(JOB)

        kernel.tail.on_event(heard)

    async def run(self, kernel: Kernel, now: datetime) -> None:
        """Queue the mails about what happened since the last run."""
        while await self._page(kernel, now):
            pass

    async def _page(self, kernel: Kernel, now: datetime) -> bool:
        """Process one page. The recipients are determined before the write lock is taken."""
        async with kernel.database.read() as session:
            reached = await _last_handled(session)
            last = await event_log.last_seq(session)
            mails: list[Mail] = []
            upto = last
            # While mail is off, move on in the log, so that switching it on sends nothing about earlier events.
            if await kernel.mailer.may_send(session):
                conditions = [events.c.seq > reached, events.c.verb.in_(sorted(self.verbs))]
                page = await event_log.search(session, conditions, newest_first=False, limit=PAGE)
                hearing = Hearing(
                    session,
                    open_projects=kernel.settings.unknown_projects == "open",
                    everyone=bool(await kernel.config.get("alerts.everyone")),
                    url=kernel.settings.public_url,
                )
                groups = _together(page)
                if len(page) == PAGE and len(groups) > 1:
                    groups.pop()  # it may go on: it is read again with the next page
                for group in groups:
                    for rule in (*self._of_claims, *self._of_kind.get(group[0].kind, ())):
                        if group[0].verb in rule.verbs:
                            mails += await rule.mails(hearing, group)
                    upto = group[-1].seq
                    if len(mails) >= MAILS:
                        break
                else:
                    if len(page) < PAGE:
                        upto = last
        if upto == reached:
            return False
        async with kernel.database.write() as session:
            if await _last_handled(session) != reached:
                return True  # another process has done it
            await kernel.mailer.notify(session, mails, now=now)
            await _set_last_handled(session, upto)
        return upto < last


def _together(page: Sequence[Event]) -> list[list[Event]]:
    """Group what one person did to things of one kind and scope at one moment."""

    def act(event: Event) -> tuple[object, ...]:
        return event.at, event.actor, event.verb, event.kind, event.scope, event.data.get("holder")

    return [list(group) for _act, group in groupby(page, act)]


async def _last_handled(session: AsyncSession) -> int:
    query = select(log_readers.c.seq).where(log_readers.c.name == READER)
    seq: int | None = (await session.execute(query)).scalar_one_or_none()
    return seq or 0


async def _set_last_handled(session: AsyncSession, seq: int) -> None:
    row = log_readers.c.name == READER
    if (await session.execute(select(log_readers.c.name).where(row))).first() is None:
        await session.execute(insert(log_readers).values(name=READER, seq=seq))
    else:
        await session.execute(update(log_readers).where(row).values(seq=seq))
