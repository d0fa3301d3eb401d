"""Mails to send: rows written in the transaction that causes them, deleted as soon as they are sent.

Bodies contain confirmation links, so a row is kept no longer than necessary.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, Row, Table, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.due_times import is_due
from toolcrib.kernel.events.log import record
from toolcrib.kernel.messages import Message, one_line
from toolcrib.kernel.tables import Base, BigId, UtcDateTime, exact_string, exact_text

GIVE_UP_AFTER = timedelta(days=3)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
PAGE = 100

outbox = Table(
    "outbox",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("to_address", exact_string(320), nullable=False),
    Column("subject", exact_text(), nullable=False),
    Column("text", exact_text(), nullable=False),
    Column("html", exact_text(), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("expires_at", UtcDateTime()),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime(), nullable=False),
    Column("last_error", exact_string(200)),
    # Whether it may become one mail with others to the same address (`kernel.notices`).
    Column("is_notice", Boolean, nullable=False, default=False),
    Index("ix_outbox_next_attempt_at", "next_attempt_at"),
    Index("ix_outbox_to_address", "to_address"),
)


@dataclass(frozen=True)
class Letter:
    id: int
    to_address: str
    subject: str
    text: str
    html: str
    created_at: datetime


LETTER = [outbox.c[name] for name in Letter.__dataclass_fields__]


def pause_after(attempts: int) -> timedelta:
    """Return how long a mail waits after its nth failed attempt: 1 min, 2 min, 4 min … 6 h."""
    doublings: int = min(attempts - 1, 20)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


async def put(
    session: AsyncSession, to: str, message: Message, *, now: datetime, expires_at: datetime | None
) -> None:
    await session.execute(insert(outbox).values(**letter_row(to, message, now=now, expires_at=expires_at)))


def letter_row(
    to: str,
    message: Message,
    *,
    now: datetime,
    expires_at: datetime | None,
    is_notice: bool = False,
    not_before: datetime | None = None,
) -> dict[str, Any]:
    """Return the row of a mail that has not been tried yet."""
    return {
        "to_address": to,
        "subject": one_line(message.subject),
        "text": _storable(message.text),
        "html": _storable(message.html),
        "created_at": now,
        "expires_at": expires_at,
        "attempts": 0,
        "next_attempt_at": not_before or now,
        "is_notice": is_notice,
    }


def _storable(text: str) -> str:
    """Return the text without characters that PostgreSQL or UTF-8 cannot store."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


async def due(database: Database, now: datetime) -> list[Row[Any]]:
    """Return id, attempts, address and `is_notice` of the mails that have been due longest. Mails with links that
    expire come before notices, because people wait for them."""
    columns = (outbox.c.id, outbox.c.attempts, outbox.c.to_address, outbox.c.is_notice)
    order = (outbox.c.expires_at.is_(None), outbox.c.next_attempt_at, outbox.c.id)
    query = select(*columns).where(is_due(outbox.c.next_attempt_at, now, LONGEST_PAUSE))
    async with database.connection() as connection:
        return list(await connection.execute(query.order_by(*order).limit(PAGE)))


async def take(connection: AsyncConnection, id_: int, attempts: int, now: datetime) -> Letter | None:
    """Take a mail for this process to send; None if another process has taken it.

    Taking it is a guarded update that sets the time of its next attempt. So only one of several processes sends it, and
    if that process dies the mail becomes due again: it may be sent twice, but is never lost.
    """
    taken = (
        update(outbox)
        .where(outbox.c.id == id_, outbox.c.attempts == attempts)
        .values(attempts=attempts + 1, next_attempt_at=now + pause_after(attempts + 1))
    )
    if (await connection.execute(taken)).rowcount != 1:
        return None
    return Letter(*(await connection.execute(select(*LETTER).where(outbox.c.id == id_))).one())


async def remove(database: Database, letter: Letter) -> None:
    async with database.short_write() as connection:
        await connection.execute(delete(outbox).where(outbox.c.id == letter.id))


async def keep(database: Database, letter: Letter, reason: str) -> None:
    """Record why the mail was not sent. It becomes due again at the time `take` has set."""
    async with database.short_write() as connection:
        await connection.execute(
            update(outbox).where(outbox.c.id == letter.id).values(last_error=reason[:200])
        )


async def give_up(database: Database, letter: Letter, reason: str, now: datetime) -> None:
    """Delete the mail unsent, and record that in the event log for administrators."""
    async with database.write() as session:
        gone = await (await take_write_lock(session)).execute(delete(outbox).where(outbox.c.id == letter.id))
        if gone.rowcount:
            await record(
                session,
                "given_up",
                kind="mail",
                key=letter.subject[:1000],
                actor=None,
                scope="admin:",
                now=now,
                reason=reason,
            )


async def stuck(database: Database) -> int:
    """Return how many mails wait because an attempt failed."""
    waiting = select(func.count()).select_from(outbox).where(outbox.c.last_error.is_not(None))
    async with database.connection() as connection:
        return (await connection.execute(waiting)).scalar_one()


async def lapsed(database: Database, now: datetime) -> list[Letter]:
    """Return the mails that are too old to try again, or whose content is out of date."""
    over = or_(outbox.c.created_at <= now - GIVE_UP_AFTER, outbox.c.expires_at <= now)
    async with database.connection() as connection:
        found = await connection.execute(select(*LETTER).where(over).limit(PAGE))
        return [Letter(*row) for row in found]
