"""Watches: a person asks to be told when something below a path is taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Column, Index, Table, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.limits import LimitReached
from toolcrib.kernel.problems import NotFound
from toolcrib.kernel.spelling import composed
from toolcrib.kernel.tables import Base, BigId, UtcDateTime, exact_string

PATH_LENGTH = 1024

watches = Table(
    "watches",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("user_uuid", exact_string(36), nullable=False),
    Column("kind", exact_string(40), nullable=False),
    Column("scope", exact_string(255), nullable=False),
    Column("path", exact_string(PATH_LENGTH), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Index("ix_watches_user_uuid", "user_uuid"),
    Index("ix_watches_kind_scope", "kind", "scope"),
)


class TooManyWatches(LimitReached):
    """The person watches as many paths as one person may: end a watch first."""

    code, status, setting = "too_many_watches", 409, "WATCHES_PER_PERSON"


class WatchNotFound(NotFound):
    pass


@dataclass(frozen=True, slots=True)
class Watch:
    """`path` is a thing, or a folder of things; empty for all of `kind` in `scope`."""

    id: int
    user_uuid: str
    kind: str
    scope: str
    path: str
    created_at: datetime
    everything: ClassVar[str] = ""

    def covers(self, path: str) -> bool:
        """Return whether `path`, in whatever composition, is watched."""
        path = composed(path)
        return not self.path or path == self.path or path.startswith(f"{self.path}/")


async def of_person(session: AsyncSession, uuid: str) -> list[Watch]:
    """Return a person's watches, by path."""
    mine = select(watches).where(watches.c.user_uuid == uuid)
    rows = await session.execute(mine.order_by(watches.c.scope, watches.c.path, watches.c.id))
    return [Watch(*row) for row in rows]


async def add(
    session: AsyncSession, me: Principal, *, kind: str, scope: str, path: str, most: int, now: datetime
) -> tuple[Watch, bool]:
    """Watch `path`; return the watch and whether it is new. A person may have `most` watches.

    Raises:
        AccessDenied: the caller may not see `scope` (403).
        TooManyWatches: the caller has `most` (409).
    """
    me.require(scope, "viewer")
    await take_write_lock(session)
    mine = await of_person(session, me.uuid)
    for each in mine:
        if (each.kind, each.scope, each.path) == (kind, scope, path):
            return each, False
    if len(mine) >= most:
        text = f"You watch {len(mine)} paths, of at most {most}: end a watch first."
        raise TooManyWatches(text, allowed=most, count=len(mine))
    row = {"user_uuid": me.uuid, "kind": kind, "scope": scope, "path": path, "created_at": now}
    await session.execute(insert(watches).values(**row))
    newest = select(func.max(watches.c.id)).where(watches.c.user_uuid == me.uuid)
    id_ = (await session.execute(newest)).scalar_one()
    return Watch(id_, me.uuid, kind, scope, path, now), True


async def end(session: AsyncSession, me: Principal, id_: int) -> None:
    """End one of the caller's watches.

    Raises:
        WatchNotFound: the caller has no such watch (404).
    """
    await take_write_lock(session)
    gone = await session.execute(delete(watches).where(watches.c.id == id_, watches.c.user_uuid == me.uuid))
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise WatchNotFound("You have no such watch.")
