"""A later end for a running desktop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.claims_of import desktop_of, desktop_ref, home_ref, volume_ref
from toolcrib.desktops.errors import DesktopStopped
from toolcrib.desktops.models import CURRENT, State, desktops, volumes
from toolcrib.desktops.service import told
from toolcrib.desktops.service.limits import time_left
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import Renew
from toolcrib.kernel.claims.models import PRIVATE, Holder
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import Conflict, InvalidRequest
from toolcrib.kernel.requester import Requester
from toolcrib.settings import Settings

SOMEBODY_WAITS = "Somebody waits for a desktop: it cannot be extended now."
# A later end than that is worth offering.
LEAST = timedelta(minutes=1)


class CannotExtend(Conflict):
    """Somebody waits for room, or there is no more time to be had."""

    code = "cannot_extend"


class BadEnd(InvalidRequest):
    """A desktop can only be extended, and not as far as that."""

    code = "bad_end"


@dataclass(frozen=True, slots=True)
class Offer:
    """Until when a desktop can be extended now; or why not."""

    until: datetime | None
    why: str
    reason: str | None


async def offer(session: AsyncSession, settings: Settings, row: Row[Any], now: datetime) -> Offer:
    """Say how far a running desktop can be extended."""
    if row.state not in CURRENT or row.ends_at is None or row.ends_at <= now:
        return Offer(None, "", "It does not run.")
    waits = select(desktops.c.id).where(desktops.c.state == State.QUEUED).limit(1)
    if (await session.execute(waits)).first() is not None:
        return Offer(None, "", SOMEBODY_WAITS)
    until, why = now + timedelta(hours=settings.desktop_hours), "limit"
    left = await time_left(session, settings, row.holder_uuid, now)
    if left is not None and now + left < until:
        until, why = now + left, "hours"
    if until < row.ends_at + LEAST:
        reason = (
            "Your hours of the week are used up."
            if why == "hours"
            else "It cannot be extended now: it ends as late as it may."
        )
        return Offer(None, "", reason)
    return Offer(until, why, None)


async def extend(
    session: AsyncSession,
    settings: Settings,
    row: Row[Any],
    me: Principal,
    by: Requester,
    *,
    until: datetime | None,
    hours: float | None,
    now: datetime,
) -> None:
    """Let a desktop end at `until`, or so many hours later than it would; with neither, as late as it can.

    Raises:
        DesktopStopped: it does not run (409).
        CannotExtend: somebody waits, or there is no more time (409).
        BadEnd: that is no later than it ends, or later than it may (400).
    """
    await take_write_lock(session)
    latest = (await session.execute(select(desktops).where(desktops.c.id == row.id))).first()
    if latest is None or latest.state not in CURRENT or latest.ends_at is None:
        raise DesktopStopped(row.name)
    offered = await offer(session, settings, latest, now)
    if offered.until is None:
        raise CannotExtend(offered.reason or "")
    wanted = until or (latest.ends_at + timedelta(hours=hours) if hours is not None else offered.until)
    if wanted <= latest.ends_at:
        raise BadEnd("The new end must be later than the present one.")
    if until is not None and wanted > offered.until:
        raise BadEnd(f"It can be extended until {offered.until:%Y-%m-%d %H:%M} UTC at most.")
    end = min(wanted, offered.until)
    why = offered.why if end == offered.until else "chosen"
    refs = [desktop_ref(latest.holder_uuid, latest.name), home_ref(latest.holder_uuid, latest.name)]
    if latest.volume_id is not None:
        name = await session.scalar(select(volumes.c.name).where(volumes.c.id == latest.volume_id))
        refs += [volume_ref(name)] if name is not None else []
    held = await queries.by_digest(session, [ref.digest for ref in refs], now=now)
    holder = Holder(latest.holder, latest.holder_uuid)
    commands = [
        Renew(
            claim.ref,
            holder,
            end,
            claim.fence,
            {**claim.data, PRIVATE: {**claim.data[PRIVATE], "end_reason": why}},
        )
        for claim in held.values()
        if desktop_of(claim) == latest.name
    ]
    await claims.run(session, *commands, now=now, by=by)
    await told.of_desktop(session, "extended", latest, actor=me.username, now=now, ends_at=iso_format(end))
