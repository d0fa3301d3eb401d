"""Mail about locks: everybody else hears of a new one, and a holder hears that somebody needs theirs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.assets import service
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import after_commit
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.pen import events
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.users import find_active, others_with_address
from toolcrib.kernel.mail import MAIL_SEND
from toolcrib.kernel.messages import asset_locked, lock_notification
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.tables import Base, BigId, exact_string

PAGE = 100

# How far each reader of the log has come that must act on every event exactly once.
log_readers = Table(
    "log_readers",
    Base.metadata,
    Column("name", exact_string(64), primary_key=True),
    Column("seq", BigId, nullable=False),
)
READER = "assets.alerts"


class CannotNotify(InvalidRequest):
    code = "cannot_notify"


async def notify_holder(
    kernel: Kernel, me: Principal, claim: Claim, message: str | None, *, now: datetime
) -> None:
    """Queue one mail to the holder of `claim`.

    Raises:
        CannotNotify: it is the caller's own, mail is off, or the holder has no address (400).
    """
    if claim.holder_uuid == me.uuid:
        raise CannotNotify("You hold this lock yourself.")
    async with kernel.database.write() as session:
        if not await kernel.mailer.may_send(session):
            raise CannotNotify("Mail is switched off on this server.")
        holder = await find_active(session, claim.holder)
        if holder is None or not holder.email:
            raise CannotNotify(f"{claim.holder} has no mail address.")
        text = lock_notification(
            path=claim.key,
            asked_by=me.username,
            message=message,
            dashboard_url=kernel.settings.public_url,
        )
        await kernel.mailer.queue(session, to=holder.email, message=text, now=now)
        await event_log.record(
            session,
            "notified",
            kind=service.KIND,
            key=claim.key,
            actor=me.username,
            now=now,
            scope=claim.scope,
            holder=claim.holder,
        )


async def send_alerts(kernel: Kernel, now: datetime) -> None:
    """Queue a mail to every other person for each lock taken since the last run. The place reached is kept with
    the queued mail, so a crash neither forgets a lock nor tells of it twice."""
    while await _alert_page(kernel, now):
        pass


async def _alert_page(kernel: Kernel, now: datetime) -> bool:
    async with kernel.database.write() as session:
        reached = await _reached(session)
        last = await event_log.last_seq(session)
        if not await kernel.mailer.may_send(session):
            # Nobody wants to hear, once mail is switched on, of all that happened while it was off.
            if last > reached:
                await _reach(session, last)
            return False
        conditions = [events.c.seq > reached, events.c.kind == service.KIND, events.c.verb == "acquired"]
        page = await event_log.search(session, conditions, newest_first=False, limit=PAGE)
        for event in page:
            text = asset_locked(
                path=event.key, locked_by=event.data["holder"], comment=event.data.get("comment")
            )
            for person in await others_with_address(session, event.data["holder"]):
                await kernel.mailer.queue(session, to=person.email, message=text, now=now)
        full = len(page) == PAGE
        await _reach(session, page[-1].seq if full else last)
        if page:
            after_commit(session, lambda: kernel.jobs.nudge(MAIL_SEND))
        return full


async def _reached(session: AsyncSession) -> int:
    query = select(log_readers.c.seq).where(log_readers.c.name == READER)
    seq: int | None = (await session.execute(query)).scalar_one_or_none()
    if seq is None:
        await session.execute(insert(log_readers).values(name=READER, seq=0))
    return seq or 0


async def _reach(session: AsyncSession, seq: int) -> None:
    await session.execute(update(log_readers).where(log_readers.c.name == READER).values(seq=seq))
