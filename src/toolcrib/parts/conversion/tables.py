"""Tables: what became of each STEP content, and the views of parts that browsers have drawn."""

from __future__ import annotations

from collections.abc import Set
from enum import StrEnum

from sqlalchemy import Column, Index, Integer, Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.tables import Base, BigId, JsonText, UtcDateTime, exact_string, exact_text


class State(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


# One row for each content, whichever parts have it. `worker` is the process that converts it, until `lease_until`
# unless it says that it still does. `attempts` are those that nobody has heard the end of. `limits` are what a failure
# depends on: with others it is tried again. `model_key` and `picture_key` are keys of the file store.
conversions = Table(
    "part_conversions",
    Base.metadata,
    Column("sha256", exact_string(64), primary_key=True),
    Column("state", exact_string(16), nullable=False),
    Column("problem", exact_string(40)),
    Column("reason", exact_text()),
    Column("limits", exact_string(200)),
    Column("attempts", Integer, nullable=False),
    Column("worker", exact_string(36)),
    Column("lease_until", UtcDateTime()),
    Column("next_at", UtcDateTime(), nullable=False),
    Column("requested_at", UtcDateTime(), nullable=False),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("model_key", exact_string(64)),
    Column("model_size", BigId),
    Column("model_sha256", exact_string(64)),
    Column("picture_key", exact_string(64)),
    Column("picture_size", BigId),
    Column("figures", JsonText()),
    Index("ix_part_conversions_state_next_at", "state", "next_at"),
    Index("ix_part_conversions_model_key", "model_key"),
    Index("ix_part_conversions_picture_key", "picture_key"),
)

# Pictures of the part's file `file_id`: those of an earlier file count no more. Their content is in the registry, and
# so in a quota, by `blob_id`; that of earlier releases is not, and is found by `key` alone.
views = Table(
    "part_views",
    Base.metadata,
    Column("part_id", BigId, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("file_id", BigId, nullable=False),
    Column("key", exact_string(64), nullable=False),
    Column("blob_id", BigId),
    Column("size", BigId, nullable=False),
    Column("sha256", exact_string(64), nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Index("ix_part_views_key", "key"),
)


async def named(session: AsyncSession, keys: Set[str]) -> set[str]:
    """Return those of `keys` of the file store that rows of these tables name."""
    found: set[str] = set()
    of_models = select(conversions.c.model_key, conversions.c.picture_key).where(
        or_(conversions.c.model_key.in_(keys), conversions.c.picture_key.in_(keys))
    )
    for model, picture in await session.execute(of_models):
        found |= {model, picture} & keys
    found |= set(await session.scalars(select(views.c.key).where(views.c.key.in_(keys))))
    return found
