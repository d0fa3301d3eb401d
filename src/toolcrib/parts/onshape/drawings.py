"""Fetch the drawing of a part from Onshape (parts contract, section 9)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import Row

from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.progress import made_progress
from toolcrib.parts.onshape.client import Drawing, NotAccepted
from toolcrib.parts.onshape.connecting import Connection, Connections, NotConnected
from toolcrib.parts.service.files import Kept, keep_file

LOOK_SECONDS = 1.0


async def fetch(
    found: Connections,
    part: Row[Any],
    drawing: Drawing,
    owners: Sequence[str],
    me: Principal,
    *,
    names_its_sender: bool,
) -> Kept:
    """Fetch the drawing with the connection of the first of `owners` that has one, and keep it as a file of the part.
    Whoever asks for the same part meanwhile gets the same.

    Raises:
        NotConnected, ProviderFailed.
        What `keep_file` raises.
    """
    task = found.under_way.get(part.id)
    if task is None:
        work = _fetch(found, part, drawing, owners, me, names_its_sender=names_its_sender)
        task = asyncio.create_task(work, name="drawing")
        found.under_way[part.id] = task
        task.add_done_callback(lambda _: found.under_way.pop(part.id, None))
    while not task.done():
        await asyncio.wait([task], timeout=LOOK_SECONDS)
        made_progress()
    kept: Kept = task.result()
    return kept


async def _fetch(
    found: Connections,
    part: Row[Any],
    drawing: Drawing,
    owners: Sequence[str],
    me: Principal,
    *,
    names_its_sender: bool,
) -> Kept:
    connection = await _first(found, owners)
    name = f"{part.part_number or part.name or part.id}_drawing"
    try:
        content = await found.client.pdf_of(drawing, name, connection.token)
    except NotAccepted:  # sooner than it said
        connection = await found.use(connection.owner, instead_of=connection.version)
        try:
            content = await found.client.pdf_of(drawing, name, connection.token)
        except NotAccepted:
            await found.lapse(connection.owner, connection.version)
            raise NotConnected from None
    return await keep_file(
        found.kernel,
        me,
        part.id,
        part.scope,
        f"{name}.pdf",
        _one(content),
        now=found.kernel.clock(),
        names_its_sender=names_its_sender,
    )


async def _first(found: Connections, owners: Sequence[str]) -> Connection:
    for owner in owners:
        try:
            return await found.use(owner)
        except NotConnected:
            continue
    raise NotConnected


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content
