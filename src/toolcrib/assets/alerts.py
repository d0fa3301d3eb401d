"""Mail about locks: about a new one, to those who are told of it, and to a holder when somebody needs the path."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from toolcrib.assets import service
from toolcrib.assets.messages import asset_locked, assets_locked, lock_notification
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.messages import Message
from toolcrib.kernel.notify.rules import said
from toolcrib.kernel.problems import InvalidRequest

# How many paths are listed in one mail.
PATHS_SHOWN = 20


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
        holder = await session.scalar(
            select(User).where(User.uuid == claim.holder_uuid, User.is_active.is_(True))
        )
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


def taken(together: Sequence[Event]) -> Message:
    """Return the mail about locks that one person took at one moment."""
    first = together[0]
    holder, comment = said(first, "holder") or first.actor or "", said(first, "comment") or None
    if len(together) == 1:
        return asset_locked(path=first.key, locked_by=holder, comment=comment)
    paths = [event.key for event in together[:PATHS_SHOWN]]
    return assets_locked(paths=paths, count=len(together), locked_by=holder, comment=comment)
