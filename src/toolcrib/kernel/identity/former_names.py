"""Names that people had before they were renamed. They still lead to the person, and nobody else gets them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, ScalarSelect, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.identity.models import RetiredName, User
from toolcrib.kernel.long_work import ROWS, pieces


def is_named(name: str) -> ColumnElement[bool]:
    """Return the condition that a person has this username, or had it before."""
    return or_(User.username == name, User.uuid == _who_had(name))


def _who_had(name: str) -> ScalarSelect[str | None]:
    return select(RetiredName.user_uuid).where(RetiredName.name == name).scalar_subquery()


def is_holder(name: str, holder: ColumnElement[str], holder_uuid: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that the person in these columns has this username, or had it before."""
    return or_(holder == name, holder_uuid == _who_had(name))


async def uuids_with_name(session: AsyncSession, name: str) -> list[str] | None:
    """Return the UUIDs of whoever has this username, or had it before; none if nobody ever had. None if a person had it
    who was deleted: what they hold still has the name."""
    now = select(User.uuid).where(User.username == name)
    formerly = select(RetiredName.user_uuid).where(RetiredName.name == name)
    found = list(await session.scalars(now.union_all(formerly)))
    uuids = [uuid for uuid in found if uuid is not None]
    return uuids if len(uuids) == len(found) else None


async def who_had(session: AsyncSession, name: str) -> User | None:
    """Return the person who had this username before; None if there is none."""
    query = select(User).join(RetiredName, RetiredName.user_uuid == User.uuid).where(RetiredName.name == name)
    return (await session.execute(query)).scalar_one_or_none()


async def former_names(session: AsyncSession, uuid: str) -> list[str]:
    """Return the usernames that a person had before, in the order of the alphabet."""
    query = select(RetiredName.name).where(RetiredName.user_uuid == uuid).order_by(RetiredName.name)
    return list(await session.scalars(query))


async def uuids_named(session: AsyncSession, names: Collection[str]) -> dict[str, str]:
    """Return the UUIDs of the people who have or had these usernames, or have these UUIDs."""
    found: dict[str, str] = {}
    for page in pieces(list(names), ROWS):
        formerly = select(RetiredName.name, RetiredName.user_uuid).where(
            RetiredName.name.in_(page), RetiredName.user_uuid.is_not(None)
        )
        found.update((name, uuid) for name, uuid in await session.execute(formerly) if uuid is not None)
        now = select(User.username, User.uuid).where(or_(User.username.in_(page), User.uuid.in_(page)))
        people = list(await session.execute(now))
        found.update((uuid, uuid) for _, uuid in people)
        found.update((username, uuid) for username, uuid in people)
    return found
