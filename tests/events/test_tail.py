"""Reading the log while others write to it all the time."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from tests.servers.process import POLL_SECONDS
from toolcrib.kernel.events.writer import Event

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer


@pytest.mark.databases("sqlite")  # where another program can write in the middle of a callback
async def test_what_is_known_stays_fresh_though_others_never_stop_writing(
    app_server: Callable[..., Awaitable[AppServer]], database_url: str
) -> None:
    """Otherwise no credential is remembered then, and each request asks the database who sent it."""
    crib = await app_server(database_url=database_url)
    tail = crib.kernel.tail
    other = sqlite3.connect(database_url.partition("///")[2], isolation_level=None)
    began = time.monotonic()

    def write() -> None:
        seq = other.execute("UPDATE event_counter SET seq = seq + 1 RETURNING seq").fetchone()[0]
        other.execute(
            "INSERT INTO events VALUES (?, '2026-03-04 12:00:00.000000', NULL, 'told', 'thing', '', 'k', 'd', '{}')",
            (seq,),
        )

    def heard(_event: Event) -> None:
        if not tail.is_fresh(time.monotonic() - began):
            write()  # so there is always one more

    tail.on_event(heard)
    write()
    async with asyncio.timeout(20):
        while not tail.is_fresh(time.monotonic() - began):
            await asyncio.sleep(POLL_SECONDS)
    other.close()
