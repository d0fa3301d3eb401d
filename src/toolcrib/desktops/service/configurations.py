"""What desktops are made from, as administrators set it up (desktops contract, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops import names
from toolcrib.desktops.desk import Desk
from toolcrib.desktops.errors import (
    ConfigurationExists,
    ConfigurationInUse,
    ConfigurationNotFound,
    UnknownPeople,
)
from toolcrib.desktops.models import State, configuration_access, configurations, desktops
from toolcrib.desktops.schemas import Configuration, ConfigurationBody, iso_without_zone
from toolcrib.desktops.service import told
from toolcrib.desktops.service.people import may_use_configuration
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import InvalidRequest

LEAST_RAM, MOST_RAM = "64Mi", "16Ti"


class NoData(InvalidRequest):
    """The body is an empty object."""

    code = "no_data"


class FieldsMissing(InvalidRequest):
    """Required fields are absent."""

    code = "missing_field"

    def __init__(self, *missing: str) -> None:
        super().__init__(f"Missing required fields: {', '.join(missing)}")


class BadBounds(InvalidRequest):
    """The least is more than the most."""

    code = "bad_bounds"


def checked(desk: Desk, body: ConfigurationBody) -> dict[str, Any]:
    """Return the values of a configuration's row.

    Raises:
        NoData, FieldsMissing, BadBounds, BadImage, BadQuantity: (400).
    """
    if not body.model_fields_set:
        raise NoData("No data provided")
    missing = [name for name in ("name", "image") if not getattr(body, name)]
    if missing or body.name is None or body.image is None:
        raise FieldsMissing(*missing)
    names.check_image(body.image)
    if (why := desk.launcher.check_image(body.image)) is not None:
        raise names.BadImage(why)
    bounds = {"least": LEAST_RAM, "most": MOST_RAM, "length": 10}
    least = names.check_amount("min_ram", body.min_ram, **bounds)  # type: ignore[arg-type]  # texts and a number
    most = names.check_amount("max_ram", body.max_ram, **bounds)  # type: ignore[arg-type]
    if body.min_cpu > body.max_cpu:
        raise BadBounds("min_cpu must not be more than max_cpu")
    if least > most:
        raise BadBounds("min_ram must not be more than max_ram")
    kept = ("name", "image", "is_public", "min_cpu", "max_cpu", "min_ram", "max_ram")
    more = ("network", "copy_out", "paste_in", "files")
    return {
        **{name: getattr(body, name) for name in (*kept, *more)},
        "description": body.description or "",
    }


async def people_named(session: AsyncSession, usernames: Sequence[str]) -> list[int]:
    """Return the ids of these people.

    Raises:
        UnknownPeople: some are nobody (400).
    """
    wanted = set(usernames)
    found = {
        row.username: row.id
        for row in await session.execute(select(User.id, User.username).where(User.username.in_(wanted)))
    }
    if unknown := sorted(wanted - found.keys()):
        raise UnknownPeople(f"Unknown users: {', '.join(unknown[:20])}")
    return sorted(found.values())


async def create(
    session: AsyncSession, values: dict[str, Any], people: Sequence[str], me: Principal, now: datetime
) -> int:
    """Add a configuration. Returns its id.

    Raises:
        ConfigurationExists, UnknownPeople: (400).
    """
    await take_write_lock(session)
    await _check_free(session, values["name"])
    made = await session.execute(
        insert(configurations).values(**values, created_at=now, created_by=me.username)
    )
    configuration_id: int = made.inserted_primary_key[0]  # type: ignore[attr-defined]  # of an insert
    await _set_access(session, configuration_id, values["is_public"], people)
    await _tell(session, "configuration_created", values["name"], configuration_id, me, now)
    return configuration_id


async def replace(
    session: AsyncSession,
    configuration_id: int,
    values: dict[str, Any],
    people: Sequence[str],
    me: Principal,
    now: datetime,
) -> None:
    """Change a configuration, and who may use it. Desktops that run have it with their next start.

    Raises:
        ConfigurationNotFound: (404).
        ConfigurationExists, UnknownPeople: (400).
    """
    await take_write_lock(session)
    await _check_there(session, configuration_id)
    await _check_free(session, values["name"], but=configuration_id)
    mine = update(configurations).where(configurations.c.id == configuration_id)
    await session.execute(mine.values(**values))
    gone = delete(configuration_access).where(configuration_access.c.configuration_id == configuration_id)
    await session.execute(gone)
    await _set_access(session, configuration_id, values["is_public"], people)
    await _tell(session, "configuration_changed", values["name"], configuration_id, me, now)


async def remove(session: AsyncSession, configuration_id: int, me: Principal, now: datetime) -> None:
    """Remove a configuration from which no desktop is made.

    Raises:
        ConfigurationNotFound: (404).
        ConfigurationInUse: (400).
    """
    await take_write_lock(session)
    row = await _check_there(session, configuration_id)
    used = select(desktops.c.id).where(
        desktops.c.configuration_id == configuration_id, desktops.c.state != State.DELETING
    )
    if (await session.execute(used.limit(1))).first() is not None:
        raise ConfigurationInUse(configuration_id)
    await session.execute(delete(configurations).where(configurations.c.id == configuration_id))
    await _tell(session, "configuration_deleted", row.name, configuration_id, me, now)


async def shown(
    session: AsyncSession, me: Principal, *, configuration_id: int | None = None
) -> list[Configuration]:
    """Return the configurations that the caller may use, by name; only administrators see who else may."""
    which: ColumnElement[bool] = (
        true() if configuration_id is None else configurations.c.id == configuration_id
    )
    query = select(configurations).where(may_use_configuration(me), which).order_by(configurations.c.name)
    rows = list(await session.execute(query))
    people: dict[int, list[str]] = {}
    access = (
        select(configuration_access.c.configuration_id, User.username)
        .join(User, User.id == configuration_access.c.user_id)
        .where(configuration_access.c.configuration_id.in_([row.id for row in rows]))
    )
    if not me.is_admin:
        access = access.where(User.id == me.id)
    # Sorted here: SQLite would walk through all people, in that order, and ask for each of the configurations.
    for row in sorted(await session.execute(access), key=attrgetter("username")):
        people.setdefault(row.configuration_id, []).append(row.username)
    return [
        Configuration(
            **{
                name: value
                for name, value in row._mapping.items()
                if name in Configuration.model_fields and name != "created_at"
            },
            created_at=iso_without_zone(row.created_at),
            allowed_users=people.get(row.id, []),
        )
        for row in rows
    ]


async def one_shown(
    session: AsyncSession, me: Principal, configuration_id: int, *, may_be_hidden: bool = False
) -> Configuration:
    """Return one of them.

    Raises:
        ConfigurationNotFound: (404).
    """
    found = await shown(session, me, configuration_id=configuration_id)
    if not found:
        raise ConfigurationNotFound(configuration_id, may_be_hidden=may_be_hidden)
    return found[0]


async def _check_free(session: AsyncSession, name: str, *, but: int | None = None) -> None:
    """The unique key decides in the end; writers take turns, so this look says what it would."""
    found = await session.scalar(select(configurations.c.id).where(configurations.c.name == name))
    if found is not None and found != but:
        raise ConfigurationExists(name)


async def _check_there(session: AsyncSession, configuration_id: int) -> Row[Any]:
    row = (
        await session.execute(select(configurations).where(configurations.c.id == configuration_id))
    ).first()
    if row is None:
        raise ConfigurationNotFound(configuration_id)
    return row


async def _set_access(
    session: AsyncSession, configuration_id: int, is_public: bool, people: Sequence[str]
) -> None:
    users = await people_named(session, people)
    if users and not is_public:
        rows = [{"configuration_id": configuration_id, "user_id": user_id} for user_id in users]
        await session.execute(insert(configuration_access), rows)


async def _tell(
    session: AsyncSession, verb: str, name: str, configuration_id: int, me: Principal, now: datetime
) -> None:
    await told.of_setup(
        session, verb, f"configuration/{name}"[:1000], actor=me.username, now=now, id=configuration_id
    )
