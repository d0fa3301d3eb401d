"""What the tests of hooks say about the kind of `room_keys`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from tests.claims.room_keys import book, calls, faults
from toolcrib.kernel.claims.models import claims as claim_rows
from toolcrib.kernel.claims.owed import owed_claim_hooks, retry_owed

if TYPE_CHECKING:
    from tests.claims.conftest import Claims


class Rooms:
    """The book that the hook keeps, beside the claims it is about."""

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self.database = claims.database

    async def rows(self, query: Any) -> list[Any]:
        async with self.database.read() as session:
            return list((await session.execute(query)).all())

    async def agree(self) -> None:
        """The book has exactly what is held, swept or not."""
        held = select(claim_rows.c.key, claim_rows.c.holder, claim_rows.c.fence, claim_rows.c.expires_at)
        assert sorted(await self.rows(select(book))) == sorted(await self.rows(held))

    async def told(self) -> list[tuple[str, str | None]]:
        """The hook's calls as (verb, who asked), in the order of the events."""
        return [
            tuple(row)
            for row in await self.rows(select(calls.c.verb, calls.c.asked_by).order_by(calls.c.seq))
        ]

    async def owed(self) -> list[tuple[int, int]]:
        """(event, attempts) of the calls that failed and are to be made again."""
        query = select(owed_claim_hooks.c.seq, owed_claim_hooks.c.attempts).order_by(owed_claim_hooks.c.seq)
        return [tuple(row) for row in await self.rows(query)]

    async def break_at(self, room: str, verb: str, what: str) -> None:
        async with self.database.write() as session:
            await session.execute(insert(faults).values(room=room, verb=verb, what=what))

    async def mend(self) -> None:
        async with self.database.write() as session:
            await session.execute(delete(faults))

    async def retry(self) -> None:
        await retry_owed(self.database, self.claims.clock())
