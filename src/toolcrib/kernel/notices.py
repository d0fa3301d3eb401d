"""Notices: mails about what others did. The first to a person leaves at once; those that follow within a short time
wait and become one mail.

A notice is a row of the outbox that says when it may leave. A row of `mail_pauses` says until when further notices to
an address wait; it is there as long as one does. Both are written in the transaction that causes the notice, so none is
lost and none is counted twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Column, Row, Table, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from toolcrib.kernel import messages
from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.due_times import CLOCK_DIFFERENCE, is_due
from toolcrib.kernel.messages import Message
from toolcrib.kernel.outbox import LETTER, LONGEST_PAUSE, Letter, letter_row, outbox, pause_after
from toolcrib.kernel.tables import Base, UtcDateTime, exact_string

# In one statement, and in one mail.
BATCH = 500

mail_pauses = Table(
    "mail_pauses",
    Base.metadata,
    Column("to_address", exact_string(320), primary_key=True),
    Column("held_until", UtcDateTime(), nullable=False, index=True),
)

_waiting = (outbox.c.is_notice, outbox.c.attempts == 0)


async def put(
    session: AsyncSession, notices: Sequence[tuple[str, Message]], *, pause: timedelta, now: datetime
) -> None:
    """Queue (address, message) pairs. To one address, one mail leaves in each `pause`; every one if that is 0."""
    await take_write_lock(session)
    for start in range(0, len(notices), BATCH):
        some = notices[start : start + BATCH]
        times = await _times(session, [address for address, _ in some], pause=pause, now=now)
        rows = [
            letter_row(to, message, now=now, expires_at=None, is_notice=pause > timedelta(0), not_before=at)
            for (to, message), at in zip(some, times, strict=True)
        ]
        await session.execute(insert(outbox), rows)


async def _times(
    session: AsyncSession, addresses: Sequence[str], *, pause: timedelta, now: datetime
) -> list[datetime]:
    """Return when a notice to each of `addresses` may leave, and note the pauses that begin."""
    found = select(mail_pauses).where(mail_pauses.c.to_address.in_(set(addresses)))
    held = {row.to_address: row.held_until for row in await session.execute(found)}
    known = set(held)
    begun: dict[str, None] = {}
    times = []
    for address in addresses:
        until = held.get(address)
        # One further ahead was set before the clock was set back.
        if until is not None and now < until <= now + pause + CLOCK_DIFFERENCE:
            times.append(until)
            continue
        times.append(now)
        held[address] = now + pause
        begun[address] = None
    again = mail_pauses.c.to_address.in_(known & set(begun))
    await session.execute(update(mail_pauses).where(again).values(held_until=now + pause))
    if new := [address for address in begun if address not in known]:
        rows = [{"to_address": address, "held_until": now + pause} for address in new]
        await session.execute(insert(mail_pauses), rows)
    return times


async def take(
    connection: AsyncConnection, address: str, *, pause: timedelta, now: datetime
) -> Letter | None:
    """Take all notices to `address` that are due, as one mail for this process to send; None if there are none, or if
    an earlier one to the same address has to be sent first.

    Whoever takes notices to an address locks its pause first, so no notice gets into two mails.
    """
    here = mail_pauses.c.to_address == address
    over = is_due(mail_pauses.c.held_until, now, pause)
    await connection.execute(update(mail_pauses).where(here).values(to_address=address))
    await connection.execute(update(mail_pauses).where(here, over).values(held_until=now + pause))
    to_them = outbox.c.to_address == address
    query = select(*LETTER).where(to_them, *_waiting, is_due(outbox.c.next_attempt_at, now, LONGEST_PAUSE))
    found = [Letter(*row) for row in await connection.execute(query.order_by(outbox.c.id).limit(BATCH))]
    if not found:
        return None
    earlier = select(func.max(outbox.c.next_attempt_at)).where(
        to_them, outbox.c.is_notice, outbox.c.attempts > 0
    )
    after = (await connection.execute(earlier)).scalar_one()
    ids = [letter.id for letter in found]
    if after is not None and now < after <= now + LONGEST_PAUSE + CLOCK_DIFFERENCE:
        await connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(next_attempt_at=after))
        return None
    first = ids[0]
    taken: dict[str, object] = {"attempts": 1, "next_attempt_at": now + pause_after(1)}
    if len(found) > 1:
        one = messages.together([(letter.subject, letter.text) for letter in found])
        row = letter_row(address, one, now=found[0].created_at, expires_at=None)
        taken |= {name: row[name] for name in ("subject", "text", "html")}
        await connection.execute(delete(outbox).where(outbox.c.id.in_(ids[1:])))
    await connection.execute(update(outbox).where(outbox.c.id == first).values(**taken))
    return Letter(*(await connection.execute(select(*LETTER).where(outbox.c.id == first))).one())


async def next_time(database: Database, now: datetime, pause: timedelta) -> datetime | None:
    """Return when the next notices that wait may leave; None if none waits."""
    soonest = select(func.min(outbox.c.next_attempt_at)).where(
        *_waiting, outbox.c.next_attempt_at > now, outbox.c.next_attempt_at <= now + pause
    )
    async with database.connection() as connection:
        at: datetime | None = (await connection.execute(soonest)).scalar_one()
        return at


async def forget_pauses(database: Database, now: datetime) -> None:
    """Delete pauses that are over and for which no notice waits."""
    waits = exists().where(outbox.c.to_address == mail_pauses.c.to_address, outbox.c.is_notice)
    over = (or_(mail_pauses.c.held_until <= now, mail_pauses.c.held_until > now + LONGEST_PAUSE), ~waits)
    async with database.connection() as connection:
        found = await connection.execute(select(mail_pauses.c.to_address).where(*over).limit(BATCH))
        rows: list[Row[tuple[str]]] = list(found)
    if rows:
        addresses = [row.to_address for row in rows]
        async with database.write() as session:
            await take_write_lock(session)  # nobody puts a notice meanwhile
            gone = delete(mail_pauses).where(mail_pauses.c.to_address.in_(addresses), *over)
            await session.execute(gone)
