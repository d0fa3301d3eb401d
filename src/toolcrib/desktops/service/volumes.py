"""Storage beside the homes, as administrators set it up (desktops contract, section 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, delete, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops import names
from toolcrib.desktops.desk import Desk
from toolcrib.desktops.errors import LauncherFailed, MissingField, VolumeExists, VolumeInUse, VolumeNotFound
from toolcrib.desktops.launchers.launcher import LauncherError, LauncherRefused
from toolcrib.desktops.models import State, desktops, volume_access, volumes
from toolcrib.desktops.schemas import Pvc, VolumeBody, number_of, rfc_1123
from toolcrib.desktops.service import told
from toolcrib.desktops.service.configurations import NoData, people_named
from toolcrib.desktops.service.launching import asked
from toolcrib.desktops.service.people import may_use_volume
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal

log = structlog.get_logger()

LEAST_SIZE, MOST_SIZE = "1Mi", "1024Ti"
STATUSES = frozenset({"Pending", "Bound", "Lost", "Failed", "Unknown"})
# The clients give up after 10 and 30 s (contract, section 1).
LOOK_SECONDS = 4.0
WORK_SECONDS = 20.0
# A volume that was being made when the server ended is made again after so long.
UNFINISHED = timedelta(minutes=1)


async def create(desk: Desk, body: VolumeBody, me: Principal, now: datetime) -> int:
    """Make a volume. Returns its id.

    Raises:
        NoData, MissingField, BadVolumeName, BadQuantity, VolumeExists, UnknownPeople: (400).
        LauncherFailed: it could not be made, and nothing is left of it (500).
    """
    if not body.model_fields_set:
        raise NoData("No input data provided")
    if not body.name:
        raise MissingField("name")
    name = names.check_volume_name(body.name)
    names.check_amount("size", body.size, least=LEAST_SIZE, most=MOST_SIZE, length=20)
    kernel = desk.kernel
    async with kernel.database.write() as session:
        await take_write_lock(session)
        if (await session.execute(select(volumes.c.id).where(volumes.c.name == name))).first() is not None:
            raise VolumeExists(name)
        made = await session.execute(
            insert(volumes).values(
                name=name,
                namespace=kernel.settings.kubernetes_namespace,
                size=body.size,
                is_public=body.is_public,
                exclusive=body.exclusive,
                status="Pending",
                is_going=False,
                created_at=now,
                created_by=me.username,
                updated_at=now,
            )
        )
        volume_id: int = made.inserted_primary_key[0]  # type: ignore[attr-defined]  # of an insert
        await _set_access(session, volume_id, body.is_public, body.allowed_users or [])
        await _tell(session, "volume_created", name, volume_id, me.username, now)
    try:
        volume = await asked(desk, desk.launcher.create_volume(name, body.size), seconds=WORK_SECONDS)
    except LauncherError as error:
        async with kernel.database.write() as session:
            await take_write_lock(session)
            await session.execute(delete(volumes).where(volumes.c.id == volume_id))
            await _tell(session, "volume_deleted", name, volume_id, None, kernel.clock())
        raise LauncherFailed(f"Failed to create PVC: {error}") from error
    await _note_status(desk, {name: volume.status})
    return volume_id


async def remove(desk: Desk, row: Row[Any], me: Principal, now: datetime) -> None:
    """Remove a volume, with all that is in it. Where the platform does not answer, that is done as soon as it does.

    Raises:
        VolumeNotFound: (404).
        VolumeInUse: a desktop has it (400).
        LauncherFailed: the platform will not have it (500).
    """
    kernel = desk.kernel
    async with kernel.database.write() as session:
        await take_write_lock(session)
        used = select(desktops.c.id).where(desktops.c.volume_id == row.id, desktops.c.state != State.DELETING)
        if (await session.execute(used.limit(1))).first() is not None:
            raise VolumeInUse
        mine = update(volumes).where(volumes.c.id == row.id, ~volumes.c.is_going)
        going = await session.execute(mine.values(is_going=True))
        if not going.rowcount:  # type: ignore[attr-defined]  # of an update
            raise VolumeNotFound.numbered(row.id)
        await _tell(session, "volume_deleted", row.name, row.id, me.username, now)
    try:
        await _finish_removal(desk, row)
    except LauncherRefused as error:
        async with kernel.database.write() as session:
            await take_write_lock(session)
            await session.execute(update(volumes).where(volumes.c.id == row.id).values(is_going=False))
            await _tell(session, "volume_kept", row.name, row.id, None, kernel.clock())
        raise LauncherFailed(f"Failed to delete PVC: {error}") from error
    except LauncherError as error:
        log.warning("volume_not_removed_yet", volume=row.name, reason=str(error))


async def _finish_removal(desk: Desk, row: Row[Any]) -> None:
    await asked(desk, desk.launcher.delete_volume(row.name), seconds=WORK_SECONDS)
    async with desk.kernel.database.short_write() as connection:
        await connection.execute(delete(volumes).where(volumes.c.id == row.id, volumes.c.is_going))


async def finish_volumes(desk: Desk) -> None:
    """Remove what is to go, and make what a crash left half made."""
    now = desk.kernel.clock()
    unfinished = (volumes.c.status == "Pending") & (volumes.c.created_at == volumes.c.updated_at)
    query = select(volumes).where(
        volumes.c.is_going | (unfinished & (volumes.c.created_at < now - UNFINISHED))
    )
    async with desk.kernel.database.read() as session:
        rows = list(await session.execute(query))
    for row in rows:
        try:
            if row.is_going:
                await _finish_removal(desk, row)
            else:
                made = await asked(
                    desk, desk.launcher.create_volume(row.name, row.size), seconds=WORK_SECONDS
                )
                await _note_status(desk, {row.name: made.status})
        except LauncherError as error:
            log.warning("volume_not_finished", volume=row.name, reason=str(error))


async def refresh(desk: Desk) -> None:
    """Note what the platform says of the volumes now. What it said last stays where it does not answer."""
    loop = asyncio.get_running_loop()
    if loop.time() < desk.volumes_looked_at + LOOK_SECONDS:
        return
    desk.volumes_looked_at = loop.time()
    async with desk.kernel.database.read() as session:
        if (await session.execute(select(volumes.c.id).limit(1))).first() is None:
            return
    try:
        found = await asked(desk, desk.launcher.volumes(), seconds=LOOK_SECONDS)
    except LauncherError as error:
        log.info("volumes_not_refreshed", reason=str(error))
        return
    async with desk.kernel.database.read() as session:
        known = list(await session.scalars(select(volumes.c.name).where(~volumes.c.is_going)))
    await _note_status(
        desk, {name: found[name].status for name in known if name in found}, lost=set(known) - found.keys()
    )


async def _note_status(desk: Desk, statuses: dict[str, str], *, lost: set[str] | None = None) -> None:
    """Write down what has changed. A volume that the platform does not know any more is `Lost`, if it once did."""
    now = desk.kernel.clock()
    wanted = {name: status if status in STATUSES else "Unknown" for name, status in statuses.items()}
    wanted |= dict.fromkeys(lost or (), "Lost")
    if not wanted:
        return
    async with desk.kernel.database.read() as session:
        query = select(volumes.c.name, volumes.c.status, volumes.c.created_at, volumes.c.updated_at)
        rows = list(await session.execute(query.where(volumes.c.name.in_(wanted))))
    for row in rows:
        is_new = row.created_at == row.updated_at  # being made
        if (row.status == wanted[row.name] and not is_new) or (is_new and wanted[row.name] == "Lost"):
            continue
        async with desk.kernel.database.short_write() as connection:
            mine = update(volumes).where(volumes.c.name == row.name)
            await connection.execute(mine.values(status=wanted[row.name], updated_at=now))


# Reading


async def find(session: AsyncSession, text: str) -> Row[Any]:
    """Return the volume of a number or, as older clients ask, of a name.

    Raises:
        VolumeNotFound: (404).
    """
    number = number_of(text)
    which = volumes.c.id == number if number is not None else volumes.c.name == text
    row = (await session.execute(select(volumes).where(which, ~volumes.c.is_going))).first()
    if row is None:
        raise (
            VolumeNotFound(f"PVC with ID {text[:255]} not found")
            if number is not None
            else VolumeNotFound.named(text[:255])
        )
    return row


async def shown(session: AsyncSession, me: Principal, *, volume_id: int | None = None) -> list[Pvc]:
    """Return the volumes that the caller may use, by name; only administrators see who else may."""
    which: ColumnElement[bool] = true() if volume_id is None else volumes.c.id == volume_id
    query = select(volumes).where(~volumes.c.is_going, may_use_volume(me), which).order_by(volumes.c.name)
    rows = list(await session.execute(query))
    people = await access_of(session, me, [row.id for row in rows])
    return [
        Pvc(
            **{
                name: value
                for name, value in row._mapping.items()
                if name in Pvc.model_fields and name != "created_at"
            },
            created_at=rfc_1123(row.created_at),
            last_updated=rfc_1123(row.updated_at),
            allowed_users=people.get(row.id, []),
        )
        for row in rows
    ]


async def access_of(session: AsyncSession, me: Principal, ids: Sequence[int]) -> dict[int, list[str]]:
    """Return who may use each of these volumes, as the caller may see it."""
    query = (
        select(volume_access.c.volume_id, User.username)
        .join(User, User.id == volume_access.c.user_id)
        .where(volume_access.c.volume_id.in_(ids))
    )
    if not me.is_admin:
        query = query.where(User.id == me.id)
    people: dict[int, list[str]] = {}
    # Sorted here: SQLite would walk through all people, in that order, and ask for each of the volumes.
    for row in sorted(await session.execute(query), key=attrgetter("username")):
        people.setdefault(row.volume_id, []).append(row.username)
    return people


async def set_access(
    session: AsyncSession, row: Row[Any], is_public: bool, people: Sequence[str], me: Principal, now: datetime
) -> None:
    """Replace who may use a volume. Desktops that have it keep it until they stop.

    Raises:
        UnknownPeople: (400).
    """
    await take_write_lock(session)
    await session.execute(update(volumes).where(volumes.c.id == row.id).values(is_public=is_public))
    await session.execute(delete(volume_access).where(volume_access.c.volume_id == row.id))
    await _set_access(session, row.id, is_public, people)
    await _tell(session, "volume_access_changed", row.name, row.id, me.username, now, is_public=is_public)


async def _set_access(session: AsyncSession, volume_id: int, is_public: bool, people: Sequence[str]) -> None:
    users = await people_named(session, people)
    if users and not is_public:
        rows = [{"volume_id": volume_id, "user_id": user_id} for user_id in users]
        await session.execute(insert(volume_access), rows)


async def _tell(
    session: AsyncSession, verb: str, name: str, volume_id: int, actor: str | None, now: datetime, **data: Any
) -> None:
    await told.of_setup(session, verb, f"volume/{name}", actor=actor, now=now, id=volume_id, **data)
