"""Mail about locks: to everybody else about a new lock, and to a holder when somebody needs the path."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import Column, Table, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.assets import service
from toolcrib.assets.messages import asset_locked, assets_locked, lock_notification
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.writer import Event, events
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.rights import read_principal, read_registry
from toolcrib.kernel.identity.users import Recipient, find_active, people_with_address
from toolcrib.kernel.messages import Message
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.tables import Base, BigId, exact_string

PAGE = 100
# How many mails are queued in one transaction, which other writers wait for.
MAILS = 1_000

# How many paths are listed in one mail.
PATHS_SHOWN = 20

# The position in the event log of each reader that must act on every event exactly once.
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
    """Notify the holder of `claim` by mail.

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
            raise CannotNotify(f"{claim.holder} has no e-mail address.")
        text = lock_notification(
            path=claim.key,
            asked_by=me.username,
            message=message,
            dashboard_url=kernel.settings.public_url,
        )
        await kernel.mailer.notify(session, [(holder.email, text)], now=now)
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
    """Queue a mail to every other person who may see it for each lock taken since the last run; one mail for all locks
    of one request.

    The position reached in the log is stored in the same transaction as the mails, so after a crash no lock is missed
    or reported twice."""
    while await _alert_page(kernel, now):
        pass


async def _alert_page(kernel: Kernel, now: datetime) -> bool:
    """Process one page of the log. The recipients are determined before the write lock is taken."""
    async with kernel.database.read() as session:
        reached = await _last_handled(session)
        last = await event_log.last_seq(session)
        letters: list[tuple[str, Message]] = []
        upto = last
        # While mail is off, move on in the log, so that switching it on sends nothing about earlier locks.
        if await kernel.mailer.may_send(session):
            conditions = [events.c.seq > reached, events.c.kind == service.KIND, events.c.verb == "acquired"]
            page = await event_log.search(session, conditions, newest_first=False, limit=PAGE)
            audience = Audience(session, kernel.settings.unknown_projects == "open")
            for together in _taken_together(page):
                mail, upto = await _compose_mail(
                    session, together, goes_on=together[-1] is page[-1] and len(page) == PAGE
                )
                first = together[0]
                heard = [who for who in await audience.of(first.scope) if who.username != _holder(first)]
                letters += [(who.email, mail) for who in heard]
                if len(letters) >= MAILS:
                    break
            else:
                if len(page) < PAGE:
                    upto = last
    if upto == reached:
        return False
    async with kernel.database.write() as session:
        if await _last_handled(session) != reached:
            return True  # another process has done it
        await kernel.mailer.notify(session, letters, now=now)
        await _set_last_handled(session, upto)
    return upto < last


def _taken_together(page: Sequence[Event]) -> list[list[Event]]:
    """Group the locks that one person took in one project at one moment: one mail for each group."""

    def call(event: Event) -> tuple[object, ...]:
        return event.at, event.actor, event.scope, _holder(event)

    return [list(group) for _call, group in groupby(page, call)]


def _holder(event: Event) -> str:
    """Return who took the lock. If the row is damaged, return who requested it."""
    holder: str = event.data.get("holder") or event.actor or ""
    return holder


async def _compose_mail(
    session: AsyncSession, together: Sequence[Event], *, goes_on: bool
) -> tuple[Message, int]:
    """Return the mail about locks taken together, and the number of the last one's event (maybe on a later page)."""
    first, upto, count = together[0], together[-1].seq, len(together)
    if goes_on:
        later = (events.c.seq > upto, events.c.kind == service.KIND, events.c.verb == "acquired")
        other = or_(events.c.at != first.at, events.c.actor != first.actor, events.c.scope != first.scope)
        end = (await session.execute(select(func.min(events.c.seq)).where(*later, other))).scalar_one()
        rest = select(func.max(events.c.seq), func.count()).where(*later)
        newest, more = (await session.execute(rest.where(events.c.seq < end) if end else rest)).one()
        upto, count = newest or upto, count + more
    holder, comment = _holder(first), first.data.get("comment")
    if count == 1:
        return asset_locked(path=first.key, locked_by=holder, comment=comment), upto
    paths = [event.key for event in together[:PATHS_SHOWN]]
    return assets_locked(paths=paths, count=count, locked_by=holder, comment=comment), upto


class Audience:
    """The people who may see a scope and have a mail address; read once for each scope."""

    def __init__(self, session: AsyncSession, open_projects: bool) -> None:
        self._session = session
        self._open_projects = open_projects
        self._known: dict[str, list[Recipient]] = {}

    async def of(self, scope: str) -> list[Recipient]:
        if scope not in self._known:
            registry = await read_registry(self._session)
            everybody = await people_with_address(self._session)
            if self._open_projects and scope.removeprefix("project:") not in registry.names:
                self._known[scope] = [Recipient(user.username, user.email or "") for user in everybody]
            else:
                self._known[scope] = [
                    Recipient(user.username, user.email or "")
                    for user in everybody
                    if (
                        await read_principal(
                            self._session, user, None, registry, open_projects=self._open_projects
                        )
                    ).may(scope)
                ]
        return self._known[scope]


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
