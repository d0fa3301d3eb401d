"""Open a part to change it, as our own routes do: with the lock, the right, and the version that the caller knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.identity.principal import Principal, Role
from toolcrib.kernel.requester import Requester
from toolcrib.parts.errors import PartChanged
from toolcrib.parts.known import NOTHING_KNOWN, Known
from toolcrib.parts.service.claiming import up_to_date
from toolcrib.parts.service.lookup import shop_part
from toolcrib.parts.service.showing import shown_part
from toolcrib.settings import Settings


@dataclass(frozen=True, slots=True)
class Doer:
    """Who changes a part, from where, when, and what they know of it."""

    me: Principal
    by: Requester
    settings: Settings
    now: datetime
    known: Known = NOTHING_KNOWN

    @property
    def open_projects(self) -> bool:
        return self.settings.unknown_projects == "open"


async def open_part(session: AsyncSession, doer: Doer, part_id: int, at_least: Role = "member") -> Row[Any]:
    """Return the part, which nobody else changes before the commit.

    Raises:
        PartNotFound: (404).
        AccessDenied: (403).
        PartChanged: it is not what the caller knows (409).
    """
    row = await shop_part(session, doer.me, part_id, at_least, lock=True)
    row = await up_to_date(session, row, doer.now)
    if not doer.known.fits(row):
        part = await shown_part(session, doer.settings, row, doer.now)
        raise PartChanged("Somebody changed the part since you read it.", {"part": part})
    return row
