"""Rows of claims, and a connection that writes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.database import Database
from toolcrib.settings import Settings

NAMES = [column.name for column in claims.c]
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def row(number: int, **changes: Any) -> dict[str, Any]:
    usual = dict.fromkeys(NAMES) | {
        "digest": f"{number:040}",
        "kind": "thing",
        "scope": "",
        "key": f"k/{number} 'ä' %s ? $1 \\ 🎈",
        "holder": "ann",
        "holder_uuid": "u",
        "acquired_at": NOON,
        "renewed_at": NOON + timedelta(microseconds=1),
        "heartbeat": False,
        "fence": number,
        "data": {},
    }
    return usual | changes


async def run(url: str, work: Callable[[Connection], Any]) -> Any:
    database = Database(Settings(database_url=url).database)
    try:
        async with database.writes.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await database.close()
