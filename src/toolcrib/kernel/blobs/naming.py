"""Store content and then name it: what is refused, or turns out to be there already, is deleted at once.

The sweep would find it too, but only after the grace period. Until then it fills the disk, counts for nobody, and the
sender may try again and again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect

from toolcrib.kernel.blobs.models import PendingDeletion
from toolcrib.kernel.blobs.problems import StorageUnavailable
from toolcrib.kernel.blobs.store import Blobs, Stored
from toolcrib.kernel.database import Database
from toolcrib.kernel.problems import Problem

log = structlog.get_logger()


@asynccontextmanager
async def forgetting_refused(blobs: Blobs) -> AsyncIterator[list[Stored]]:
    """Yield a list, to which the block adds what it has stored. If it raises a refusal, that content is deleted.

    After any other failure, such as a lost connection to the database, nobody can tell whether a row was committed that
    names the content: then it is left to the sweep.
    """
    new: list[Stored] = []
    try:
        yield new
    except (Problem, ClientDisconnect):
        await forget(blobs, new)
        raise


@asynccontextmanager
async def naming(database: Database, blobs: Blobs) -> AsyncIterator[list[Stored]]:
    """Do what `forgetting_refused` does, for a block that also commits the rows that name the content. Afterwards the
    copies that those rows do not need are deleted: see `registry.adopt`."""
    async with forgetting_refused(blobs) as new:
        yield new
    try:
        async with database.read() as session:
            query = select(PendingDeletion.key).where(PendingDeletion.key.in_([each.key for each in new]))
            unneeded = set(await session.scalars(query))
    except SQLAlchemyError:  # the rows are committed, so the caller has succeeded
        log.warning("unneeded_content_kept", reason="database")
        return
    await forget(blobs, [each for each in new if each.key in unneeded])


async def forget(blobs: Blobs, contents: Sequence[Stored]) -> None:
    """Delete content that no row names. If that fails, the store's sweep deletes it."""
    for each in contents:
        if each.is_named:
            continue
        try:
            await blobs.store.delete(each.key)
        except StorageUnavailable:
            log.warning("unneeded_content_kept", reason="store")
