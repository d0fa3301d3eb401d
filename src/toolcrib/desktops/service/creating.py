"""A new desktop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops import names
from toolcrib.desktops.desk import Desk
from toolcrib.desktops.errors import (
    ConfigurationDenied,
    ConfigurationNotFound,
    MissingField,
    VolumeDenied,
    VolumeNotFound,
)
from toolcrib.desktops.hook import WORK_JOB
from toolcrib.desktops.models import State, configurations, desktops
from toolcrib.desktops.service.beginning import find_row, queue_or_begin, volume_named
from toolcrib.desktops.service.people import may_use_configuration, usable_volume
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.requester import Requester


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants. `seconds` is for how long, where they say."""

    name: str
    configuration_id: int | None = None
    persistent_home: bool = True
    volume: str | None = None
    seconds: int | None = None


async def create(
    session: AsyncSession, desk: Desk, me: Principal, by: Requester, wish: Wish, *, now: datetime
) -> Row[Any]:
    """Begin a new desktop for `me`, or have it wait for room. Returns its row.

    Raises:
        BadDesktopName: (400).
        MissingField: it needs a configuration here (400).
        VolumeNotFound, ConfigurationNotFound: (404).
        VolumeDenied, ConfigurationDenied: (403).
        VolumeTaken, HoursUsed, NoRoom: as `queue_or_begin` (409).
    """
    base = names.check_name(wish.name)
    await take_write_lock(session)
    volume_id = await _volume_id(session, me, wish.volume)
    if wish.configuration_id is not None:
        await _check_configuration(session, me, wish.configuration_id)
    elif not desk.launcher.default_image:
        raise MissingField("desktop_configuration_id")
    name = names.unique_name(base)
    row = {
        "name": name,
        "holder": me.username,
        "holder_uuid": me.uuid,
        # Its place in the queue comes below, once those before it have been served: they do not see it yet.
        "state": State.STOPPED,
        "configuration_id": wish.configuration_id,
        "persistent_home": wish.persistent_home,
        "volume_id": volume_id,
        "seconds": wish.seconds,
        "created_at": now,
        "then_delete": False,
        "restart": False,
        "is_failed": False,
        "progress": "",
        "attempts": 0,
        "next_at": now,
    }
    await session.execute(insert(desktops).values(**row))
    made = await find_row(session, name)
    if made is None:
        raise LookupError(name)
    await queue_or_begin(session, desk.kernel, made, by, actor=me.username, now=now)
    after_commit(session, lambda: desk.kernel.jobs.nudge(WORK_JOB))
    return await find_row(session, name) or made


async def _volume_id(session: AsyncSession, me: Principal, name: str | None) -> int | None:
    if not name:
        return None
    volume = await volume_named(session, name)
    if volume is None:
        raise VolumeNotFound.named(name)
    if await usable_volume(session, me, volume.id) is None:
        raise VolumeDenied
    found: int = volume.id
    return found


async def _check_configuration(session: AsyncSession, me: Principal, configuration_id: int) -> None:
    query = select(configurations.c.id).where(configurations.c.id == configuration_id)
    if (await session.execute(query)).first() is None:
        raise ConfigurationNotFound
    if (await session.execute(query.where(may_use_configuration(me)))).first() is None:
        raise ConfigurationDenied
