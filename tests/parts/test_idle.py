"""Parts that somebody has and does nothing with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import delete, insert

from tests.parts.bench import Bench, approved

if TYPE_CHECKING:
    from tests.parts.workshop import Workshop

MANY = 600


async def _reminded_parts(shop: Workshop, project: str, count: int) -> None:
    """Fill the project with parts whose holders were reminded already."""
    from toolcrib.parts.models import parts  # noqa: PLC0415 - loads the whole server
    from toolcrib.parts.service.contract import new_row  # noqa: PLC0415

    long_ago = shop.crib.clock() - timedelta(hours=1)
    fields = {"part_number": "a", "material": "b", "subsystem": "c", "category": "cnc"}
    row = new_row(fields, f"project:{project}", None, long_ago)
    held = {**row, "active_at": long_ago, "reminded_at": long_ago}
    async with shop.crib.app.kernel.database.write() as session:
        await session.execute(
            insert(parts), [{**held, "claim_fence": -number} for number in range(1, count + 1)]
        )


async def _forget(shop: Workshop, project: str) -> None:
    from toolcrib.parts.models import parts  # noqa: PLC0415

    async with shop.crib.app.kernel.database.write() as session:
        await session.execute(delete(parts).where(parts.c.scope == f"project:{project}"))


def test_however_many_were_reminded_of_the_others_are_too(shop: Workshop) -> None:
    project = f"idle{uuid4().hex[:8]}"
    boss = Bench(shop, shop.admin, project)
    boss.ok("PUT", "/settings", {"remind_hours": 2, "return_hours": 0}, params={"project": project})
    shop.crib.run(_reminded_parts(shop, project, MANY))
    part = approved(boss)
    boss.do(part, "take")
    shop.crib.clock.advance(hours=3)
    shop.crib.run(shop.crib.app.kernel.jobs.run_due())
    assert boss.verbs(part)[-1] == "claim_idle"
    shop.crib.run(_forget(shop, project))
